"""Moving runs to the trash and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.tui.text import safe

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tracking.trash import Trashed
    from pilothouse.tui.snapshots.changes import Stamp
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trash:
    """What is in the trash, as it was when the store had this stamp."""

    stamp: Stamp
    runs: tuple[Trashed, ...]


def trash(workspace: Workspace, before: Trash | None) -> Trash:
    """Return what is in the trash; ``before`` again if nothing has changed since."""
    from pilothouse.store import open_store
    from pilothouse.tracking.trash import list_trashed
    from pilothouse.tui.snapshots.changes import stamp

    now = stamp(workspace)
    if before is not None and before.stamp == now:
        return before
    return Trash(now, tuple(list_trashed(open_store(workspace))))


def naming(runs: Sequence[Run]) -> str:
    """Name a few runs, and count those that are more than a line has room for."""
    names = ", ".join(safe(run.name, 24) for run in runs[:3])
    return names if len(runs) <= 3 else f"{names} and {len(runs) - 3} more"


def delete(workspace: Workspace, run_ids: Sequence[str]) -> tuple[list[str], str]:
    """Move runs to the trash; return the ids of those that were not there before, and their names."""
    from pilothouse.store import open_store
    from pilothouse.tracking.trash import delete_runs

    gone = delete_runs(open_store(workspace), run_ids)
    return [run.run_id for run in gone], naming(gone)


def restore(workspace: Workspace, run_ids: Sequence[str]) -> str:
    """Take runs out of the trash; say which."""
    from pilothouse.store import open_store
    from pilothouse.tracking.trash import restore_runs

    back = restore_runs(open_store(workspace), run_ids)
    return f"Restored: {naming(back)}." if back else "They had been restored already."


def purge(workspace: Workspace, run_ids: Sequence[str]) -> str:
    """Remove runs for good; say which."""
    from pilothouse.store import open_store
    from pilothouse.tracking.trash import purge_runs

    return f"Purged: {naming(purge_runs(open_store(workspace), run_ids))}."
