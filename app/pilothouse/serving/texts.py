"""Rows of CSV, in a request or in a file: one rule for both.

CSV has no types, and the values of one request are no ground to infer them from: the model's signature says
what each text is read as. What training reads as missing, as yes and no, and as a date is read so here.
"""

from __future__ import annotations

import csv
import difflib
import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pilothouse.data.reading import MISSING_TEXTS
from pilothouse.data.spelling import meaning
from pilothouse.registry.signature import Signature, SignatureError
from pilothouse.registry.values import short

_DELIMITERS = ",;\t|"
_NUMBERS = ("integer", "long", "float", "double")
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_ALIKE = 0.8

Table = tuple[list[str], list[list[Any]], list[str]]


def read_csv(lines: Iterable[str], signature: Signature, limit: int | None = None) -> Table:
    """Read what a model takes from lines of CSV with a header.

    Args:
        lines: of text, with their ends.
        signature: what the model takes.
        limit: only the first so many rows.

    Returns:
        Names of inputs, rows of their values, and the names of the other columns, which are left out. A text
        that does not read as its type stays as it is, for the signature to refuse.

    Raises:
        SignatureError: a column is named twice or almost as an input that is not there, or rows are longer or
            shorter than the header.
        csv.Error: it is not CSV, or has no header.
    """
    given = iter(lines)
    first = next((line for line in given if line.strip("\r\n")), "")
    delimiter = max(_DELIMITERS, key=first.count)
    rows = (
        row for row in csv.reader(itertools.chain([first], given), delimiter=delimiter, strict=True) if row
    )
    header = next(rows, None)
    if header is None:
        raise csv.Error("it has no header line")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise SignatureError([f"Column {name!r} is named twice." for name in twice])
    found = list(itertools.islice(rows, limit))
    if wrong := [at for at, row in enumerate(found, 1) if len(row) != len(header)]:
        expected = f"{len(header)} values were expected, not"
        rows_of = [f"Row {at}: " if len(found) > 1 else "" for at in wrong]
        raise SignatureError(
            [f"{where}{expected} {len(found[at - 1])}." for where, at in zip(rows_of, wrong, strict=True)]
        )
    _refuse_slips(header, signature)
    places = {name: at for at, name in enumerate(header)}
    inputs = [field for field in signature.inputs if field.name in places]
    columns = [read_texts(field.type, [row[places[field.name]] for row in found]) for field in inputs]
    names = [field.name for field in inputs]
    values = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in found]
    return names, values, [name for name in header if name not in signature.names]


def _refuse_slips(header: Sequence[str], signature: Signature) -> None:
    """An input that may be missing would be so in silence where its name has a slip."""
    absent = [name for name in signature.names if name not in header]
    strange = [name for name in header if name not in signature.names and name not in signature.beside]
    slips = [
        (name, near[0]) for name in strange if (near := difflib.get_close_matches(name, absent, 1, _ALIKE))
    ]
    if slips:
        raise SignatureError(
            [
                f"field {short(name)} is not an input of the model; did you mean {near!r}?"
                for name, near in slips
            ]
        )


def read_texts(kind: str, texts: Sequence[str]) -> list[Any]:
    """Read the texts of one column as a signature's type: None for what is missing; a text that is none of it
    stays."""
    if kind == "datetime":
        return _times([None if text in MISSING_TEXTS else text for text in texts])
    return [None if text in MISSING_TEXTS else _value(kind, text) for text in texts]


def _value(kind: str, text: str) -> Any:
    if kind in _NUMBERS:
        try:
            return int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
        except ValueError:
            return text
    if kind == "boolean":
        said = meaning(text)
        return text if said is None else said
    return text


def _times(texts: Sequence[str | None]) -> list[Any]:
    """Leave ISO times as they are; read others where one way of writing dates alone fits all of them."""
    other = [text for text in texts if text is not None and not _is_iso(text)]
    if not other:
        return list(texts)
    ways = [
        date + clock for date in _DATES for clock in _CLOCKS if all(_said(one, date + clock) for one in other)
    ]
    if len(ways) != 1:
        return list(texts)
    return [text if text is None or _is_iso(text) else _said(text, ways[0]) for text in texts]


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _said(text: str, way: str) -> str | None:
    try:
        return datetime.strptime(text.strip(), way).isoformat()
    except ValueError:
        return None
