"""Interrupting a coordinator while it waits for trials, and at no other time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

STOPPED, TIME_OVER = "stopped", "time"


class StopWaitingError(Exception):
    """The sweep was stopped, or its time is over, while trials were waited for."""


class Bell:
    """A signal or a timer that interrupts waiting, and nothing else.

    A file that is being written must not be left half done, so outside of `waiting` it only takes note.
    """

    def __init__(self) -> None:
        self.rung = ""
        self._waiting = False
        self._timeless = False

    def forget_time(self) -> None:
        """From here on only a stop interrupts: the time was for the search, and that is over."""
        self._timeless = True
        if self.rung == TIME_OVER:
            self.rung = ""

    def ring(self, why: str) -> None:
        """Take note of why; raise where trials are waited for."""
        if self._timeless and why == TIME_OVER:
            return
        self.rung = self.rung or why
        if self._waiting:
            self._waiting = False
            raise StopWaitingError

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a ring raise `StopWaitingError` in here, also one that came before."""
        self._waiting = True
        try:
            if self.rung:
                raise StopWaitingError
            yield
        finally:
            self._waiting = False
