"""A child's output as it comes: all that the child printed, and not for ever what others print after it."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import IO

from pilothouse.training.child import Child

DRAIN = 2.0  # seconds after the child's end in which a pause of its output is no end of it
_NAP = 0.02  # seconds between looks at a child that has closed its output
_CHUNK = 65_536
_WAITING = 64  # chunks of output that were read and not yet looked at
# What a child printed before its end is in the queue, in the reader's hand, or in a pipe of at most a
# megabyte: all that comes after so many chunks was printed by another process.
_LEFT = _WAITING + 1 + 2**20 // _CHUNK


class Listening:
    """Hears a child to its end. A process that left its group may hold the output open: it is not waited for.

    Attributes:
        over: the child has ended, and all that it printed was heard.
        others: another process went on printing after it, which was not heard to the end.
    """

    def __init__(self, child: Child) -> None:
        """Begin to read, in a thread, so that a full pipe never stops the child for long."""
        self.over = False
        self.others = False
        self._child = child
        self._chunks: queue.Queue[bytes] = queue.Queue(maxsize=_WAITING)
        self._closed = False
        self._ended_at: float | None = None
        self._left = _LEFT
        assert child.process.stdout is not None
        self._output: IO[bytes] = child.process.stdout
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the child has ended, though there may be more to hear."""
        return self._ended_at is not None

    def hear(self, patience: float) -> bytes:
        """What was printed next; nothing after so many seconds of silence, or once the output is closed."""
        data = b""
        if self._closed:
            time.sleep(_NAP)
        else:
            with contextlib.suppress(queue.Empty):
                data = self._chunks.get(timeout=patience)
                self._closed = not data
        if self._ended_at is None:
            if self._child.ended():
                self._ended_at = time.monotonic()
            return data
        self._left -= bool(data)
        self.others = not self._left
        quiet = not data and time.monotonic() - self._ended_at > DRAIN
        self.over = self._closed or quiet or self.others
        return data

    def close(self) -> None:
        """Hear no more, and let the thread go."""
        self.over = True
        self._output.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._chunks.get_nowait()

    def _read(self) -> None:
        """Pass on what the child prints; an empty piece is its end."""
        data = b"-"
        while data and not self.over:
            try:
                data = self._output.read(_CHUNK)
            except (OSError, ValueError):
                data = b""  # Nobody listens any more.
            self._chunks.put(data)
