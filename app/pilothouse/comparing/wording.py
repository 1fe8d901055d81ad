"""Findings in words and figures, the same in the terminal, in documents and on the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pilothouse.comparing.findings import ALIKE, BETTER, UNDECIDED, WORSE, Interval, Judgement, Slice
from pilothouse.tracking.decimals import decimal
from pilothouse.tracking.durations import duration

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison, Difference

SIGNS = {BETTER: "▲", WORSE: "▼", ALIKE: "=", UNDECIDED: "·"}
NONE = "–"
TITLES = {
    "run": "run",
    "params": "parameters",
    "metrics": "metrics",
    "tags": "tags",
    "judgement": "judged on the same rows",
    "slices": "slices",
    "curves": "curves",
    "code": "code",
    "environment": "environment",
    "data": "data",
}


def figure(value: float | None, digits: int = 4) -> str:
    """Write a number with as many digits as help."""
    return NONE if value is None else decimal(value, digits)


def signed(value: float | None, digits: int = 4) -> str:
    """Write a change with its sign."""
    if value is None or math.isnan(value):
        return NONE
    return ("+" if value >= 0 else "−") + figure(abs(value), digits)


def fact(row: Difference, n: int) -> str:
    """Write what the n-th has of a fact, with the change to the baseline if there is one."""
    value, delta = row.values[n], row.deltas[n]
    if row.key == "seconds" and row.section == "run":
        text = duration(value)
    else:
        text = figure(value) if isinstance(value, float) else NONE if value is None else str(value)
    return f"{text} ({change_words(row, n)})" if delta else text


def change_words(row: Difference, n: int) -> str:
    """Write the n-th change of a fact to the baseline, with as many digits as the values beside it."""
    delta, values = row.deltas[n], (row.values[0], row.values[n])
    if row.key == "seconds" and row.section == "run":
        return NONE if delta is None else ("+" if delta >= 0 else "−") + duration(abs(delta))
    largest = max((abs(value) for value in values if isinstance(value, int | float)), default=0.0)
    return signed(delta, 2 if row.section == "metrics" and largest >= 10 else 4)


def between(interval: Interval) -> str:
    """Write where a difference lies: `+0.0054 … +0.0391`."""
    if interval.low is None or interval.high is None:
        return NONE
    return f"{signed(interval.low)} … {signed(interval.high)}"


def judged_on(judgement: Judgement) -> str:
    """Say in a sentence what all were judged on, and how sure that can be."""
    drawn = f"{judgement.units:,} {judgement.drawn}"
    together = sum(any(one.intervals) for one in judgement.metrics)
    together_words = f" that hold for all {together} metrics at once" if together > 1 else ""
    return (
        f"Judged on the same {judgement.rows:,} rows: {judgement.where}. {judgement.level:.0%} intervals"
        f"{together_words}, {drawn} drawn {judgement.resamples:,} times."
    )


def on_which_rows(comparison: Comparison) -> str:
    """Say why the runs' own metrics do not tell which of them is better; empty if they do, or have none."""
    if comparison.same_rows or not any(row.section == "metrics" for row in comparison.rows):
        return ""
    if comparison.rows_known:
        why = "The runs' own metrics are of different rows"
    else:
        why = "Nothing says which rows the runs' own metrics are of"
    return f"{why}: a larger one does not say which is better."


def headline(judgement: Judgement, labels: Sequence[str], n: int) -> str:
    """Say in a sentence how the n-th fares against the baseline, by the first metric and by all; empty if
    nothing was measured of it."""
    found = [(one.metric, one.intervals[n]) for one in judgement.metrics]
    known = [(metric, interval) for metric, interval in found if interval is not None]
    if not known:
        return ""
    label, base = labels[n], labels[0]
    if all(interval.verdict == ALIKE for _, interval in known):
        return f"{label} and {base} answer alike on every row that counts: no metric differs."
    metric, first = known[0]
    text = {
        BETTER: f"{label} is better than {base} by {metric}",
        WORSE: f"{label} is worse than {base} by {metric}",
        ALIKE: f"{label} and {base} have the same {metric}",
        UNDECIDED: f"By {metric}, these rows show no difference between {label} and {base}",
    }.get(first.verdict, f"By {metric}, there are too few rows to tell {label} from {base}")
    text += f": {signed(first.difference)}"
    text += f" ({judgement.level:.0%} interval {between(first)})." if first.low is not None else "."
    if len(known) > 1:
        text += f" Of all {len(known)} metrics: {_counted([interval for _, interval in known])}."
    return text


def headlines(judgement: Judgement, labels: Sequence[str]) -> list[str]:
    """Return the headline of every candidate of which anything was measured."""
    return [said for n in range(1, len(labels)) if (said := headline(judgement, labels, n))]


def _counted(intervals: Sequence[Interval]) -> str:
    words = {
        BETTER: "better",
        WORSE: "worse",
        UNDECIDED: "not told apart",
        ALIKE: "the same",
        "": "too few rows",
    }
    counts = {kind: sum(one.verdict == kind for one in intervals) for kind in words}
    return ", ".join(f"{count} {words[kind]}" for kind, count in counts.items() if count)


def slice_words(one: Slice, n: int) -> str:
    """Say what a slice says of the n-th subject against the baseline; a small one says only that it is."""
    interval = one.intervals[n]
    if interval is None:
        return "no value" if one.values[n] is None or one.values[0] is None else ""
    return "too few to tell" if one.small or interval.low is None else interval.words
