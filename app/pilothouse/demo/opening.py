"""The demo in the terminal: a fresh workspace with the first training on its way, or the one of before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pilothouse.autopilot.status import start_watcher, watcher_status
from pilothouse.demo.workspace import earlier_demo, make_demo
from pilothouse.training.launch import start_training
from pilothouse.workspace import Workspace


def prepare_demo(root: Path, *, fresh: bool, tell: Callable[[str], None]) -> Workspace:
    """Go on with the demo in `root`; make one and start its first training if there is none, or if `fresh`.

    Args:
        root: where.
        fresh: make another demo also where there is one; that one is kept beside it.
        tell: is told what became of an earlier demo.
    """
    workspace = None if fresh else earlier_demo(root)
    if workspace is not None:
        tell(f"Going on with the demo in {root}; --fresh makes another and keeps this one beside it.")
        if watcher_status(workspace) is None:
            start_watcher(workspace)
        return workspace
    workspace = make_demo(root, tell)
    start_training(workspace, recipe="logistic")
    start_watcher(workspace)
    return workspace
