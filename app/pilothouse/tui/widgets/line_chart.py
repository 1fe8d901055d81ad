"""A line chart in braille: up to a handful of labelled series over one axis, with ticks in the units of the
data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from pilothouse.tui.text import fit, number, safe, width

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
COLOURS = ("$accent", "$warning", "$success", "$secondary")


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: ``points`` as (x, y), drawn in ``style``."""

    label: str
    points: tuple[tuple[float, float], ...]
    style: str = "$accent"


def _bounds(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.05 or 0.5
        return low - pad, high + pad
    return low, high


class _Canvas:
    """Dots, four high and two wide in a cell; each cell remembers which series drew there last."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[0] * columns for _ in range(rows)]
        self.owner = [[-1] * columns for _ in range(rows)]

    def dot(self, x: int, y: int, owner: int) -> None:
        """Set one dot; (0, 0) is the top left."""
        if 0 <= x < self.columns * 2 and 0 <= y < self.rows * 4:
            self.cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
            self.owner[y // 4][x // 2] = owner

    def stroke(self, x0: int, y0: int, x1: int, y1: int, owner: int) -> None:
        """Set the dots of a straight line."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for n in range(steps + 1):
            self.dot(round(x0 + (x1 - x0) * n / steps), round(y0 + (y1 - y0) * n / steps), owner)


def _thin(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Keep the extremes of each of ``most`` stretches, so that a spike of a long curve stays visible."""
    if len(points) <= 2 * most:
        return list(points)
    out: list[tuple[float, float]] = []
    stride = len(points) / most
    for n in range(most):
        part = points[int(n * stride) : max(int(n * stride) + 1, int((n + 1) * stride))]
        ends = {part.index(min(part, key=lambda p: p[1])), part.index(max(part, key=lambda p: p[1]))}
        out.extend(part[i] for i in sorted(ends))
    return [points[0], *out, points[-1]]


def draw_chart(series: Sequence[Series], columns: int, rows: int, *, x_label: str = "step") -> Content:
    """Return the chart as ``rows`` lines of ``columns`` cells: curves, a y axis with three ticks, an x
    axis, a legend."""
    kept = [
        Series(s.label, tuple(p for p in s.points if math.isfinite(p[0]) and math.isfinite(p[1])), s.style)
        for s in series
    ]
    kept = [s for s in kept if s.points]
    if not kept or columns < 16 or rows < 4:
        return Content("")
    x_low, x_high = _bounds([p[0] for s in kept for p in s.points])
    y_low, y_high = _bounds([p[1] for s in kept for p in s.points])
    if len({p[0] for s in kept for p in s.points}) == 1:
        x_low, x_high = kept[0].points[0][0], kept[0].points[0][0] + 1
    if not math.isfinite(y_high - y_low) or not math.isfinite(x_high - x_low):
        return Content("")
    height = rows - 2
    ticks = {
        0: number(y_high),
        height // 2: number(y_high - (y_high - y_low) * (height // 2) / max(1, height - 1)),
        height - 1: number(y_low),
    }
    margin = max(width(t) for t in ticks.values())
    across = columns - margin - 1
    if across < 8:
        return Content("")
    canvas = _Canvas(across, height)
    for owner, one in enumerate(kept):
        dots = [
            (
                round((x - x_low) / (x_high - x_low) * (across * 2 - 1)),
                round((y_high - y) / (y_high - y_low) * (height * 4 - 1)),
            )
            for x, y in _thin(one.points, across * 2)
        ]
        for (x0, y0), (x1, y1) in zip(dots, dots[1:] or dots, strict=False):
            canvas.stroke(x0, y0, x1, y1, owner)
    out: list[Content] = []
    for y in range(height):
        parts: list[str | tuple[str, str]] = [
            (fit(ticks.get(y, ""), margin, "right") + ("┤" if y in ticks else "│"), "$dim")
        ]
        for x in range(across):
            owner = canvas.owner[y][x]
            parts.append((chr(0x2800 + canvas.cells[y][x]), kept[owner].style) if owner >= 0 else " ")
        out.append(Content.assemble(*parts))
    left, right = _x(x_low), f"{_x(x_high)} {safe(x_label)}"
    axis = (
        left + fit(" " + right, across - width(left), "right")
        if across > width(left) + 2
        else fit(left, across)
    )
    out.append(Content.assemble((" " * margin + "└" + axis, "$dim")))
    room = max(4, (columns - margin - 1) // len(kept) - 4)
    legend: list[str | tuple[str, str]] = [" " * (margin + 1)]
    for one in kept:
        legend += [
            ("━ ", one.style),
            (fit(safe(one.label), min(room, width(safe(one.label)))) + "  ", "$dim"),
        ]
    out.append(Content.assemble(*legend))
    return Content("\n").join(out)


def _x(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else number(value, 2)


class LineChart(Static):
    """The chart drawn to the size it is given; ``show`` takes other curves."""

    DEFAULT_CSS = "LineChart { height: 1fr; }"

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._series: tuple[Series, ...] = ()
        self._empty = empty
        self._x_label = "step"

    def show(self, series: Sequence[Series], *, x_label: str = "step", empty: str | None = None) -> None:
        """Draw these curves."""
        said = self._empty if empty is None else empty
        if (tuple(series), x_label, said) == (self._series, self._x_label, self._empty):
            return
        self._series, self._x_label, self._empty = tuple(series), x_label, said
        self._draw()

    def on_resize(self) -> None:
        """Draw again to fit."""
        self._draw()

    def _draw(self) -> None:
        chart = draw_chart(
            self._series, self.content_size.width, self.content_size.height, x_label=self._x_label
        )
        self.update(chart if chart.plain else Content.assemble((safe(self._empty), "$dim")))
