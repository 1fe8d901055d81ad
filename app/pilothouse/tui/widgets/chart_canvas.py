"""A canvas of braille dots, and curves made fit to be drawn on it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
Point = tuple[float, float]


class Canvas:
    """Dots, four high and two wide in a cell; each cell remembers which curve drew there last."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[0] * columns for _ in range(rows)]
        self.owner = [[-1] * columns for _ in range(rows)]
        self.path: dict[int, dict[int, int]] = {}
        """Curve -> column -> the row in which the curve left that column."""

    def dot(self, x: int, y: int, owner: int) -> None:
        """Set one dot; (0, 0) is the top left."""
        if 0 <= x < self.columns * 2 and 0 <= y < self.rows * 4:
            self.cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
            self.owner[y // 4][x // 2] = owner
            self.path.setdefault(owner, {})[x // 2] = y // 4

    def stroke(self, x0: int, y0: int, x1: int, y1: int, owner: int) -> None:
        """Set the dots of a straight line."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for n in range(steps + 1):
            self.dot(round(x0 + (x1 - x0) * n / steps), round(y0 + (y1 - y0) * n / steps), owner)


def window(points: Sequence[Point], low: float, high: float) -> list[Point]:
    """Return the points from ``low`` to ``high`` of points that are ordered by x, with the curve's height at
    both edges where it goes on beyond them."""
    if low == high:
        return [point for point in points if point[0] == low]
    start = bisect_left(points, low, key=lambda point: point[0])
    end = bisect_right(points, high, key=lambda point: point[0])
    inside = list(points[start:end])
    if start > 0 and start < len(points) and (left := _between(points[start - 1], points[start], low)):
        inside.insert(0, left)
    if 0 < end < len(points) and (right := _between(points[end - 1], points[end], high)):
        inside.append(right)
    return inside


def _between(before: Point, after: Point, x: float) -> Point | None:
    if not (before[0] < x < after[0] and math.isfinite(before[1]) and math.isfinite(after[1])):
        return None
    share = (x - before[0]) / (after[0] - before[0])
    # Not before + share * difference: the difference of two huge numbers may be infinite.
    return x, before[1] * (1 - share) + after[1] * share


def pieces(points: Iterable[Point]) -> list[list[Point]]:
    """Cut a curve where a value is not finite."""
    found: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            found[-1].append(point)
        elif found[-1]:
            found.append([])
    return [piece for piece in found if piece]


def by_column(dots: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep of the dots in a column, which follow each other, the first, the extremes and the last."""
    out: list[tuple[int, int]] = []
    column: list[int] = []
    at: int | None = None

    def close() -> None:
        if at is not None:
            keep = (column[0], min(column), max(column), column[-1])
            heights = [height for n, height in enumerate(keep) if n == 0 or height != keep[n - 1]]
            out.extend((at, height) for height in heights)

    for x, y in dots:
        if x != at:
            close()
            at, column = x, []
        column.append(y)
    close()
    return out
