"""What a chart draws: curves, each with a name, a colour and a symbol, and how they are looked at."""

from __future__ import annotations

from dataclasses import dataclass

COLOURS = (
    "$accent",
    "$warning",
    "$success",
    "$secondary",
    "$curve5",
    "$curve6",
    "$curve7",
    "$curve8",
)
TONES = ("accent", "watch", "good", "other", "fifth", "sixth", "seventh", "eighth")
"""The tones of words about a curve, in the order of the colours."""
SYMBOLS = "●▲■▼○△□▽+×*#%&@ABCDE"
"""Twenty, as many as runs can be compared: no two curves of a chart have to be told apart by colour."""


def look(n: int) -> tuple[str, str]:
    """The colour and the symbol of the ``n``-th curve, from 0; only the colours repeat before the 20th."""
    return COLOURS[n % len(COLOURS)], SYMBOLS[n % len(SYMBOLS)]


@dataclass(frozen=True, slots=True)
class Series:
    """One curve.

    Attributes:
        name: what the legend calls it.
        points: ``(x, y)``; x is a step, or seconds, as the chart is told. A y that is not finite breaks the
            line. Any number of them.
        colour, symbol: as ``look`` gives them.
        means: ``(x, mean, count)`` where ``points`` are only the extremes of a longer curve (see
            ``tracking.curves``): these are smoothed in their place.
        lower: whether less of it is better: its best is its smallest value.
        quiet: draw it dimmed, as context.
        last: what the legend calls its last point, if that is not the end of the curve.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = COLOURS[0]
    symbol: str = SYMBOLS[0]
    means: tuple[tuple[float, float, int], ...] = ()
    lower: bool = False
    quiet: bool = False
    last: tuple[float, float] | None = None


COUNTED = ("step", "trial")
"""What x may be that comes in whole numbers, one after the other."""


@dataclass(frozen=True, slots=True)
class View:
    """How the curves are looked at.

    Attributes:
        low, high: the window of x; None for all of it.
        cursor: the x whose values are read out; None for no cursor.
        smoothing: weight of the moving average, 0 to 0.99.
        log: whether y is drawn by its logarithm.
        by: what x is: ``step`` or ``trial``, ``time`` (seconds), or the name of something else.
        unit: of y, such as ``%``; empty where there is none.
    """

    low: float | None = None
    high: float | None = None
    cursor: float | None = None
    smoothing: float = 0.0
    log: bool = False
    by: str = "step"
    unit: str = ""
