"""What the server says of itself, for everyone who wants to know."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pilothouse.jsontext import dumps, loads
from pilothouse.processes import is_alive, write_atomic
from pilothouse.registry.generation import alive_path, status_path
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """The server as of `at`.

    Attributes:
        pid: its process id, to be shown only.
        port: where it listens, on 127.0.0.1.
        url: the same as a URL.
        state: starting, ready or stopping; `lost` is said of one that ended without stopping.
        started_at: ISO time.
        at: ISO time of this account; it is renewed twice a second.
        model: name of the model it serves.
        version: number of the version that answers; None while it starts.
        previous: number of the version that is kept warm for a rollback, or None.
        requests: to /invocations since the start.
        refused: of them answered with 4xx.
        errors: of them answered with 5xx.
        p50_ms: median time from arrival to answer of the latest requests, or None.
        p99_ms: the 99th percentile of the same.
        rate: requests in each of the last 59 whole seconds, the oldest first.
        last_error: why it does not serve what it should; empty if all is well.
        tables: when the file of each feature table was written that it answers by, ISO times by name.
    """

    pid: int
    port: int
    url: str
    state: str
    started_at: str
    at: str
    model: str
    version: int | None = None
    previous: int | None = None
    requests: int = 0
    refused: int = 0
    errors: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    rate: tuple[int, ...] = ()
    last_error: str = ""
    tables: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written and printed."""
        return asdict(self)


def write_status(workspace: Workspace, status: ServerStatus) -> None:
    """Replace the status file."""
    write_atomic(status_path(workspace), dumps(status.to_json()))


def server_status(workspace: Workspace) -> ServerStatus | None:
    """Return what the server says of itself, or None if none is alive."""
    # One that holds its lock may not have said anything yet.
    return last_words(workspace) if is_alive(alive_path(workspace)) else None


def last_words(workspace: Workspace) -> ServerStatus | None:
    """Return what the server said of itself last, whether it lives or not; None if it said nothing."""
    try:
        told = loads(status_path(workspace).read_bytes())
        known = {one.name: told[one.name] for one in fields(ServerStatus) if one.name in told}
        return ServerStatus(**{**known, "rate": tuple(known.get("rate", ()))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
