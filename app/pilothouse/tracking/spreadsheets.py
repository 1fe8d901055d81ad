"""Texts in a CSV file, which people open in a spreadsheet."""

from __future__ import annotations

from pilothouse.tracking.numerals import number_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def no_formula(text: str) -> str:
    """Return a text; one that a spreadsheet would take for a formula begins with an apostrophe.

    A number as a text, such as a parameter of -1, is left alone.
    """
    return "'" + text if text.lstrip().startswith(_FORMULA) and number_of(text) is None else text
