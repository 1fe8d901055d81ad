"""Curves made ready for a chart: ordered, smoothed, on the scale they are drawn on, and in words."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pilothouse.tracking.durations import duration
from pilothouse.tracking.smoothing import smooth, thin
from pilothouse.tui.text import number, safe
from pilothouse.tui.widgets.chart_canvas import Point
from pilothouse.tui.widgets.curves import Series, View

MOST = 12_000
"""Points of a curve that are kept for drawing; a longer one loses all but the extremes of short stretches."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve as it is drawn.

    Attributes:
        series: what was given.
        raw: ``(x, height)``, where the height is a logarithm on a log scale; NaN breaks the line.
        smoothed: the same of the moving average; empty without smoothing.
        values: ``(x, value)`` of every point that is a number.
        last: the point with the metric's last value, a number or not; None if no point is a number.
        left_out: values that a log scale cannot show.
        broken: values that are no numbers.
    """

    series: Series
    raw: tuple[Point, ...]
    smoothed: tuple[Point, ...]
    values: tuple[Point, ...]
    last: Point | None
    left_out: int
    broken: int

    @property
    def main(self) -> tuple[Point, ...]:
        """What is drawn in full colour."""
        return self.smoothed or self.raw

    @property
    def best(self) -> Point | None:
        """The best point, by the metric's direction; the first of equals."""
        choose = min if self.series.lower else max
        return choose(self.values, key=lambda point: point[1], default=None)

    def near(self, x: float) -> Point | None:
        """The point nearest to ``x`` among those within the curve's own range of x."""
        if not self.values or not self.values[0][0] <= x <= self.values[-1][0]:
            return None
        return nearest(self.values, x)


def nearest(points: Sequence[Point], x: float) -> Point:
    """Return the point whose x is nearest; the points are ordered by x and not empty."""
    at = bisect_left(points, x, key=lambda point: point[0])
    around = points[max(0, at - 1) : at + 1] or points[-1:]
    return min(around, key=lambda point: abs(point[0] - x))


def prepare(series: Series, view: View) -> Line:
    """Make one curve ready."""
    points: Sequence[Point] = [point for point in series.points if math.isfinite(point[0])]
    if any(a[0] > b[0] for a, b in pairwise(points)):
        points = sorted(points, key=lambda point: point[0])
    given = points
    if len(points) > MOST:
        points = thin(points, MOST)
    smoothed: list[Point] = []
    if view.smoothing > 0:
        if series.means:
            means = smooth([m[1] for m in series.means], view.smoothing, [m[2] for m in series.means])
            smoothed = [(m[0], y) for m, y in zip(series.means, means, strict=True)]
        else:
            heights = smooth([point[1] for point in given], view.smoothing)
            smoothed = [(point[0], y) for point, y in zip(given, heights, strict=True)]
            if len(smoothed) > MOST:
                smoothed = thin(smoothed, MOST)
    sound = [point for point in points if math.isfinite(point[1])]
    left_out = sum(point[1] <= 0 for point in sound) if view.log else 0
    if view.log:
        points, smoothed = _logs(points), _logs(smoothed)
    broken = len(points) - len(sound)
    last = (series.last or given[-1]) if sound else None
    return Line(series, tuple(points), tuple(smoothed), tuple(sound), last, left_out, broken)


def _logs(points: Sequence[Point]) -> list[Point]:
    return [(x, math.log10(y) if math.isfinite(y) and y > 0 else math.nan) for x, y in points]


def place(x: float, by: str) -> str:
    """An x in words: step 1,200, or 0:41, or what else x is: false positive rate 0.20."""
    if by == "time":
        return duration(x) if x >= 10 else f"{x:.2g} s"
    return f"{by} {x:,.0f}" if x == int(x) else f"{by} {number(x, 2)}"


def summary(lines: Sequence[Line], by: str, unit: str = "") -> str:
    """Every curve in a sentence: for who cannot see the chart, and to copy."""
    told = []
    for line in lines:
        name, unit_word = safe(line.series.name, 80), f" {unit}" if unit else ""
        if line.last is None or line.best is None:
            told.append(f"{name}: no values.")
            continue
        told.append(
            f"{name}: last {number(line.last[1])}{unit_word} at {place(line.last[0], by)},"
            f" best {number(line.best[1])}{unit_word} at {place(line.best[0], by)}"
            f" ({'lowest' if line.series.lower else 'highest'}), from {number(line.values[0][1])}"
            f" at {place(line.values[0][0], by)}."
        )
    return "\n".join(told)
