"""Runs: several side by side, and their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison
    from pilothouse.tracking.tagging import Changes
    from pilothouse.workspace import Workspace


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
