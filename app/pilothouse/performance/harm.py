"""Does it hurt? What a version is worth on rows that landed, against what it was worth on its own holdout.

The verdict is that of the 95% interval of the change, which one sound file in 40 fails by chance. File after
file that adds up, so harmful says how far it is to be believed: the change is looked at with the level, too,
that the rule of drift leaves for this file (`monitoring.rule`: 1%, spent over the files that are judged
against one version). Where that does not show it too, the words say so, and whether the file is worse than
those before it, too: all lean on one holdout, and a second alarm that rests on it confirms nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from pilothouse.monitoring.patience import Progress, part_of
from pilothouse.monitoring.rule import level_of
from pilothouse.performance.answered import FIRST, Answered, Floats
from pilothouse.performance.earlier import Earlier, Measured, against_earlier
from pilothouse.performance.estimating import BLIND, estimate
from pilothouse.performance.losses import BLIND as BLIND_LOSS
from pilothouse.performance.losses import estimate_loss
from pilothouse.performance.measuring import FEWEST, OTHER_SEED, Value, drawn
from pilothouse.performance.slices import Group, worst_groups
from pilothouse.tracking.directions import lower_is_better

Drawn = tuple[Value, Floats]
"""A metric and what it was in every draw."""
HARMFUL, BENIGN, NONE, UNKNOWN = "harmful", "benign", "no harm shown", "unknown"
CHANCE = 40
"""Of so many sound files one fails the 95% interval on the bad side."""
_SHARED = 0.1
"""The holdout's part of the variance of a change from which on two alarms are no two witnesses."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What a version is worth on some rows.

    Attributes:
        metric: the one that it is judged by first.
        rows, labelled: how many rows, and how many of them have a label.
        expected: the metric on the version's own holdout.
        realised: on these rows, where enough have labels.
        estimated: on these rows without looking at labels, and `method` by which way.
        change: realised less expected, with its 95% interval; None without labels.
        guarded: the change with its interval at the level that is left for this file; None without labels.
        question: which file this is of those judged against the version, from 1; None if it is asked alone.
        sure: whether a harmful verdict holds at that level, too; None where nothing is called harmful.
        shared: the holdout's part of the variance of the change, 0 to 1; None without labels.
        earlier: the file beside those that were measured before it; None if there are none.
        confirmed: whether a harmful file is worse than those before it, as an earlier one was that is called
            harmful; None where nothing is.
        verdict: harmful, benign (better), no harm shown, or unknown.
        words: the verdict in a sentence.
        metrics: every realised metric. `business`: those that the configuration declares.
        groups: the metric by group, the worst first.
    """

    metric: str
    rows: int
    labelled: int
    expected: Value | None
    realised: Value | None
    estimated: Value | None
    method: str
    change: Value | None
    verdict: str
    words: str
    metrics: dict[str, Value] = field(default_factory=dict)
    business: dict[str, float] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    guarded: Value | None = None
    question: int | None = None
    sure: bool | None = None
    shared: float | None = None
    earlier: Earlier | None = None
    confirmed: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def grouped(self, groups: tuple[Group, ...]) -> Harm:
        """Return the same with other groups."""
        return replace(self, groups=groups)


def assess(
    current: Answered,
    reference: Answered | None,
    *,
    metric: str = "",
    drifted: bool = False,
    inputs: list[str] | None = None,
    business: Mapping[str, float] | None = None,
    question: int | None = None,
    before: Sequence[Measured] = (),
    progress: Progress | None = None,
) -> Harm:
    """Say what a version is worth on some rows.

    Args:
        current: its answers to them.
        reference: its answers to its own holdout; None if that is gone.
        metric: to judge by; the first of its kind by default.
        drifted: whether the rows were called drifted, for the words.
        inputs: the columns that the model takes, for estimating the loss of a regression.
        business: business metrics of these rows.
        question: which file this is of those that are judged against the version, from 1.
        before: what the version was worth on files that landed before.
        progress: called while it lasts; cancels by raising.
    """
    name = metric or FIRST[current.kind]
    part = part_of(progress, 0, 0.7, "")
    every = drawn(current.labelled, progress=part) if _enough(current) else {}
    now = every.get(name)
    holdout = None
    if reference and _enough(reference):
        part = part_of(progress, 0.7, 0.9, "holdout")
        holdout = drawn(reference.labelled, name, OTHER_SEED, part).get(name)
    change, guarded = change_of(holdout, now, question)
    estimated, method = estimated_metric(current, reference, name, inputs or [])
    verdict, words = _verdict(
        name, holdout and holdout[0], now and now[0], change, estimated, drifted, _few(current)
    )
    sure = confirmed = shared = earlier = None
    if change is not None and holdout and now:
        own, theirs = (float(np.nanvar(many, ddof=1)) for many in (now[1], holdout[1]))
        shared = theirs / (own + theirs) if own + theirs > 0 else None
        earlier = against_earlier(name, now[0], math.sqrt(own), before)
    if verdict == HARMFUL and guarded is not None:
        assert holdout
        sure = _excludes_zero(name, guarded)
        confirmed = earlier is not None and earlier.worse and bool(earlier.alike)
        words += "" if sure else f" {_by_chance(name, question, holdout[0].rows, shared, earlier)}"
    if now is None and estimated is not None:
        words += f" {BLIND_LOSS if method == 'DLE' else BLIND}"
    return Harm(
        metric=name,
        rows=len(current.table),
        labelled=int(current.known.sum()),
        expected=holdout and holdout[0],
        realised=now and now[0],
        estimated=estimated,
        method=method,
        change=change,
        verdict=verdict,
        words=words,
        metrics={key: value for key, (value, _) in every.items()},
        business=dict(business or {}),
        groups=tuple(worst_groups(current, name)) if _enough(current) else (),
        guarded=guarded,
        question=question,
        sure=sure,
        shared=shared,
        earlier=earlier,
        confirmed=confirmed,
    )


def change_of(
    before: Drawn | None, now: Drawn | None, question: int | None = None
) -> tuple[Value | None, Value | None]:
    """Return how far a metric has changed, with its 95% interval, and with that of the level that is left.

    Args:
        before: the metric with its draws on the version's holdout.
        now: the same on other rows, drawn by another seed.
        question: which file this is of those that are judged against the version, from 1.
    """
    if not before or not now or before[0].value is None or now[0].value is None:
        return None, None
    spread = now[1] - before[1]
    there = spread[np.isfinite(spread)]
    if len(there) < 0.9 * len(spread):
        return None, None
    low, high = (float(one) for one in np.quantile(there, [0.025, 0.975]))
    change = Value(now[0].value - before[0].value, low, high, now[0].rows)
    return change, _guarded(change, float(np.std(there, ddof=1)), question)


def _guarded(change: Value, spread: float, question: int | None) -> Value:
    """The change with the interval that a sound file leaves on the bad side as seldom as the level says.

    It is far out in the tail, where 500 draws have none: the draws' standard deviation stands for it.
    """
    from scipy.special import ndtri

    assert change.value is not None
    half = -float(ndtri(level_of(question))) * spread
    return Value(change.value, change.value - half, change.value + half, change.rows)


def _excludes_zero(metric: str, change: Value) -> bool:
    """Whether an interval lies on the bad side of zero."""
    assert change.low is not None and change.high is not None
    return change.low > 0 if lower_is_better(metric) else change.high < 0


def _by_chance(
    metric: str, question: int | None, rows: int, shared: float | None, earlier: Earlier | None
) -> str:
    """How far a verdict is to be believed that the level for this file does not show."""
    if question is None:
        return f"About one sound set of rows in {CHANCE} looks like this by chance."
    which = "the first file" if question == 1 else f"the {_ordinal(question)} file"
    said = f"About one sound file in {CHANCE} looks like this by chance, and this is {which} that was judged"
    leaning = f"the same {rows:,} rows of the holdout"
    if earlier is None:
        if shared is not None and shared < _SHARED:
            return f"{said}: the next one decides."
        return (
            f"{said}. Every file is compared with {leaning}: if the model was lucky there, the next one looks"
            " like this, too, and confirms nothing; what decides is whether later files are worse than this."
        )
    value, change = earlier.value, earlier.change
    places = _places([value.value], 4)
    signs = max(places, _places([change.value, change.low, change.high], 3))
    files = "the file" if earlier.files == 1 else f"the {earlier.files:,} files"
    numbers = (
        f"{metric} {_n(value.value, places)} on {value.rows:,} rows, change {_s(change.value, signs)},"
        f" 95% interval {_s(change.low, signs)} to {_s(change.high, signs)}"
    )
    if earlier.worse and earlier.alike:
        return (
            f"{said}. But it is worse than {files} measured before, too ({numbers}), as {earlier.alike} was."
        )
    if earlier.worse:
        return (
            f"{said}. But it is worse than {files} measured before, too ({numbers}), so that it is not the"
            " holdout alone: another such file confirms it."
        )
    return (
        f"{said}. It is not shown to be worse than {files} measured before ({numbers}). All are compared"
        f" with {leaning}, where the model may have been lucky: another file like this confirms nothing."
    )


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else last}"


def _enough(answered: Answered) -> bool:
    rows = answered.labelled
    if len(rows.table) < FEWEST:
        return False
    return answered.kind == "regression" or len(set(rows.truth.tolist())) > 1


def _few(answered: Answered) -> str:
    """Why labels that are there measure nothing; empty where none are."""
    rows = answered.labelled
    count = len(rows.table)
    if not count:
        return ""
    said = f"There {'is 1 label' if count == 1 else f'are {count:,} labels'}"
    if answered.kind == "regression":
        return f"{said}: too few to measure it, which takes {FEWEST}."
    names = [str(one).lower() if isinstance(one, bool) else str(one)[:40] for one in answered.classes]
    codes = rows.truth.astype(int).tolist()
    if len(set(codes)) == 1 and count > 1:
        said += f", all of them {names[codes[0]]}"
        return f"{said}: {'too few, and ' if count < FEWEST else ''}of one class alone it is not measured."
    if answered.kind == "binary" and count > 1:
        said += f", {sum(codes):,} of them {names[1]}"
    return f"{said}: too few to measure it, which takes {FEWEST}."


def estimated_metric(
    current: Answered, reference: Answered | None, metric: str, inputs: list[str]
) -> tuple[Value | None, str]:
    """Estimate a metric without looking at labels, and say by which way."""
    if reference is None:
        return None, ""
    if current.kind == "regression":
        return estimate_loss(current, reference, metric, inputs), "DLE"
    return estimate(current, reference, metric), "CBPE"


def _verdict(
    metric: str,
    before: Value | None,
    now: Value | None,
    change: Value | None,
    estimated: Value | None,
    drifted: bool,
    few: str,
) -> tuple[str, str]:
    if change is not None and change.low is not None and change.high is not None and now and before:
        numbers, interval = _in_numbers(metric, now, before, change)
        worse = _excludes_zero(metric, change)
        better = change.high < 0 if lower_is_better(metric) else change.low > 0
        if worse:
            return HARMFUL, f"The model is worse on these rows: {numbers} ({interval})."
        if better:
            return BENIGN, f"The model is better on these rows: {numbers} ({interval})."
        if drifted:
            return NONE, f"The data moved and no loss can be shown: {numbers} ({interval})."
        return NONE, f"No change that these rows can show: {numbers} ({interval})."
    if estimated is not None and before is not None and estimated.low is not None and before.low is not None:
        assert estimated.high is not None and before.high is not None
        places = _places([estimated.value, before.value], 4)
        guess, told = _n(estimated.value, places), _n(before.value, places)
        numbers = f"estimated {metric} {guess} against {told} on the holdout"
        worse = estimated.low > before.high if lower_is_better(metric) else estimated.high < before.low
        word = "No loss is to be seen without labels" if not few else "No loss is to be seen in an estimate"
        word = "The model seems worse on these rows" if worse else word
        return (HARMFUL if worse else UNKNOWN), f"{few} {word}: {numbers}.".lstrip()
    return UNKNOWN, f"{few or 'There are no labels to measure it by.'} There is nothing to estimate it from."


def _in_numbers(metric: str, now: Value, before: Value, change: Value) -> tuple[str, str]:
    """Both values and the change, in so many digits that they go together."""
    places = _places([now.value, before.value], 4)
    signs = max(places, _places([change.value, change.low, change.high], 3))
    low, high = _s(change.low, signs), _s(change.high, signs)
    return (
        f"{metric} {_n(now.value, places)} against {_n(before.value, places)} on the holdout",
        f"change {_s(change.value, signs)}, 95% interval {low} to {high}",
    )


def _places(values: Sequence[float | None], digits: int) -> int:
    """Decimal places that give the largest of several numbers so many significant digits; 6 at most."""
    largest = max((abs(one) for one in values if one is not None and math.isfinite(one)), default=0.0)
    return min(6, max(0, digits - 1 - math.floor(math.log10(largest)))) if largest else digits


def _n(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _s(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:+,.{places}f}".replace("-", "−")
