"""Choosing the columns of the list of runs: every attribute, metric, parameter and tag that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from pilothouse.tracking.columns import best_first, column_text
from pilothouse.tracking.layouts import LayoutColumn, TableLayout
from pilothouse.tracking.search.nodes import Field
from pilothouse.tui.dialogs.picking import SearchInput, kind_of_field, matching, read_fields
from pilothouse.tui.screens.runs.columns import label_of
from pilothouse.tui.text import line
from pilothouse.tui.widgets.panel import Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

_COLUMNS = (
    Column("shown", "", width=3),
    Column("name", "column", most=28, grow=True),
    Column("kind", "is", width=9),
    Column("cells", "wide", "right", width=4),
    Column("order", "", width=1),
)
_KEYS = (
    "space show, hide   J K move   + - width   0 auto",
    "a last, min, max, best   s sort   o reverse   r reset",
    "/ search   enter keep   esc as it was",
)


class ColumnsDialog(ModalScreen[bool]):
    """Each change is told to ``changed`` at once; True keeps what was chosen, None puts it back."""

    CSS_PATH = ["dialog.tcss", "columns.tcss"]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = "#fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "as it was", show=False),
        Binding("enter", "keep", "keep", show=False),
        Binding("space", "flip", "show or hide", show=False),
        Binding("J,shift+down", "move(1)", "move down", show=False),
        Binding("K,shift+up", "move(-1)", "move up", show=False),
        Binding("plus,equals_sign", "wider(2)", "wider", show=False),
        Binding("minus", "wider(-2)", "narrower", show=False),
        Binding("0", "wider(0)", "as wide as needed", show=False),
        Binding("a", "aggregate", "last, min, max, best", show=False),
        Binding("s", "sort", "sort", show=False),
        Binding("o", "reverse", "reverse", show=False),
        Binding("r", "reset", "reset", show=False),
        Binding("slash", "search", "search", show=False),
    ]

    def __init__(
        self,
        workspace: Workspace,
        layout: TableLayout,
        cells: dict[Field, int],
        changed: Callable[[TableLayout], None],
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._cells = cells
        self._changed = changed
        self.arrangement = (
            layout if layout.columns else replace(layout, columns=tuple(map(LayoutColumn, cells)))
        )
        self._every: list[Field] = []
        self._text = ""

    def compose(self) -> ComposeResult:
        """The search, the columns, the keys."""
        with Vertical(id="columns") as box:
            box.border_title = "Columns"
            yield SearchInput(placeholder="/ part of a name", id="search")
            yield Table(_COLUMNS, empty="Nothing is called so.", id="fields")
            words = Words(id="columns-keys")
            words.show(Content("\n").join(line((keys, "$dim")) for keys in _KEYS))
            yield words

    def on_mount(self) -> None:
        """Show what is shown now, and read what else there is."""
        self._fill()
        read_fields(self, self._workspace, self._read)

    def _read(self, every: list[Field]) -> None:
        self._every = every
        self._fill()

    # ------------------------------------------------------------ the list

    def _offered(self) -> Iterable[Field]:
        shown = self.arrangement.fields
        yield from shown
        yield from (field for field in self._every if field not in set(shown))

    def _fill(self, on: Field | None = None) -> None:
        table = self.query_one("#fields", Table)
        widths = {column.field: column.width for column in self.arrangement.columns}
        rows = []
        for field in matching(self._offered(), self._text):
            shown = field in widths
            ordered = field == self.arrangement.order_by
            rows.append(
                Row(
                    column_text(field),
                    (
                        "[x]" if shown else "[ ]",
                        label_of(field),
                        kind_of_field(field),
                        (str(widths[field]) if widths[field] else "auto") if shown else "",
                        ("▼" if self.arrangement.descending else "▲") if ordered else "",
                    ),
                    ("accent" if shown else "dim", "" if shown else "dim", "dim", "dim", "accent"),
                    field,
                )
            )
        table.set_rows(rows)
        if on is not None:
            table.move_to_key(column_text(on))

    def field(self) -> Field | None:
        """The column under the cursor."""
        row = self.query_one("#fields", Table).row
        return row.item if row is not None else None  # type: ignore[return-value]

    def _change(self, layout: TableLayout, on: Field | None = None) -> None:
        if layout != self.arrangement:
            self.arrangement = layout
            self._changed(layout)
        self._fill(on or self.field())

    # ------------------------------------------------------------ keys

    def action_flip(self) -> None:
        """Show the column, as the last one, or hide it; the cursor goes on to the one below."""
        table, field = self.query_one("#fields", Table), self.field()
        if field is not None:
            show = field not in self.arrangement.fields
            place = table.cursor + show
            self._change(self.arrangement.shown(field, show), field)
            table.move_to(place)

    def action_move(self, by: int) -> None:
        """Move the column to the left or to the right."""
        if (field := self.field()) is not None:
            self._change(self.arrangement.moved(field, by), field)

    def action_wider(self, by: int) -> None:
        """Make the column wider or narrower; 0 as wide as what stands in it."""
        field = self.field()
        if field is None or field not in self.arrangement.fields:
            return
        width = next(column.width for column in self.arrangement.columns if column.field == field)
        now = width or self._cells.get(field, 0) or len(label_of(field)) + 1
        self._change(self.arrangement.widened(field, max(3, now + by) if by else 0), field)

    def action_aggregate(self) -> None:
        """Show the next of a metric's values; one that is hidden is shown by its best."""
        field = self.field()
        if field is None:
            return
        if field in self.arrangement.fields:
            self._change(*self.arrangement.aggregated(field))
        elif field.section == "metrics":
            best = Field("metrics", field.key, "best")
            self._change(self.arrangement.shown(best, True), best)

    def action_sort(self) -> None:
        """Order the runs by this column, its better end first."""
        if (field := self.field()) is not None:
            self._change(replace(self.arrangement, order_by=field, descending=best_first(field)), field)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._change(replace(self.arrangement, descending=not self.arrangement.descending))

    def action_reset(self) -> None:
        """Forget what was chosen: the columns follow from the runs again, the newest first."""
        self._changed(TableLayout())
        self.dismiss(True)

    def action_search(self) -> None:
        """Type a part of a name."""
        self.query_one(SearchInput).open()

    def action_cancel(self) -> None:
        """Close the search, or put everything back."""
        if self.query_one(SearchInput).shut():
            self.query_one("#fields").focus()
        else:
            self.dismiss(None)

    def action_keep(self) -> None:
        """Keep what was chosen."""
        self.dismiss(True)

    @on(Table.Opened)
    def _opened(self) -> None:
        self.dismiss(True)

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._text = event.value
        self._fill()

    @on(Input.Submitted, "#search")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#fields").focus()
