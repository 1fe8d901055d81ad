"""Realised metrics with their intervals: the bootstrap over rows, or over days where there are enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.comparing.intervals import LEVEL, SEED, once, resample, units_of
from pilothouse.monitoring.chunks import PERIODS
from pilothouse.monitoring.patience import Progress
from pilothouse.performance.answered import Answered, Floats

RESAMPLES = 500
FEWEST = 30
"""Rows with labels that a metric is worth naming for."""
OTHER_SEED = SEED + 1
"""Of the rows that others are compared with: one seed draws as many rows at the same places, and what has
nothing to do with each other would be compared as if it were paired."""


@dataclass(frozen=True, slots=True)
class Value:
    """A metric on n rows with its 95% interval; None where the rows cannot give it."""

    value: float | None
    low: float | None
    high: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Metrics of a part of the rows: which part, and each metric's value."""

    name: str
    rows: int
    metrics: dict[str, Value]


def realised(answered: Answered, only: str = "") -> dict[str, Value]:
    """Return each metric (or one) on the rows with labels; nothing where there are fewer than `FEWEST`."""
    rows = answered.labelled
    if len(rows.table) < FEWEST:
        return {}
    return {metric: value for metric, (value, _) in drawn(rows, only).items()}


def drawn(
    answered: Answered, only: str = "", seed: int = SEED, progress: Progress | None = None
) -> dict[str, tuple[Value, Floats]]:
    """Return each metric's value (or one's) with what it was in every draw, shape (RESAMPLES,)."""
    judged = answered.judged()
    measure = judged.measure(0, only)
    values = once([measure], len(judged.table))[0]

    def tell(share: float) -> None:
        if progress is not None:
            progress(share, f"intervals of {len(judged.table):,} rows")

    found = resample([measure], units_of(judged), RESAMPLES, seed, tell)
    told = {}
    for metric, value in values.items():
        many = found[metric][0]
        told[metric] = _value(value, many, len(judged.table)), many
    return told


def by_chunk(
    answered: Answered,
    parts: Sequence[tuple[str, NDArray[np.intp]]],
    only: str = "",
    progress: Progress | None = None,
) -> list[Chunk]:
    """Return the metrics of parts of the rows, in their order; a part without enough labels has none."""
    chunks = []
    for at, (name, places) in enumerate(parts):
        if progress is not None:
            progress(at / len(parts), f"{name} ({at + 1} of {len(parts)})")
        rows = answered.rows(places)
        chunks.append(Chunk(name, int(rows.known.sum()), realised(rows, only)))
    return chunks


def parts_by_time(times: Any, unit: str) -> list[tuple[str, NDArray[np.intp]]]:
    """Divide rows by the day, week or month of their times, written as chunks of drift are; rows without a
    time belong nowhere.

    Args:
        times: shape (n,), anything that reads as a time.
        unit: `day`, `week` or `month`.
    """
    moments = pd.to_datetime(pd.Series(times).reset_index(drop=True), errors="coerce", utc=True)
    naive = moments.dt.tz_localize(None)
    letter = {"day": "D", "week": "W", "month": "M"}[unit]
    periods = naive.dt.to_period(letter)
    names = periods.dt.start_time.dt.strftime(PERIODS[unit])
    order = sorted(names.dropna().unique())
    return [(name, np.flatnonzero((names == name).to_numpy())) for name in order]


def _value(value: float, many: Floats, rows: int) -> Value:
    there = many[np.isfinite(many)]
    if not np.isfinite(value) or len(there) < 0.9 * len(many):
        return Value(value if np.isfinite(value) else None, None, None, rows)
    tail = (1 - LEVEL) / 2
    low, high = (float(one) for one in np.quantile(there, [tail, 1 - tail]))
    return Value(value, low, high, rows)
