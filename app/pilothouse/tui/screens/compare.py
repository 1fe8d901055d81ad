"""Runs and versions side by side: what differs, does it matter, and what were they made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from pilothouse.comparing.wording import headline, judged_on
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens import compare_rows as rows_of
from pilothouse.tui.screens.compare_acts import CompareActs
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.curves import Series, look
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.tab_bar import TabBar
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.comparing.findings import Curve
    from pilothouse.tui.snapshots.comparing import Compared

PARTS = (
    ("facts", "f", "Facts"),
    ("curves", "c", "Curves"),
    ("slices", "l", "Slices"),
    ("code", "d", "Code"),
    ("environment", "v", "Environment"),
    ("data", "a", "Data"),
)


class CompareScreen(CompareActs):
    """One part at a time: facts with intervals, curves, slices, code, environment, data."""

    CONTEXT: ClassVar[str] = "compare"
    AREA: ClassVar[str] = "runs"
    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("compare"),
        Binding("tab", "tab(1)", "next candidate", show=False),
        Binding("shift+tab", "tab(-1)", "previous candidate", show=False),
    ]

    def __init__(self, refs: tuple[str, ...]) -> None:
        super().__init__(refs)
        self.part = "facts"
        self._judged_for: tuple[object, tuple[str, ...]] | None = None

    def body(self) -> Iterable[Widget]:
        """The line of parts, what is to be said of the part, and the part."""
        yield TabBar(PARTS, id="compare-parts")
        alike = "These do not differ in anything.\nx shows what they have in common."
        yield Panel(
            "Compare",
            Words(hides=True, id="compare-words"),
            ContentSwitcher(
                _table("facts", alike),
                Horizontal(
                    _table("curves", "no curve", header=False),
                    LineChart(id="compare-chart", steered=True),
                    id="curves-part",
                ),
                _table("slices"),
                _table("code"),
                _table("environment"),
                _table("data"),
                initial="facts",
                id="compare-body",
            ),
            id="compare",
        )

    def on_mount(self) -> None:
        """Start on the facts."""
        self.query_one("#facts").focus()

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object] | None:
        """The facts; of runs that ended they are read once."""
        from pilothouse.tui.snapshots.comparing import compared

        known = self.known
        if known is not None and known.refs == self.refs and all(run.ended for run in known.comparison.runs):
            return None
        workspace, refs = self.workspace, self.refs
        return lambda: compared(workspace, refs, known)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it; then the rest is asked for, once."""
        found: Compared = snapshot  # type: ignore[assignment]
        if found.refs != self.refs:
            self.poll(now=True)
            return
        self.known = found
        statuses = tuple(run.status for run in found.comparison.runs)
        if self._judged_for != (self.asked, statuses):
            if self._judged_for is not None and self._judged_for[0] == self.asked:
                self.forget()
            self._judged_for = self.asked, statuses
            self.start_judging()
        else:
            self.draw()

    def news(self) -> None:
        """Draw what came."""
        self.draw()
        self.refresh_keys()

    # ------------------------------------------------------------ drawing

    def draw(self) -> None:
        """Draw the part that is shown; in a new order only once that was read."""
        if self.unread or not self.is_mounted:
            return
        self.query_one(TabBar).tell(*((f"{self.saying} …", "$accent"),) if self.saying else ())
        self.query_one("#compare-words", Words).show(self._words())
        getattr(self, f"_draw_{self.part}")()
        labels = [safe(label, 24) for label in self.labels]
        alike = "only differences" if self.only_differences else "all"
        against = ", ".join(labels[1:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")
        self.query_one("#compare", Panel).retitle(f"◆ {labels[0]} against {against}", alike)

    def _words(self) -> Content:
        assert self.known is not None
        found, untold, chosen = self.findings, self.findings.untold or {}, self.chosen
        if self.part == "facts":
            if found.judgement is not None:
                label = self.labels[chosen]
                left_out = dict(found.judgement.left_out).get(label)
                if left_out:
                    return line((f"▲ {label} was not judged: {left_out}", "$warning"))
                one = headline(found.judgement, self.labels, chosen)
                return line((one, "bold"), "\n", (judged_on(found.judgement), "$dim"))
            if why := untold.get("judgement"):
                return line((f"▲ Not judged on the same rows: {why}", "$warning"))
            return line((f"Judging on the same rows: {self.saying} …" if self.saying else "", "$dim"))
        if self.part == "slices":
            if found.slices is None:
                return line((untold.get("slices", f"{self.saying} …" if self.saying else ""), "$dim"))
            few = (
                "the worst, and those that differ; x shows all."
                if self.only_differences
                else "the worst first."
            )
            return line((" ".join((f"{found.slices.metric}: {few}", *found.slices.notes)), "$dim"))
        if self.part == "data":
            if found.data is None:
                return line((untold.get("data", f"{self.saying} …" if self.saying else ""), "$dim"))
            change = found.data.changes[chosen - 1]
            said = [f"{self.labels[chosen]} against {self.labels[0]}", *change.said]
            return line(*(part for one in said for part in (one, "\n")))
        if self.part == "environment" and found.environment is not None:
            if not found.environment:
                return line(("Nothing was recorded of the environments that these ran in.", "$dim"))
            alike = sum(not one.differs for one in found.environment)
            return line((f"{alike} of {len(found.environment)} facts are alike.", "$dim"))
        return line("")

    def _draw_facts(self) -> None:
        assert self.known is not None
        table, comparison = self.query_one("#facts", Table), self.known.comparison
        table.set_columns(rows_of.fact_columns(comparison, self.chosen, self.app.size.width))
        table.set_rows(
            rows_of.fact_rows(
                comparison,
                self.findings.judgement,
                self.findings.slices,
                self.chosen,
                self.only_differences,
                self.app.size.width,
            )
        )

    def _draw_slices(self) -> None:
        table, found = self.query_one("#slices", Table), self.findings.slices
        table.empty = "" if found is None else "nothing to slice by"
        if found is not None:
            table.set_columns(rows_of.slice_columns(self.labels, found.metric))
        table.set_rows(
            rows_of.slice_rows(found, self.only_differences, self.app.size.width) if found is not None else []
        )

    def _draw_code(self) -> None:
        table, found = self.query_one("#code", Table), self.findings.code
        table.set_columns((Column("line", "", most=400),))
        table.set_rows(rows_of.code_rows(found, self.labels) if found is not None else [])

    def _draw_environment(self) -> None:
        table, found = self.query_one("#environment", Table), self.findings.environment
        table.empty = "The environments are alike in all that is known.\nx shows it." if found else ""
        table.set_columns(rows_of.environment_columns(self.labels) if found else ())
        table.set_rows(rows_of.environment_rows(found, self.only_differences) if found is not None else [])

    def _draw_data(self) -> None:
        table, found = self.query_one("#data", Table), self.findings.data
        change = found.changes[self.chosen - 1] if found is not None else None
        same = change is not None and not change.columns
        table.set_columns(() if same or change is None else rows_of.DATA)
        table.empty = (
            "" if same or change is None else "No column moved enough to count.\nx shows all of them."
        )
        table.set_rows(rows_of.data_rows(change, self.only_differences) if change is not None else [])

    # ------------------------------------------------------------ curves

    def _curves(self) -> tuple[Curve, ...]:
        """Curves over the shared rows once they are judged, and those by step as they grow."""
        assert self.known is not None
        if (judged := self.findings.curves) is None:
            return self.known.curves
        by_step = tuple(curve for curve in self.known.curves if curve.x == "step")
        return *(curve for curve in judged if curve.x != "step"), *by_step

    def _draw_curves(self) -> None:
        table, curves = self.query_one("#curves", Table), self._curves()
        table.set_columns((Column("name", "", most=24),))
        table.set_rows([Row(one.name, (safe(one.name, 40),), (), one) for one in curves])
        self._draw_chart()

    @on(Table.Moved, "#curves")
    def _draw_chart(self) -> None:
        table, chart = self.query_one("#curves", Table), self.query_one("#compare-chart", LineChart)
        curve: Curve | None = table.row.item if table.row is not None else None  # type: ignore[assignment]
        if curve is None:
            chart.show((), empty="None of these logged a metric by step.")
            return
        series = []
        for n, (label, points) in enumerate(zip(self.labels, curve.points, strict=True)):
            colour, symbol = look(n)
            name = f"◆ {label}" if n == 0 else label
            means = curve.means[n] if curve.means else ()
            if points:
                series.append(Series(name, points, colour, symbol, means, lower_is_better(curve.name)))
        if curve.x == "step":
            chart.show(series, by="step")
        else:
            chart.show(series, by=curve.x)
        self.query_one("#compare-words", Words).show(line((f"{curve.name}   {curve.note}", "$dim")))

    # ------------------------------------------------------------ parts

    def show_part(self, name: str) -> None:
        """Show another part."""
        self.part = name
        self.query_one(TabBar).choose(name)
        self.query_one(ContentSwitcher).current = "curves-part" if name == "curves" else name
        self.draw()
        self.query_one(f"#{name}").focus()
        self.refresh_keys()

    @on(TabBar.Chosen)
    def _clicked(self, message: TabBar.Chosen) -> None:
        self.show_part(message.name)

    def step_part(self, by: int) -> None:
        """Show the next part, or the one before."""
        names = [name for name, _, _ in PARTS]
        self.show_part(names[(names.index(self.part) + by) % len(names)])

    def action_tab(self, by: int) -> None:
        """Choose the next candidate; among the curves, go to the chart and back."""
        if self.part == "curves":
            on_chart = self.focused is self.query_one("#compare-chart")
            self.query_one("#curves" if on_chart else "#compare-chart").focus()
            return
        count = len(self.refs)
        self.chosen = (self.chosen - 1 + by) % (count - 1) + 1
        if count > 2:
            self.say(f"{self.labels[self.chosen]} is chosen: p makes it the baseline")
        self.draw()


def _table(name: str, empty: str = "", *, header: bool = True) -> Table:
    table = Table(empty=empty, header=header, id=name)
    # The key stays at the left when twenty columns are scrolled.
    table.frozen = 1
    return table
