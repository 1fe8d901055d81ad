"""Runs: one with its curves, several side by side, and their tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison
    from pilothouse.tracking.runs import Run
    from pilothouse.tracking.tagging import Changes
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run and its curves: metric -> points (step, value)."""

    run: Run
    curves: dict[str, tuple[tuple[float, float], ...]]


def run_detail(workspace: Workspace, run_id: str) -> RunDetail:
    """Return one run with the whole history of its metrics."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run, metric_history

    store = open_store(workspace)
    history = metric_history(store, run_id)
    curves = {key: tuple((float(p.step), p.value) for p in points) for key, points in history.items()}
    return RunDetail(get_run(store, run_id), curves)


def comparison(workspace: Workspace, run_ids: tuple[str, ...]) -> Comparison:
    """Return the runs side by side; the first is the baseline."""
    from pilothouse.comparing.facts import compare_runs
    from pilothouse.store import open_store

    return compare_runs(open_store(workspace), run_ids)


def change_tags(workspace: Workspace, changes: Changes, *, undoing: bool = False) -> Changes:
    """Change tags of runs (None takes one away); return what puts all of them back."""
    from pilothouse.store import open_store
    from pilothouse.tracking import tagging

    return tagging.change_tags(open_store(workspace), changes, undoing=undoing)
