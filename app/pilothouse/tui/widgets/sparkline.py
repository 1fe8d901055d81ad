"""A row of eighths: the shape of a short series in a few cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

EIGHTHS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], cells: int, *, low: float | None = None) -> str:
    """Return ``values`` as at most ``cells`` characters, the last on the right; a gap is a blank.

    ``low`` fixes the floor (0 for counts); otherwise the smallest value is the floor. A flat series is
    drawn low, not high.
    """
    shown = list(values)[-cells:] if cells > 0 else []
    real = [v for v in shown if v is not None and math.isfinite(v)]
    if not real:
        return ""
    floor = min(real) if low is None else low
    reach = max(real) - floor
    out = []
    for value in shown:
        if value is None or not math.isfinite(value):
            out.append(" ")
        else:
            out.append(EIGHTHS[0 if reach <= 0 else min(7, int((value - floor) / reach * 7.999))])
    return "".join(out)


def bar(share: float | None, cells: int) -> str:
    """A progress bar of exactly ``cells`` cells, to an eighth of a cell."""
    if cells <= 0:
        return ""
    done = 0.0 if share is None or math.isnan(share) else min(1.0, max(0.0, share))
    eighths = round(done * cells * 8)
    whole, rest = divmod(eighths, 8)
    partial = "▏▎▍▌▋▊▉"[rest - 1] if rest else ""
    return ("█" * whole + partial).ljust(cells, "░")
