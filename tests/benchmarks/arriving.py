"""A file lands in the watched folder: how long until its verdict is stored."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from pilothouse.data.versions import snapshot
from pilothouse.monitoring.verdicts import list_arrivals
from pilothouse.store import Store
from pilothouse.workspace import Workspace

from .generate import fill, new_workspace
from .measure import PYTHON, Figures, Outcome, Setup, SkippedError, environment

MOST_SECONDS = 1.0
ROWS, REFERENCE_ROWS = 1_000, 20_000


def write_rows(path: Path, rows: int, seed: int) -> None:
    """Twenty columns and the target, as CSV; the file appears under its name once it is whole."""
    import duckdb

    numbers = ", ".join(f"round(random() * {10 + at}, 4) AS x{at}" for at in range(12))
    levels = ", ".join(f"'level-' || CAST(floor(random() * {3 + at}) AS INTEGER) AS c{at}" for at in range(8))
    hidden = path.with_name(f".{path.name}.tmp")
    with duckdb.connect() as con:
        con.execute(f"SELECT setseed({seed / 1000})").fetchall()
        con.execute(
            f"COPY (SELECT {numbers}, {levels}, CAST(random() < 0.3 AS INTEGER) AS y FROM range({rows})) "
            f"TO '{hidden}' (FORMAT csv, HEADER)"
        ).fetchall()
    hidden.rename(path)


def _changed(workspace: Workspace) -> tuple[int, ...]:
    found = []
    for path in (workspace.store_path, workspace.store_path.with_name("store.duckdb.wal")):
        try:
            found.append(path.stat().st_mtime_ns)
        except FileNotFoundError:
            found.append(0)
    return tuple(found)


def _wait_for(workspace: Workspace, store: Store, name: str, timeout: float = 60.0) -> None:
    """Ask the store only when its file has changed, so that asking does not stand in the watcher's way."""
    deadline = time.monotonic() + timeout
    seen: tuple[int, ...] = ()
    while time.monotonic() < deadline:
        now = _changed(workspace)
        if now != seen:
            seen = now
            if any(arrival.name == name for arrival in list_arrivals(store, "late")):
                return
        time.sleep(0.002)
    raise SkippedError(f"no verdict on {name} after {timeout:.0f} s")


def landing(setup: Setup) -> Iterator[Outcome]:
    """With a real watcher process, a reference, and many runs in the same store."""
    workspace, store = new_workspace(setup.new_folder("landing"))
    fill(store, setup.repeats(100_000, 1_000))
    model = workspace.config().model(None)
    data = workspace.data_folder(model)
    write_rows(data / "a-reference.csv", REFERENCE_ROWS, 1)
    snapshot(workspace, store, model)
    watcher = subprocess.Popen(
        [PYTHON, "-m", "pilothouse", "watch", "--workspace", str(workspace.root)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    taken = []
    try:
        # The first file is not counted: the watcher may still be starting.
        for number in range(setup.repeats(9, 3) + 1):
            time.sleep(0.5)
            name = f"rows-{number:02d}.csv"
            write_rows(data / name, ROWS, number + 2)
            began = time.monotonic()
            _wait_for(workspace, store, name)
            taken.append(time.monotonic() - began)
    finally:
        watcher.terminate()
        watcher.wait(20)
    ours = Figures(tuple(taken[1:]), "s")
    yield Outcome(
        6, f"a file of {ROWS:,} rows lands: verdict stored", f"{MOST_SECONDS:.0f} s", ours,
        reached=ours.median <= MOST_SECONDS,
    )  # fmt: skip
