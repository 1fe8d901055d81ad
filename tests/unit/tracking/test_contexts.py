"""Whose a run is: those of threads, tasks and forks side by side, and of a script that Pilothouse started."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from pilothouse.store import Store
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.workspace import Workspace
from steering import pilothouse
from waiting import wait_until

BEFORE = "import asyncio, contextvars, os, sys, threading, time\nimport pilothouse as ph\n"

PARTS = """
meet, over = threading.Barrier(4), threading.Event()
def work(number):
    with ph.start_run(name=f"part{number}", nested=True) as run:
        meet.wait()  # all four are open
        for step in range(10):
            run.log_metric("mine", number, step=step)
            ph.log_metric("said", number, step=step)
        if number:
            over.wait()  # the first to be started has ended, the others go on
            run.log_metric("mine", number, step=10)
    if not number:
        over.set()
with ph.start_run(name="whole"):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads: one.start()
    for one in threads: one.join()
    ph.log_metric("said", 9)
"""

PLAIN = """
meet = threading.Barrier(2)
def work(number):
    with ph.start_run(name=f"own{number}", params={"number": number}):
        meet.wait()
        ph.log_metric("mine", number)
        meet.wait()
threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
for one in threads: one.start()
for one in threads: one.join()
"""

SIBLINGS = """
whole = ph.start_run(name="whole")
first = ph.start_run(name="first", nested=True)
second = ph.start_run(name="second", nested=True)
first.end()
second.log_metric("late", 1.0)
ph.log_metric("said", 2.0)
second.end()
ph.log_metric("said", 3.0)
whole.end()
"""

TASKS = """
async def work(number):
    with ph.start_run(name=f"part{number}", nested=True):
        for _ in range(3):
            await asyncio.sleep(0)
            ph.log_metric("mine", number)
async def main():
    with ph.start_run(name="whole"):
        await asyncio.gather(*(work(number) for number in range(3)))
        ph.log_metric("said", 1.0)
async def alone(number):
    with ph.start_run(name=f"own{number}"):
        await asyncio.sleep(0)
        ph.log_metric("mine", number)
async def both():
    await asyncio.gather(alone(0), alone(1))
asyncio.run(main())
asyncio.run(both())
"""


def script(
    workspace: Workspace, code: str, *, under_run: bool = False, name: str = "", fails: int = 0
) -> str:
    path = workspace.root / "script.py"
    path.write_text(BEFORE + code)
    if under_run:
        named = ("--name", name) if name else ()
        done = pilothouse("run", *named, "--", "python", "script.py", cwd=workspace.root)
        assert done.code == fails, done.err
        return done.out
    told = subprocess.run(
        [sys.executable, "script.py"],
        cwd=workspace.root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == fails, told.stderr
    return told.stdout + told.stderr


def by_name(store: Store) -> dict[str, Run]:
    return {run.name: run for run in list_runs(store)}


@pytest.mark.parametrize("under_run", [False, True])
def test_threads_have_parts_of_their_own(workspace: Workspace, store: Store, under_run: bool) -> None:
    script(workspace, PARTS, under_run=under_run)
    runs = by_name(store)
    assert sorted(runs) == ["part0", "part1", "part2", "part3", "whole"]
    whole = runs.pop("whole")
    assert (whole.status, whole.metrics["said"]) == ("FINISHED", 9.0)
    assert whole.summaries["said"].count == 1
    for number, (_, run) in enumerate(sorted(runs.items())):
        assert (run.status, run.parent_run_id) == ("FINISHED", whole.run_id)
        assert run.metrics == {"mine": number, "said": number}
        assert run.summaries["mine"].count == (10 if number == 0 else 11)
        assert run.summaries["said"].count == 10


@pytest.mark.parametrize("under_run", [False, True])
def test_threads_have_runs_of_their_own(workspace: Workspace, store: Store, under_run: bool) -> None:
    script(workspace, PLAIN, under_run=under_run)
    runs = by_name(store)
    assert sorted(runs) == ["own0", "own1"]
    for number in range(2):
        run = runs[f"own{number}"]
        assert (run.status, run.params["number"]) == ("FINISHED", str(number))
        assert run.metrics["mine"] == number and run.summaries["mine"].count == 1
    parents = {run.parent_run_id for run in runs.values()}
    # Under a supervisor one of them is the script's run, whichever came first, and the other a part of it.
    assert parents == (
        {"", next(r.run_id for r in runs.values() if not r.parent_run_id)} if under_run else {""}
    )


@pytest.mark.parametrize("under_run", [False, True])
def test_what_ends_by_hand_ends_nothing_beside_it(
    workspace: Workspace, store: Store, under_run: bool
) -> None:
    script(workspace, SIBLINGS, under_run=under_run)
    runs = by_name(store)
    assert runs["second"].metrics == {"late": 1.0, "said": 2.0} and runs["first"].metrics == {}
    assert runs["whole"].metrics["said"] == 3.0
    assert {run.status for run in runs.values()} == {"FINISHED"}


def test_tasks_have_runs_of_their_own(workspace: Workspace, store: Store) -> None:
    script(workspace, TASKS)
    runs = by_name(store)
    assert sorted(runs) == ["own0", "own1", "part0", "part1", "part2", "whole"]
    for number in range(3):
        part = runs[f"part{number}"]
        assert (part.parent_run_id, part.metrics) == (runs["whole"].run_id, {"mine": number})
        assert part.summaries["mine"].count == 3
    assert {runs[f"own{number}"].parent_run_id for number in range(2)} == {""}
    assert {run.status for run in runs.values()} == {"FINISHED"}


def test_what_one_cell_of_a_notebook_began_the_next_goes_on_with(workspace: Workspace, store: Store) -> None:
    # Each cell that awaits is a task of its own, whose context is gone with it.
    code = """
async def first(): ph.start_run(name="cells", params={"a": 1})
async def second(): ph.log_metric("loss", 0.5)
async def third():
    with ph.start_run(name="inside", nested=True): ph.log_metric("loss", 0.25)
async def fourth():
    ph.end_run()
    print("open", len(open_runs()))
from pilothouse.tracking.logging import open_runs
loop = asyncio.new_event_loop()
for cell in (first, second, third, fourth): loop.run_until_complete(cell())
"""
    assert "open 0" in script(workspace, code)
    runs = by_name(store)
    assert runs["cells"].metrics == {"loss": 0.5} and runs["inside"].metrics == {"loss": 0.25}
    assert runs["inside"].parent_run_id == runs["cells"].run_id


def test_what_a_block_forgot_ends_as_the_block_did(workspace: Workspace, store: Store) -> None:
    code = """
left = threading.Event()
def other():
    with ph.start_run(name="other", nested=True):
        ready.set(); left.wait()
        ph.log_metric("late", 1.0)
ready, thread = threading.Event(), threading.Thread(target=other)
with ph.start_run(name="whole"):
    thread.start(); ready.wait()
    try:
        with ph.start_run(name="block", nested=True):
            ph.start_run(name="forgotten", nested=True)
            raise ValueError("no")
    except ValueError:
        pass
    ph.log_metric("on", 1.0)
left.set(); thread.join()
"""
    script(workspace, code)
    runs = by_name(store)
    told = {name: (run.status, run.reason) for name, run in runs.items()}
    assert told == {
        "whole": ("FINISHED", ""),
        "block": ("FAILED", "ValueError: no"),
        "forgotten": ("FAILED", "ValueError: no"),
        "other": ("FINISHED", ""),
    }
    assert runs["other"].metrics == {"late": 1.0} and runs["whole"].metrics == {"on": 1.0}


def test_a_thread_that_has_no_run_logs_to_that_of_the_process(workspace: Workspace, store: Store) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
with ph.start_run(name="whole"):
    with ph.start_run(name="fold", nested=True), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: ph.log_metric("fold", n), range(6)))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: ph.log_metric("whole", n), range(5)))
meet = threading.Barrier(4)
sys.setswitchinterval(1e-6)
def unasked(number):
    meet.wait()
    ph.log_metric("none", number)
with ThreadPoolExecutor(4) as pool:  # nobody has started one: all four make one together
    list(pool.map(unasked, range(8)))
"""
    script(workspace, code)
    runs = by_name(store)
    counts = {
        key: summary.count
        for run in runs.values()
        for key, summary in run.summaries.items()
        if key in run.metrics
    }
    assert counts == {"fold": 6, "whole": 5, "none": 8} and len(runs) == 3
    assert runs["whole"].metrics.keys() == {"whole"} and runs["fold"].metrics.keys() == {"fold"}


def test_where_there_is_no_telling_whose_a_point_is_it_is_an_error(
    workspace: Workspace, store: Store
) -> None:
    code = """
meet = threading.Barrier(3)
def work(number):
    with ph.start_run(name=f"own{number}"):
        meet.wait(); meet.wait()
for number in range(2): threading.Thread(target=work, args=(number,)).start()
meet.wait()
def stray(act):
    try: act()
    except ph_error as error: print(error)
from pilothouse.errors import PilothouseError as ph_error
stray(lambda: ph.log_metric("stray", 1.0))
stray(lambda: ph.start_run(name="stray", nested=True))
ph.start_run(name="mine").end()
ph.end_run()
meet.wait()
"""
    out = script(workspace, code)
    assert out.count("2 runs are open in this process, and none of them is this thread's.") == 2
    assert {(run.name, run.status) for run in list_runs(store)} == {
        (name, "FINISHED") for name in ("own0", "own1", "mine")
    }
    assert not any(run.metrics for run in list_runs(store))


def test_a_context_that_is_handed_on_knows_its_run(workspace: Workspace, store: Store) -> None:
    code = """
meet = threading.Barrier(2)
def inner(number):
    with ph.start_run(name=f"part{number}", nested=True): ph.log_metric("mine", number)
def work(number):
    with ph.start_run(name=f"own{number}"):
        meet.wait()
        thread = threading.Thread(target=contextvars.copy_context().run, args=(inner, number))
        thread.start(); thread.join(); meet.wait()
threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
for one in threads: one.start()
for one in threads: one.join()
"""
    script(workspace, code)
    runs = by_name(store)
    for number in range(2):
        assert runs[f"part{number}"].parent_run_id == runs[f"own{number}"].run_id
        assert runs[f"part{number}"].metrics == {"mine": number}


@pytest.mark.parametrize(
    ("what", "status"),
    [("raise ValueError('no')", "FAILED"), ("sys.exit(3)", "FAILED"), ("return", "FINISHED")],
)
def test_a_thread_that_fails_fails_its_own_run_alone(
    workspace: Workspace, store: Store, what: str, status: str
) -> None:
    code = f"""
def work():
    ph.start_run(name="its", nested=True)
    {what}
with ph.start_run(name="whole"):
    thread = threading.Thread(target=work); thread.start(); thread.join()
    ph.log_metric("on", 1.0)
"""
    script(workspace, code)
    runs = by_name(store)
    assert (runs["its"].status, runs["whole"].status) == (status, "FINISHED")
    assert runs["whole"].metrics == {"on": 1.0} and runs["its"].metrics == {}


STOPPED = """
meet = threading.Barrier(3)
def work(number):
    with ph.start_run(name=f"part{number}", nested=True):
        meet.wait()
        time.sleep(60)
with ph.start_run(name="whole"):
    for number in range(2): threading.Thread(target=work, args=(number,), daemon=True).start()
    meet.wait()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals as only POSIX knows them")
@pytest.mark.parametrize("under_run", [False, True])
def test_a_signal_ends_the_runs_of_all_threads(workspace: Workspace, store: Store, under_run: bool) -> None:
    (workspace.root / "script.py").write_text(BEFORE + STOPPED)
    if under_run:
        assert pilothouse("run", "--detach", "--", "python", "script.py", cwd=workspace.root).code == 0
        assert wait_until(lambda: len(list_runs(store)) == 3)
        assert pilothouse("stop", by_name(store)["whole"].run_id, cwd=workspace.root).code == 0
    else:
        process = subprocess.Popen(
            [sys.executable, "script.py"], cwd=workspace.root, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM
    statuses = {name: run.status for name, run in by_name(store).items()}
    assert statuses == dict.fromkeys(("whole", "part0", "part1"), "KILLED")


LOOP = """
for rate in (0.1, 0.2, 0.3):
    with ph.start_run(name=f"rate{rate}", params={"rate": rate}):
        for step in range(3): ph.log_metric("loss", rate + step, step=step)
ph.log_metric("after", 1.0)
"""


@pytest.mark.parametrize("name", ["", "given"])
def test_several_runs_of_one_supervised_script_stand_beside_each_other(
    workspace: Workspace, store: Store, name: str
) -> None:
    script(workspace, LOOP, under_run=True, name=name)
    runs = by_name(store)
    # The first is the script's own run, and bears the name that a person gave, if one did.
    first = runs.pop(name or "rate0.1")
    assert (first.kind, first.params["rate"], first.status) == ("script", "0.1", "FINISHED")
    assert first.tags.get("script_name") == ("rate0.1" if name else None)
    assert first.metrics["after"] == 1.0
    assert sorted(runs) == ["rate0.2", "rate0.3"]
    for rate in (0.2, 0.3):
        run = runs[f"rate{rate}"]
        assert (run.kind, run.parent_run_id, run.params) == ("api", first.run_id, {"rate": str(rate)})
    assert {run.summaries["loss"].count for run in (first, *runs.values())} == {3}


def test_processes_of_one_supervised_script_do_not_write_over_each_other(
    workspace: Workspace, store: Store
) -> None:
    code = """
import subprocess
one = "import sys, pilothouse as ph\\nwith ph.start_run(name=sys.argv[1], params={'n': sys.argv[1]}): pass"
for n in "abc": subprocess.run([sys.executable, "-c", one, n], check=True)
ph.log_metric("x", 1.0)
with ph.start_run(name="d"): pass
"""
    script(workspace, code, under_run=True)
    runs = by_name(store)
    assert {name: run.params["n"] for name, run in runs.items() if name != "d"} == {
        "a": "a",
        "b": "b",
        "c": "c",
    }
    assert {run.parent_run_id for name, run in runs.items() if name != "a"} == {runs["a"].run_id}
    assert runs["a"].metrics["x"] == 1.0
