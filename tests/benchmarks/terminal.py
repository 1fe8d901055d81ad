"""A program in a pseudo-terminal: what it painted, and how long after a key."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from .measure import SkippedError, environment

COLUMNS, LINES = 120, 40
_CONTROL = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles, colours
    rb"|\x1bP[^\x1b]*\x1b\\"  # DCS
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: moves, styles, modes
    rb"|\x1b[ -/]*[0-~]"
)


def words_of(output: bytes) -> str:
    """The visible characters of terminal output, in the order in which they were written."""
    return _CONTROL.sub(b"", output).decode("utf-8", "replace")


class Terminal:
    """A program on a terminal of 120 x 40 cells. `output` is all that it wrote so far."""

    def __init__(self, argv: Sequence[object], *, cwd: Path | None = None) -> None:
        self.began = time.perf_counter()
        self._fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            [str(arg) for arg in argv],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=environment(TERM="xterm-256color", COLORTERM="truecolor"),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inner)
        self.output = b""
        self.last_at = self.began

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, timeout))
        if not ready:
            return False
        try:
            found = os.read(self._fd, 65536)
        except OSError:
            found = b""
        self.last_at = time.perf_counter()
        if not found:
            raise SkippedError(f"the program ended: {words_of(self.output).strip()[-200:]!r}")
        self.output += found
        return True

    def until(self, seen: Callable[[str], bool], timeout: float = 60.0) -> float:
        """Read until `seen` says so of the characters written from now on; return seconds since the start."""
        deadline = time.perf_counter() + timeout
        start = len(self.output)
        while time.perf_counter() < deadline:
            if self._read(deadline - time.perf_counter()) and seen(words_of(self.output[start:])):
                return self.last_at - self.began
        raise SkippedError(f"it never showed up: {words_of(self.output).strip()[-200:]!r}")

    def settle(self, quiet: float = 0.15, most: float = 5.0) -> None:
        """Read until nothing came for `quiet` seconds."""
        deadline = time.perf_counter() + most
        while time.perf_counter() < deadline and self._read(quiet):
            pass

    def press(self, keys: str, quiet: float = 0.15, patience: float = 2.0) -> tuple[float, float] | None:
        """Send a key; return seconds until the first bytes of the answer and the last before a pause."""
        # What was on its way before the key is no answer to it.
        while self._read(0):
            pass
        began = time.perf_counter()
        os.write(self._fd, keys.encode())
        if not self._read(patience):
            return None
        first = self.last_at - began
        self.settle(quiet)
        return first, self.last_at - began

    def press_until(self, keys: str, seen: Callable[[str], bool], timeout: float = 20.0) -> float:
        """Send a key; return seconds until `seen` says so of what was written after it."""
        began = time.perf_counter()
        os.write(self._fd, keys.encode())
        self.until(seen, timeout)
        return self.last_at - began

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It leads a session of its own; its children go with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._fd)
