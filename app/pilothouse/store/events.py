"""The audit trail: one event for each change, chained so that a later edit shows."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilothouse.jsontext import dumps, loads
from pilothouse.store.connection import Row, Store, Transaction

_PAGE = 10_000
"""Events that are verified at a time, while others may write."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the audit trail."""

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    message: str
    data: dict[str, Any]


def current_actor() -> str:
    """Return the name of the person at the keyboard, as the operating system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _chain(previous: str, row: Mapping[str, Any]) -> str:
    told = ("seq", "recorded_at", "actor", "kind", "subject", "message", "data")
    content = dumps([previous, *(str(row[key]) for key in told)])
    return hashlib.sha256(content.encode()).hexdigest()


def record(
    tx: Transaction,
    kind: str,
    subject: str,
    message: str,
    data: Mapping[str, Any] | None = None,
    actor: str | None = None,
    at: datetime | None = None,
) -> int:
    """Append an event in the transaction of the change it tells of; return its number.

    Numbers, and the chain of hashes, follow the order of writing; lists follow the moments.

    Args:
        tx: the transaction that makes the change.
        kind: one word for what happened, such as run, drift, promote, rollback.
        subject: the name of the thing that changed.
        message: one sentence for a person.
        data: the numbers and the rule behind it, as JSON.
        actor: who or what did it; the current user unless given.
        at: when it happened, where that is told later; now unless given, and never after now.
    """
    now = datetime.now(UTC)
    last = tx.row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1") or {"seq": 0, "hash": ""}
    row: Row = {
        "seq": last["seq"] + 1,
        "recorded_at": min(at, now) if at is not None else now,
        "actor": actor or current_actor(),
        "kind": kind,
        "subject": subject,
        "message": message,
        "data": dumps(data or {}),
    }
    tx.insert("events", [{**row, "hash": _chain(last["hash"], row)}])
    return int(row["seq"])


def record_outside(
    store: Store, kind: str, subject: str, message: str, data: Mapping[str, Any], actor: str | None = None
) -> None:
    """Append an event of what was written outside of the workspace, such as an export; see `record`.

    A workspace that may only be read can be exported all the same; there is no line of it then.
    """
    if not store.read_only:
        with store.transaction() as tx:
            record(tx, kind, subject, message, data, actor)


def list_events(
    store: Store,
    limit: int = 200,
    *,
    kind: str | None = None,
    subject: str | None = None,
    text: str = "",
    after: int = 0,
    offset: int = 0,
) -> list[Event]:
    """Return events, the latest first, that are newer than number `after` and contain `text`."""
    rows = store.query(
        'SELECT seq, recorded_at AS "at", actor, kind, subject, message, data FROM events WHERE seq > ?'
        " AND (? IS NULL OR kind = ?) AND (? IS NULL OR subject = ?)"
        " AND (? = '' OR contains(lower(concat_ws(' ', actor, kind, subject, message)), lower(?)))"
        " ORDER BY recorded_at DESC, seq DESC LIMIT ? OFFSET ?",
        [after, kind, kind, subject, subject, text, text, limit, offset],
    )
    return [Event(**{**row, "data": loads(row["data"]) or {}}) for row in rows]


def verify_events(store: Store) -> int | None:
    """Recompute the chain; return the number of the first event that does not fit, or None."""
    previous, expected, first = "", 1, -(2**63)
    while rows := store.query("SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT ?", [first, _PAGE]):
        for row in rows:
            fits = row["seq"] == expected and row["hash"] == _chain(previous, row)
            if not fits:
                return expected
            previous, expected = row["hash"], expected + 1
        first = expected
    return None
