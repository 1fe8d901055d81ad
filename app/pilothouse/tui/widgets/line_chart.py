"""A line chart in braille that is steered by keys: zoom, pan, a cursor, smoothing, a log scale.

Give it a tuple of ``Series``; ``look(n)`` gives the n-th its colour and symbol. What is drawn is made in
``chart_lines`` (curves), ``chart_axes`` (ticks) and ``chart_drawing``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from pilothouse.tracking.smoothing import LEVELS
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.text import safe
from pilothouse.tui.widgets.chart_blank import why_blank
from pilothouse.tui.widgets.chart_drawing import draw_lines, x_range
from pilothouse.tui.widgets.chart_lines import Line, nearest, prepare, summary
from pilothouse.tui.widgets.curves import Series, View


class LineChart(Static):
    """The chart drawn to the size it is given. With ``steered`` it takes the focus, and keys."""

    CONTEXT: ClassVar[str] = "chart"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("chart", only_here=True)]
    DEFAULT_CSS = "LineChart { height: 1fr; }"

    @dataclass
    class Viewed(Message):
        """Another window of x is looked at: a curve that was thinned can be read again, more finely in it."""

        chart: LineChart
        low: float | None
        high: float | None

        @property
        def control(self) -> LineChart:
            """The chart."""
            return self.chart

    def __init__(self, *, empty: str = "", steered: bool = False, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self.can_focus = steered
        self.view = View()
        self._series: tuple[Series, ...] = ()
        self._lines: list[Line] = []
        self._xs: list[float] = []
        self._empty = empty
        self._room = (0, 0)
        self.blank = empty
        """What stands here in place of a chart; empty where there is one."""

    def show(
        self, series: Sequence[Series], *, by: str = "step", unit: str = "", empty: str | None = None
    ) -> None:
        """Draw these curves; how they are looked at stays, unless x is now something else."""
        said = self._empty if empty is None else empty
        if (tuple(series), by, unit, said) == (self._series, self.view.by, self.view.unit, self._empty):
            return
        if by != self.view.by:
            self.view = replace(self.view, low=None, high=None, cursor=None)
        self._series, self._empty = tuple(series), said
        self.view = replace(self.view, by=by, unit=unit)
        self._prepare()

    def summary(self) -> str:
        """The curves in words."""
        return summary(self._lines, self.view.by, self.view.unit)

    def on_resize(self) -> None:
        """Draw again to fit."""
        if self._room != self.content_size:
            self._draw()

    def _prepare(self) -> None:
        self._lines = [prepare(one, self.view) for one in self._series]
        self._xs = sorted({x for line in self._lines for x, _ in line.values})
        self._draw()

    def _draw(self) -> None:
        self._room = self.content_size
        chart = draw_lines(self._lines, self.content_size.width, self.content_size.height, self.view)
        self.blank = "" if chart.plain else why_blank(self._lines) or self._empty
        self.update(chart if chart.plain else Content.assemble((safe(self.blank), "$dim")))

    # ------------------------------------------------------------ looking

    def action_act(self, action: str) -> None:
        """Carry out one action of the table that is the chart's own."""
        getattr(self, f"do_{action}")()

    def _span(self) -> tuple[float, float, float, float] | None:
        """The window, and all there is."""
        everything = x_range(self._lines)
        if everything is None or everything[0] == everything[1]:
            return None
        if self.view.low is None or self.view.high is None:
            return *everything, *everything
        return self.view.low, self.view.high, *everything

    def _look(self, low: float, high: float) -> None:
        span = self._span()
        if span is None:
            return
        first, last = span[2:]
        across = min(high - low, last - first)
        low = max(first, min(low, last - across))
        whole = across >= last - first
        before = (self.view.low, self.view.high)
        after = (None, None) if whole else (low, low + across)
        self.view = replace(self.view, low=after[0], high=after[1])
        self._draw()
        if after != before:
            self.post_message(self.Viewed(self, *after))

    def _zoom(self, factor: float) -> None:
        span = self._span()
        if span is None:
            return
        low, high, first, last = span
        least = (last - first) / max(4, 4 * len(self._xs))
        across = max(least, (high - low) * factor)
        centre = self.view.cursor if self.view.cursor is not None else (low + high) / 2
        share = (centre - low) / (high - low) if low <= centre <= high else 0.5
        self._look(centre - across * share, centre + across * (1 - share))

    def do_closer(self) -> None:
        """Show half as much of x, around the cursor."""
        self._zoom(0.5)

    def do_farther(self) -> None:
        """Show twice as much of x."""
        self._zoom(2.0)

    def do_whole(self) -> None:
        """Show everything, without a cursor."""
        moved = self.view.low is not None
        self.view = replace(self.view, low=None, high=None, cursor=None)
        self._draw()
        if moved:
            self.post_message(self.Viewed(self, None, None))

    def do_pan_left(self) -> None:
        """Half a window to the left."""
        self._pan(-0.5)

    def do_pan_right(self) -> None:
        """Half a window to the right."""
        self._pan(0.5)

    def _pan(self, share: float) -> None:
        if (span := self._span()) is not None:
            by = (span[1] - span[0]) * share
            self._look(span[0] + by, span[1] + by)

    def do_cursor_left(self) -> None:
        """Read out the values one column to the left."""
        self._step(-1)

    def do_cursor_right(self) -> None:
        """Read out the values one column to the right."""
        self._step(1)

    def _step(self, by: int) -> None:
        if not self._xs:
            return
        span = self._span()
        low, high = (span[0], span[1]) if span else (self._xs[0], self._xs[0])
        cursor = self.view.cursor
        if cursor is None or not low <= cursor <= high:
            inside = [x for x in self._xs if low <= x <= high] or self._xs
            cursor = inside[-1] if by < 0 else inside[0]
        else:
            one = (high - low) / max(1, self.content_size.width - 8)
            if by > 0:
                at = max(bisect_left(self._xs, cursor + one), bisect_right(self._xs, cursor))
            else:
                at = min(bisect_right(self._xs, cursor - one), bisect_left(self._xs, cursor)) - 1
            cursor = self._xs[max(0, min(at, len(self._xs) - 1))]
        self.view = replace(self.view, cursor=cursor)
        if cursor < low or cursor > high:
            across = high - low
            start = cursor - across * (0.75 if by < 0 else 0.25)
            self._look(start, start + across)
        else:
            self._draw()

    def do_smooth(self) -> None:
        """Smooth more; after the most not at all."""
        at = LEVELS.index(self.view.smoothing) if self.view.smoothing in LEVELS else 0
        self.view = replace(self.view, smoothing=LEVELS[(at + 1) % len(LEVELS)])
        self._prepare()

    def do_log_scale(self) -> None:
        """Draw y by its logarithm, or as it is."""
        self.view = replace(self.view, log=not self.view.log)
        self._prepare()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the click was."""
        span = self._span()
        if span is None or not self.can_focus:
            return
        points = [(x, 0.0) for x in self._xs]
        share = event.x / max(1, self.content_size.width)
        self.view = replace(self.view, cursor=nearest(points, span[0] + share * (span[1] - span[0]))[0])
        self._draw()
