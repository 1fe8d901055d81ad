"""A run's journal: JSON lines that one or more processes append to and anyone may read meanwhile.

A line counts once its newline is there. A process may be killed in the middle of a line; what is left of
it is no entry, and the next writer starts on a line of its own.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps

Entry = dict[str, Any]
_BEGINNING = b'{"t":'


class Journal:
    """The writing end. Every entry is one write of one whole line, so that writers do not mix."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._run_id = path.parent.name
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o644)
        size = os.fstat(self._file).st_size
        if size:
            os.lseek(self._file, size - 1, os.SEEK_SET)
            try:
                if os.read(self._file, 1) != b"\n":
                    os.write(self._file, b"\n")
            except OSError:
                os.close(self._file)
                raise

    def append(self, kind: str, **content: Any) -> None:
        """Write one entry; it is safe from `kill -9` when this returns.

        Raises:
            OSError: the disk is full or the file cannot be written.
            PilothouseError: the journal was closed, since the run has ended.
        """
        if self._file < 0:
            raise PilothouseError(
                f"Run {self._run_id} has ended: nothing more can be logged to it.",
                untouched="It is as it was.",
                next="Go on with it by ph.start_run(run_id=…), or start another.",
            )
        line = dumps({"t": time.time(), "kind": kind, **content}).encode("utf-8", "surrogatepass") + b"\n"
        written = os.write(self._file, line)
        if written != len(line):
            # The rest would not be one write any more; a full disk is the only cause seen.
            raise OSError(28, "No space left to write the journal")

    def sync(self) -> None:
        """Force what was written to the disk, so that it survives a power cut."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        # The system gives the number to the next file that is opened: it must not be written to by us.
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def read_entries(path: Path, offset: int = 0) -> tuple[list[Entry], int]:
    """Return the whole entries from byte `offset` on, and the offset after the last of them.

    Lines that are not entries (torn by a kill, or not ours) are passed over.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    entries: list[Entry] = []
    for line in data[:end].splitlines():
        entry = _parse(line)
        if entry is None and (whole := line.rfind(_BEGINNING)) > 0:
            # A full disk cut a line short, and another writer's line came right behind it. A quotation mark
            # inside a text has a backslash before it, so this can only be where an entry begins.
            entry = _parse(line[whole:])
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str):
            entries.append(entry)
    return entries, offset + end


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return None
