"""The saved filters: use one, save the current one, delete one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.text import clock, line, safe
from pilothouse.tui.widgets.panel import Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.tracking.search import SavedFilter

COLUMNS = (
    Column("name", "name", most=24),
    Column("text", "search", grow=True, most=400),
    Column("saved", "saved", most=10),
)
EMPTY = "No filters are saved yet. Type a search after  /  and save it here."


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """What to do: use the filter of this name, delete it, or save the current search (under no name yet)."""

    act: Literal["use", "save", "delete"]
    name: str = ""
    text: str = ""


class FiltersDialog(Dialog[FilterChoice]):
    """A list to choose from. Deleting asks once more."""

    AUTO_FOCUS = "#saved"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", show=False),
        Binding("D,delete", "drop", show=False),
    ]

    def __init__(self, saved: tuple[SavedFilter, ...], current: str, now: datetime) -> None:
        super().__init__("Saved filters", "Use it")
        self._saved, self._current, self._now = saved, current, now
        self.add_class("-broad")

    def body(self) -> Iterable[Widget]:
        """The current search, the list and its keys."""
        words = Words(id="dialog-words")
        now = self._current or "everything: nothing is typed"
        words.show(
            line(
                ("now        ", "$dim"), safe(now, 200), "\n",
                ("keys       ", "$dim"), "enter uses one   s saves the current one   D deletes one", "\n",
            )
        )  # fmt: skip
        return (words, Table(COLUMNS, empty=EMPTY, id="saved"))

    def on_mount(self) -> None:
        """Fill the list."""
        table = self.query_one("#saved", Table)
        table.styles.height = max(4, min(12, len(self._saved) + 1))
        table.set_rows(
            [
                Row(
                    one.name,
                    (safe(one.name), safe(one.text), clock(one.saved_at, self._now)),
                    ("strong",),
                    one,
                )
                for one in self._saved
            ]
        )
        self.allow(bool(self._saved))

    @on(Table.Opened, "#saved")
    def _opened(self) -> None:
        self._finish()

    def answer(self) -> FilterChoice | None:
        """The filter under the cursor."""
        row = self.query_one("#saved", Table).row
        one: SavedFilter | None = row.item if row is not None else None  # type: ignore[assignment]
        return FilterChoice("use", one.name, one.text) if one is not None else None

    def action_save(self) -> None:
        """Save the current search."""
        if self._current:
            self.dismiss(FilterChoice("save", text=self._current))
        else:
            self.refuse(line("There is nothing to save: type a search after  /  first."))

    def action_drop(self) -> None:
        """Delete the filter under the cursor."""
        if (chosen := self.answer()) is not None:
            self.dismiss(FilterChoice("delete", chosen.name, chosen.text))
