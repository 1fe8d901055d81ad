"""What became of the server: it answers, it starts, it was stopped, or it was lost.

A server says last of all that it stops. One whose liveness lock is free and whose last words are others was
killed, or its machine went down. Whoever notices that first writes the event, once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.processes import is_alive, write_atomic
from pilothouse.registry.generation import alive_path, status_path
from pilothouse.serving.status import ServerStatus, last_words, server_status
from pilothouse.store import open_store, record
from pilothouse.workspace import Workspace

LOST = "lost"
"""The state of a server that ended without saying so."""


@dataclass(frozen=True, slots=True)
class ServerNow:
    """The server as it is now; without any of the three it was stopped, or never ran.

    Attributes:
        status: what it says of itself while it lives.
        starting: it lives and has not said anything yet.
        lost: the last words of one that was killed, in the state `LOST`, until another starts.
    """

    status: ServerStatus | None = None
    starting: bool = False
    lost: ServerStatus | None = None


def server_now(workspace: Workspace) -> ServerNow:
    """Return how the server is; that it was lost is written to the audit trail by whoever sees it first."""
    status = server_status(workspace)
    if status is not None:
        return ServerNow(status)
    if is_alive(alive_path(workspace)):
        return ServerNow(starting=True)
    lost = _lost(workspace)
    if lost is None or is_alive(alive_path(workspace)):
        # One that started meanwhile has told of the one before.
        return ServerNow(starting=lost is not None)
    # A store that cannot be written now must not hide the server's state; the next look writes it.
    with contextlib.suppress(PilothouseError, OSError):
        tell_lost(workspace)
    return ServerNow(lost=lost)


def tell_lost(workspace: Workspace) -> ServerStatus | None:
    """Write the event of a lost server unless that was done; return its last words, or None if none was lost.

    For who knows that no server lives, or holds the liveness lock already.

    Raises:
        PilothouseError: the store cannot be written.
    """
    lost = _lost(workspace)
    if lost is None:
        return None
    told, sign = _told_path(workspace), f"{lost.pid} {lost.started_at}"
    with contextlib.suppress(OSError):
        if told.read_text() == sign:
            return lost
    message = lost_words(lost)
    with open_store(workspace).transaction() as tx:
        # Two may notice at once; the transaction lets one of them be the first.
        known = tx.row(
            "SELECT 1 FROM events WHERE kind = 'serving' AND message = ? AND contains(data, ?)",
            [message, lost.started_at],
        )
        if known is None:
            subject = f"{lost.model}/{lost.version}" if lost.version is not None else lost.model
            data = {"started_at": lost.started_at, "pid": lost.pid, "requests": lost.requests}
            record(tx, "serving", subject, message, data, "server", lost_at(lost))
    with contextlib.suppress(OSError):
        write_atomic(told, sign)
    return lost


def forget_lost(workspace: Workspace) -> ServerStatus | None:
    """Take note of a lost server, so that it counts as stopped; return its last words, None if none was lost.

    Raises:
        PilothouseError: the store cannot be written.
    """
    lost = tell_lost(workspace)
    if lost is not None:
        status_path(workspace).unlink(missing_ok=True)
    return lost


def lost_words(lost: ServerStatus) -> str:
    """Say which server was lost, in a sentence."""
    return f"The server at {lost.url} was lost: it was killed, or its machine went down."


def lost_at(lost: ServerStatus) -> datetime | None:
    """Return when it gave its last sign of life; None if that cannot be read."""
    try:
        at = datetime.fromisoformat(lost.at)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _lost(workspace: Workspace) -> ServerStatus | None:
    words = last_words(workspace)
    return None if words is None or words.state == "stopping" else replace(words, state=LOST)


def _told_path(workspace: Workspace) -> Path:
    return workspace.serving_dir / "lost"
