"""Concept drift: where the errors of a model, in the order of time, change for good (ADWIN).

Bifet and Gavaldà, Learning from time-changing data with adaptive windowing, 2007; `river` has it. It keeps a
window of errors as long as they look alike, and cuts the old part off where it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilothouse.comparing.intervals import units_of
from pilothouse.monitoring.patience import Progress
from pilothouse.performance.answered import Answered, Floats

_AGAIN = 1000
"""Errors between two words of how far it is."""
DELTA = 0.002
"""How likely a false alarm may be at a look, as ADWIN counts it."""


@dataclass(frozen=True, slots=True)
class Change:
    """The mean error went from `before` to `after`; it was noticed at the unit `noticed` of those in order.

    `time` is about when it went (empty without times); `unit` is what was looked at one by one: rows or days.
    """

    noticed: int
    time: str
    before: float
    after: float
    unit: str

    @property
    def worse(self) -> bool:
        """Whether the errors grew."""
        return self.after > self.before


def find_changes(answered: Answered, progress: Progress | None = None) -> list[Change]:
    """Return where the errors of a model change.

    Args:
        answered: rows; those without a label are passed over. Where the question has a time they are looked
            at in its order, otherwise in theirs.
        progress: called while it lasts; cancels by raising.

    The error of a class is 0 or 1; that of a number is its distance, as a share of the 99th percentile of
    the distances in the first half, at most 1. ADWIN takes errors for independent. Rows of one day are not
    (one storm delays many flights), so where there are 30 days or more, each day's mean error is one.
    """
    from river.drift import ADWIN

    errors, moments, unit = _sequence(answered.labelled)
    found: list[Change] = []
    since = 0
    adwin: Any = ADWIN(delta=DELTA, clock=1)  # type: ignore[no-untyped-call]
    for number, error in enumerate(errors):
        if progress is not None and number % _AGAIN == 0:
            progress(number / len(errors), "looking for lasting changes")
        adwin.update(float(error))
        if not adwin.drift_detected:
            continue
        # It says that there is a change; where, is where the two sides differ most.
        turn = since + _turning_point(errors[since : number + 1])
        before, after = errors[since:turn].mean(), errors[turn : number + 1].mean()
        found.append(Change(number, moments[turn], float(before), float(after), unit))
        since = turn
        adwin = ADWIN(delta=DELTA, clock=1)  # type: ignore[no-untyped-call]
        for one in errors[since : number + 1]:
            adwin.update(float(one))
    return found


def _turning_point(errors: Floats) -> int:
    """Return where to cut so that the two parts explain most of the variance; at least one on each side."""
    count = np.arange(1, len(errors))
    left = np.cumsum(errors)[:-1]
    total = errors.sum()
    gap = left / count - (total - left) / (len(errors) - count)
    return int(np.argmax(count * (len(errors) - count) * gap**2)) + 1


def _sequence(rows: Answered) -> tuple[Floats, list[str], str]:
    """Return errors in the order of time, when each was, and whether they are of rows or of days."""
    errors = _errors(rows)
    name = rows.question.time
    if name is None or name not in rows.table.columns:
        return errors, [""] * len(errors), "rows"
    times = pd.to_datetime(rows.table[name], errors="coerce", utc=True)
    order = np.argsort(times.to_numpy(), kind="stable")
    units = units_of(rows.judged())
    if units.name == "days":
        days = times.dt.strftime("%Y-%m-%d")
        means = pd.Series(errors).groupby(days.to_numpy()).mean().sort_index()
        return means.to_numpy("float64"), [str(day) for day in means.index], "days"
    return errors[order], [str(moment) for moment in times.to_numpy()[order]], "rows"


def _errors(rows: Answered) -> Floats:
    if rows.kind == "regression":
        distance = np.abs(rows.said - rows.truth)
        first = distance[: max(1, len(distance) // 2)]
        scale = float(np.quantile(first, 0.99)) if len(first) else 1.0
        return np.asarray(np.clip(distance / (scale or 1.0), 0, 1))
    if rows.kind == "binary":
        return np.asarray((rows.said >= rows.threshold) != rows.truth, dtype=np.float64)
    chosen = rows.said if rows.kind == "labels" else rows.said.argmax(axis=1)
    return np.asarray(chosen != rows.truth, dtype=np.float64)
