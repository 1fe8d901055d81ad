"""Choosing what the list of runs is grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from pilothouse.tracking.columns import column_text
from pilothouse.tracking.grouping import can_group
from pilothouse.tracking.search.nodes import Field
from pilothouse.tui.dialogs.picking import SearchInput, kind_of_field, matching, read_fields
from pilothouse.tui.screens.runs.columns import label_of
from pilothouse.tui.text import line
from pilothouse.tui.widgets.panel import Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

_COLUMNS = (Column("name", "group by", most=40, grow=True), Column("kind", "is", width=9))
_ORDER = ("params", "tags", "attributes")


class GroupDialog(ModalScreen[tuple[Field | None]]):
    """Returns a field, or a none of its own for not grouping; None leaves it as it is."""

    CSS_PATH = ["dialog.tcss", "columns.tcss"]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = "#fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "as it was", show=False),
        Binding("slash", "search", "search", show=False),
        Binding("b", "cancel", show=False),
    ]

    def __init__(self, workspace: Workspace, now: Field | None) -> None:
        super().__init__()
        self._workspace = workspace
        self._now = now
        self._every: list[Field] = []
        self._text = ""

    def compose(self) -> ComposeResult:
        """The search and the fields."""
        with Vertical(id="group") as box:
            box.border_title = "Group by"
            yield SearchInput(placeholder="/ part of a name", id="search")
            yield Table(_COLUMNS, empty="Nothing is called so.", id="fields")
            words = Words(id="columns-keys")
            words.show(line(("enter group   / search   esc as it was", "$dim")))
            yield words

    def on_mount(self) -> None:
        """Read what there is."""
        read_fields(self, self._workspace, self._read)

    def _read(self, every: list[Field]) -> None:
        some = [field for field in every if can_group(field)]
        self._every = sorted(some, key=lambda field: _ORDER.index(field.section))
        self._fill()
        if self._now is not None:
            self.query_one("#fields", Table).move_to_key(column_text(self._now))

    def _fill(self) -> None:
        rows = [
            Row(column_text(field), (label_of(field), kind_of_field(field)), ("", "dim"), (field,))
            for field in matching(self._every, self._text)
        ]
        if self._now is not None and not self._text:
            rows.insert(0, Row("none", ("nothing: show every run", ""), ("dim",), (None,)))
        self.query_one("#fields", Table).set_rows(rows)

    def action_search(self) -> None:
        """Type a part of a name."""
        self.query_one(SearchInput).open()

    def action_cancel(self) -> None:
        """Close the search, or leave it as it is."""
        if self.query_one(SearchInput).shut():
            self.query_one("#fields").focus()
        else:
            self.dismiss(None)

    @on(Table.Opened)
    def _opened(self, event: Table.Opened) -> None:
        self.dismiss(event.row.item)  # type: ignore[arg-type]

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._text = event.value
        self._fill()

    @on(Input.Submitted, "#search")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#fields").focus()
