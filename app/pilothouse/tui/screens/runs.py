"""Runs: the table is the home; what is under the cursor is drawn beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filter_acts import FilterActs
from pilothouse.tui.screens.run_curve import CurveBeside
from pilothouse.tui.screens.run_rows import Layout, run_facts, run_row, run_words
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Page
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tui.snapshots.changes import Stamp

EMPTY = (
    "No runs yet, or none that match.\nPress  t  to train a model, or run a script of your own:\n"
    "  pilothouse run -- python train.py"
)


class RunsScreen(CurveBeside, FilterActs):
    """Every run, newest first until told otherwise."""

    CONTEXT: ClassVar[str] = "runs"
    AREA: ClassVar[str] = "runs"
    PLACEHOLDER: ClassVar[str] = "words, or  metrics.loss < 0.3 AND params.depth = 4   (tab completes)"
    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("runs")]

    def __init__(self) -> None:
        super().__init__()
        self.order_by, self.descending = "started_at", True
        self.baseline: Run | None = None
        self._anchor: int | None = None
        self._layout = Layout(3, 4)
        self._stamp: Stamp | None = None

    def body(self) -> Iterable[Widget]:
        """The table, and beside or under it the run under the cursor."""
        yield Horizontal(
            Panel(
                "Runs", *self.filter_widgets(), Table(empty=EMPTY, marking=True, id="runs"), id="runs-panel"
            ),
            Panel(
                "Curve",
                LineChart(id="curve"),
                VerticalScroll(
                    Words(id="run-words"), Words(id="run-facts"), id="run-side-words", can_focus=False
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
        """The run under the cursor."""
        row = self.main_table().row
        return row.item if row else None  # type: ignore[return-value]

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object]:
        """Whether anything changed."""
        from pilothouse.tui.snapshots.changes import stamp

        return lambda: stamp(self.workspace)

    def show_snapshot(self, snapshot: object) -> None:
        """Fetch the visible rows again when something changed, or when a run is live."""
        if self._stamp is None:
            self.filter_changed()
        elif snapshot != self._stamp:
            self.main_table().reload()
            self._rest()
        elif (run := self.current()) is not None and not run.ended:
            self._tell(run)
        self._stamp = snapshot  # type: ignore[assignment]

    def filter_changed(self) -> None:
        """Fetch with this filter and order."""
        self._anchor = None
        self._layout = Layout(3, 4)
        self.main_table().set_source(self._source())

    def _source(self) -> Callable[[int, int], Page]:
        workspace, now, layout = self.workspace, self.pilothouse.now, self._layout
        text, order_by, descending, baseline = self.filter_text, self.order_by, self.descending, self.baseline

        def fetch(offset: int, limit: int) -> Page:
            from pilothouse.tui.snapshots.runs import run_page

            found = run_page(workspace, text, order_by, descending, limit, offset)
            layout.learn(found.runs)
            at = now()
            rows = tuple(run_row(run, layout, at, baseline) for run in found.runs)
            said = (
                f"{found.total:,}"
                if found.total == found.all_runs
                else f"{found.total:,} of {found.all_runs:,}"
            )
            return Page(offset, found.total, rows, layout.columns(order_by, descending), said)

        return fetch

    @on(Table.Fetched)
    def _fetched(self, message: Table.Fetched) -> None:
        if message.error is not None:
            self.complain(message.error)
            return
        table = self.main_table()
        by = self.order_by.partition(".")[2] or self.order_by.removesuffix("_at")
        aside = f"{table.note}   by {by} {'▼' if self.descending else '▲'}"
        if self.baseline is not None:
            aside += f"   ◆ {self.baseline.name}"
        self.query_one("#runs-panel", Panel).retitle("Runs", aside)

    @on(Table.Moved, "#runs")
    def _moved(self, message: Table.Moved) -> None:
        run = self.current()
        self.refresh_keys()
        if run is None:
            self.query_one("#curve", LineChart).show((), empty="")
            return
        self._tell(run)
        self._rest()

    def _tell(self, run: Run) -> None:
        cells = (self.query_one("#run-side-words").content_size.width or 40) - 1
        self.query_one("#run-words", Words).show(run_words(run, self.pilothouse.now(), cells))
        self.query_one("#run-facts", Words).show(run_facts(run, cells))
        if run.run_id in self._details:
            self._draw_curve()

    # ------------------------------------------------------------ order, marks, baseline

    def do_sort(self) -> None:
        """Order by the next column."""
        choices = self._layout.sortable()
        at = choices.index(self.order_by) if self.order_by in choices else -1
        self.order_by = choices[(at + 1) % len(choices)]
        self.descending = self.order_by not in ("name", "recipe", "status")
        self._resort()

    def do_reverse(self) -> None:
        """Turn the order round."""
        self.descending = not self.descending
        self._resort()

    def _resort(self) -> None:
        self._anchor = None
        by = self.order_by.partition(".")[2] or self.order_by
        self.query_one("#runs-panel", Panel).retitle("Runs", f"by {by} {'▼' if self.descending else '▲'} …")
        self.main_table().set_source(self._source())

    def do_mark(self) -> None:
        """Mark the run under the cursor and step down, or unmark it."""
        run = self.current()
        if run is None:
            return
        if run.run_id in self.marked:
            self.marked.remove(run.run_id)
        elif len(self.marked) >= 20:
            self.say("mark: twenty runs are marked already, the most that can be compared", "watch")
            return
        else:
            self.marked.append(run.run_id)
        self._draw_marks()
        self.main_table().action_move(1)
        self._rest()
        self.say(f"{len(self.marked)} marked" + (": c compares them" if len(self.marked) > 1 else ""))
        self.refresh_keys()

    def do_range(self) -> None:
        """Set one end of a range, or mark all runs from that end to the cursor."""
        table = self.main_table()
        if self._anchor is None:
            self._anchor = table.cursor
            self.say("range: move to the other end and press v again; esc drops it")
            return
        first, last = sorted((self._anchor, table.cursor))
        self._anchor = None
        rows = [table.row_at(index) for index in range(first, last + 1)]
        new = [row.key for row in rows if row is not None and row.key not in self.marked]
        room = 20 - len(self.marked)
        self.marked += new[:room]
        self._draw_marks()
        self._rest()
        more = f"; {len(new) - room} more are not, twenty is the most" if len(new) > room else ""
        self.say(f"{len(self.marked)} marked{more}: c compares them")
        self.refresh_keys()

    def _draw_marks(self) -> None:
        table = self.main_table()
        table.marks = {run_id: ("●", self.tone_of(run_id)) for run_id in self.marked}
        if self.baseline is not None:
            table.marks[self.baseline.run_id] = ("◆", self.tone_of(self.baseline.run_id) or "strong")
        table.refresh()

    def do_pin(self) -> None:
        """Make the run under the cursor the baseline, or drop it."""
        run = self.current()
        if run is None:
            return
        self.baseline = None if self.baseline is not None and self.baseline.run_id == run.run_id else run
        self._draw_marks()
        self.main_table().set_source(self._source(), top=False)
        self.say(
            "No baseline."
            if self.baseline is None
            else f"◆ {run.name} is the baseline: metrics of others are changes to it."
        )

    def targets(self) -> list[str]:
        """The marked runs, or the one under the cursor."""
        return list(self.marked) or super().targets()

    def deleted(self, run_ids: list[str]) -> None:
        """They are marked no more."""
        super().deleted(run_ids)
        self.marked = [run_id for run_id in self.marked if run_id not in run_ids]
        if self.baseline is not None and self.baseline.run_id in run_ids:
            self.baseline = None
        self._draw_marks()
        self.main_table().reload()

    def do_compare(self) -> None:
        """Open the marked runs side by side, the baseline first."""
        from pilothouse.tui.screens.compare import CompareScreen

        chosen = list(self.marked)
        if self.baseline is not None:
            chosen = [self.baseline.run_id, *(run_id for run_id in chosen if run_id != self.baseline.run_id)]
        run = self.current()
        if len(chosen) == 1 and run is not None and run.run_id not in chosen:
            chosen.append(run.run_id)
        self.app.push_screen(CompareScreen(tuple(chosen)))

    @on(Table.Opened, "#runs")
    def _opened(self) -> None:
        self.action_act("details")

    def do_back(self) -> None:
        """Close the filter, then drop marks and baseline."""
        if self.close_filter():
            return
        if self._anchor is not None:
            self._anchor = None
            self.say("The range is dropped.")
            return
        if self.marked or self.baseline is not None:
            self.marked.clear()
            self.baseline = None
            self._draw_marks()
            self.main_table().set_source(self._source(), top=False)
            self.say("Marks and baseline are gone.")

    def why_not(self, action: str) -> str:
        """Reasons that come from the marks; the rest from the run under the cursor."""
        if action == "compare":
            both = set(self.marked) | ({self.baseline.run_id} if self.baseline else set())
            run = self.current()
            if len(both) == 1 and run is not None and run.run_id not in both:
                return ""
            return "" if len(both) > 1 else "mark two runs or more with space first"
        if action in ("mark", "pin") and self.current() is None:
            return "there is no run under the cursor"
        return super().why_not(action)
