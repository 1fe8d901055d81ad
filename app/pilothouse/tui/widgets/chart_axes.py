"""Axes: where ticks stand, and what is written beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise

from pilothouse.tracking.durations import on_the_clock

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def nice_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return up to ``most`` round numbers from ``low`` to ``high``, evenly spaced by 1, 2 or 5 times a power
    of ten.

    After Heckbert, *Nice numbers for graph labels*, Graphics Gems, 1990, with the ticks kept inside.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or most < 1 or high < low:
        return ()
    across = high - low
    # A power of ten below the least number that there is in full would be none.
    tiny = across <= max(abs(low), abs(high)) * 1e-13 or across / most < sys.float_info.min
    if across == 0 or not math.isfinite(across) or tiny:
        return (low,) if low == high or most < 2 else (low, high)
    power = 10.0 ** math.floor(math.log10(across / most))
    if power == 0 or not math.isfinite(power):
        return (low, high)[:most]
    for factor in (1.0, 2.0, 5.0, 10.0, 20.0, 50.0):
        found = _multiples(low, high, power * factor)
        if 1 <= len(found) <= most:
            return found
    return (low,)


def _multiples(low: float, high: float, step: float) -> tuple[float, ...]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 1000:
        return ()
    found = (min(high, max(low, n * step)) for n in range(first, last + 1))
    return tuple(dict.fromkeys(found))


def time_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Like ``nice_ticks`` for seconds: by minutes, quarters of hours, hours and days."""
    for step in _SECONDS:
        if high - low >= step and 1 <= len(found := _multiples(low, high, step)) <= most:
            return found
    if high - low >= _SECONDS[-1]:
        return tuple(day * 86400 for day in nice_ticks(low / 86400, high / 86400, most))
    return nice_ticks(low, high, most)


def log_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return up to ``most`` numbers from ``low`` to ``high`` (both above 0): powers of ten, or 1, 2 and 5
    times them, or just round numbers where even those are too far apart."""
    if not 0 < low <= high or not math.isfinite(high) or most < 1:
        return ()
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 1:
        stride = max(1, math.ceil((last - first + 1) / most))
        powers = [10.0**n for n in range(first, last + 1) if n % stride == 0 and n > -308]
        inside = tuple(min(high, max(low, power)) for power in powers)
        if len(inside) > 1 or most < 2:
            return inside[:most]
    fine = [
        factor * 10.0**n
        for n in range(max(-307, first - 1), min(307, last) + 1)
        for factor in (1, 2, 5)
        if low <= factor * 10.0**n <= high
    ]
    if 1 < len(fine) <= most:
        return tuple(fine)
    return nice_ticks(low, high, most)


def labels(ticks: Sequence[float]) -> list[str]:
    """Write evenly spaced numbers with just the digits that tell them apart: 0.70, 0.75; 20k; 1.5e-07."""
    if not ticks:
        return []
    gap = min((abs(b - a) for a, b in pairwise(ticks)), default=0.0)
    top = max(abs(tick) for tick in ticks)
    if top == 0:
        return ["0"] * len(ticks)
    if not gap:
        return [f"{ticks[0]:.7g}"] * len(ticks)
    if top < 1e-3 or top >= 1e12:
        digits = min(12, max(0, math.floor(math.log10(top)) - math.floor(math.log10(gap) + 1e-9)))
        return ["0" if tick == 0 else f"{tick:.{digits}e}" for tick in ticks]
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if top >= size:
            per = 1000.0 if letter == "k" else size
            digits = _digits(gap / per)
            if digits <= 2:
                return ["0" if tick == 0 else f"{tick / per:.{digits}f}{letter}" for tick in ticks]
    return [f"{tick:,.{min(12, _digits(gap))}f}" for tick in ticks]


def log_labels(ticks: Sequence[float]) -> list[str]:
    """Write numbers of different sizes, each for itself: 1e-05, 0.01, 20, 10k."""
    return [f"{tick:g}" if tick < 1e4 else labels([tick, 0.0])[0] for tick in ticks]


def time_labels(ticks: Sequence[float]) -> list[str]:
    """Write seconds as 0:30, 1:05:00, 2 d 0 h; below a second as 0.2 s."""
    if any(tick != int(tick) for tick in ticks):
        return [f"{text} s" for text in labels(ticks)]
    return [("−" if tick < 0 else "") + on_the_clock(abs(tick)) for tick in ticks]


def _digits(gap: float) -> int:
    return max(0, -math.floor(math.log10(gap) + 1e-9)) if gap > 0 else 0


_UNITS = {"percent": "%", "mb": "MB", "gb": "GB", "ms": "ms", "seconds": "s", "secs": "s", "bytes": "B"}


def unit_of(metric: str) -> str:
    """The unit that the end of a metric's name says: ``system/cpu_percent`` is in %, ``p99_ms`` in ms."""
    return _UNITS.get(metric.lower().replace("/", "_").rpartition("_")[2], "")
