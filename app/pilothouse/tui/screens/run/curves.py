"""The curves of a run: a list of metrics to choose from, and the chart of those that are marked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.screens.run_rows import curve_rank
from pilothouse.tui.text import number, safe
from pilothouse.tui.widgets.chart_axes import unit_of
from pilothouse.tui.widgets.curves import SYMBOLS, TONES, Series, look
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.curves import By, Curve
    from pilothouse.tui.snapshots.run import RunAbout

COLUMNS = (
    Column("sign", "", width=1),
    Column("key", "metric", grow=True),
    Column("last", "last", "right", most=12),
    Column("points", "points", "right", most=9),
)

EMPTY = "This run has logged no metrics."


class CurvesTab(RunTab):
    """Space draws a metric or takes it away; those of the system have a chart of their own below."""

    NAME: ClassVar[str] = "curves"
    TITLE: ClassVar[str] = "Curves"
    KEY: ClassVar[str] = "c"

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self.marked: list[str] = []
        self.by: By = "step"
        self._window: tuple[float | None, float | None] = (None, None)
        self._curves: dict[str, Curve] = {}
        self._touched = False
        self._fresh = False

    def compose(self) -> ComposeResult:
        """The list and the charts."""
        yield Panel("Metrics", Table(COLUMNS, empty=EMPTY, id="metric-names"), id="names")
        with Vertical(id="charts"):
            yield Panel("Curves", LineChart(steered=True, id="one-curve"), id="one-chart")
            yield Panel("System", LineChart(steered=True, id="system-curve"), id="system-chart")

    def on_mount(self) -> None:
        """The second chart comes when a metric of the system is marked."""
        self.query_one("#system-chart").display = False

    def job(self) -> Callable[[], object] | None:
        """The curves that are marked; nothing more once the run has ended and they are here."""
        from pilothouse.tui.snapshots.run import run_curves

        if self.about is None or not self.marked or (self._fresh and self.about.run.ended):
            return None
        self._fresh = True
        return partial(run_curves, self.workspace, self.run_id, tuple(self.marked), self.by, *self._window)

    def tell(self, about: RunAbout) -> None:
        """List the metrics; until somebody chooses, the first curve and its like are drawn."""
        super().tell(about)
        if not self._touched:
            chosen = _first_curves(about)
            if chosen != self.marked:
                self.marked = chosen
                self._read()
        self._list()

    def draw_only(self, key: str) -> None:
        """Draw this metric alone."""
        self._touched, self.marked = True, [key]
        self._read()
        self._list()

    def show(self, look: object) -> None:
        """Draw the curves."""
        self._curves = look  # type: ignore[assignment]
        self._draw()

    def filter(self, text: str) -> None:
        """List only metrics with these words."""
        super().filter(text)
        self._list()

    def forget(self) -> None:
        """Read the curves again."""
        self._fresh = False

    def _read(self) -> None:
        self._fresh = False
        self.run_screen.poll(now=True)

    def _list(self) -> None:
        if self.about is None:
            return
        run, wanted = self.about.run, self.wanted.lower()
        keys = sorted((key for key in run.summaries if wanted in key.lower()), key=curve_rank)
        rows: list[Row] = []
        for group, title in ((False, "metrics"), (True, "system")):
            mine = [key for key in keys if key.startswith(SYSTEM) == group]
            if not mine:
                continue
            rows.append(Row(f"section {title}", ("", f"{title}  {len(mine)}"), ("", "strong")))
            for key in mine:
                sign, tone = self._sign(key)
                item = run.summaries[key]
                cells = (sign, safe(key, 60), number(item.last), f"{item.count:,}")
                rows.append(
                    Row(f"metric {key}", cells, (tone, "" if sign.strip() else "dim", "", "dim"), key)
                )
        table = self.query_one("#metric-names", Table)
        first = not table.loaded
        table.say_empty(self.nothing(EMPTY))
        table.set_rows(rows)
        if first and len(rows) > 1:
            table.move_to(1)
        self.query_one("#names", Panel).retitle("Metrics", f"{len(self.marked)} drawn")

    def _sign(self, key: str) -> tuple[str, str]:
        if key not in self.marked:
            return " ", ""
        n = self.marked.index(key)
        return SYMBOLS[n % len(SYMBOLS)], TONES[n % len(TONES)]

    def _draw(self) -> None:
        if self.about is None:
            return
        run = self.about.run
        own = [key for key in self.marked if not key.startswith(SYSTEM)]
        system = [key for key in self.marked if key.startswith(SYSTEM)]
        self.query_one("#charts").set_class(bool(own and system), "-both")
        by = "by step" if self.by == "step" else "by time"
        hint = f"{by}   tab: steer with + - ← →" + ("" if run.ended else "   ▶ live")
        for keys, name, title in ((own, "one", "Curves"), (system, "system", "System")):
            panel = self.query_one(f"#{name}-chart", Panel)
            panel.display = bool(keys) or (name == "one" and not system)
            panel.retitle(keys[0] if len(keys) == 1 else title, hint)
            units = {unit_of(key) for key in keys}
            chart = self.query_one(f"#{name}-curve", LineChart)
            chart.show(
                [self._series(key) for key in keys if key in self._curves],
                by=self.by,
                unit=units.pop() if len(units) == 1 else "",
                empty=self._waiting(keys),
            )

    def _waiting(self, keys: list[str]) -> str:
        """What stands in a chart without a point."""
        if self.about is None or not self.about.run.summaries:
            return "There is nothing to draw."
        if not keys:
            return "Nothing is drawn: space draws the metric under the cursor."
        if any(key not in self._curves for key in keys):
            return "reading …"
        return "It has no points." if self.about.run.ended else "Waiting for the first points …"

    def _series(self, key: str) -> Series:
        colour, symbol = look(self.marked.index(key))
        curve = self._curves[key]
        lower = lower_is_better(key)
        return Series(key, curve.points, colour, symbol, curve.means, lower, last=curve.last)

    # ------------------------------------------------------------ acting

    def do_draw(self) -> None:
        """Draw the metric under the cursor, or take it away."""
        row = self.query_one("#metric-names", Table).row
        if row is None or not isinstance(row.item, str):
            return
        self._touched = True
        if row.item in self.marked:
            self.marked.remove(row.item)
        elif len(self.marked) >= len(SYMBOLS):
            self.run_screen.say(
                f"draw: {len(SYMBOLS)} curves are drawn already, the most there are signs for", "watch"
            )
            return
        else:
            self.marked.append(row.item)
        table = self.query_one("#metric-names", Table)
        table.action_move(1)
        if table.row is not None and table.row.item is None and table.cursor < table.total - 1:
            table.action_move(1)  # a heading
        self._list()
        self._draw()
        self._read()

    def do_x_axis(self) -> None:
        """Draw by step, or by the time since the run began."""
        self.by = "time" if self.by == "step" else "step"
        self._window = (None, None)
        self._curves = {}
        self._read()

    @on(Table.Opened, "#metric-names")
    def _opened(self) -> None:
        self.do_draw()

    @on(LineChart.Viewed)
    def _viewed(self, message: LineChart.Viewed) -> None:
        window = (message.low, message.high)
        if any(curve.thinned for curve in self._curves.values()) and window != self._window:
            self._window = window
            self._read()

    def why_not(self, action: str) -> str:
        """There has to be something to draw."""
        if action == "draw":
            row = self.query_one("#metric-names", Table).row
            return (
                "" if row is not None and isinstance(row.item, str) else "there is no metric under the cursor"
            )
        return ""

    def copied(self) -> str:
        """The curves in words."""
        charts = [chart for chart in self.query(LineChart) if chart.display and chart.summary()]
        return "\n".join(chart.summary() for chart in charts)


def _first_curves(about: RunAbout) -> list[str]:
    """The curve to begin with: the first in rank that has several points, with its like of other rows
    (``train_loss`` beside ``valid_loss``)."""
    summaries = about.run.summaries
    long = [key for key, item in summaries.items() if item.count > 1 and not key.startswith(SYSTEM)]
    if not long:
        return [key for key in sorted(summaries, key=curve_rank) if not key.startswith(SYSTEM)][:1]
    first = min(long, key=curve_rank)
    tail = _tail(first)
    return [first, *sorted((key for key in long if key != first and _tail(key) == tail), key=curve_rank)][:4]


def _tail(key: str) -> str:
    for word in ("valid", "val", "train", "holdout", "test"):
        for join in ("_", "/", "."):
            if key.startswith(word + join):
                return key[len(word) + 1 :]
    return key
