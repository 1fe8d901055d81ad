"""The audit trail, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.store import Event, Store
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


def lately(store: Store, limit: int) -> tuple[Event, ...]:
    """Return the newest events, without those of runs within a run that did as they should.

    A sweep of a hundred trials tells of itself; its trials would push everything else out of sight.
    """
    from pilothouse.jsontext import loads
    from pilothouse.store import Event

    rows = store.query(
        'SELECT seq, recorded_at AS "at", actor, kind, subject, message, data FROM events WHERE NOT'
        " (kind = 'run' AND (message LIKE '% started.' OR message LIKE '% finished.')"
        " AND subject IN (SELECT run_id FROM runs WHERE parent_run_id <> ''))"
        " ORDER BY recorded_at DESC, seq DESC LIMIT ?",
        [limit],
    )
    return tuple(Event(**{**row, "data": loads(row["data"]) or {}}) for row in rows)


def newest(workspace: Workspace) -> int:
    """The number of the newest event, after folding in what running processes wrote."""
    from pilothouse.store import open_store
    from pilothouse.tracking.folding import fold

    store = open_store(workspace)
    fold(store)
    return int(store.query("SELECT coalesce(max(seq), 0) AS last FROM events")[0]["last"])
