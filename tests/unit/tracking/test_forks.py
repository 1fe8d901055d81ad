"""A forked child inherits its parent's open run, and must neither end it nor keep it alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pilothouse.store import Store
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.workspace import Workspace
from waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")

BEGIN = """
import multiprocessing, os, sys, time
import pilothouse as ph
from pilothouse.processes import is_alive
context = multiprocessing.get_context("fork")
run = ph.start_run(name="parent")
run.log_metric("loss", 1.0)
"""
END = """
assert is_alive(run.artifacts.parent / "alive"), "the child freed its parent's lock"
assert "end" not in (run.artifacts.parent / "journal.jsonl").read_text().split('"kind":"')[-1]
assert ph.active_run() is run
run.log_metric("loss", 0.5)
"""

WAYS = {
    "a pool that is left": """
with context.Pool(2) as pool:
    assert pool.map(abs, range(4)) == [0, 1, 2, 3]
    busy = pool.apply_async(time.sleep, (60,))
""",
    "a process that is terminated": """
child = context.Process(target=time.sleep, args=(60,))
child.start()
child.terminate()
child.join()
""",
    "a child that exits": """
pid = os.fork()
if pid == 0:
    sys.exit(3)
os.waitpid(pid, 0)
""",
    "a child that fails": """
pid = os.fork()
if pid == 0:
    sys.stderr = open(os.devnull, "w")
    raise ValueError("in the child")
os.waitpid(pid, 0)
""",
    "a child that ends all that it knows": """
pid = os.fork()
if pid == 0:
    ph.end_run("FAILED", 1)
    run.end("FAILED", 1)
    os._exit(0)
os.waitpid(pid, 0)
""",
}


def script(workspace: Workspace, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workspace.root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_a_child_does_not_end_the_run_of_its_parent(workspace: Workspace, store: Store, way: str) -> None:
    script(workspace, BEGIN + WAYS[way] + END)
    (run,) = list_runs(store)
    assert (run.status, run.exit_code, run.summaries["loss"].count) == ("FINISHED", 0, 2), run.reason


def test_a_child_logs_to_the_run_of_its_parent_or_makes_a_part_of_it(
    workspace: Workspace, store: Store
) -> None:
    code = """
def work(number):
    ph.log_metric("score", number)
    with ph.start_run(name=f"part-{number}"):
        ph.log_metric("inner", number)
with context.Pool(2) as pool:
    pool.map(work, range(4))
run.end()
"""
    script(workspace, BEGIN + code)
    parent = get_run(store, "parent")
    assert (parent.status, parent.summaries["score"].count) == ("FINISHED", 4)
    parts = [run for run in list_runs(store) if run.run_id != parent.run_id]
    assert sorted(run.name for run in parts) == [f"part-{number}" for number in range(4)]
    assert {(run.status, run.parent_run_id) for run in parts} == {("FINISHED", parent.run_id)}


def test_workers_that_outlive_a_killed_script_do_not_keep_its_run_alive(
    workspace: Workspace, store: Store
) -> None:
    code = (
        BEGIN
        + """
child = context.Process(target=time.sleep, args=(60,))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=workspace.root, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            os.kill(worker, 0)
            assert wait_until(lambda: get_run(store, "parent").status == "LOST")
        finally:
            os.kill(worker, signal.SIGKILL)
