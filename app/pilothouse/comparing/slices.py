"""One metric by slices of the shared rows: where is a model worst, and is the other better there?

The more slices are looked at, the more of them differ by chance alone. So the intervals of one column are
widened until all of them hold together 95 times in 100 (Bonferroni), by the spread of the bootstrap and
Student's law with one degree of freedom less than there are rows or days to draw; a slice with few rows is
named with its number, and gets no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from pilothouse.comparing.answers import Answers
from pilothouse.comparing.findings import Interval, Slice, SlicedColumn, Slices, finite
from pilothouse.comparing.intervals import LEVEL, SEED, Progress, Units, once, resample, units_of, verdict
from pilothouse.comparing.subjects import Subject
from pilothouse.data.schema import Schema
from pilothouse.errors import UsageError
from pilothouse.tracking.directions import lower_is_better

RESAMPLES = 1000
FEWEST_ROWS = 50
"""A slice with fewer rows, or with fewer than `FEWEST_OF_A_CLASS` of a class, gets no interval."""
FEWEST_OF_A_CLASS = 10
FEWEST_DAYS = 10
MOST_SLICES = 20
MOST_COLUMNS = 5
_FIRST = {"binary": "roc_auc", "multiclass": "log_loss", "labels": "accuracy", "regression": "mae"}


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    rows: NDArray[np.intp]


def slice_rows(
    answers: Answers,
    subjects: Sequence[Subject],
    schema: Schema | None,
    by: Sequence[str] = (),
    progress: Progress | None = None,
) -> Slices:
    """Measure everyone who answered on slices of the rows.

    Args:
        answers: what they said.
        subjects: all who are compared.
        schema: tells which columns are categories.
        by: columns to slice by; by default up to five categories, those with the fewest values first.
        progress: is told the share that is done.

    Raises:
        UsageError: there is no such column.
    """
    names = tuple(by) or _categories(answers, schema)
    for name in names:
        if name not in answers.table.columns:
            given = [str(column) for column in answers.table.columns][:30]
            raise UsageError(
                f"There is no column {name!r} to slice by.", next=f"There is: {', '.join(given)}."
            )
    metric = _FIRST[answers.kind]
    units = units_of(answers)
    columns = []
    for n, name in enumerate(names):
        parts, how = _parts(answers, name, schema)
        columns.append(_sliced(answers, subjects, metric, name, parts, how, units))
        if progress is not None:
            progress((n + 1) / len(names))
    notes = (
        "The intervals of one column are widened so that all of them hold together "
        f"{LEVEL:.0%} of the time (Bonferroni).",
        f"Slices with fewer than {FEWEST_ROWS} rows"
        + (f" or {FEWEST_OF_A_CLASS} of a class" if answers.kind == "binary" else "")
        + (f" or {FEWEST_DAYS} days" if units.name == "days" else "")
        + " are marked ? and get no verdict.",
    )
    return Slices(metric, tuple(columns), notes if columns else ())


def _categories(answers: Answers, schema: Schema | None) -> tuple[str, ...]:
    if schema is None:
        return ()
    target, roles = answers.question.target, answers.question.roles
    found = [
        (int(answers.table[column.name].nunique()), column.name)
        for column in schema.columns
        if column.kind in ("category", "boolean")
        and column.name in answers.table.columns
        and column.name != target
        and column.name not in roles
    ]
    return tuple(name for distinct, name in sorted(found) if distinct > 1)[:MOST_COLUMNS]


def _parts(answers: Answers, name: str, schema: Schema | None) -> tuple[list[_Part], str]:
    column = answers.table[name]
    known = schema.column(name) if schema is not None else None
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    if numeric and not (known is not None and known.kind in ("category", "boolean")):
        return _quarters(column), "quarters of its values"
    if column.dtype.kind == "M":
        return _categories_of(column.dt.strftime("%Y-%m")), "months"
    return _categories_of(column), "its values"


def _quarters(column: Any) -> list[_Part]:
    values = column.to_numpy("float64", na_value=np.nan)
    there = np.isfinite(values)
    parts = []
    if there.any():
        edges = np.unique(np.quantile(values[there], (0.25, 0.5, 0.75)))
        codes = np.searchsorted(edges, values, side="left")
        for n in range(len(edges) + 1):
            rows = np.flatnonzero(there & (codes == n))
            if len(rows):
                parts.append(_Part(_between(edges, n), rows))
    if not there.all():
        parts.append(_Part("(missing)", np.flatnonzero(~there)))
    return parts


def _between(edges: NDArray[np.float64], n: int) -> str:
    if n == 0:
        return f"up to {edges[0]:.4g}"
    return f"above {edges[-1]:.4g}" if n == len(edges) else f"{edges[n - 1]:.4g} to {edges[n]:.4g}"


def _categories_of(column: Any) -> list[_Part]:
    codes, values = pd.factorize(column, use_na_sentinel=True)
    order = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(values)), kind="stable")
    parts = [_Part(str(values[n]), np.flatnonzero(codes == n)) for n in order[:MOST_SLICES]]
    if len(order) > MOST_SLICES:
        rest = np.isin(codes, order[MOST_SLICES:])
        parts.append(_Part(f"({len(order) - MOST_SLICES:,} rarer values)", np.flatnonzero(rest)))
    if (codes < 0).any():
        parts.append(_Part("(missing)", np.flatnonzero(codes < 0)))
    return parts


def _sliced(
    answers: Answers, subjects: Sequence[Subject], metric: str, name: str, parts: Sequence[_Part], how: str,
    units: Units,
) -> SlicedColumn:  # fmt: skip
    judged = [part for part in parts if not _is_small(answers, part)]
    told = max(1, len(judged) * (len(answers.indexes) - 1))
    level = 1 - (1 - LEVEL) / told
    slices = [
        _slice(answers, subjects, metric, part, units.of(part.rows), level, part not in judged)
        for part in parts
    ]
    sign = -1.0 if lower_is_better(metric) else 1.0

    def worst_first(one: Slice) -> tuple[bool, float, str]:
        known = [sign * value for value in one.values if value is not None]
        return (one.small, min(known) if known else np.inf, one.name)

    return SlicedColumn(name, how, level, tuple(sorted(slices, key=worst_first)))


def _is_small(answers: Answers, part: _Part) -> bool:
    if len(part.rows) < FEWEST_ROWS:
        return True
    if answers.kind == "binary":
        positives = int(answers.truth[part.rows].sum())
        return min(positives, len(part.rows) - positives) < FEWEST_OF_A_CLASS
    return False


def _slice(
    answers: Answers, subjects: Sequence[Subject], metric: str, part: _Part, units: Units, level: float,
    small: bool,
) -> Slice:  # fmt: skip
    measures = [answers.measure(n, metric, part.rows) for n in range(len(answers.indexes))]
    values = once(measures, len(part.rows))
    shown: list[float | None] = [None] * len(subjects)
    intervals: list[Interval | None] = [None] * len(subjects)
    few = small or (units.name == "days" and units.count < FEWEST_DAYS)
    drawn = None if few else resample(measures, units, RESAMPLES, SEED)[metric]
    for n, index in enumerate(answers.indexes):
        shown[index] = finite(values[n][metric])
        if not n or shown[index] is None or shown[0] is None:
            continue
        difference = values[n][metric] - values[0][metric]
        spread = None if drawn is None else float(np.nanstd(drawn[n] - drawn[0], ddof=1))
        if spread is None or not np.isfinite(spread):
            intervals[index] = Interval(difference, None, None, "")
            continue
        half = float(stdtrit(units.count - 1, 1 - (1 - level) / 2)) * spread
        low, high = difference - half, difference + half
        intervals[index] = Interval(difference, low, high, verdict(metric, low, high))
    return Slice(part.name, len(part.rows), tuple(shown), tuple(intervals), few)
