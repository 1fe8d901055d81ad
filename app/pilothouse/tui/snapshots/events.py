"""The audit trail, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.store import Event
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trail:
    """Events newest first from ``offset``, of ``total``; ``last`` is the newest number, which tells whether
    to read again."""

    events: tuple[Event, ...]
    total: int
    last: int


_MATCH = "(? = '' OR contains(lower(concat_ws(' ', actor, kind, subject, message)), lower(?)))"


def trail(workspace: Workspace, text: str = "", limit: int = 200, offset: int = 0) -> Trail:
    """Return one page of the events that contain ``text``."""
    from pilothouse.store import list_events, open_store

    store = open_store(workspace)
    counted = store.query(
        "SELECT count(*) AS n, coalesce((SELECT max(seq) FROM events), 0) AS last"
        f" FROM events WHERE {_MATCH}",
        [text, text],
    )[0]
    return Trail(
        tuple(list_events(store, limit, text=text, offset=offset)), int(counted["n"]), int(counted["last"])
    )


def newest(workspace: Workspace) -> int:
    """The number of the newest event, after folding in what running processes wrote."""
    from pilothouse.store import open_store
    from pilothouse.tracking.folding import fold

    store = open_store(workspace)
    fold(store)
    return int(store.query("SELECT coalesce(max(seq), 0) AS last FROM events")[0]["last"])
