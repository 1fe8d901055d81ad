"""Single values: whether they are of a type, and what they are in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

Value = bool | int | float | str | datetime | None


def short(value: Any) -> str:
    """Return a value as Python writes it, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…" + text[0]


def kind_of(value: Any) -> str:
    """Return what a value is, in words, for the end of a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the text {short(value)}"
    if isinstance(value, int | float):
        return f"the number {short(value)}"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def _refuse(value: Any) -> NoReturn:
    raise ValueError(kind_of(value))


def _boolean(value: Any) -> Value:
    if type(value) is bool:
        return value
    if type(value) is str:
        # Only here, since this loads DuckDB: data in JSON lines may say yes and no, and so may a request.
        from pilothouse.data.spelling import meaning

        if (said := meaning(value)) is not None:
            return said
    _refuse(value)


def _whole(limit: int) -> Callable[[Any], Value]:
    def check(value: Any) -> Value:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and -limit <= value < limit:
            return value
        _refuse(value)

    return check


def _decimal(value: Any) -> Value:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and abs(value) < 1 << 1023:
        return float(value)
    _refuse(value)


def _string(value: Any) -> Value:
    if type(value) is str:
        try:
            # A lone surrogate is no text: it could be neither logged nor stored.
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text with half of a surrogate pair") from None
        return value
    _refuse(value)


def _datetime(value: Any) -> Value:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            _refuse(value)
    if not isinstance(value, datetime):
        _refuse(value)
    # Training data has times without a zone; one with a zone is put on UTC's clock.
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


CHECKS: dict[str, Callable[[Any], Value]] = {
    "boolean": _boolean,
    "integer": _whole(2**31),
    "long": _whole(2**63),
    "float": _decimal,
    "double": _decimal,
    "string": _string,
    "datetime": _datetime,
}
NOUNS = {
    "boolean": "true or false",
    "integer": "a whole number (32 bits)",
    "long": "a whole number",
    "float": "a number",
    "double": "a number",
    "string": "a text",
    "datetime": "a time such as '2013-12-01T08:30:00'",
}
