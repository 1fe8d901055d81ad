"""A file on the screen: lines that scroll and fold, a table, or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from pilothouse.tui.text import line
from pilothouse.tui.widgets.panel import Words
from pilothouse.tui.widgets.picture import Picture
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.files import FileLook

LINES = (Column("n", "", "right", most=7), Column("line", "", most=2000))


class FileView(Vertical):
    """Shows one ``FileLook`` after the other."""

    DEFAULT_CSS = "FileView { height: 1fr; } FileView Picture { display: none; }"

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._look: FileLook | None = None
        self._folded: set[int] = set()

    def compose(self) -> ComposeResult:
        """A line of words, and what shows the file."""
        yield Words(hides=True)
        yield Table(LINES, empty=self._empty, header=False)
        yield Picture()

    @property
    def room(self) -> tuple[int, int]:
        """Columns and rows that a picture may take."""
        return max(8, self.content_size.width), max(4, self.content_size.height - 2)

    def show(self, look: FileLook | None, empty: str = "") -> None:
        """Show this, its place kept where it is the file of before; None for nothing, ``empty`` says why."""
        self.query_one(Table).say_empty(empty or self._empty)
        if look == self._look and self.query_one(Table).loaded:
            return
        same = look is not None and self._look is not None and look.name == self._look.name
        self._look = look
        if not same:
            self._folded = set()
        table, picture = self.query_one(Table), self.query_one(Picture)
        said = look.said if look is not None else ""
        tone = "$warning" if said.startswith("▲") else "$dim"
        self.query_one(Words).show(line((said, tone)) if said else line(""))
        picture.display = bool(look is not None and look.pixels)
        table.display = not picture.display
        picture.show(look.pixels if look is not None else ())
        if look is not None and look.columns:
            table.header = True
            table.set_columns(
                tuple(
                    Column(f"c{n}", title, "right" if is_number else "left", most=32)
                    for n, (title, is_number) in enumerate(look.columns)
                )
            )
            table.set_rows([Row(str(n), row) for n, row in enumerate(look.rows)])
        else:
            table.header = False
            table.set_columns(LINES)
            self._draw_lines()
        if not same:
            table.move_to(0)

    def _draw_lines(self) -> None:
        look = self._look
        rows: list[Row] = []
        lines = look.lines if look is not None else ()
        n = 0
        while n < len(lines):
            text, tone = lines[n]
            if n in self._folded:
                end = _end_of(lines, n)
                rows.append(
                    Row(
                        str(n),
                        (str(n + 1), f"{text} … {lines[end][0].strip()}  {end - n - 1} lines"),
                        ("dim", tone),
                    )
                )
                n = end + 1
            else:
                rows.append(Row(str(n), (str(n + 1), text), ("dim", tone)))
                n += 1
        self.query_one(Table).set_rows(rows)

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        """Fold or unfold what begins in this line."""
        if self._look is None or not self._look.folds:
            return
        message.stop()
        n = int(message.row.key)
        if n in self._folded:
            self._folded.remove(n)
        elif self._look.lines[n][0].endswith(("{", "[")):
            self._folded.add(n)
        self._draw_lines()


def _end_of(lines: tuple[tuple[str, str], ...], start: int) -> int:
    """The line that closes what line ``start`` opens: the next with its indent."""
    indent = len(lines[start][0]) - len(lines[start][0].lstrip())
    for n in range(start + 1, len(lines)):
        text = lines[n][0]
        if len(text) - len(text.lstrip()) <= indent:
            return n
    return len(lines) - 1
