"""What the last value of a metric is: that of its highest step, and among equal steps the one written last.

So it is the end of the curve that is drawn by step, and what MLflow's client gives; a late evaluation of an
older checkpoint is a point of the curve, not its end. The store keeps the same (`storing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class LastValues:
    """The last value of each metric, from points in the order in which they were written."""

    __slots__ = ("_steps", "values")

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self.values: dict[str, float] = {}

    def take(self, points: Iterable[tuple[str, int | None, float]]) -> None:
        """Take in further points: key, step (None: the one after the highest so far, at first 0), value."""
        steps, values = self._steps, self.values
        for key, step, value in points:
            highest = steps.get(key)
            if step is None:
                step = 0 if highest is None else highest + 1
            if highest is None or step >= highest:
                steps[key] = step
                values[key] = value


def last_of(rows: Iterable[tuple[int | None, Mapping[str, float]]]) -> dict[str, float]:
    """Return the last value of each metric from rows of a step (or None) and what was measured at it."""
    last = LastValues()
    last.take((key, step, value) for step, values in rows for key, value in values.items())
    return last.values
