"""Steps, fractions and exit codes of a run: what may stand for one, and how it is kept."""

from __future__ import annotations

import math
import operator
from typing import Any

MOST_STEP = 2**62
"""Steps reach from minus this to this, so that the next one has room in the store."""


def whole_step(value: Any) -> int:
    """Return a step as a whole number; a float that is whole, or a number of NumPy's, is one too.

    Raises:
        ValueError: it is none, or beyond `MOST_STEP`.
    """
    try:
        step = int(operator.index(value))
    except TypeError:
        number = _float(value)
        if number is None or not number.is_integer():
            raise ValueError(f"A step is a whole number, not {_shown(value)}.") from None
        step = int(number)
    if not -MOST_STEP <= step <= MOST_STEP:
        raise ValueError(f"A step reaches to {MOST_STEP:,}; {_shown(value)} is beyond.")
    return step


def fraction(value: Any) -> float | None:
    """Return how far something is, cut to 0 to 1; None if it is NaN, which nobody knows.

    Raises:
        ValueError: it is no number.
    """
    number = _float(value)
    if number is None:
        raise ValueError(f"Progress is a number from 0 to 1, not {_shown(value)}.")
    return None if math.isnan(number) else min(1.0, max(0.0, number))


def exit_code(value: Any) -> int | None:
    """Return an exit code in the 32 bits that one has (3221225786 is -1073741510); None if it is none."""
    try:
        code = operator.index(value)
    except TypeError:
        return None
    return (code + 2**31) % 2**32 - 2**31 if abs(code) < 2**32 else None


def _float(value: Any) -> float | None:
    # Python would read a text as a number; who logs one has mixed something up.
    if isinstance(value, str | bytes):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
