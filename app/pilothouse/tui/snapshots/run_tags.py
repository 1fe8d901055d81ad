"""Tags of runs, changed in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.tracking.tagging import Changes
    from pilothouse.workspace import Workspace


def change_tags(workspace: Workspace, changes: Changes, *, undoing: bool = False) -> Changes:
    """Change tags of runs (None takes one away); return what puts all of them back."""
    from pilothouse.store import open_store
    from pilothouse.tracking import tagging

    return tagging.change_tags(open_store(workspace), changes, undoing=undoing)
