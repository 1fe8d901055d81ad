"""A row of eighths, and a bar to an eighth of a cell."""

from __future__ import annotations

import math

from pilothouse.tracking.sparkline import EIGHTHS as EIGHTHS
from pilothouse.tracking.sparkline import sparkline as sparkline


def bar(share: float | None, cells: int) -> str:
    """A progress bar of exactly ``cells`` cells, to an eighth of a cell."""
    if cells <= 0:
        return ""
    done = 0.0 if share is None or math.isnan(share) else min(1.0, max(0.0, share))
    eighths = round(done * cells * 8)
    whole, rest = divmod(eighths, 8)
    partial = "▏▎▍▌▋▊▉"[rest - 1] if rest else ""
    return ("█" * whole + partial).ljust(cells, "░")
