"""What made a run that is a part of another: the same process, or the same sweep, whose record says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pilothouse.store import Store
from pilothouse.tracking.origin.origin import Origin, read_later_origins, read_origin, read_patch
from pilothouse.tracking.runs import Run, read_runs

_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What made a run.

    Attributes:
        run: whose record it is: the run itself, or one that it is a part of.
        folder: of that run.
        origin: the record.
        later: records of what went on with the run itself, in order.
        part: whether the record is not the run's own.
    """

    run: Run
    folder: Path
    origin: Origin
    later: tuple[Origin, ...] = ()
    part: bool = False

    @property
    def key(self) -> tuple[str, float]:
        """Alike for two runs that one and the same process or sweep made."""
        return self.run.run_id, self.origin.at

    @property
    def patch(self) -> str:
        """The uncommitted changes as a unified diff; empty if there were none, or they were not kept."""
        return read_patch(self.folder) if self.origin.patch else ""


def find_origin(store: Store, run: Run) -> MadeBy | None:
    """Return what made a run, or None if it was not recorded.

    A part keeps no record of its own making. If it has one, that is of what went on with it.

    Raises:
        PilothouseError: a record is damaged.
    """
    workspace = store.workspace
    folder = workspace.run_dir(run.run_id)
    own = read_origin(folder)
    mine = () if own is None else (own, *read_later_origins(folder))
    above, seen = run, {run.run_id}
    while above.parent_run_id and above.parent_run_id not in seen and len(seen) < _DEEPEST:
        with store.reading() as tx:
            found = read_runs(tx, "runs.run_id = ?", [above.parent_run_id])
        if not found:
            break
        above = found[0]
        seen.add(above.run_id)
        where = workspace.run_dir(above.run_id)
        first = None if above.parent_run_id else read_origin(where)
        if first is not None:
            return MadeBy(above, where, _of_then(first, where, run.started_at), mine, part=True)
    return MadeBy(run, folder, mine[0], mine[1:]) if mine else None


def _of_then(first: Origin, folder: Path, moment: datetime) -> Origin:
    """Return the record of the process that a run was at a moment: it may have been gone on with before."""
    found = first
    for later in read_later_origins(folder):
        if 0 < later.at <= moment.timestamp():
            found = later
    return found
