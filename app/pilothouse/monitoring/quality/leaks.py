"""Columns that give the target away: alone they tell it almost without fault.

Such a column is nearly always made from the target, or known only after it. Looked for in a bounded sample
of rows, in plain Python. Each measure leaves the row that it judges out, so that a column of names, in which
each value comes once, tells nothing.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ENOUGH_ROWS = 100
"""Of fewer rows nothing is said."""
ENOUGH_EACH = 20
"""Rows that each of two classes must have."""
SUSPICIOUS = 0.99
"""Area under the ROC curve, share of variance explained or of errors avoided, that no honest feature has …"""
SUSPICIOUS_BY_NAME = 0.95
"""… and for a column whose name has the target's in it."""
SCREENED_ROWS, SCREENED_SLACK = 400, 0.15
"""Numbers are looked at in so many rows first: those that tell far too little there are not leaks."""
_BINS = 50


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column that gives the target away: by which measure, and how well from 0 to 1."""

    column: str
    measure: str
    score: float


def find_leaks(
    target: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, classification: bool
) -> list[Suspect]:
    """Look at each column alone, the worst first.

    Args:
        target: its name.
        columns: the columns' names.
        rows: the target and then the columns' values, numbers or texts, None where missing; in an order that
            has nothing to do with either.
        classification: whether the target is a class, else a number.
    """
    if len(rows) < ENOUGH_ROWS:
        return []
    answers, *by_column = (list(values) for values in zip(*rows, strict=True))
    measure = _of_classes if classification else _of_numbers
    found = []
    for name, values in zip(columns, by_column, strict=True):
        limit = SUSPICIOUS_BY_NAME if names_alike(name, target) else SUSPICIOUS
        few = values[:SCREENED_ROWS]
        # A text of many values says little in few rows.
        if not any(isinstance(value, str) for value in few):
            glance = measure(name, few, answers[:SCREENED_ROWS])
            if glance is not None and glance.score < limit - SCREENED_SLACK:
                continue
        suspect = measure(name, values, answers)
        if suspect is not None and suspect.score >= limit:
            found.append(suspect)
    return sorted(found, key=lambda one: -one.score)


def names_alike(name: str, target: str) -> bool:
    """Say whether one name has all words of the other in it: `late`, `is_late` and `lateFlag`."""
    mine, theirs = _words(name), _words(target)
    return bool(mine and theirs) and (theirs <= mine or mine <= theirs)


def _words(name: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return {word.lower() for word in re.split(r"[\W_]+", spaced) if word}


def _of_classes(name: str, values: list[Any], answers: list[Any]) -> Suspect | None:
    counts = Counter(answers)
    if len(counts) < 2:
        return None
    if len(counts) == 2:
        (_, _), (rare, few) = counts.most_common()
        if few < ENOUGH_EACH:
            return None
        truth = [answer == rare for answer in answers]
        score = max(_auc(values, truth), _gaps_auc(values, truth))
        return Suspect(name, "area under the ROC curve", score)
    base = 1 - counts.most_common(1)[0][1] / len(answers)
    if base * len(answers) < ENOUGH_EACH:
        return None
    return Suspect(
        name, "share of errors avoided", 1 - _errors(_binned(values), answers) / len(answers) / base
    )


def _of_numbers(name: str, values: list[Any], answers: list[Any]) -> Suspect | None:
    mean = sum(answers) / len(answers)
    whole = sum((answer - mean) ** 2 for answer in answers)
    if not whole > 0:
        return None
    if all(isinstance(value, float) or value is None for value in values):
        score = _rank_correlation(values, answers) ** 2
    else:
        told = _left_out_means(values, answers)
        score = 1 - sum((a - b) ** 2 for a, b in zip(answers, told, strict=True)) / whole
    return Suspect(name, "share of variance explained", score)


def _auc(values: Sequence[Any], truth: Sequence[bool]) -> float:
    """How well values put the true rows apart from the others, in whichever direction; ties count half."""
    texts = any(isinstance(value, str) for value in values)
    if texts:
        values = _left_out_means(values, [float(one) for one in truth])
    # Missing values are no value of their own here; that they are missing is looked at apart.
    trues = [value for value, one in zip(values, truth, strict=True) if one and value is not None]
    falses = [value for value, one in zip(values, truth, strict=True) if not one and value is not None]
    if len(trues) < ENOUGH_EACH or len(falses) < ENOUGH_EACH:
        return 0.0
    falses.sort()
    wins = sum(bisect_left(falses, value) + bisect_right(falses, value) for value in trues) / 2
    area = wins / (len(trues) * len(falses))
    # A mean without the row itself leans away from its own answer: the other direction tells nothing.
    return area if texts else max(area, 1 - area)


def _gaps_auc(values: Sequence[Any], truth: Sequence[bool]) -> float:
    """How well it tells that a value is missing: of two values, the area is a matter of two shares."""
    gaps = sum(value is None for value in values)
    if not gaps:
        return 0.5
    trues = sum(truth)
    of_true = sum(one for value, one in zip(values, truth, strict=True) if value is None)
    return 0.5 + abs(of_true / trues - (gaps - of_true) / (len(values) - trues)) / 2


def _left_out_means(values: Sequence[Any], answers: Sequence[float]) -> list[float]:
    """Tell each row's answer by the mean of the other rows with its value; of all rows if there is none."""
    sums: dict[Hashable, float] = defaultdict(float)
    counts: Counter[Hashable] = Counter(values)
    for value, answer in zip(values, answers, strict=True):
        sums[value] += answer
    mean = sum(answers) / len(answers)
    return [
        (sums[value] - answer) / (counts[value] - 1) if counts[value] > 1 else mean
        for value, answer in zip(values, answers, strict=True)
    ]


def _errors(values: Sequence[Hashable], answers: Sequence[Hashable]) -> int:
    """Count rows whose answer is not the most frequent one of the other rows with the same value."""
    by_value: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    for value, answer in zip(values, answers, strict=True):
        by_value[value][answer] += 1
    wrong = 0
    for counts in by_value.values():
        ordered = counts.most_common(2)
        most, second = ordered[0][1], ordered[1][1] if len(ordered) > 1 else 0
        for answer, count in counts.items():
            # Without the row itself the most frequent answer may be another one.
            right = answer == ordered[0][0] and most - 1 > second
            wrong += 0 if right else count
    return wrong


def _binned(values: Sequence[Any]) -> list[Hashable]:
    """Put numbers of many values into bins with as many rows in each; leave others as they are."""
    numbers = sorted(value for value in values if isinstance(value, float))
    if len(set(numbers)) <= _BINS:
        return list(values)
    edges = [numbers[len(numbers) * at // _BINS] for at in range(1, _BINS)]
    return [bisect_left(edges, value) if isinstance(value, float) else value for value in values]


def _rank_correlation(values: Sequence[float | None], answers: Sequence[float]) -> float:
    both = [(value, answer) for value, answer in zip(values, answers, strict=True) if value is not None]
    if len(both) < ENOUGH_ROWS:
        return 0.0
    x, y = _ranks([one for one, _ in both]), _ranks([one for _, one in both])
    middle = (len(both) - 1) / 2
    xx, yy = (sum((one - middle) ** 2 for one in ranks) for ranks in (x, y))
    if not (xx and yy):
        return 0.0
    both_ways = sum((a - middle) * (b - middle) for a, b in zip(x, y, strict=True))
    return float(both_ways / math.sqrt(xx * yy))


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 0; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(order), 1) if values[a] != values[b]), len(order)]
    for start, end in pairwise(starts):
        for at in order[start:end]:
            ranks[at] = (start + end - 1) / 2
    return ranks
