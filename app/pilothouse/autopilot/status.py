"""What the watcher says of itself, for everyone who wants to know."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pilothouse.jsontext import dumps, loads
from pilothouse.processes import ask_to_stop, is_alive, write_atomic
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WatcherStatus:
    """The watcher as of `at`.

    Attributes:
        state: idle, or what it is doing.
        judged: files judged since it started.
        last_file: the file it judged last; empty before the first.
        error: what went wrong last and is not mended; empty if all is well.
    """

    pid: int
    folders: tuple[str, ...]
    state: str
    judged: int
    last_file: str
    error: str
    started_at: datetime
    at: datetime


def write_status(
    workspace: Workspace,
    started_at: datetime,
    folders: tuple[str, ...],
    *,
    state: str,
    judged: int,
    last_file: str,
    error: str,
) -> None:
    """Say what the watcher, which is this process, is doing."""
    status = WatcherStatus(
        os.getpid(), folders, state, judged, last_file, error, started_at, datetime.now(UTC)
    )
    shown = asdict(status) | {"started_at": started_at.isoformat(), "at": status.at.isoformat()}
    write_atomic(workspace.watch_dir / "status.json", dumps(shown))


def watcher_status(workspace: Workspace) -> WatcherStatus | None:
    """Return what the watcher says of itself, or None if none is alive."""
    if not is_alive(workspace.watch_dir / "alive"):
        return None
    try:
        told = loads((workspace.watch_dir / "status.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    times = {name: datetime.fromisoformat(told[name]) for name in ("started_at", "at")}
    return WatcherStatus(**{**told, **times, "folders": tuple(told["folders"])})


def stop_watcher(workspace: Workspace) -> bool:
    """Ask the watcher to stop; False if none is alive."""
    status = watcher_status(workspace)
    return status is not None and ask_to_stop(status.pid)
