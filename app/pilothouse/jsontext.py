"""JSON that survives numbers JSON has no word for.

NaN and the infinities are not JSON: DuckDB and every other reader would choke on Python's bare `NaN`.
They are written as the texts "NaN", "Infinity", "-Infinity".
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

# `json.dumps` with options makes an encoder at every call, and a point of a metric is logged in microseconds.
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str, ensure_ascii=False).encode


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def dumps(value: Any) -> str:
    """Return compact JSON; what JSON cannot say (a date, a path) becomes its text."""
    try:
        return _encode(value)
    except ValueError:
        return _encode(_plain(value))


def loads(text: str | bytes | None) -> Any:
    """Read JSON; None stays None."""
    return None if text is None else json.loads(text)


def as_number(value: Any) -> float:
    """Turn a number, or one of the three texts above, into a float.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity"):
        raise ValueError(f"{value[:40]!r} is not a number")
    return float(value)


def numbers_again(tree: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the fields of a tree that are numbers, as numbers: JSON has some of them as the texts above.

    Args:
        tree: as it was read; a field may be missing, None, a number or a list of numbers.
        names: the fields.

    Raises:
        ValueError: one is something else.
    """
    found: dict[str, Any] = {}
    for name in names:
        value = tree.get(name)
        if isinstance(value, list | tuple):
            found[name] = tuple(as_number(one) if isinstance(one, str) else one for one in value)
        elif value is not None:
            found[name] = as_number(value) if isinstance(value, str) else value
    return found
