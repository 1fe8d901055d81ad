"""Reads a script's output as it comes, in pieces of bytes."""

from __future__ import annotations

import re

from pilothouse.training.lines.grammar import Said, read_line
from pilothouse.training.lines.metrics_file import Point
from pilothouse.training.lines.unread import tell_unread

LONGEST_LINE = 16_384  # bytes; a longer line is no metric, and is never kept in memory whole
# Whether a line is read never hangs on what its numbers are, so what a program logs again and again with
# other numbers is looked at once.
_NO_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_MOST_SHAPES = 2_000
_LONGEST_SHAPE = 500  # bytes
_ENDS = re.compile(rb"\r\n|\n|\r")
_MEASURES = re.compile(
    rb"(?i)(?:loss|acc|auc|rmse|mse|mae|f1|r2|precision|recall|score|perplexity|epoch|step|iter)[^\r\n]{0,40}?[0-9]"
)
_DIGIT = re.compile(rb"[0-9]")
_JOINT = re.compile(rb"[:=]\s*[-+.]?[0-9niNI]|\{")
_NAMES = (
    r"(?i)(?<![/?&])(?:loss|accuracy|\bacc|auc|rmse|mse|mae|mape|\bf1|\br2|\br²|perplexity|precision|recall"
    r"|\bscores?|(?:squared|absolute|percentage) error|\breward)\b"
)
_LIKE_METRICS = re.compile(
    rf"{_NAMES}(?:[^0-9\n/]{{0,24}}?(?:[0-9]*\.[0-9]|[0-9][0-9,]*,[0-9])|[^\n/]{{0,60}}?[0-9]\s?%(?!\|))"
)


def _worth_reading(line: bytes) -> bool:
    """Most of what a script prints is not about metrics, and must cost next to nothing."""
    if (b":" in line or b"=" in line or b"{" in line) and _JOINT.search(line):
        return True
    return _DIGIT.search(line) is not None and _MEASURES.search(line) is not None


class LineReader:
    """Takes a script's output in pieces of bytes, cut anywhere, and gives the metrics in it.

    Attributes:
        unread: lines that looked like metrics and were not read.
        example: the first of them.
    """

    def __init__(self) -> None:
        self.unread = 0
        self.example = ""
        self._refused: dict[
            bytes, bool
        ] = {}  # shapes of lines that were not read: whether they looked like it
        self._rest = b""
        self._skipping = False  # in the middle of a line that is too long
        self._counter = _Counter()

    def feed(self, data: bytes) -> list[Point]:
        """Metrics of the lines that `data` completes, in order."""
        points: list[Point] = []
        pieces = _ENDS.split(self._rest + data)
        # A piece that ends in \r may be half of \r\n: the empty line this gives is harmless.
        self._rest = pieces.pop()
        for piece in pieces:
            if self._skipping:
                self._skipping = False
                continue
            self._take(piece, points)
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = b"", True
        elif self._skipping:
            self._rest = b""
        return points

    def finish(self) -> list[Point]:
        """Metrics of a last line that has no end."""
        points: list[Point] = []
        if self._rest and not self._skipping:
            self._take(self._rest, points)
        self._rest = b""
        return points

    def _take(self, line: bytes, points: list[Point]) -> None:
        # A dict is not that plain (012 is no number in it), and a long line is not worth keeping.
        shape = b"" if len(line) > _LONGEST_SHAPE or b"{" in line else line.translate(_NO_DIGITS)
        if (like := self._refused.get(shape)) is not None:
            self.unread += like
            return
        if len(line) > LONGEST_LINE or not _worth_reading(line):
            return
        text = line.decode("utf-8", "replace")
        said = read_line(text)
        if said is None:
            like = _LIKE_METRICS.search(text) is not None
            if shape:
                if len(self._refused) >= _MOST_SHAPES:
                    self._refused.clear()
                self._refused[shape] = like
            if like:
                self.unread += 1
                self.example = self.example or text
            return
        step, pairs = self._counter.count(said)
        if pairs:
            points.append((step, pairs))

    def complaint(self) -> str:
        """Say which lines looked like metrics and were not read; nothing if there are none."""
        return tell_unread(self.unread, "", "looked like metrics", "looked like metrics", self.example)


class _Counter:
    """Keeps the step of what is said: it holds for a line and for those that follow, until the next one."""

    def __init__(self) -> None:
        self._step: int | None = None
        self._epoch: int | None = None
        self._turned = False  # a new epoch began and none of its steps was seen
        self._fine = False  # steps within epochs are told, not only their ends
        self._fractions = False  # epochs are told as 0.25
        self._last = self._before = 0  # the last step within the epoch, and all steps of the epochs before

    def count(self, said: Said) -> Point:
        pairs = dict(said.pairs)
        epoch, step = said.epoch, said.step
        if epoch is not None and (self._fractions or not epoch.is_integer()):
            # 0.25 of an epoch is no step; it tells how far the training was.
            self._fractions = True
            if pairs:
                pairs["epoch"] = epoch
            epoch = None
        if epoch is not None and int(epoch) != self._epoch:
            self._turned = self._epoch is not None
            self._epoch = int(epoch)
            if not self._fine:
                self._step = self._epoch
        if step is not None:
            self._take_step(int(step), said.of)
        return self._step, pairs

    def _take_step(self, step: int, of: int | None) -> None:
        if self._epoch is not None and step != of:
            self._fine = True
        if self._epoch is not None and not self._fine:
            return  # 10/10, and nothing but ends: the epoch says it better
        if self._turned and step <= self._last:
            # The step began again with the epoch: it goes on counting from the end of the one before.
            self._before += max(self._last, of or 0)
        self._turned, self._last = False, step
        self._step = self._before + step
