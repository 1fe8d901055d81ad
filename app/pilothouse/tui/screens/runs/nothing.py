"""What the list of runs says when it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.config.next_steps import RUN_A_SCRIPT
from pilothouse.tui.text import safe

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

EMPTY = f"No runs yet.\nPress  t  to train a model, or run a script of your own:\n  {RUN_A_SCRIPT}"
WITHOUT_A_MODEL = (
    f"No runs yet.\nRun a script of your own:\n  {RUN_A_SCRIPT}\nor say in it what is to be kept:\n"
    "  import pilothouse as ph"
)


def nothing_here(workspace: Workspace, text: str) -> str:
    """What the empty list says: that there are no runs yet, or why none of them may match."""
    from pilothouse.tui.snapshots.run_list import why_nothing

    total, doubts = why_nothing(workspace, text)
    if not total or not text.strip():
        return EMPTY if workspace.config().models else WITHOUT_A_MODEL
    none = "The only run does not match." if total == 1 else f"None of the {total:,} runs match."
    return "\n".join([none, *(safe(doubt, 300) for doubt in doubts), "esc  clears the filter."])
