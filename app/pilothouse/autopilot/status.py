"""What the watcher says of itself, for everyone who wants to know."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pilothouse.errors import PilothouseError
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


def forget_status(workspace: Workspace) -> None:
    """Remove what an earlier watcher said of itself. For who holds the watcher's lock."""
    (workspace.watch_dir / "status.json").unlink(missing_ok=True)


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


def stop_watcher(workspace: Workspace, grace: float = 15.0) -> bool:
    """Ask the watcher to stop and wait until it is gone; False if none is alive.

    It finishes the file that it is at.

    Raises:
        PilothouseError: it still runs after `grace` seconds.
    """
    alive = workspace.watch_dir / "alive"
    deadline = time.monotonic() + grace
    asked = False
    while is_alive(alive):
        # One that has just started has not said yet which process it is.
        status = watcher_status(workspace)
        if status is not None and not asked:
            asked = ask_to_stop(status.pid)
        if time.monotonic() > deadline:
            who = f" (process {status.pid})" if status else ""
            raise PilothouseError(
                f"The watcher{who} did not stop within {grace:.0f} s.", next="End its process."
            )
        time.sleep(0.02)
    return asked
