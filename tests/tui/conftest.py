"""Workspaces for the screens: an empty one, one with hostile names in everything, one with real versions."""

from __future__ import annotations

from pathlib import Path

import pytest
import textual.app
import textual.pilot
from idling import handled, idle
from piloting import HOSTILE, add_predictions, add_runs, add_verdicts

import making_models
from pilothouse.registry.deployments import promote
from pilothouse.store import open_store
from pilothouse.tracking.folding import fold
from pilothouse.workspace import Workspace
from ready_made import copied


@pytest.fixture(autouse=True)
def _quick_to_see_that_it_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each key waits for it many times: most of what a test of a screen takes.
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", idle)
    monkeypatch.setattr(textual.pilot.Pilot, "_wait_for_screen", handled)


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    return _empty(tmp_path / "ws")


@pytest.fixture
def hostile(tmp_path: Path) -> Workspace:
    """Every screen has something to show, and all of it is hostile."""
    return Workspace(copied("hostile", _hostile, tmp_path / "ws"))


@pytest.fixture
def steered(tmp_path: Path) -> Workspace:
    """Three real versions, of which the second is live after the first."""
    return Workspace(copied("steered", _steered, tmp_path / "ws"))


def _empty(root: Path) -> Workspace:
    made, _ = making_models.workspace(root)
    (made.root / "data").mkdir()
    return made


def _hostile(root: Path) -> None:
    made = _empty(root)
    store = open_store(made)
    add_runs(made, HOSTILE)
    add_verdicts(store, HOSTILE)
    for name in HOSTILE:
        if "/" not in name and len(name) < 200:
            (made.root / "data" / name).touch()
    add_predictions(made, HOSTILE)
    fold(store)


def _steered(root: Path) -> None:
    made = _empty(root)
    store = open_store(made)
    for n, name in enumerate(("one", "two", "three")):
        making_models.register(made, store, f"run{name}", seed=n)
    promote(made, store, "1", reason="first")
    promote(made, store, "2", reason="better")
