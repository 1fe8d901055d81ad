"""One run: its curves, and everything known about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.screens.run_rows import curve_rank, run_facts, run_words
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.line_chart import COLOURS, LineChart, Series
from pilothouse.tui.widgets.panel import Panel, Words

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tui.snapshots.runs import RunDetail


class RunScreen(RunActs):
    """Opened with ``d`` or enter on a run; left with esc."""

    CONTEXT: ClassVar[str] = "run"
    AREA: ClassVar[str] = "runs"
    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("run"),
        Binding("tab", "curve(1)", "next curve", show=False),
        Binding("shift+tab", "curve(-1)", "previous curve", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("ctrl+d", "scroll(10)", show=False),
        Binding("ctrl+u", "scroll(-10)", show=False),
        Binding("g", "scroll(-100000)", show=False),
        Binding("G", "scroll(100000)", show=False),
    ]

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.detail: RunDetail | None = None
        self._chosen = ""

    def body(self) -> Iterable[Widget]:
        """The curves and the facts."""
        yield Horizontal(
            Panel(
                "Run",
                VerticalScroll(
                    Words(id="one-words"), Words(id="one-facts"), id="one-scroll", can_focus=False
                ),
                id="one",
            ),
            Panel("Curve", Words(id="curve-names"), LineChart(id="one-curve"), id="one-chart"),
            id="run-body",
        )

    def current(self) -> Run | None:
        """The run on screen."""
        return self.detail.run if self.detail is not None else None

    def job(self) -> Callable[[], object] | None:
        """The run with its curves; nothing more once it has ended."""
        from pilothouse.tui.snapshots.runs import run_detail

        if self.detail is not None and self.detail.run.ended and not self._again:
            return None
        workspace, run_id = self.workspace, self.run_id
        return lambda: run_detail(workspace, run_id)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        self.detail = snapshot  # type: ignore[assignment]
        run = self.current()
        if run is None:
            return
        cells = max(30, self.query_one("#one-scroll").content_size.width - 1)
        self.query_one("#one", Panel).retitle(f"Run {run.name}", "" if run.ended else "▶ live")
        self.query_one("#one-words", Words).show(run_words(run, self.pilothouse.now(), cells))
        self.query_one("#one-facts", Words).show(run_facts(run, cells))
        self._draw()

    def poll(self, *, now: bool = False) -> None:
        """A note may change a run that has ended: then it is read once more."""
        self._again = self._again or now
        super().poll(now=now)

    def deleted(self, run_ids: list[str]) -> None:
        """Nothing is left to look at."""
        super().deleted(run_ids)
        if self.is_current:
            self.app.pop_screen()

    def _names(self) -> list[str]:
        curves = self.detail.curves if self.detail is not None else {}
        return sorted((key for key, points in curves.items() if len(points) > 1), key=curve_rank)

    def action_curve(self, by: int) -> None:
        """Draw the next metric."""
        names = self._names()
        if names:
            at = names.index(self._chosen) if self._chosen in names else 0
            self._chosen = names[(at + by) % len(names)]
            self._draw()

    def action_scroll(self, by: int) -> None:
        """Scroll the facts."""
        self.query_one("#one-scroll").scroll_relative(y=by, animate=False)

    def _draw(self) -> None:
        if self.detail is None:
            return
        names, run = self._names(), self.detail.run
        chart = self.query_one("#one-curve", LineChart)
        if not names:
            self.query_one("#curve-names", Words).show(line(""))
            chart.show(
                (),
                empty="No curve: this run logged no steps." if run.ended else "Waiting for the first steps …",
            )
            return
        if self._chosen not in names:
            self._chosen = names[0]
        parts: list[str | tuple[str, str]] = [("tab  ", "$dim")]
        for name in names:
            parts += [(safe(name, 30), "$accent bold" if name == self._chosen else "$dim"), "  "]
        self.query_one("#curve-names", Words).show(line(*parts))
        self.query_one("#one-chart", Panel).retitle(self._chosen, "by step")
        chart.show([Series(run.name, self.detail.curves[self._chosen], COLOURS[0])])
