"""Files that arrived, in the order of their time, and under labels of a few letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENDING = re.compile(r"(\.(csv|tsv|parquet|jsonl|ndjson|json|gz))+$", re.IGNORECASE)
_MONTH = re.compile(r"((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])$")
_DAY = re.compile(r"((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])$")
LONGEST = 5
"""Cells that a label takes at most."""


def in_order(files: Sequence[tuple[str, datetime]]) -> list[int]:
    """Return the places of files, the oldest first.

    Files whose names differ in their numbers only, such as months, are ordered by those; others by the moment
    they were judged.
    """
    stems = [_ENDING.sub("", name) for name, _ in files]
    shapes = {re.sub(r"\d+", "#", stem) for stem in stems}
    if len(shapes) == 1 and "#" in next(iter(shapes)):
        numbers = [tuple(int(part) for part in re.findall(r"\d+", stem)) for stem in stems]
        return sorted(range(len(files)), key=lambda at: numbers[at])
    return sorted(range(len(files)), key=lambda at: (files[at][1], files[at][0]))


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Name -> what tells it from the others: the month where it ends in YYYY-MM, month and day where it ends
    in YYYY-MM-DD, else its last letters."""
    stems = {name: _ENDING.sub("", name) for name in names}
    out: dict[str, str] = {}
    for name, stem in stems.items():
        if found := _DAY.search(stem):
            out[name] = f"{found[2]}-{found[3]}"
        elif found := _MONTH.search(stem):
            out[name] = _MONTHS[int(found[2]) - 1]
        else:
            out[name] = stem[-3:]
    return out


def years(names: Sequence[str]) -> list[str]:
    """Return for each name the year in its date, or nothing."""
    out = []
    for name in names:
        stem = _ENDING.sub("", name)
        found = _DAY.search(stem) or _MONTH.search(stem)
        out.append(found[1] if found else "")
    return out
