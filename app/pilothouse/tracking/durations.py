"""How a duration is written, in commands and on screens alike."""

from __future__ import annotations

import math

NONE = "–"


def duration(seconds: float | None) -> str:
    """How long something took: 310 ms, 4.5 s, 0:41, 2:13, 1:02:03, 6 d 4 h; ``–`` for none.

    It is cut and not rounded: a clock that runs does not show a minute before it is over.
    """
    if seconds is None or math.isnan(seconds):
        return NONE
    if seconds < 1:
        # A binary fraction may lie a little below the whole millisecond that it stands for.
        return f"{int(max(0.0, seconds) * 1000 + 1e-6)} ms"
    if seconds < 10:
        return f"{int(seconds * 10 + 1e-9) / 10:.1f} s"
    return on_the_clock(seconds)


def on_the_clock(seconds: float) -> str:
    """The same without small units, for what stands in one row: 0:00, 0:04, 0:41, 1:02:03, 6 d 4 h."""
    total = int(max(0.0, min(seconds, 1e12)))
    if total >= 86_400:
        return f"{total // 86_400:,} d {total % 86_400 // 3600} h"
    hours, minutes, rest = total // 3600, total % 3600 // 60, total % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
