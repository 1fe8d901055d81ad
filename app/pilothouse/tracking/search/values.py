"""From what is written after an operator to a value of the field's kind."""

from __future__ import annotations

from datetime import datetime

from pilothouse.tracking.numerals import number_of
from pilothouse.tracking.search.fields import kind_of
from pilothouse.tracking.search.nodes import Field, Moment, Number, Span, Text, Value
from pilothouse.tracking.search.times import DURATION_EXAMPLES, MOMENT_EXAMPLES, moment_of, seconds_of
from pilothouse.tracking.statuses import ALSO_CALLED

_ORDERING = ("<", "<=", ">", ">=")


def value_of(field: Field, operator: str, raw: str, quoted: bool, span: Span, now: datetime) -> Value | str:
    """Return the value, or the sentence that says why there is none.

    Args:
        field: what it is compared with.
        operator: how; `IN` for an item of a list.
        raw: the text without quotes.
        quoted: whether it stood in quotes.
        span: where it stood.
        now: the present.
    """
    kind = kind_of(field)
    if "LIKE" in operator:
        if kind in ("text", "either"):
            return Text(raw, span)
        return f"{operator} compares texts, and {describe(field)} is {_A[kind]}."
    if kind == "number":
        number = number_of(raw)
        return (
            f"{describe(field)} is a number, and {raw[:40]!r} is none."
            if number is None
            else Number(number, span)
        )
    if kind == "seconds":
        number = number_of(raw)
        seconds = seconds_of(raw) if number is None else number
        if seconds is None:
            return f"{describe(field)} is a duration in seconds, such as {DURATION_EXAMPLES}."
        return Number(seconds, span)
    if kind == "time":
        if moment_of(raw, now) is None:
            return f"{describe(field)} is a time, such as {MOMENT_EXAMPLES}."
        return Moment(raw, span)
    number = None if quoted else number_of(raw)
    if number is not None and kind == "either":
        return Number(number, span)
    if number is not None and operator in _ORDERING:
        return f"{describe(field)} is a text: in quotes, '{raw}' is compared letter by letter."
    # Statuses are written in capitals; nobody should have to.
    return Text(status_of(raw) if field == Field("attributes", "status") else raw, span)


def status_of(word: str) -> str:
    """Return the status that a word stands for, in capitals; the word itself if it stands for none."""
    return ALSO_CALLED.get(word.upper(), word.upper())


_A = {"number": "a number", "seconds": "a duration", "time": "a time"}


def describe(field: Field) -> str:
    """Name a field in a message."""
    name = field.key if field.section == "attributes" else f"{field.section}.{field.key}"
    name = name if len(name) <= 60 else name[:59] + "…"
    return name if field.which == "last" else f"{field.which}({name})"
