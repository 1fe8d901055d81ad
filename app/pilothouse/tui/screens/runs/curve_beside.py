"""The curve beside the table of runs: fetched once the cursor rests, with the marked runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.worker import get_current_worker

from pilothouse.errors import PilothouseError
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tui.messages import DetailReady
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.screens.run_rows import curve_rank
from pilothouse.tui.widgets.chart_axes import unit_of
from pilothouse.tui.widgets.curves import COLOURS, SYMBOLS, TONES, Series, look
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.timer import Timer

    from pilothouse.tracking.runs import Run
    from pilothouse.tui.snapshots.run import CurveOf

PAUSE = 0.08
"""Seconds the cursor rests on a row before its curve is fetched: a held key fetches nothing."""

DRAWN = 8
"""Marked runs whose curves are drawn beside the table."""
KEPT = 64
"""Runs whose curves are kept."""


class CurveBeside(RunActs):
    """Keeps the curves of runs by id and draws the one under the cursor, with those of the marked runs."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.curve_metric = ""
        """The metric whose curve is wanted, where a run has one: that which the list is ordered by."""
        self._details: dict[str, CurveOf] = {}
        self._wait: Timer | None = None

    def _rest(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        self._wait = self.set_timer(PAUSE, self._fetch_details)

    def _fetch_details(self) -> None:
        run = self.current()
        if run is None:
            return
        key = self._curve_key(run)
        wanted = [run.run_id, *(run_id for run_id in self.marked[:DRAWN] if run_id != run.run_id)]
        held = {run_id: self._details.get(run_id) for run_id in wanted}
        missing = [
            run_id for run_id, seen in held.items() if seen is None or seen.key != key or not seen.ended
        ]
        if key is None or not missing:
            self._draw_curve()
            return
        workspace = self.workspace

        def work() -> None:
            from pilothouse.tui.snapshots.run import curves_of

            worker = get_current_worker()
            try:
                found = curves_of(workspace, missing, key)
            except PilothouseError:
                return  # the poll says the same, in the status line
            if not worker.is_cancelled:
                self.post_message(DetailReady(found))

        self.run_worker(work, thread=True, group="detail", exclusive=True, exit_on_error=False)

    @on(DetailReady)
    def _detail_ready(self, message: DetailReady) -> None:
        found: list[CurveOf] = message.detail  # type: ignore[assignment]
        if len(self._details) > KEPT:
            self._details.clear()
        self._details |= {one.run_id: one for one in found}
        self._draw_curve()

    def _draw_curve(self) -> None:
        chart, run = self.query_one("#curve", LineChart), self.current()
        if run is None:
            return
        key = self._curve_key(run)
        panel = self.query_one("#run-side", Panel)
        if key is None:
            panel.retitle("Run", "")
            chart.show(
                (),
                empty="no curve: no metric has two steps" if run.ended else "waiting for the first steps …",
            )
            return
        if (held := self._details.get(run.run_id)) is None or held.key != key:
            return
        panel.retitle(key, "by step" + ("" if run.ended else "   ▶ live"))
        chart.show(self._series(run.run_id, key), unit=unit_of(key))

    def _curve_key(self, run: Run) -> str | None:
        """The metric that the rows are ordered by, or the one that decides most of those with many steps."""
        counts = {key: item.count for key, item in run.summaries.items() if item.count > 1}
        if self.curve_metric in counts:
            return self.curve_metric
        own = [key for key in counts if not key.startswith(SYSTEM)] or list(counts)
        longest = max((counts[key] for key in own), default=0)
        return min((key for key in own if counts[key] * 2 > longest), key=curve_rank, default=None)

    def _series(self, current: str, key: str) -> list[Series]:
        shown = [(run_id, *look(n)) for n, run_id in enumerate(self.marked[:DRAWN])]
        if current not in self.marked[:DRAWN]:
            shown.append((current, "$foreground" if shown else COLOURS[0], "◦" if shown else SYMBOLS[0]))
        lower = lower_is_better(key)
        return [
            Series(one.name, one.points, colour, symbol, one.means, lower)
            for run_id, colour, symbol in shown
            if (one := self._details.get(run_id)) is not None and one.key == key and one.points
        ]

    def sign_of(self, run_id: str) -> str:
        """The sign of a marked run, which is the symbol of its curve."""
        return SYMBOLS[self.marked.index(run_id) % len(SYMBOLS)] if run_id in self.marked else "●"

    def tone_of(self, run_id: str) -> str:
        """The tone of a marked run's sign, which is the colour of its curve; empty for one that has none."""
        at = self.marked.index(run_id) if run_id in self.marked else len(TONES)
        return TONES[at] if at < len(TONES) else ""
