"""Printing a run's log: as it is into a file or pipe, and on a terminal as the script alone looks there."""

from __future__ import annotations

import os
import re
import sys

import click

from pilothouse.workspace import Workspace

_ESCAPE = re.compile(r"(\x1b\[[0-9;:?]{0,40}[a-zA-Z]|[\r\b])")
_CUT_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]{0,40})?\Z")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_ERASE = re.compile(r"\x1b\[[0-2]?K")
_MOVE = re.compile(r"\x1b\[([0-9]{0,3})([ABCD])")
_CURSOR = re.compile(r"\x1b\[\?25[hl]")  # hidden by a script that is killed, it would stay so
_UNKNOWN = "?"  # what is to be seen in a line that the cursor came back to
_PLAIN_COLOURS = ("\x1b[m", "\x1b[0m")


class TerminalText:
    """A log's text for a terminal: with its colours, and with what a progress bar does in its own lines.

    Returning to the start of the line, erasing it, and moving up as far as the log's own first line are what
    bars are made of. Nothing else that moves the cursor or talks to the terminal gets through.
    """

    def __init__(self) -> None:
        self._cut = ""  # an escape sequence that has not ended
        self._row = self._lowest = 0  # lines below the log's first
        self._line = ""  # what is to be seen in the cursor's line
        self._column = 0
        self._coloured = False

    def take(self, text: str) -> str:
        """The text to write for the next piece of the log, which may be cut anywhere."""
        text = self._cut + text
        cut = _CUT_ESCAPE.search(text)
        self._cut = cut[0] if cut else ""
        return "".join(map(self._piece, _ESCAPE.split(text[: cut.start()] if cut else text)))

    def end(self) -> str:
        """What is to be written behind the log, so that whatever follows stands on a line of its own."""
        text = self._plain(self._cut) if self._cut else ""
        self._cut = ""
        if self._coloured:
            text += _PLAIN_COLOURS[1]
        text += "\n" * (self._lowest - self._row) or ("\n" if self._line.strip() else "\r" * bool(self._line))
        self._row = self._lowest = self._column = 0
        self._line, self._coloured = "", False
        return text

    def _piece(self, piece: str) -> str:
        if not piece or piece[0] not in "\x1b\r\b":
            return self._plain(piece)
        if piece == "\r":
            self._column = 0
        elif piece == "\b":
            self._column = max(0, self._column - 1)
        elif _COLOUR.fullmatch(piece):
            self._coloured = piece not in _PLAIN_COLOURS
        elif _ERASE.fullmatch(piece):
            self._line = "" if "2" in piece else self._line[: self._column]
        elif move := _MOVE.fullmatch(piece):
            return self._moved(min(int(move[1] or 1) or 1, 999), move[2])
        elif _CURSOR.fullmatch(piece):
            return ""
        else:
            return self._plain(piece)
        return piece

    def _moved(self, count: int, direction: str) -> str:
        if direction in "CD":
            self._column = max(0, self._column + (count if direction == "C" else -count))
        else:
            # What stands above the log is not the log's, nor is there anything below it.
            row = min(max(self._row + (count if direction == "B" else -count), 0), self._lowest)
            count, self._row = abs(row - self._row), row
            self._line = _UNKNOWN
        return f"\x1b[{count}{direction}" if count else ""

    def _plain(self, text: str) -> str:
        lines = [_tame(line) for line in text.split("\n")]
        if len(lines) > 1:
            self._row += len(lines) - 1
            self._line, self._column = (_UNKNOWN if self._row <= self._lowest else ""), 0
            self._lowest = max(self._lowest, self._row)
        end = self._column + len(lines[-1])
        self._line = self._line[: self._column].ljust(self._column) + lines[-1] + self._line[end:]
        self._column = end
        return "\n".join(lines)


def _tame(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in line)


class LogPrinter:
    """Prints a run's log on standard output as it grows."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self._workspace = workspace
        self._run_id = run_id
        self._offset = 0
        self._screen = TerminalText() if sys.stdout.isatty() else None
        self._last = "\n"

    def show(self) -> bool:
        """Print what is new; whether the log holds anything at all."""
        from pilothouse.training.watching import read_log

        while True:
            text, self._offset = read_log(self._workspace, self._run_id, self._offset)
            if not text:
                return self._offset > 0
            self._last = text[-1]
            click.echo(self._screen.take(text) if self._screen else text, nl=False)

    def end(self) -> None:
        """See to it that what is said next stands on a line of its own, and add nothing to a file or pipe."""
        if self._screen:
            click.echo(self._screen.end(), nl=False)
        elif self._last != "\n" and _one_place():
            sys.stdout.flush()
            click.echo(err=True)
        self._last = "\n"


def _one_place() -> bool:
    """Whether messages go where the log goes, as with `2>&1`."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return False
