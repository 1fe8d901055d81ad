"""What workers tell the screens. A worker computes, a message carries, a handler changes what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message


@dataclass
class SnapshotReady(Message):
    """A screen's poll brought ``snapshot``; ``turn`` tells an old answer from the newest question."""

    turn: int
    snapshot: object

    def can_replace(self, message: Message) -> bool:
        """A newer snapshot makes one that still waits pointless."""
        return isinstance(message, SnapshotReady)


@dataclass
class SnapshotFailed(Message):
    """A poll failed; ``error`` is shown in the status line."""

    turn: int
    error: Exception


@dataclass
class DeedDone(Message):
    """What a person asked for has happened; ``sentence`` says what."""

    sentence: str
    then: Callable[[], None] | None = None


@dataclass
class DeedFailed(Message):
    """What a person asked for did not happen."""

    error: Exception


@dataclass
class DetailReady(Message):
    """What is known of the thing under the cursor arrived."""

    detail: object
