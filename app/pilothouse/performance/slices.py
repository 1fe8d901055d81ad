"""The same metric by group, worst first; a group with few rows says so and claims nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.performance.answered import Answered
from pilothouse.performance.measuring import FEWEST, realised
from pilothouse.tracking.directions import lower_is_better

MOST_VALUES = 20
MOST_COLUMNS = 6
_FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one value of one column: the metric with its 95% interval; none where they are too few."""

    column: str
    value: str
    rows: int
    metric: float | None
    low: float | None
    high: float | None

    @property
    def name(self) -> str:
        """The group in words."""
        return f"{self.column} = {self.value}"


def worst_groups(answered: Answered, metric: str, by: Sequence[str] = ()) -> list[Group]:
    """Return groups of the rows with labels, the worst first and those with few rows last.

    Args:
        answered: the rows.
        metric: which one.
        by: the columns to divide by; by default categories with few values.
    """
    rows = answered.labelled
    groups = [
        _group(rows, metric, name, value, places)
        for name in by or _categories(rows)
        for value, places in _parts(rows, name)
    ]
    sign = -1.0 if lower_is_better(metric) else 1.0
    return sorted(groups, key=lambda one: (one.metric is None, sign * (one.metric or 0.0), one.name))


def _categories(answered: Answered) -> list[str]:
    table, question = answered.table, answered.question
    found = []
    for name in table.columns:
        column = table[name]
        if str(name) in (question.target, *question.roles) or pd.api.types.is_float_dtype(column.dtype):
            continue
        if column.dtype.kind == "M":
            continue
        distinct = int(column.nunique())
        if 2 <= distinct <= MOST_VALUES:
            found.append((distinct, str(name)))
    return [name for _, name in sorted(found)][:MOST_COLUMNS]


def _parts(answered: Answered, name: str) -> list[tuple[str, NDArray[np.intp]]]:
    column = answered.table[name]
    if pd.api.types.is_float_dtype(column.dtype) and column.nunique() > MOST_VALUES:
        quarters = pd.qcut(column, 4, duplicates="drop")
        return [
            (f"{one.left:.4g} to {one.right:.4g}", np.flatnonzero((quarters == one).to_numpy()))
            for one in quarters.cat.categories
        ]
    common = column.value_counts().index[:MOST_VALUES]
    return [(str(value), np.flatnonzero((column == value).to_numpy())) for value in common]


def _group(answered: Answered, metric: str, name: str, value: str, places: NDArray[np.intp]) -> Group:
    rows = answered.rows(places)
    few = len(places) < FEWEST
    if answered.kind == "binary" and not few:
        positive = int(rows.truth.sum())
        few = min(positive, len(places) - positive) < _FEWEST_OF_A_CLASS
    found = None if few else realised(rows, metric).get(metric)
    if found is None:
        return Group(name, value, len(places), None, None, None)
    return Group(name, value, len(places), found.value, found.low, found.high)
