"""What the watcher says of itself, for everyone who wants to know."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps, loads
from pilothouse.processes import (
    ask_to_stop,
    is_alive,
    no_room,
    python_command,
    spawn_detached,
    write_atomic,
)
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


def start_watcher(workspace: Workspace, patience: float = 30.0) -> int:
    """Start a watcher that outlives this process, wait until it looks, and return its process id.

    Raises:
        PilothouseError: one is alive already, or it did not start; with what it said.
    """
    if is_alive(workspace.watch_dir / "alive"):
        raise already_watched()
    log = workspace.watch_dir / "watcher.log"
    before = log.stat().st_size if log.exists() else 0
    process = spawn_detached(
        python_command("pilothouse", "watch", "--workspace", str(workspace.root)), cwd=workspace.root, log=log
    )
    deadline = time.monotonic() + patience
    while (status := watcher_status(workspace)) is None or status.pid != process.pid:
        if process.poll() is not None:
            raise _what_it_said(log, before)
        if time.monotonic() > deadline:
            process.kill()
            raise PilothouseError(
                f"The watcher did not start within {patience:.0f} s and was ended.", next=f"See {log}."
            )
        time.sleep(0.02)
    return process.pid


def already_watched() -> PilothouseError:
    """Return the error for a second watcher."""
    return PilothouseError(
        "This workspace is being watched already.",
        untouched="That watcher goes on.",
        next="Stop it with `pilothouse watch --stop`.",
    )


def _what_it_said(log: Path, before: int) -> PilothouseError:
    with log.open("rb") as file:
        file.seek(before)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return no_room(log.parent) or PilothouseError("The watcher ended at once.", next=f"See {log}.")
    return PilothouseError(
        lines[0].removeprefix("pilothouse: "), next="\n".join(line.strip() for line in lines[1:])
    )


def stop_watcher(workspace: Workspace, grace: float = 15.0) -> bool:
    """Ask the watcher to stop and wait until it is gone; False if none is alive.

    It leaves the file that it is at, of which nothing is stored; a next one judges it.

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
