"""What is wrong with a search, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import Enum

from pilothouse.errors import UsageError
from pilothouse.tracking.search.nodes import Field, Span

_WIDTH = 68


class Expected(Enum):
    """What could stand at the place of an error, for completion."""

    NOTHING = "nothing"
    TERM = "a condition or a word"
    OPERATOR = "a comparison"
    METRIC = "a metric"
    VALUE = "a value"
    NULL = "NULL"
    LIST = "a list"
    CLOSE = "a )"
    ITEM_END = "a comma or a )"
    LINK = "AND, OR or the end"


class SearchError(UsageError):
    """A search that cannot be read.

    Args:
        message: one sentence that says what is wrong.
        text: the whole search.
        span: the first offset in the text that is wrong, and the one after the last.
        hint: the nearest valid word, or what to write instead.
        expected: what could stand there.
        field: the field whose operator or value it is.
    """

    def __init__(
        self,
        message: str,
        text: str,
        span: Span,
        *,
        hint: str = "",
        expected: Expected = Expected.NOTHING,
        field: Field | None = None,
    ) -> None:
        super().__init__(message, next=hint)
        self.text = text
        self.start = min(span[0], len(text))
        self.end = max(self.start, min(span[1], len(text)))
        self.hint = hint
        self.expected = expected
        self.field = field

    @property
    def column(self) -> int:
        """The column of the error, counted from 1; one past the text if something is missing at its end."""
        return self.start + 1

    def excerpt(self) -> tuple[str, str]:
        """Return the part of the text around the error, and a line with carets to stand under it."""
        begin = max(0, min(self.start - _WIDTH // 2, len(self.text) - _WIDTH))
        shown = "".join(char if char.isprintable() else "�" for char in self.text[begin : begin + _WIDTH])
        left = "…" if begin else ""
        right = "…" if begin + _WIDTH < len(self.text) else ""
        carets = max(1, min(self.end, begin + _WIDTH) - self.start)
        return left + shown + right, " " * (len(left) + self.start - begin) + "^" * carets

    def __str__(self) -> str:
        lines = [f"{self.what} (column {self.column})"]
        if self.text:
            lines += self.excerpt()
        return "\n".join([*lines, self.hint] if self.hint else lines)


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return the valid word that `word` is most like; empty if none is near."""
    near = difflib.get_close_matches(word.lower()[:60], sorted(set(valid)), n=1, cutoff=0.6)
    return near[0] if near else ""
