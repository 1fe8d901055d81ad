"""The curve beside the table of runs: fetched once the cursor rests, with the marked runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.worker import get_current_worker

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tui.messages import DetailReady
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.screens.run_rows import curve_rank
from pilothouse.tui.widgets.line_chart import COLOURS, SYMBOLS, LineChart, Series, look, unit_of
from pilothouse.tui.widgets.panel import Panel

if TYPE_CHECKING:
    from textual.timer import Timer

    from pilothouse.tui.snapshots.runs import RunDetail

PAUSE = 0.08
"""Seconds the cursor rests on a row before its curve is fetched: a held key fetches nothing."""

DRAWN = 8
"""Marked runs whose curves are drawn beside the table."""

TONES = ("accent", "watch", "good", "other", "fifth", "sixth", "seventh", "eighth")
"""The tones of the marks, in the order of the curves' colours."""


class CurveBeside(RunActs):
    """Keeps what is known of runs by id and draws the curve of the one under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.curve_metric = ""
        """The metric whose curve is wanted, where a run has one: that which the list is ordered by."""
        self._details: dict[str, RunDetail] = {}
        self._wait: Timer | None = None

    def _rest(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        self._wait = self.set_timer(PAUSE, self._fetch_details)

    def _fetch_details(self) -> None:
        run = self.current()
        wanted = [run.run_id] if run is not None else []
        wanted += [run_id for run_id in self.marked[:DRAWN] if run_id not in wanted]
        wanted = [run_id for run_id in wanted if not ((seen := self._details.get(run_id)) and seen.run.ended)]
        workspace = self.workspace
        if not wanted:
            self._draw_curve()
            return

        def work() -> None:
            from pilothouse.tui.snapshots.runs import run_detail

            worker = get_current_worker()
            for run_id in wanted:
                if worker.is_cancelled:
                    return
                try:
                    detail = run_detail(workspace, run_id)
                except Exception:  # noqa: BLE001 - the run may just have been removed; the table says so
                    continue
                self.post_message(DetailReady(detail))

        self.run_worker(work, thread=True, group="detail", exclusive=True, exit_on_error=False)

    @on(DetailReady)
    def _detail_ready(self, message: DetailReady) -> None:
        detail: RunDetail = message.detail  # type: ignore[assignment]
        if len(self._details) > 64:
            self._details.clear()
        self._details[detail.run.run_id] = detail
        self._draw_curve()

    def _draw_curve(self) -> None:
        chart, run = self.query_one("#curve", LineChart), self.current()
        detail = self._details.get(run.run_id) if run is not None else None
        if run is None or detail is None:
            return
        key = self._curve_key(detail)
        panel = self.query_one("#run-side", Panel)
        if key is None:
            panel.retitle("Run", "")
            chart.show(
                (),
                empty="no curve: this run logged no steps" if run.ended else "waiting for the first steps …",
            )
            return
        panel.retitle(key, "by step" + ("" if run.ended else "   ▶ live"))
        chart.show(self._series(detail, key), unit=unit_of(key))

    def _curve_key(self, detail: RunDetail) -> str | None:
        curves = [key for key, points in detail.curves.items() if len(points) > 1]
        if self.curve_metric in curves:
            return self.curve_metric
        longest = max((len(detail.curves[key]) for key in curves), default=0)
        long = [key for key in curves if len(detail.curves[key]) * 2 > longest]
        return min(long, key=curve_rank, default=None)

    def _series(self, detail: RunDetail, key: str) -> list[Series]:
        shown = [(run_id, *look(n)) for n, run_id in enumerate(self.marked[:DRAWN])]
        if detail.run.run_id not in self.marked[:DRAWN]:
            shown.append(
                (detail.run.run_id, "$foreground" if shown else COLOURS[0], "◦" if shown else SYMBOLS[0])
            )
        lower = lower_is_better(key)
        return [
            Series(self._details[run_id].run.name, points, colour, symbol, lower=lower)
            for run_id, colour, symbol in shown
            if run_id in self._details and (points := self._details[run_id].curves.get(key))
        ]

    def sign_of(self, run_id: str) -> str:
        """The sign of a marked run, which is the symbol of its curve."""
        return SYMBOLS[self.marked.index(run_id) % len(SYMBOLS)] if run_id in self.marked else "●"

    def tone_of(self, run_id: str) -> str:
        """The tone of a marked run's sign, which is the colour of its curve; empty for one that has none."""
        at = self.marked.index(run_id) if run_id in self.marked else len(TONES)
        return TONES[at] if at < len(TONES) else ""
