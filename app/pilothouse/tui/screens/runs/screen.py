"""Runs: the table is the home; what is under the cursor is drawn beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tracking.columns import column_text
from pilothouse.tracking.grouping import Group
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filter_acts import FilterActs
from pilothouse.tui.screens.run_rows import run_facts, run_words
from pilothouse.tui.screens.runs.grouping import GroupActs
from pilothouse.tui.screens.runs.nothing import nothing_here
from pilothouse.tui.screens.runs.tagging import TagActs
from pilothouse.tui.screens.sweep_acts import SweepActs
from pilothouse.tui.screens.upkeep_acts import UpkeepActs
from pilothouse.tui.widgets.edit_line import EditLine
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Page, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tracking.search.nodes import Field
    from pilothouse.tui.snapshots.changes import Stamp
    from pilothouse.tui.snapshots.run_list import Look


class RunsScreen(FilterActs, TagActs, GroupActs, UpkeepActs, SweepActs):
    """Every run, newest first until told otherwise.

    What keys do is added layer by layer, each in a file of its own. From the lowest: `RunActs` (what can be
    done to a run), `CurveBeside` (its curve), `LayoutActs` (columns and order), `MarkActs` (marks, ranges),
    `GroupActs` (groups instead of runs), and beside them `TagActs`, `FilterActs`, `UpkeepActs`, `SweepActs`.
    A layer that has something to say about a key overrides `why_not` and asks the one below for the rest.
    """

    CONTEXT: ClassVar[str] = "runs"
    AREA: ClassVar[str] = "runs"
    PLACEHOLDER: ClassVar[str] = "words, or  metrics.loss < 0.3 AND params.depth = 4   (tab completes)"
    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("runs")]

    def __init__(self) -> None:
        super().__init__()
        self._stamp: Stamp | None = None

    def body(self) -> Iterable[Widget]:
        """The table, and beside or under it the run under the cursor."""
        table = Table(empty="", marking=True, id="runs")
        table.frozen = 2
        yield Horizontal(
            Panel("Runs", *self.filter_widgets(), table, EditLine(id="edit"), id="runs-panel"),
            Panel(
                "Curve",
                LineChart(id="curve"),
                VerticalScroll(
                    Words(id="run-words"), Words(id="run-facts"), id="run-side-words", can_focus=True
                ),
                id="run-side",
            ),
            id="runs-body",
        )

    def on_mount(self) -> None:
        """Start on the table."""
        self.main_table().focus()

    def main_table(self) -> Table:
        """The runs."""
        return self.query_one("#runs", Table)

    def current(self) -> Run | None:
        """The run under the cursor; none where that is on a group."""
        row = self.main_table().row
        return row.item if row is not None and self.current_group() is None else None  # type: ignore[return-value]

    # ------------------------------------------------------------ reading

    def show_snapshot(self, snapshot: object) -> None:
        """Fetch the visible rows again when something changed; a run that is live ticks on."""
        found: Look = snapshot  # type: ignore[assignment]
        anew = self.take_layout(found) or self._stamp is None
        if anew:
            self.show_rows(top=True)
        elif found.stamp != self._stamp:
            self.main_table().reload()
            self._rest()
        else:
            self._tick()
        self._stamp = found.stamp

    def _tick(self) -> None:
        """Draw anew what passes with time: how long the live runs have taken."""
        now, columns, baseline = self.pilothouse.now(), self.columns, self.baseline

        def renewed(row: Row) -> Row:
            if isinstance(row.item, Group):
                return row
            run: Run = row.item  # type: ignore[assignment]
            return row if run.ended else columns.row(run, now, baseline)

        table = self.main_table()
        if not table.busy:
            table.renew_rows(renewed)
        if (run := self.current()) is not None and not run.ended:
            self._tell(run)

    def filter_read(self) -> None:
        """Say whether the rows are those of what is typed."""
        self.retitle()

    def filter_changed(self) -> None:
        """Fetch with this filter; the columns that nobody chose follow the runs that match."""
        self.lay_out(self.arrangement)
        self.show_rows(top=True)

    def show_rows(self, *, top: bool = False) -> None:
        """Fetch the rows anew, in the order and with the columns chosen."""
        self.drop_range()
        self.retitle(" …")
        source = self._source() if self.grouping is None else self.group_source(self.grouping)
        table = self.main_table()
        table.frozen = 2 if self.grouping is None else 1
        table.set_source(source, top=top)
        if self.cursor_to:
            table.hold(self.cursor_to)
            self.cursor_to = ""

    def _source(self) -> Callable[[int, int], Page]:
        workspace, now, columns = self.workspace, self.pilothouse.now, self.columns
        text, order, baseline = self.filter_text, self.order, self.baseline

        def fetch(offset: int, limit: int) -> Page:
            from pilothouse.tui.snapshots.run_list import run_page

            found = run_page(workspace, text, order, limit, offset)
            columns.learn(found.runs)
            at = now()
            rows = tuple(columns.row(run, at, baseline) for run in found.runs)
            said = (
                f"{found.total:,}"
                if found.total == found.all_runs
                else f"{found.total:,} of {found.all_runs:,}"
            )
            empty = "" if found.total else nothing_here(workspace, text)
            heads = columns.columns(order.field, order.descending)
            return Page(offset, found.total, rows, heads, said, empty)

        return fetch

    @on(Table.Fetched)
    def _fetched(self, message: Table.Fetched) -> None:
        if message.error is not None:
            self.complain(message.error)
        else:
            self.retitle()

    def retitle(self, busy: str = "") -> None:
        """Say over the table how much it shows, what is marked, and the order."""
        # Where what is typed cannot be read, the number of the rows would seem to belong to it.
        note = self.main_table().note
        if self.box.error is not None:
            whence = "rows by its first part" if self.read_in_part else "the rows are as before"
            note = f"the filter cannot be read, {whence}"
        parts = [note, f"{len(self.marked):,} marked" if self.marked else ""]
        parts.append(self.order_words() + busy)
        if self.baseline is not None:
            parts.append(f"◆ {self.baseline.name}")
        self.query_one("#runs-panel", Panel).retitle("Runs", "   ".join(part for part in parts if part))

    @on(Table.Moved, "#runs")
    def _moved(self, message: Table.Moved) -> None:
        self.refresh_keys()
        run, group = self.current(), self.current_group()
        if run is not None:
            self._tell(run)
            self._rest()
            return
        self.query_one("#curve", LineChart).show((), empty="")
        if group is None:
            # A run that is not in the list is not told of either.
            self.query_one("#run-side", Panel).retitle("Curve")
            self.query_one("#run-words", Words).show(Content(""))
            self.query_one("#run-facts", Words).show(Content(""))
        else:
            self.query_one("#run-side", Panel).retitle("Group")
            self.query_one("#run-words", Words).show(self.group_words(group))
            self.query_one("#run-facts", Words).show(self.group_facts(group))

    def _tell(self, run: Run) -> None:
        cells = (self.query_one("#run-side-words").content_size.width or 40) - 1
        self.query_one("#run-words", Words).show(run_words(run, self.pilothouse.now(), cells))
        self.query_one("#run-facts", Words).show(run_facts(run, cells))
        if run.run_id in self._details:
            self._draw_curve()

    def why_not(self, action: str) -> str:
        """What cannot be done before the first rows are here; the rest from what is under the cursor."""
        if action in ("columns", "group", "sort") and not self.main_table().loaded:
            return "the runs have not been read yet"
        return super().why_not(action)

    def _column_cells(self) -> dict[Field, int]:
        cells = self.main_table().cells_of()
        return {field: cells.get(column_text(field), 0) for field in self.columns.fields}

    # ------------------------------------------------------------ opening and going back

    @on(Table.Opened, "#runs")
    def _opened(self) -> None:
        group = self.current_group()
        if group is not None:
            self.open_group(group)
        else:
            self.action_act("details")

    def do_back(self) -> None:
        """Close what is open, the innermost first: the line for tags, a range, a group, the filter, marks."""
        if self.close_editor():
            return
        if self.drop_range():
            self.say("The range is dropped.")
            return
        if self.back_to_groups() or self.close_filter():
            return
        self.drop_marks()
