"""How sure a difference of two models is: the paired bootstrap over rows that both were judged on.

Rows are drawn with replacement, as many as there are, and every metric of every model is computed anew on
the very same draw; the difference of one draw is paired, so what makes a row hard for both cancels out. The
interval is that of the percentiles of the differences (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, chapter 13): it needs no formula for any metric, turns over when the two change places, and
is exactly zero for models that answer alike. Differences of paired metrics are close to symmetric, so that
BCa, which costs a jackknife of every metric, would change little.

Rows of one day are alike (one storm delays many flights), and to take them for independent makes intervals
too narrow. Where there is a time and the rows span 30 days or more, whole days are drawn instead: the cluster
bootstrap (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.comparing.answers import Answers
from pilothouse.comparing.findings import (
    ALIKE,
    BETTER,
    UNDECIDED,
    WORSE,
    Interval,
    Judgement,
    Measured,
    finite,
)
from pilothouse.comparing.resampling import Floats, Measure, draws
from pilothouse.comparing.subjects import Subject
from pilothouse.tracking.directions import lower_is_better

RESAMPLES = 2000
LEVEL = 0.95
SEED = 7
FEWEST_DAYS = 30
"""Fewer days than this are too few to draw from."""
_USABLE = 0.9
"""Share of the draws that must have a value: ROC AUC has none where a draw holds one class only."""
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Units:
    """What is drawn: rows, or days with the day of each row as `codes`."""

    name: str
    count: int
    codes: NDArray[np.intp] | None

    def of(self, rows: NDArray[np.intp]) -> Units:
        """Return the units of some of the rows."""
        if self.codes is None:
            return Units(self.name, len(rows), None)
        days, codes = np.unique(self.codes[rows], return_inverse=True)
        return Units(self.name, len(days), codes)


def units_of(answers: Answers) -> Units:
    """Decide what is drawn: days, where there is a time and enough of them, or rows."""
    rows = Units("rows", len(answers.table), None)
    name = answers.question.time
    if name is None or name not in answers.table.columns:
        return rows
    column = answers.table[name]
    if column.dtype.kind != "M":
        if pd.api.types.is_numeric_dtype(column.dtype):
            return rows
        column = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    codes, days = pd.factorize(column.dt.floor("D"), use_na_sentinel=False)
    return Units("days", len(days), codes.astype(np.intp)) if len(days) >= FEWEST_DAYS else rows


def resample(
    measures: Sequence[Measure], units: Units, resamples: int, seed: int, progress: Progress | None = None
) -> dict[str, Floats]:
    """Return each metric of each model in every draw, shape (models, resamples). Memory does not grow with
    the number of draws."""
    parts: dict[str, list[Floats]] = {}
    done = 0
    for weights in draws(units.count, resamples, seed, units.codes):
        found = [measure(weights) for measure in measures]
        for metric in found[0]:
            parts.setdefault(metric, []).append(np.array([one[metric] for one in found]))
        done += len(weights)
        if progress is not None:
            progress(done / resamples)
    return {metric: np.concatenate(blocks, axis=1) for metric, blocks in parts.items()}


def once(measures: Sequence[Measure], rows: int) -> list[dict[str, float]]:
    """Return each model's metrics on the rows as they are."""
    one = np.ones((1, rows))
    return [{metric: float(value[0]) for metric, value in measure(one).items()} for measure in measures]


def percentile_interval(metric: str, difference: float, drawn: Floats, level: float = LEVEL) -> Interval:
    """Return the interval of a difference, candidate less baseline.

    Args:
        metric: its name tells which way is better.
        difference: on the rows as they are.
        drawn: the difference in every draw; NaN where a draw has none.
        level: such as 0.95.
    """
    there = drawn[np.isfinite(drawn)]
    if len(there) < _USABLE * len(drawn) or not len(there):
        return Interval(difference, None, None, "")
    tail = (1 - level) / 2
    low, high = (float(value) for value in np.quantile(there, [tail, 1 - tail]))
    return Interval(difference, low, high, verdict(metric, low, high))


def verdict(metric: str, low: float, high: float) -> str:
    """Say what an interval of a difference says: the whole of it on one side of zero, or not."""
    if low == high == 0:
        return ALIKE
    if low <= 0 <= high:
        return UNDECIDED
    return BETTER if (high < 0) == lower_is_better(metric) else WORSE


def judge(
    answers: Answers, subjects: Sequence[Subject], progress: Progress | None = None, *,
    resamples: int = RESAMPLES, seed: int = SEED,
) -> Judgement:  # fmt: skip
    """Judge all who answered on the same rows, with an interval for each difference to the baseline.

    The more metrics are looked at, the more of them differ by chance alone. So the intervals are widened
    until those of all metrics hold together 95 times in 100 (Bonferroni), as those of slices are.
    """
    units = units_of(answers)
    measures = [answers.measure(n) for n in range(len(answers.indexes))]
    rows = len(answers.table)
    values = once(measures, rows)
    drawn = resample(measures, units, resamples, seed, progress)
    told = [metric for metric in values[0] if sum(finite(one[metric]) is not None for one in values) > 1]
    each = 1 - (1 - LEVEL) / max(1, len(told))
    metrics = []
    for metric in values[0]:
        shown: list[float | None] = [None] * len(subjects)
        intervals: list[Interval | None] = [None] * len(subjects)
        for n, index in enumerate(answers.indexes):
            shown[index] = finite(values[n][metric])
            if n and shown[index] is not None and shown[0] is not None:
                difference = values[n][metric] - values[0][metric]
                intervals[index] = percentile_interval(
                    metric, difference, drawn[metric][n] - drawn[metric][0], each
                )
        if any(value is not None for value in shown):
            metrics.append(Measured(metric, tuple(shown), tuple(intervals)))
    return Judgement(
        where=answers.where, rows=rows, drawn=units.name, units=units.count, resamples=resamples, seed=seed,
        level=LEVEL, metrics=tuple(metrics), left_out=answers.left_out, 
        notes=_notes(answers, subjects, units, resamples, len(told)), each=each,
    )  # fmt: skip


def _notes(
    answers: Answers, subjects: Sequence[Subject], units: Units, resamples: int, metrics: int
) -> tuple[str, ...]:
    share = 1 - (1 - LEVEL) / max(1, metrics)
    said = [
        f"Paired bootstrap: {units.count:,} {units.name} drawn with replacement, {resamples:,} times; "
        f"{100 * share:.3g}% of the differences lie in the interval (percentiles)."
    ]
    if metrics > 1:
        said.append(
            f"The intervals are widened so that those of all {metrics} metrics hold together {LEVEL:.0%} of "
            "the time (Bonferroni): of many metrics, some differ by chance alone."
        )
    if units.name == "days":
        said.append("Whole days are drawn, since rows of one day are alike.")
    elif answers.question.time:
        said.append(
            f"There are fewer than {FEWEST_DAYS} days, so rows are drawn as if they were independent; where "
            "rows of one time are alike, the true intervals are wider."
        )
    said.append(
        "The intervals speak of these fitted models on rows like these: not of the luck of another seed, nor "
        "of data that has moved since."
    )
    if answers.kind == "binary" and len(set(answers.thresholds)) > 1:
        each = ", ".join(
            f"{subjects[index].label} {threshold:.2f}"
            for index, threshold in zip(answers.indexes, answers.thresholds, strict=True)
        )
        said.append(
            f"Accuracy, F1, precision and recall are at each model's threshold ({each}): they differ by where"
            " the line is drawn too, not only by how well the models rank."
        )
    candidates = len(answers.indexes) - 1
    if candidates > 1:
        said.append(
            f"The intervals of each candidate hold by themselves. Of {candidates} candidates judged at once, "
            "the best looks better than it is: confirm it on rows to come."
        )
    if answers.sampled_from:
        said.append(f"{len(answers.table):,} of {answers.sampled_from:,} rows were taken by chance.")
    return tuple(said)
