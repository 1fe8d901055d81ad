"""The harm of what landed, as the store keeps it; and what was answered, as the command tells it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.changes import Stamp, stamp

if TYPE_CHECKING:
    from pilothouse.autopilot.harm_progress import HarmProgress
    from pilothouse.performance.harms_kept import KeptHarm
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Harms:
    """What is kept of one model's arrivals, the newest first; ``waiting`` are the names of the others, in the
    order in which they are judged; ``judging`` is how far the judge is, of any model, ``seconds`` so long."""

    stamp: Stamp
    model: str
    kept: tuple[KeptHarm, ...]
    waiting: tuple[str, ...]
    watched: bool
    live: int | None
    business: tuple[str, ...] = field(default=())
    """Business metrics that any of them has."""
    judging: HarmProgress | None = None
    seconds: int = 0
    lacking: int = 0
    """Files that were judged before a business metric was declared or changed."""


def harms(workspace: Workspace, model: str | None, before: Harms | None) -> Harms:
    """Read the harm of ``model``'s arrivals, unless nothing changed since ``before``."""
    from pilothouse.autopilot.harm_progress import harm_progress
    from pilothouse.processes import is_alive

    config = workspace.config()
    chosen = config.shown(model)
    watched = is_alive(workspace.watch_dir / "alive")
    now = (*stamp(workspace), watched)
    judging = harm_progress(workspace)
    seconds = judging.seconds() if judging else 0
    if before is not None and before.stamp == now and before.model == chosen.name:
        if (judging, seconds) == (before.judging, before.seconds):
            return before
        return replace(before, judging=judging, seconds=seconds)
    from pilothouse.monitoring.verdicts import held_names
    from pilothouse.performance.business_added import lacking
    from pilothouse.performance.harms_kept import read_harm, waiting_for_harm
    from pilothouse.registry.versions import champion
    from pilothouse.store import open_store

    store = open_store(workspace)
    held = held_names(store, chosen.name)
    kept = tuple(one for one in read_harm(store, chosen.name) if one.name not in held)
    waiting = tuple(one.name for one in waiting_for_harm(store, chosen.name))
    live = champion(store, chosen.name)
    business = tuple(dict.fromkeys(name for one in kept for name in one.business))
    number = live.version if live else None
    lacks = sum(bool(lacking(one, chosen)) for one in kept)
    return Harms(now, chosen.name, kept, waiting, watched, number, business, judging, seconds, lacks)


def periods_of(answer: Any) -> list[dict[str, Any]]:
    """Return the periods of every version from what ``performance --json`` said, the newest first."""
    if not isinstance(answer, dict):
        return []
    return [
        {**period, "version": one["version"], "metric": one["harm"]["metric"], "of": one}
        for one in answer.get("versions", [])
        for period in reversed(one["periods"])
    ]
