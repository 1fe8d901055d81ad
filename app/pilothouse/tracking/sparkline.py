"""A row of eighths: the shape of a short series in a few cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

EIGHTHS = "▁▂▃▄▅▆▇█"


def sparkline(
    values: Sequence[float | None], cells: int, *, low: float | None = None, high: float | None = None
) -> str:
    """Return ``values`` as at most ``cells`` characters, the last on the right; a gap is a blank.

    ``low`` fixes the floor (0 for counts) and ``high`` the ceiling, so that several can be compared;
    otherwise they are the smallest and the largest value. A flat series is drawn low, not high.
    """
    shown = list(values)[-cells:] if cells > 0 else []
    real = [v for v in shown if v is not None and math.isfinite(v)]
    if not real:
        return ""
    floor = min(real) if low is None else low
    reach = (max(real) if high is None else high) - floor
    out = []
    for value in shown:
        if value is None or not math.isfinite(value):
            out.append(" ")
        else:
            share = (value - floor) / reach if reach > 0 else 0.0
            out.append(EIGHTHS[max(0, min(7, int(share * 7.999)))])
    return "".join(out)


def resampled(
    points: Sequence[tuple[float, float]], low: float, high: float, cells: int
) -> list[float | None]:
    """Return what points (x, y), in the order of x, are at the middle of so many stretches from ``low`` to
    ``high``: between two points on the line from one to the other, outside of them nothing."""
    found: list[float | None] = []
    n = 0
    for cell in range(cells):
        x = low + (high - low) * (cell + 0.5) / cells
        while n < len(points) and points[n][0] < x:
            n += 1
        if n < len(points) and (n > 0 or points[0][0] == x):
            (x0, y0), (x1, y1) = points[max(0, n - 1)], points[n]
            found.append(y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        else:
            found.append(None)
    return found
