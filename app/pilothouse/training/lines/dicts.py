"""A line that is a dict, as Python or JSON prints it."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

from pilothouse.training.lines.metrics_file import flatten
from pilothouse.training.lines.words import names_metric

LONGEST_DICT = 8_192  # characters
_DEEPEST = 20
_STEPS = ("step", "global_step", "iteration", "iter")
_BARE = re.compile(r"(?<=[:\s\[,])([+-]?(?:nan|inf))(?=\s*[,}\]])")
# A structured log's own facts, which are no metrics of a model.
_LOGGED = ("message", "msg", "event", "level", "levelname", "severity")
_FACTS = frozenset(
    "time timestamp ts date pid ppid process thread line lineno levelno port created msecs".split()
)


def read_dict(text: str) -> tuple[dict[str, float], float | None, float | None] | None:
    """Read a dict of numbers: its metrics, its epoch and its step.

    Nested dicts are named with dots. None if the text is no dict, or if none of its names is a metric's: a
    script may print its settings, too.
    """
    text = text.strip()
    if len(text) > LONGEST_DICT or not text.endswith("}") or text.count("{") + text.count("[") > _DEEPEST:
        return None
    value = _json(text)
    if not isinstance(value, dict):
        value = _literal(text)
    if not isinstance(value, dict):
        return None
    found: dict[str, float] = {}
    flatten(_numbers(value), "", found)
    if any(key in value for key in _LOGGED):
        found = {key: one for key, one in found.items() if key.lower() not in _FACTS}
    epoch, step = found.pop("epoch", None), None
    for key in _STEPS:
        if (said := found.pop(key, None)) is not None and step is None:
            step = said
    counted = epoch is not None or step is not None
    if not counted and not any(names_metric(key) for key in found):
        return None
    return found, _count(epoch), _count(step)


def _numbers(value: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Text that is a number counts as one: recent versions of Hugging Face's Trainer print them so."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str | int | float) or len(str(key)) > 200:
            continue
        if isinstance(item, Mapping) and depth < _DEEPEST:
            found[str(key)] = _numbers(item, depth + 1)
        elif isinstance(item, str) and len(item) <= 40:
            try:
                found[str(key)] = float(item)
            except ValueError:
                continue
        else:
            found[str(key)] = item
    return found


def _count(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and abs(value) < 2**53 else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _literal(text: str) -> Any:
    import ast

    try:
        with warnings.catch_warnings():
            # Python warns of odd backslashes in a text that is not its own.
            warnings.simplefilter("ignore")
            return ast.literal_eval(_BARE.sub(r"'\1'", text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
