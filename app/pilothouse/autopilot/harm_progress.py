"""How far the judge of harm is: what it says of itself in a small file while it lives.

Light: the terminal UI reads it once a second.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps, loads
from pilothouse.processes import is_alive, write_atomic
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HarmProgress:
    """The judge is at file `name` of `model`, the `at`-th of `of` that it had to judge since it started.

    `since` is when it began with that file.
    """

    model: str
    name: str
    at: int
    of: int
    since: datetime

    def seconds(self, now: datetime | None = None) -> int:
        """How long it has been at this file."""
        return max(0, int(((now or datetime.now(UTC)) - self.since).total_seconds()))

    def words(self, now: datetime | None = None) -> str:
        """Say it: `3 of 8, big.parquet, 12 s`. The name is as the file's, so not yet fit to be shown."""
        return f"{self.at:,} of {self.of:,}, {self.name}, {self.seconds(now):,} s"


def harm_lock(workspace: Workspace) -> Path:
    """The lock that a judge of harm holds as long as it lives."""
    return workspace.watch_dir / "harm-alive"


def say_progress(workspace: Workspace, model: str, name: str, at: int, of: int) -> None:
    """Say what the judge, which is this process and holds the lock, begins with."""
    told = asdict(HarmProgress(model, name, at, of, datetime.now(UTC)))
    write_atomic(_path(workspace), dumps({**told, "since": told["since"].isoformat()}))


def forget_progress(workspace: Workspace) -> None:
    """Remove what was said; for who holds the lock."""
    _path(workspace).unlink(missing_ok=True)


def harm_progress(workspace: Workspace) -> HarmProgress | None:
    """Return how far the judge is; None where none lives, or it has not begun with a file yet."""
    if not is_alive(harm_lock(workspace)):
        return None
    try:
        told = loads(_path(workspace).read_bytes())
        return HarmProgress(**{**told, "since": datetime.fromisoformat(told["since"])})
    except (OSError, ValueError, TypeError, KeyError, PilothouseError):
        # It has just started, or is of another version of Pilothouse.
        return None


def progress_json(progress: HarmProgress | None) -> dict[str, object] | None:
    """Return it as plain data, with the seconds so far."""
    if progress is None:
        return None
    return {**asdict(progress), "since": progress.since.isoformat(), "seconds": progress.seconds()}


def _path(workspace: Workspace) -> Path:
    return workspace.watch_dir / "harm.json"
