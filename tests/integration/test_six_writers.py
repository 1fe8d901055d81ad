"""Six scripts that log at once to a workspace that is brand-new, each killed while the others go on."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.workspace import init_workspace
from steering import environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills as only POSIX knows them")

# What is printed was logged before.
LOGS_ON = """
import itertools, sys
import pilothouse as ph
with ph.start_run(name=sys.argv[1]) as run:
    for step in itertools.count():
        run.log_metric("loss", 1 / (step + 1), step=step)
        print(step, flush=True)
"""


def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    chance = random.Random(7)
    (tmp_path / "space").mkdir()
    workspace = init_workspace(tmp_path / "space", "")
    # With a dash, which no id has: an id may begin with any two letters.
    names = [f"writer-{number}" for number in range(6)]
    writers = {
        name: subprocess.Popen(
            [sys.executable, "-c", LOGS_ON, name],
            cwd=workspace.root, env=environment(), stdout=subprocess.PIPE, text=True,
        )
        for name in names
    }  # fmt: skip
    store = open_store(workspace)
    told: dict[str, int] = {}
    for name in chance.sample(names, 6):
        writer = writers[name]
        assert writer.stdout is not None
        for _ in range(chance.randrange(50, 800)):
            told[name] = int(writer.stdout.readline())
        # Who reads takes what is new from the journals into the store while the others write on.
        assert len(list_runs(store)) <= 6
        writer.kill()
        whole = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        told[name] = int(whole[-1]) if whole else told[name]
        writer.wait()
        writer.stdout.close()
    assert sorted(run.name for run in list_runs(store)) == names
    for name in names:
        run = get_run(store, name)
        assert run.status in ("RUNNING", "LOST")
        points = metric_history(store, run.run_id)["loss"]
        assert [point.step for point in points] == list(range(len(points)))
        assert all(point.value == 1 / (point.step + 1) for point in points)
        # One more may have been logged than it came to say.
        assert told[name] < len(points) <= told[name] + 2
