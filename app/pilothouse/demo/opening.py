"""The demo in the terminal: a fresh workspace with the first training on its way."""

from __future__ import annotations

from pathlib import Path

from pilothouse.autopilot.status import start_watcher
from pilothouse.demo.workspace import make_demo
from pilothouse.training.launch import start_training
from pilothouse.workspace import Workspace


def prepare_demo(root: Path) -> Workspace:
    """Make a fresh demo in `root`, and start its first training and its watcher."""
    workspace = make_demo(root)
    start_training(workspace, recipe="logistic")
    start_watcher(workspace)
    return workspace
