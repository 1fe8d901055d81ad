"""When a text is a number: of a parameter as it is kept, taken over or looked for, and in a search."""

from __future__ import annotations

import math
import re

_NUMERAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NAMED = {"nan": math.nan, "inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "infinity": math.inf}


def number_of(text: str) -> float | None:
    """Return the number that a text is, `nan` and `inf` among them; None if it is none.

    Python's `float` reads more: to it 2024_01_15 is 20240115, and digits of every script are digits.
    """
    text = text.strip()
    if _NUMERAL.fullmatch(text):
        return float(text)
    return _NAMED.get(text.lower())


def finite_number_of(text: str) -> float | None:
    """Return the number that a text is if it is finite: what is kept beside a parameter's text."""
    number = number_of(text)
    return number if number is not None and math.isfinite(number) else None
