"""`python folding.py POINTS`: fold one journal of so many points, and say what it took; a row asks for it."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.origin.usage import peak_memory
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace, init_workspace

CONFIG = '[model]\nname = "bench"\ntarget = "y"\n\n[data]\nfolder = "data"\n'
METRICS = 20


def _wait(root: Path, pipe: Connection) -> None:
    """Ask the store for next to nothing until told to stop; send how long the longest answer took."""
    store, longest = Store(Workspace(root)), 0.0
    store.query("SELECT 1")
    pipe.send(0.0)
    while not pipe.poll():
        began = time.perf_counter()
        store.query("SELECT 1")
        longest = max(longest, time.perf_counter() - began)
        time.sleep(0.02)
    pipe.send(longest)


def main(points: int) -> None:
    """Log point by point, then fold while another process asks the store."""
    os.environ["PILOTHOUSE_OBSERVE"] = "0"
    with tempfile.TemporaryDirectory(prefix="pilothouse-fold-") as folder:
        workspace = init_workspace(Path(folder), CONFIG)
        store = Store(workspace)
        store.query("SELECT 1")
        writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
        for step in range(points // METRICS):
            for number in range(METRICS):
                writer.log_metrics({f"m{number:02d}": step / (number + 1)}, step)
        writer.end("FINISHED", 0)
        here, there = multiprocessing.Pipe()
        other = multiprocessing.get_context("spawn").Process(target=_wait, args=(workspace.root, there))
        other.start()
        here.recv()
        before = peak_memory() or 0
        began, cpu = time.perf_counter(), time.process_time()
        fold(store)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        grown = (peak_memory() or 0) - before
        here.send(None)
        waited = here.recv()
        other.join()
        found = sum(one.count for one in get_run(store, writer.run_id).summaries.values())
    result = {"seconds": seconds, "cpu": cpu, "memory_mb": grown / 1e6, "waited": waited, "points": found}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
