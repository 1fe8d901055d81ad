"""Why a chart stays blank although it was given curves: it says what is the case, and never that there are
none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pilothouse.tui.widgets.chart_lines import Line


def why_blank(lines: Sequence[Line]) -> str:
    """Say why ``draw_lines`` drew nothing of these; empty where there is not a point that could be drawn."""
    if any(math.isfinite(y) for line in lines for _, y in line.raw):
        heights = [y for line in lines for _, y in line.raw if math.isfinite(y)]
        if not math.isfinite(max(heights) - min(heights)):
            return "These values lie too far apart to be drawn."
        return "Too little room to draw it here."
    if left_out := sum(line.left_out for line in lines):
        return f"A log scale shows nothing of it: {left_out:,} of its values are 0 or less."
    if broken := sum(line.broken for line in lines):
        return f"None of its {broken:,} values is a number (nan, inf)."
    return ""
