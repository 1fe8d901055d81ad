"""How runs and versions differ: one row a fact, one value each, deltas to the first."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilothouse.comparing.subjects import Subject, find_subjects
from pilothouse.store import Store
from pilothouse.tracking.runs import Run
from pilothouse.tracking.usual import FACTS

_LEAST = 1e-6
"""What binary fractions of a second may lack of a whole millisecond, in milliseconds."""

_TAUGHT = {"train", "training"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact about each compared run.

    Attributes:
        section: run, params, metrics or tags.
        key: the fact's name.
        values: one a run, in the order asked; None where a run has no such fact.
        deltas: each number less the baseline's; None where either is not a number.
        differs: whether the values are not all the same.
    """

    section: str
    key: str
    values: tuple[Any, ...]
    deltas: tuple[float | None, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs and versions side by side; the first is the baseline."""

    subjects: tuple[Subject, ...]
    rows: tuple[Difference, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are compared, or that made what is compared."""
        return tuple(subject.run for subject in self.subjects)

    @property
    def same_rows(self) -> bool:
        """Whether all were judged on the same rows: one dataset version, which is known, holdout and seed.

        Where they were not, or nothing says so, a larger metric does not say which model is better.
        """
        rows = {(run.dataset_version, *map(run.params.get, ("holdout", "seed"))) for run in self.runs}
        return len(rows) == 1 and self.rows_known

    @property
    def rows_known(self) -> bool:
        """Whether each run says which dataset version it was given; a script may have been given none."""
        return all(run.dataset_version for run in self.runs)

    def only_differences(self) -> tuple[Difference, ...]:
        """Return the rows in which the runs are not all alike."""
        return tuple(row for row in self.rows if row.differs)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return {
            "baseline": self.runs[0].run_id,
            "runs": [run.run_id for run in self.runs],
            "subjects": [subject.to_json() for subject in self.subjects],
            "same_rows": self.same_rows,
            "rows": [
                {
                    "section": row.section,
                    "key": row.key,
                    "values": list(row.values),
                    "deltas": list(row.deltas),
                    "differs": row.differs,
                }
                for row in self.rows
            ],
        }


def compare_runs(store: Store, refs: Sequence[str], model: str | None = None) -> Comparison:
    """Compare 2 to 20 runs or versions; the first that is named is the baseline.

    Raises:
        UsageError: fewer than two, or more than twenty.
        NotFoundError: one of them is not there.
    """
    return compare_subjects(find_subjects(store, refs, model))


def compare_subjects(subjects: Sequence[Subject]) -> Comparison:
    """Compare what was found already; the first is the baseline."""
    runs = [subject.run for subject in subjects]
    rows: list[Difference] = []
    if any(subject.version for subject in subjects):
        versions = [subject.version for subject in subjects]
        rows.append(_row("run", "version", [one.label if one else None for one in versions]))
        called = [", ".join(one.aliases) or None if one else None for one in versions]
        rows.append(_row("run", "called", called))
    for key in ("status", "recipe", "dataset_version"):
        rows.append(_row("run", key, [getattr(run, key) or None for run in runs]))
    # Whole milliseconds, which is as finely as a duration is shown, so that the differences are of what is.
    rows.append(_row("run", "seconds", [math.floor(run.seconds * 1000 + _LEAST) / 1000 for run in runs]))
    for section in ("params", "metrics", "tags"):
        tables: list[dict[str, Any]] = [getattr(run, section) for run in runs]
        for key in sorted({key for table in tables for key in table}):
            rows.append(_row(section, key, [table.get(key) for table in tables]))
    return Comparison(tuple(subjects), tuple(rows))


def is_judgeable(metric: str) -> bool:
    """Whether more of a metric says that a model is better or worse.

    Of a threshold, of CPU use, and of the rows that a model was taught with, it does not.
    """
    words = set(re.split(r"[^a-z0-9]+", metric.lower()))
    return metric not in FACTS and not metric.startswith("system/") and words.isdisjoint(_TAUGHT)


def _row(section: str, key: str, values: list[Any]) -> Difference:
    first = values[0]
    deltas = tuple(
        float(value) - float(first) if _is_number(value) and _is_number(first) and index else None
        for index, value in enumerate(values)
    )
    return Difference(section, key, tuple(values), deltas, any(not _same(value, first) for value in values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other) and math.isnan(one) and math.isnan(other):
        return True
    return bool(one == other)
