"""Workspaces for the screens: an empty one, one with hostile names in everything, one with real versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from piloting import HOSTILE, add_predictions, add_runs, add_verdicts

import making_models
from pilothouse.registry.deployments import promote
from pilothouse.tracking.runs import fold
from pilothouse.workspace import Workspace


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    made, _ = making_models.workspace(tmp_path / "ws")
    (made.root / "data").mkdir()
    return made


@pytest.fixture
def hostile(empty: Workspace) -> Workspace:
    """Every screen has something to show, and all of it is hostile."""
    from pilothouse.store import open_store

    store = open_store(empty)
    add_runs(empty, HOSTILE)
    add_verdicts(store, HOSTILE)
    add_predictions(empty, HOSTILE)
    fold(store)
    return empty


@pytest.fixture
def steered(empty: Workspace) -> Workspace:
    """Three real versions, of which the second is live after the first."""
    from pilothouse.store import open_store

    store = open_store(empty)
    for n, name in enumerate(("one", "two", "three")):
        making_models.register(empty, store, f"run{name}", seed=n)
    promote(empty, store, "1", reason="first")
    promote(empty, store, "2", reason="better")
    return empty
