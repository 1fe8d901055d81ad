"""What made a run, by every way in, and who keeps its code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.store import open_store
from pilothouse.tracking.origin import read_origin, read_patch
from pilothouse.tracking.origin.code import read_code
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.trash import delete_runs, purge_runs
from pilothouse.upkeep.leftovers import find_leftovers
from pilothouse.workspace import Workspace
from steering import environment, pilothouse
from waiting import wait_until

SCRIPT = """
import sys, time
import pilothouse as ph
with ph.start_run(params={"lr": 0.1}) as run:
    print(run.run_id, flush=True)
    run.log_metric("loss", 0.5)
    time.sleep(float(sys.argv[1]))
"""


def start(workspace: Workspace, seconds: str) -> tuple[subprocess.Popen[str], str]:
    (workspace.root / "train.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "train.py", seconds],
        cwd=workspace.root, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_run_of_the_logging_api_is_observed(workspace: Workspace) -> None:
    process, run_id = start(workspace, "0")
    assert process.wait(30) == 0
    folder = workspace.run_dir(run_id)
    wait_until(lambda: (folder / "origin.json").exists())
    origin = read_origin(folder)
    assert origin is not None and origin.argv[-2:] == ("train.py", "0")
    assert "train.py" in [one.path for one in origin.code]
    run = get_run(open_store(workspace), run_id)
    assert run.metrics == {"loss": 0.5}
    assert set(run.system) == {"system/cpu_percent", "system/memory_mb"}
    assert 5 < run.system["system/memory_mb"] < 300
    told = pilothouse("show", run_id, cwd=workspace.root).out
    assert "made by" in told and "train.py" in told and "MB" in told
    assert "start_run" in pilothouse("show", run_id, "--code", "train.py", cwd=workspace.root).out
    missing = pilothouse("show", run_id, "--code", "../train.py", cwd=workspace.root)
    assert missing.code == 1 and "no code file" in missing.err


@pytest.mark.skipif(sys.platform == "win32", reason="kills as only POSIX knows them")
def test_what_made_a_killed_run_is_known_and_its_observer_ends(workspace: Workspace) -> None:
    process, run_id = start(workspace, "60")
    folder = workspace.run_dir(run_id)
    wait_until(lambda: (folder / "origin.json").exists())
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not _observers(folder))
    assert get_run(open_store(workspace), run_id).status == "LOST"
    assert read_origin(folder) is not None


def _observers(folder: Path) -> list[int]:
    import psutil

    return [
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if str(folder) in (one.info["cmdline"] or []) and one.status() != psutil.STATUS_ZOMBIE
    ]


def test_supervised_runs_and_the_cleaning(workspace: Workspace) -> None:
    # One that ends at once is not sampled.
    script = "import helper, time\ntime.sleep(0.5)\nprint('loss: 0.5')\n"
    (workspace.root / "train.py").write_text(script)
    (workspace.root / "helper.py").write_text("X = 1\n")
    done = pilothouse("run", "--", "python", "train.py", cwd=workspace.root)
    assert done.code == 0, done.err
    store = open_store(workspace)
    run = get_run(store, "latest")
    origin = read_origin(workspace.run_dir(run.run_id))
    assert origin is not None
    assert [one.path for one in origin.code] == ["helper.py", "pilothouse.toml", "train.py"]
    assert (run.metrics, "system/memory_mb" in run.system) == ({"loss": 0.5}, True)
    objects = {one.sha256 for one in origin.code}
    for name in objects:
        os.utime(workspace.objects_dir / name, (0, 0))
    assert not [one for one in find_leftovers(workspace) if one.kind == "object"]
    delete_runs(store, [run.run_id])
    purge_runs(store, [run.run_id])
    freed = {Path(one.path).name for one in find_leftovers(workspace) if one.kind == "object"}
    assert freed == objects


EDITED = """
import pathlib, sys
import pilothouse as ph, helper
with ph.start_run() as run:
    print(run.run_id, flush=True)
    for name in ("train.py", "helper.py", "other.py"):
        path = pathlib.Path(name)
        path.write_text(path.read_text() + "# edited after the start")
"""


def test_the_code_that_is_kept_is_the_code_that_ran(workspace: Workspace) -> None:
    root = workspace.root

    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    (root / "train.py").write_text(EDITED)
    (root / "helper.py").write_text("x = 1\n")
    (root / "other.py").write_text("y = 1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    (root / "helper.py").write_text("x = 99\n")
    process = subprocess.run(
        [sys.executable, "train.py"], cwd=root, env=environment(), capture_output=True, text=True, check=True
    )
    # And now nothing seems to have been changed, and there is another commit.
    git("checkout", "-q", ".")
    git("commit", "-q", "--allow-empty", "-m", "two")
    run_id = process.stdout.split()[0]
    folder = workspace.run_dir(run_id)
    wait_until(lambda: (folder / "origin.json").exists())
    origin = read_origin(folder)
    assert origin is not None and origin.git is not None
    kept = {one.path: read_code(workspace, one) for one in origin.code}
    assert kept["train.py"] == EDITED.encode() and kept["helper.py"] == b"x = 99\n"
    assert "other.py" not in kept and "other.py" in origin.code_changed, "nobody knows how it was"
    assert origin.git.commit == git("rev-parse", "HEAD~1") and origin.git.dirty
    assert "-x = 1\n+x = 99\n" in read_patch(folder) and "edited" not in read_patch(folder)
    assert "not known: other.py" in pilothouse("show", run_id, cwd=root).out
    assert not (folder / "started.json").exists()
