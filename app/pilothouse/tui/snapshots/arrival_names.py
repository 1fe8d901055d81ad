"""Files that arrived, in the order of their time, and under labels of a few letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENDING = re.compile(r"(\.(csv|tsv|parquet|jsonl|ndjson|json|gz))+$", re.IGNORECASE)
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])(?!\d)")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")
_DATE_FIRST = re.compile(r"^(?:19|20)\d\d[-_]?(?:0[1-9]|1[0-2])(?:[-_]?(?:0[1-9]|[12]\d|3[01]))?[\W_]+")
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
    """Name -> what tells it from the others: the month (or month and day) of its date, if no
    other has that date; else what those left do not have in common, cut with ``…`` where it is long; else its
    place, as ``#12``.

    What a file is called hangs on all the names: who shows a part of the files gives all of them.
    """
    stems = {name: _ENDING.sub("", name) for name in names}
    dates = {name: found.groups() for name, stem in stems.items() if (found := _date(stem))}
    out: dict[str, str] = {}
    times = Counter(dates.values())
    for name, date in dates.items():
        if times[date] == 1:
            out[name] = f"{date[1]}-{date[2]}" if len(date) == 3 else _MONTHS[int(date[1]) - 1]
    left = [name for name in names if name not in out]
    rests = dict(zip(left, _told_apart([stems[name] for name in left]), strict=True))
    for cut in (_whole, _begun, _middle_left_out):
        labels = {name: cut(rests[name]) for name in left}
        taken = Counter([*labels.values(), *set(out.values())])
        out |= {name: label for name, label in labels.items() if label and taken[label] == 1}
        left = [name for name in left if name not in out]
    places = {name: at for at, name in enumerate(names, 1)}
    out |= {name: f"#{str(places[name])[-(LONGEST - 1) :]}" for name in left}
    return {name: out[name] for name in names}


def _whole(rest: str) -> str:
    return rest if len(rest) <= LONGEST else ""


def _begun(rest: str) -> str:
    # The start of a number says nothing.
    first = rest[: LONGEST - 1]
    return f"{first.rstrip('-')}…" if len(rest) > LONGEST and not first.strip("-").isdecimal() else ""


def _middle_left_out(rest: str) -> str:
    return f"{rest[:2]}…{rest[-2:].lstrip('-')}" if len(rest) > LONGEST else ""


def _told_apart(stems: Sequence[str]) -> list[str]:
    """Return the stems without the words that all of them begin or end with, and without a date before
    another word."""
    words = [
        [word for word in re.split(r"[\W_]+", _DATE_FIRST.sub("", stem) or stem) if word] for stem in stems
    ]
    if len(words) > 1:
        shortest = min(map(len, words))
        first = next((at for at in range(shortest) if len({one[at] for one in words}) > 1), shortest)
        words = [one[first:] for one in words]
        shortest = min(map(len, words))
        last = next((at for at in range(shortest) if len({one[-1 - at] for one in words}) > 1), shortest)
        words = [one[: len(one) - last] for one in words]
    return ["-".join(one) for one in words]


def _date(stem: str) -> re.Match[str] | None:
    return _DAY.search(stem) or _MONTH.search(stem)


def years(names: Sequence[str]) -> list[str]:
    """Return for each name the year in its date, or nothing."""
    out = []
    for name in names:
        stem = _ENDING.sub("", name)
        found = _date(stem)
        out.append(found[1] if found else "")
    return out


def without_name(message: str, name: str) -> str:
    """Return what was found in a file where its name stands beside it: ``In a.csv the column 'x' is text`` is
    ``the column 'x' is text``."""
    return message.removeprefix(f"In {name} ").removeprefix(f"{name} ")
