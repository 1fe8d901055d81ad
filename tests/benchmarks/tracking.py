"""What a training script pays: the import, and each point that it logs; and what its readers pay for that."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from .generate import new_workspace
from .measure import HERE, PYTHON, Figures, Outcome, Script, Setup, SkippedError, alternate, run_child

MOST_CPU_MS = 60.0
MOST_RUN_MS = 10.0
METRICS, STEPS = 20, 50
MOST_FOLDING_US = 15.0
MOST_FOLDING_MB = 200.0

_IMPORT = "import time; began = time.process_time(); import {0}; print(time.process_time() - began)"


def _import_ms(python: Path | str, module: str) -> float:
    return 1000 * float(run_child([python, "-c", _IMPORT.format(module)])[1].split()[-1])


def importing(setup: Setup) -> Iterator[Outcome]:
    """CPU time of the import in a fresh interpreter."""
    work, must = "import pilothouse, CPU", f"{MOST_CPU_MS:.0f} ms"
    repeats = setup.repeats(9, 3)
    try:
        peer = setup.peer_python("mlflow")
    except SkippedError as why:
        ours = Figures(tuple(alternate(repeats, lambda: _import_ms(PYTHON, "pilothouse"))[0]), "ms")
        yield Outcome(1, work, must, ours, reached=ours.median <= MOST_CPU_MS, note=str(why))
        return
    mine, other = alternate(
        repeats, lambda: _import_ms(PYTHON, "pilothouse"), lambda: _import_ms(peer, "mlflow")
    )
    ours, theirs = Figures(tuple(mine), "ms"), Figures(tuple(other), "ms")
    yield Outcome(
        1, work, must, ours, "import mlflow", theirs, theirs.median / ours.median, ours.median <= MOST_CPU_MS
    )


def _log_a_run() -> float:
    import pilothouse as ph

    keys = [f"m{number:02d}" for number in range(METRICS)]
    began = time.perf_counter()
    with ph.start_run(params={f"p{number}": number / 7 for number in range(8)}) as run:
        for step in range(STEPS):
            for number, key in enumerate(keys):
                run.log_metric(key, step / (number + 1), step=step)
    taken = time.perf_counter() - began
    # The process that looks at a run outlives such a short one: it is a part of this run, not of the next.
    psutil.wait_procs(psutil.Process().children(), timeout=20)
    return taken


def point_by_point(setup: Setup) -> Iterator[Outcome]:
    """A whole run, from start to end, one call a point; and a long journal on its way into the store."""
    yield from _logging(setup)
    yield from _folding(100_000 if setup.quick else 1_000_000)


def _folding(points: int) -> Iterator[Outcome]:
    found = json.loads(run_child([PYTHON, HERE / "folding.py", points])[1].splitlines()[-1])
    cpu, memory = 1e6 * found["cpu"] / points, found["memory_mb"]
    yield Outcome(
        5,
        f"  {points:,} points from a journal into the store, CPU a point",
        f"{MOST_FOLDING_US:.0f} µs",
        Figures((cpu,), "µs"),
        reached=cpu <= MOST_FOLDING_US and found["points"] == points,
        note=f"{found['seconds']:.1f} s; another process waited {found['waited']:.2f} s at most",
    )
    yield Outcome(
        5,
        "  memory for that",
        f"{MOST_FOLDING_MB:.0f} MB",
        Figures((memory,), "MB"),
        reached=memory <= MOST_FOLDING_MB,
    )


def _logging(setup: Setup) -> Iterator[Outcome]:
    work, must = f"a run of {METRICS} metrics x {STEPS} steps, point by point", f"{MOST_RUN_MS:.0f} ms"
    workspace, _ = new_workspace(setup.new_folder("log"))
    os.environ["PILOTHOUSE_WORKSPACE"] = str(workspace.root)
    try:
        mine = alternate(setup.repeats(15, 5), _log_a_run)[0]
        try:
            with (
                tempfile.TemporaryDirectory(dir=setup.folder) as folder,
                Script(setup.peer_python("mlflow"), "mlflow_tracking.py", folder) as peer,
            ):
                other, more = alternate(setup.repeats(3, 1), lambda: peer.seconds("run"), _log_a_run, warm=0)
            mine += more
        except SkippedError as why:
            other, note = [], str(why)
    finally:
        del os.environ["PILOTHOUSE_WORKSPACE"]
    ours = Figures(tuple(1000 * value for value in mine), "ms")
    reached = ours.median <= MOST_RUN_MS
    if not other:
        yield Outcome(5, work, must, ours, reached=reached, note=note)
        return
    theirs = Figures(tuple(1000 * value for value in other), "ms")
    yield Outcome(5, work, must, ours, "MLflow on SQLite", theirs, theirs.median / ours.median, reached)
    each = Figures(tuple(1000 * value / (METRICS * STEPS) for value in ours.values), "µs")
    yield Outcome(5, "  a point of it", "10 µs", each, reached=each.median <= 10)
