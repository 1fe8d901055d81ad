"""A run's output.log: bytes as they come, and the truth when they cannot be kept."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

LARGEST = 256 * 1024 * 1024  # bytes of log kept; a run that prints for ever must not fill the disk
_TAIL = 8192
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


class OutputLog:
    """Appends to a log file. Failing to write is remembered and never raised: the run goes on."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._largest = largest
        self._size = 0
        self._file: int | None = None
        self.tail = b""
        self.problem = ""
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.open(path, flags, 0o644)
            self._size = os.fstat(self._file).st_size
        except OSError as error:
            self._give_up(error.strerror or str(error))

    def write(self, data: bytes) -> None:
        """Append `data`, or as much of it as can be kept."""
        self.tail = (self.tail + data)[-_TAIL:]
        if self._file is None:
            return
        try:
            view = memoryview(data)[: max(0, self._largest - self._size)]
            while view:
                written = os.write(self._file, view)
                self._size += written
                view = view[written:]
            if self._size >= self._largest:
                self._give_up(f"the log has reached {self._largest // 2**20} MB")
        except OSError as error:
            self._give_up(error.strerror or str(error))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None

    def _give_up(self, why: str) -> None:
        self.problem = f"Output after byte {self._size:,} was not kept: {why}."
        self.close()


def failure_reason(tail: bytes) -> str:
    """The last lines of a log as a reason: from the exception or from "error:" on, else the last three."""
    text = tail.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = [_printable(line) for line in text.split("\n") if line.strip()]
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].lower().startswith("error: ") and index >= len(lines) - 5:
            lines = [lines[index][len("error: ") :], *lines[index + 1 :]][:3]
            break
        if lines[index].startswith("Traceback (most recent call last)"):
            after = next((i for i in range(index + 1, len(lines)) if not lines[i].startswith(" ")), None)
            if after is not None:
                lines = lines[after:][:3]
            break
    return "\n".join(line[:400] for line in lines[-3:]).strip()


def _printable(line: str) -> str:
    plain = _ESCAPES.sub("", line).replace("\t", " ")
    return "".join(char if char.isprintable() else "�" for char in plain).rstrip()
