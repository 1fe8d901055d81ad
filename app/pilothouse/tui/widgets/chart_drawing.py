"""Drawing a chart: curves, axes with ticks, a legend that says last and best or what is under the cursor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from textual.content import Content

from pilothouse.tui.text import fit, number, safe, width
from pilothouse.tui.widgets.chart_axes import (
    labels,
    log_labels,
    log_ticks,
    nice_ticks,
    time_labels,
    time_ticks,
)
from pilothouse.tui.widgets.chart_canvas import Canvas, Point, by_column, pieces, window
from pilothouse.tui.widgets.chart_lines import Line, nearest, place, prepare
from pilothouse.tui.widgets.curves import COUNTED, Series, View

Cells = list[tuple[str, str]]
APART = 18
"""Columns between two symbols on a curve."""


def draw_chart(
    series: Sequence[Series], columns: int, rows: int, view: View | None = None, **how: object
) -> Content:
    """Return the chart as at most ``rows`` lines of ``columns`` cells; empty content if there is nothing to
    draw or no room. ``how`` are fields of the view."""
    view = view or View(**how)  # type: ignore[arg-type]
    return draw_lines([prepare(one, view) for one in series], columns, rows, view)


def x_range(lines: Sequence[Line]) -> tuple[float, float] | None:
    """The smallest and largest x of all points that can be drawn; None if there are none."""
    xs = [p[0] for line in lines for p in line.raw if math.isfinite(p[1])]
    return (min(xs), max(xs)) if xs else None


def draw_lines(lines: Sequence[Line], columns: int, rows: int, view: View) -> Content:
    """Like ``draw_chart``, of curves that are ready."""
    everything = x_range(lines)
    if everything is None or columns < 16 or rows < 4:
        return Content("")
    low, high = everything if view.low is None or view.high is None else (view.low, view.high)
    if low == high:
        pad = 0.5 if abs(low) < 1e12 else abs(low) / 1000
        low, high = low - pad, high + pad
    seen = [(window(line.raw, low, high), window(line.smoothed, low, high)) for line in lines]
    heights = [p[1] for pair in seen for points in pair for p in points if math.isfinite(p[1])]
    bottom, top = _bounds(heights) if heights else (0.0, 1.0)
    if not math.isfinite(top - bottom) or not math.isfinite(high - low):
        return Content("")
    above = state_words(lines, view, everything)
    below = _legend(lines, columns, max(1, rows // 3), view)
    deep = rows - len(below) - bool(above) >= 7
    height = rows - len(below) - bool(above) - (2 if deep else 1)
    if height < 1:
        return Content("")
    ticks = _y_ticks(bottom, top, height, view)
    margin = max(width(text) for text in ticks.values())
    across = columns - margin - 1
    if across < 8:
        return Content("")

    def column(x: float) -> float:
        return (x - low) / (high - low) * (across * 2 - 1)

    def row(y: float) -> int:
        return round((top - y) / (top - bottom) * (height * 4 - 1))

    canvas = Canvas(across, height)
    for n, (raw, smoothed) in enumerate(seen):
        if smoothed:
            _trace(canvas, raw, column, row, len(lines) + n)
    for n, (raw, smoothed) in enumerate(seen):
        _trace(canvas, smoothed or raw, column, row, n)
    cursor = None
    if view.cursor is not None and low <= view.cursor <= high:
        cursor = min(across - 1, round(column(view.cursor)) // 2)
    out: list[Content] = [Content.assemble((fit(above, columns), "$dim"))] if above else []
    marks = [
        {round(column(x)) // 2: row(y) // 4 for x, y in line.main if low <= x <= high and math.isfinite(y)}
        for line in lines
    ]
    signs = _signs(canvas, marks)
    for y in range(height):
        cells: Cells = [(fit(ticks.get(y, ""), margin, "right") + ("┤" if y in ticks else "│"), "$dim")]
        for x in range(across):
            cells.append(_cell(canvas, signs, lines, x, y, x == cursor))
        out.append(_joined(cells))
    out += _x_axis(low, high, across, margin, deep, view, lambda x: round(column(x)) // 2)
    return Content("\n").join([*out, *below])


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.05 or 0.5
        return low - pad, high + pad
    return low, high


def _trace(
    canvas: Canvas,
    points: Sequence[Point],
    column: Callable[[float], float],
    row: Callable[[float], int],
    owner: int,
) -> None:
    for piece in pieces(points):
        dots = by_column((round(column(x)), row(y)) for x, y in piece)
        for (x0, y0), (x1, y1) in zip(dots, dots[1:] or dots, strict=False):
            canvas.stroke(x0, y0, x1, y1, owner)


def _signs(canvas: Canvas, cells: Sequence[dict[int, int]]) -> dict[tuple[int, int], int]:
    """Cells in which a curve's symbol stands: only where it has a point, on its last, and some on the way.

    Args:
        canvas: the curves as they are drawn.
        cells: of each curve, the columns in which it has a point, in order, and the rows of these points.
    """
    found: dict[tuple[int, int], int] = {}
    for n, here in enumerate(cells):
        few, stop = len(here) <= canvas.columns // APART, (n * 7) % APART
        for x, y in here.items():
            if not 0 <= y < canvas.rows or canvas.owner[y][x] != n:
                continue
            if few or x >= stop:
                found[x, y] = n
                stop += APART * ((x - stop) // APART + 1) if x >= stop else 0
        if here:
            last = max(here)
            found[last, min(canvas.rows - 1, max(0, here[last]))] = n
    return found


def _cell(
    canvas: Canvas, signs: dict[tuple[int, int], int], lines: Sequence[Line], x: int, y: int, cursor: bool
) -> tuple[str, str]:
    if (n := signs.get((x, y))) is not None:
        return lines[n].series.symbol, _style(lines[n].series)
    owner = canvas.owner[y][x]
    if owner < 0:
        return ("│", "$dim") if cursor else (" ", "")
    if owner >= len(lines):
        return chr(0x2800 + canvas.cells[y][x]), "$curve-raw"
    return chr(0x2800 + canvas.cells[y][x]), _style(lines[owner].series)


def _style(series: Series) -> str:
    return "$dim" if series.quiet else series.colour


def _joined(cells: Cells) -> Content:
    """Content of the cells, with one span for neighbours of one style."""
    parts: Cells = []
    for text, style in cells:
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + text, style)
        else:
            parts.append((text, style))
    return Content.assemble(*parts)


def _y_ticks(bottom: float, top: float, height: int, view: View) -> dict[int, str]:
    most = height if height <= 2 else max(2, height // 2) if height <= 10 else height // 3 + 1
    if view.log:
        low, high = 10.0**bottom if bottom > -307 else 0.0, 10.0 ** min(top, 308)
        ticks = log_ticks(low, high, most)
        places, texts = [math.log10(tick) for tick in ticks if tick > 0], log_labels(ticks)
    else:
        ticks = nice_ticks(bottom, top, most)
        places, texts = list(ticks), labels(ticks)
    if not ticks:
        places, texts = [bottom], [number(bottom)]
    if view.unit:
        texts = [text + view.unit for text in texts]
    dots = height * 4 - 1
    rows = (round((top - p) / (top - bottom) * dots) // 4 for p in places)
    return {max(0, min(height - 1, row)): text for row, text in zip(rows, texts, strict=False)}


def _x_axis(
    low: float, high: float, across: int, margin: int, deep: bool, view: View, column: Callable[[float], int]
) -> list[Content]:
    most = max(2, across // 12)
    ticks = time_ticks(low, high, most) if view.by == "time" else nice_ticks(low, high, most)
    if view.by in COUNTED:
        # There is no half a step.
        ticks = tuple(tick for tick in ticks if tick == int(tick)) or ticks
    texts = time_labels(ticks) if view.by == "time" else labels(ticks)
    name = view.by
    if view.by == "time":
        name = "time since the start" if across >= 50 else "time"
    rule, under = ["─"] * across, [" "] * (across + margin + 1)
    if not deep and across >= 20:
        # There is no line of its own for it.
        under[-width(name) :] = name
    taken = -1
    for tick, text in zip(ticks, texts, strict=True):
        at = max(0, min(across - 1, column(tick)))
        rule[at] = "┬"
        start = max(0, min(margin + 1 + at - len(text) // 2, len(under) - len(text)))
        room = under[start : start + len(text) + 1]
        if start > taken and len(text) <= len(under) and all(cell == " " for cell in room):
            under[start : start + len(text)] = text
            taken = start + len(text)
    axis = "".join(rule)
    if deep and across > width(name) + 10:
        axis = axis[: -width(name) - 1] + " " + name
    rows = [" " * margin + "└" + axis, "".join(under)] if deep else ["".join(under)]
    return [Content.assemble((row, "$dim")) for row in rows]


def state_words(lines: Sequence[Line], view: View, everything: tuple[float, float]) -> str:
    """What is not as usual: smoothing, a log scale and what it leaves out, the window, broken values."""
    told = []
    if view.low is not None and view.high is not None:
        ends = (view.low, view.high)
        if view.by in COUNTED and view.high - view.low >= 10:
            ends = (round(view.low), round(view.high))
        low, high = place(ends[0], view.by), place(ends[1], view.by).removeprefix(f"{view.by} ")
        told.append(f"{low} to {high} of {place(everything[1], view.by).removeprefix('step ')}")
    if view.smoothing:
        told.append(f"smoothed {view.smoothing:g}, as logged in grey")
    if view.log:
        left_out = sum(line.left_out for line in lines)
        told.append("log scale" + (f", {left_out:,} of 0 or less left out" if left_out else ""))
    if broken := sum(line.broken for line in lines):
        told.append(f"▲ {broken:,} no number (nan, inf)")
    return "   ".join(told)


def _legend(lines: Sequence[Line], columns: int, most: int, view: View) -> list[Content]:
    if view.cursor is not None:
        return _packed(lines, columns, most, [_at_cursor(line, view) for line in lines], _where(view))
    if len(lines) <= most and columns >= 40:
        names = [fit(safe(line.series.name), min(columns // 2, 44)).rstrip() for line in lines]
        wide = max(width(name) for name in names)
        return [
            Content.assemble(
                (f" {line.series.symbol} ", _style(line.series)),
                fit(name, wide),
                (_told(line, view, max(0, columns - wide - 3)), "$dim"),
            )
            for line, name in zip(lines, names, strict=True)
        ]
    return _packed(lines, columns, most, [""] * len(lines), "")


def _told(line: Line, view: View, room: int) -> str:
    """As much as fits of the last value, the best, and where that was."""
    if line.last is None or line.best is None:
        return fit("  no values", room).rstrip()
    if view.by not in (*COUNTED, "time"):
        return ""  # A ROC curve has no last value and no best.
    last = f"  last {_value(line.last[1], view)}"
    best = f"{last}  best {_value(line.best[1], view)}"
    every = f"{best} at {place(line.best[0], view.by)}"
    return next((told for told in (every, best, last) if width(told) <= room), "")


def _value(value: float, view: View) -> str:
    return number(value) + (f" {view.unit}" if view.unit else "")


def _where(view: View) -> str:
    return place(view.cursor, view.by) if view.cursor is not None else ""


def _at_cursor(line: Line, view: View) -> str:
    point = line.near(view.cursor) if view.cursor is not None else None
    if point is None:
        return "–"
    told = _value(point[1], view)
    if line.smoothed:
        height = nearest(line.smoothed, point[0])[1]
        if math.isfinite(height):
            told += f" (~{number(10.0**height if view.log else height)})"
    return told


def _packed(
    lines: Sequence[Line], columns: int, most: int, values: Sequence[str], lead: str
) -> list[Content]:
    """As many curves a line as fit; what does not fit is counted."""
    rows: list[list[str | tuple[str, str]]] = [[(f" {lead}  ", "bold") if lead else " "]]
    used = width(lead) + 3 if lead else 1
    for n, (line, value) in enumerate(zip(lines, values, strict=True)):
        name = fit(safe(line.series.name), min(max(6, columns // 3), width(safe(line.series.name))))
        cells = 2 + width(name) + (1 + width(value) if value else 0) + 2
        if used + cells > columns and used > 1:
            if len(rows) >= most:
                more = f"+{len(lines) - n}"
                if used + len(more) <= columns:
                    rows[-1].append((more, "$dim"))
                break
            rows.append([" "])
            used = 1
        rows[-1] += [(f"{line.series.symbol} ", _style(line.series)), (name, "$dim")]
        rows[-1].append(f" {value}  " if value else "  ")
        used += cells
    return [Content.assemble(*row).truncate(columns) for row in rows]
