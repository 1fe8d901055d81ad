"""A run's journal: JSON lines that one or more processes append to and anyone may read meanwhile.

A line counts once its newline is there. A process may be killed in the middle of a line; what is left of
it is no entry, and the next writer starts on a line of its own.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import IO, Any

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps

Entry = dict[str, Any]
PIECE = 1 << 20
"""Bytes of a journal that are read at a time: some ten thousand points."""
LONGEST = 64 << 20
"""Bytes of the longest line that is read; longer ones are passed over."""
_BEGINNING = '{"t":'
_decoder = json.JSONDecoder()
_quoted = functools.lru_cache(1024)(encode_basestring)


class _File:
    """The number of an open file. It is given back to the system once nobody is writing by it any more."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        with contextlib.suppress(OSError):
            close(self.number)


class Journal:
    """The writing end. Every entry is one write of one whole line, so that writers do not mix."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._run_id = path.parent.name
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = _File(os.open(path, flags, 0o644))
        size = os.fstat(file.number).st_size
        if size:
            os.lseek(file.number, size - 1, os.SEEK_SET)
            if os.read(file.number, 1) != b"\n":
                os.write(file.number, b"\n")
        self._file: _File | None = file

    def append(self, kind: str, **content: Any) -> None:
        """Write one entry; it is safe from `kill -9` when this returns.

        Raises:
            OSError: the disk is full or the file cannot be written.
            PilothouseError: the journal was closed, since the run has ended.
        """
        self._write(dumps({"t": time.time(), "kind": kind, **content}))

    def append_point(self, key: str, value: float, step: int | None) -> None:
        """Write one point of one metric, measured now, as `append` would, in half the time.

        Raises:
            OSError: the disk is full or the file cannot be written.
            PilothouseError: the journal was closed, since the run has ended.
        """
        if value - value != 0:
            # JSON has no word for what is not finite.
            self.append("metrics", step=step, values={key: value})
            return
        told = "null" if step is None else step
        self._write(
            f'{{"t":{time.time()!r},"kind":"metrics","step":{told},"values":{{{_quoted(key)}:{value!r}}}}}'
        )

    def _write(self, text: str) -> None:
        # Held here, it stays open until the line is written, whoever ends the run meanwhile.
        file = self._file
        if file is None:
            raise self._has_ended()
        line = f"{text}\n".encode("utf-8", "surrogatepass")
        written = os.write(file.number, line)
        if written != len(line):
            # The rest would not be one write any more; a full disk is the only cause seen.
            raise OSError(28, "No space left to write the journal")

    def _has_ended(self) -> PilothouseError:
        return PilothouseError(
            f"Run {self._run_id} has ended: nothing more can be logged to it.",
            untouched="It is as it was.",
            next="Go on with it by ph.start_run(run_id=…), or start another.",
        )

    def sync(self) -> None:
        """Force what was written to the disk, so that it survives a power cut."""
        file = self._file
        if file is None:
            raise self._has_ended()
        os.fsync(file.number)

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        # The system gives the number to the next file that is opened, which another thread that is writing
        # just now must not write to: the last who has it closes it.
        self._file = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a journal.

    Attributes:
        entries: the whole entries in it.
        start: the byte it begins at.
        end: the byte after its last whole line.
        more: whether the journal goes on behind it, so that its end is not the run's latest word.
    """

    entries: list[Entry]
    start: int
    end: int
    more: bool


def read_piece(path: Path, offset: int = 0, limit: int = PIECE) -> Piece:
    """Read whole lines from byte `offset` on: as many as fit into `limit` bytes, but at least one.

    Lines that are not entries (torn by a kill, or not ours) are passed over, as are those beyond `LONGEST`.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(limit)
            full = len(data) == limit
            if full and b"\n" not in data:
                data += file.readline(LONGEST)
                if not data.endswith(b"\n") and len(data) > LONGEST:
                    return _pass_over(file, offset)
            more = full and (not data.endswith(b"\n") or bool(file.read(1)))
    except FileNotFoundError:
        return Piece([], offset, offset, more=False)
    size = data.rfind(b"\n") + 1
    text = data[:size].decode("utf-8", "replace")
    entries = [entry for line in text.split("\n") if line and (entry := _entry(line)) is not None]
    return Piece(entries, offset, offset + size, more and size > 0)


def read_pieces(path: Path, offset: int = 0) -> Iterator[Piece]:
    """Read all from byte `offset` on, in pieces that are small enough to hold."""
    more = True
    while more:
        piece = read_piece(path, offset)
        yield piece
        offset, more = piece.end, piece.more


def _pass_over(file: IO[bytes], offset: int) -> Piece:
    while data := file.readline(PIECE):
        if data.endswith(b"\n"):
            return Piece([], offset, file.tell(), more=True)
    return Piece([], offset, offset, more=False)


def _entry(line: str) -> Entry | None:
    entry = _parse(line)
    if entry is None and (whole := line.rfind(_BEGINNING)) > 0:
        # A full disk cut a line short, and another writer's line came right behind it. A quotation mark
        # inside a text has a backslash before it, so this can only be where an entry begins.
        entry = _parse(line[whole:])
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None


def _parse(line: str) -> Any:
    try:
        found, end = _decoder.raw_decode(line)
        return found if end == len(line) else json.loads(line)
    except (ValueError, RecursionError):
        return None
