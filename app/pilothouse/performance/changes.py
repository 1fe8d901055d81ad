"""Concept drift: where the errors of a model, in the order of time, change for good (ADWIN).

Bifet and Gavaldà, Learning from time-changing data with adaptive windowing, 2007; `river` has it. It keeps a
window of errors as long as they look alike, and cuts the old part off where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pilothouse.performance.answered import Answered

DELTA = 0.002
"""How likely a false alarm may be at a look, as ADWIN counts it."""


@dataclass(frozen=True, slots=True)
class Change:
    """The mean error went from `before` to `after`; noticed at row `noticed` of those in order, at `time`."""

    noticed: int
    time: str
    before: float
    after: float

    @property
    def worse(self) -> bool:
        """Whether the errors grew."""
        return self.after > self.before


def find_changes(answered: Answered, order: Sequence[Any] | None = None) -> list[Change]:
    """Return where the errors of a model change.

    Args:
        answered: rows; those without a label are passed over.
        order: a time a row; the rows' own order by default.

    The error of a class is 0 or 1; that of a number is its distance, as a share of the 99th percentile of
    the distances in the first half, at most 1.
    """
    from river.drift import ADWIN

    places = np.flatnonzero(answered.known)
    if order is not None:
        times = np.asarray(order, dtype=object)[places]
        places = places[np.argsort(np.array([str(one) for one in times]), kind="stable")]
    errors = _errors(answered)[places]
    adwin: Any = ADWIN(delta=DELTA)  # type: ignore[no-untyped-call]
    found: list[Change] = []
    since = 0
    for number, error in enumerate(errors):
        adwin.update(float(error))
        if adwin.drift_detected:
            cut = number + 1 - int(adwin.width)
            before = errors[since:cut] if cut > since else errors[since : number + 1]
            moment = "" if order is None else str(order[places[number]])
            found.append(Change(number, moment, float(before.mean()), float(errors[cut : number + 1].mean())))
            since = cut
    return found


def _errors(answered: Answered) -> Any:
    if answered.kind == "regression":
        distance = np.abs(answered.said - answered.truth)
        first = distance[np.flatnonzero(answered.known)[: max(1, int(answered.known.sum()) // 2)]]
        scale = float(np.quantile(first, 0.99)) if len(first) else 1.0
        return np.clip(distance / (scale or 1.0), 0, 1)
    if answered.kind == "binary":
        return ((answered.said >= answered.threshold) != answered.truth).astype(float)
    chosen = answered.said if answered.kind == "labels" else answered.said.argmax(axis=1)
    return (chosen != answered.truth).astype(float)
