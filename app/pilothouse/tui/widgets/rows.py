"""What a table shows: columns, rows and pages of rows, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

TONES = {
    "dim": "dim",
    "accent": "accent",
    "good": "success",
    "watch": "warning",
    "bad": "error",
    "other": "secondary",
    "fifth": "curve5",
    "sixth": "curve6",
    "seventh": "curve7",
    "eighth": "curve8",
    "strong": "",
}
"""Styles a cell may have, by meaning, and the colour of the theme that each takes."""
BOLD_TONES = ("strong",)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``width`` in cells, or 0 to take the widest cell up to ``most``; ``grow`` takes what is
    left over."""

    key: str
    label: str
    align: str = "left"
    width: int = 0
    most: int = 40
    grow: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row under a ``key`` that stays the same: safe cell texts, a tone for each (or none), and what it
    stands for."""

    key: str
    cells: tuple[str, ...]
    tones: tuple[str, ...] = ()
    item: object = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows ``offset`` … of ``total``; ``columns`` where the rows decide on them, ``empty`` where there are
    none and it is known why."""

    offset: int
    total: int
    rows: tuple[Row, ...]
    columns: tuple[Column, ...] | None = None
    note: str = ""
    empty: str = ""


Fetch = Callable[[int, int], Page]
"""(offset, limit) -> Page; called in a thread."""
