"""How many metrics of a program are kept: one that prints some for each row must not fill the store.

What a program says last is mostly what it was run for, so of what comes later the last values are kept. The
supervisor of a run and a sweep's trial keep alike.
"""

from __future__ import annotations

from collections.abc import Iterable

from pilothouse.training.lines import Point

MOST_POINTS = 250_000
"""Lines of metrics that are kept."""
MOST_LAST = 1000
"""Metrics whose last values are kept of what comes after them."""


class PointsKept:
    """Lets the first `MOST_POINTS` points through, and holds the last value of each metric after them."""

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[str, tuple[int | None, float]] = {}

    def take(self, points: Iterable[Point]) -> list[Point]:
        """Return those of further points that are kept."""
        kept: list[Point] = []
        for step, values in points:
            self._count += 1
            if self._count <= MOST_POINTS:
                kept.append((step, values))
            else:
                self._hold(step, values)
        return kept

    def finish(self) -> list[Point]:
        """Return the last values of what was not kept; by step, as `tracking/last_values.py` has it."""
        last, self._last = self._last, {}
        return [(step, {key: value}) for key, (step, value) in last.items()]

    def complaint(self) -> str:
        """Say what was not kept; nothing if all was."""
        if self._count <= MOST_POINTS:
            return ""
        return f"Of lines of metrics after number {MOST_POINTS:,} only each metric's last value was kept."

    def _hold(self, step: int | None, values: dict[str, float]) -> None:
        for key, value in values.items():
            known = self._last.get(key)
            if known is None and len(self._last) >= MOST_LAST:
                continue
            # A point without a step is the next one.
            if known is None or known[0] is None or step is None or step >= known[0]:
                self._last[key] = step, value
