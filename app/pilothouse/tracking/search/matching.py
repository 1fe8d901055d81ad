"""Whether one run matches, in plain Python: the meaning that the SQL must agree with."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.nodes import (
    Among,
    And,
    Compare,
    Field,
    Missing,
    Moment,
    Node,
    Not,
    Number,
    Or,
    Text,
    Value,
    Word,
)
from pilothouse.tracking.search.times import sure_moment

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

WORD_COLUMNS = ("name", "run_id", "status", "recipe", "model", "command")
"""Where a word is searched for, besides parameters and tags."""

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(node: Node | None, run: Run, now: datetime | None = None) -> bool:
    """Tell whether a run matches a search.

    Args:
        node: the search; None matches everything.
        run: the run, with its parameters, tags and metrics.
        now: what relative times count from; the present unless given.
    """
    now = now or datetime.now(UTC)
    match node:
        case None:
            return True
        case Word(value):
            return _occurs(value, run)
        case Not(item):
            return not matches(item, run, now)
        case And(items):
            return all(matches(item, run, now) for item in items)
        case Or(items):
            return any(matches(item, run, now) for item in items)
        case Missing(field, negated):
            return (_found(field, run, now) is None) != negated
        case Among(field, values, negated):
            found = _found(field, run, now)
            return found is not None and any(_equal(found, value, now) for value in values) != negated
        case Compare(field, sign, value):
            found = _found(field, run, now)
            return found is not None and _compare(found, sign, value, now)


def lower(text: str) -> str:
    """Turn each letter small by itself, as the store does: none becomes two, a final sigma is no other."""
    return "".join(char.lower()[0] for char in text)


def _occurs(word: str, run: Run) -> bool:
    word = lower(word)
    texts = [getattr(run, column) for column in WORD_COLUMNS]
    texts += [f"{key}={value}" for keyed in (run.params, run.tags) for key, value in keyed.items()]
    return any(word in lower(text) for text in texts)


def _found(field: Field, run: Run, now: datetime) -> Any:
    """Return what the run has: a text, a number, a time, or None."""
    if field.section == "metrics":
        summary = run.summaries.get(field.key)
        return None if summary is None else getattr(summary, which_column(field))
    if field.section == "params":
        return run.params.get(field.key)
    if field.section == "tags":
        return run.tags.get(field.key)
    attribute = BY_NAME[field.key]
    if attribute.kind == "seconds":
        return run.seconds_until(now)
    value = getattr(run, attribute.column)
    # The store knows no difference between a text that is empty and one that was never given.
    return None if value == "" else value


def which_column(field: Field) -> str:
    """Return the column of a metric's summary that a field means."""
    if field.which == "best":
        return "min" if lower_is_better(field.key) else "max"
    return field.which


def _number(found: Any) -> float | None:
    """Return a found value as a number; a parameter, which is a text, only if it reads as a finite one."""
    if isinstance(found, str):
        return finite_number_of(found)
    return None if found is None else float(found)


def _equal(found: Any, value: Value, now: datetime) -> bool:
    match value:
        case Text(text):
            return bool(found == text)
        case Number(number):
            left = _number(found)
            # Unlike elsewhere NaN equals NaN here, so that diverged runs can be found.
            return left is not None and (left == number or (math.isnan(left) and math.isnan(number)))
        case Moment(text):
            start, end = sure_moment(text, now)
            return bool(start <= found < end or found == start)


def _compare(found: Any, sign: str, value: Value, now: datetime) -> bool:
    if sign in ("=", "!="):
        return _equal(found, value, now) == (sign == "=")
    if "LIKE" in sign:
        assert isinstance(value, Text), "the parser lets LIKE have texts only"
        return like(found, value.value, "ILIKE" in sign) != sign.startswith("NOT")
    order = _ORDER[sign]
    match value:
        case Text(text):
            return order(found, text)
        case Number(number):
            left = _number(found)
            return left is not None and order(left, number)
        case Moment(text):
            return order(found, sure_moment(text, now)[0])


def like(text: str, pattern: str, any_case: bool) -> bool:
    """Match as SQL does: % is any text, _ any one character, everything else itself."""
    if any_case:
        text, pattern = lower(text), lower(pattern)
    expression = "".join(
        ".*" if char == "%" else "." if char == "_" else re.escape(char)
        for char in re.sub("%+", "%", pattern)
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None
