"""What ``z`` puts back: the changes that were made here, the last one first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from pilothouse.errors import NotFoundError

LEVELS = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One change that happened: `what` it was (“the note on brisk-gull”), and how to put it back.

    `back` runs in a thread, does it and returns the sentence that says so.
    """

    what: str
    back: Callable[[], str]


class Undoing:
    """A stack of changes. Threads push a change when it has happened, and take turns at putting one back."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=LEVELS)
        self._turn = Lock()

    @property
    def last(self) -> Change | None:
        """The change that would be put back next."""
        try:
            return self._changes[-1]
        except IndexError:
            return None

    def push(self, what: str, back: Callable[[], str]) -> None:
        """Remember a change that has just happened."""
        self._changes.append(Change(what, back))

    def undo(self) -> str:
        """Put the last change back; called in a thread. What fails stays the last one, to be tried again.

        Raises:
            PilothouseError: it could not be put back.
        """
        # Pressed three times, z means the last three, in order: each waits for the one before.
        with self._turn:
            change = self.last
            if change is None:
                return "There is nothing more to undo."
            try:
                said = change.back()
            except NotFoundError:
                # It is gone for good and would bar the way to the changes before it.
                self._changes.remove(change)
                raise
            self._changes.remove(change)
            return said
