"""Does it hurt? What a version is worth on rows that landed, against what it was worth on its own holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from pilothouse.performance.answered import FIRST, Answered
from pilothouse.performance.estimating import BLIND, estimate
from pilothouse.performance.losses import BLIND as BLIND_LOSS
from pilothouse.performance.losses import estimate_loss
from pilothouse.performance.measuring import FEWEST, Value, drawn
from pilothouse.performance.slices import Group, worst_groups
from pilothouse.tracking.directions import lower_is_better

HARMFUL, BENIGN, NONE, UNKNOWN = "harmful", "benign", "no harm shown", "unknown"


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
        verdict: harmful, benign (better, or moved without loss), no harm shown, or unknown.
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
) -> Harm:
    """Say what a version is worth on some rows.

    Args:
        current: its answers to them.
        reference: its answers to its own holdout; None if that is gone.
        metric: to judge by; the first of its kind by default.
        drifted: whether the rows were called drifted; then no loss is called benign.
        inputs: the columns that the model takes, for estimating the loss of a regression.
        business: business metrics of these rows.
    """
    name = metric or FIRST[current.kind]
    before = drawn(reference.labelled, name).get(name) if reference and _enough(reference) else None
    now = drawn(current.labelled, name).get(name) if _enough(current) else None
    change = None
    if before and now and before[0].value is not None and now[0].value is not None:
        spread = now[1] - before[1][: len(now[1])]
        there = spread[np.isfinite(spread)]
        if len(there) >= 0.9 * len(spread):
            low, high = (float(one) for one in np.quantile(there, [0.025, 0.975]))
            change = Value(now[0].value - before[0].value, low, high, now[0].rows)
    estimated, method = estimated_metric(current, reference, name, inputs or [])
    every = {key: value for key, (value, _) in drawn(current.labelled).items()} if _enough(current) else {}
    verdict, words = _verdict(name, before and before[0], now and now[0], change, estimated, drifted)
    if now is None and estimated is not None:
        words += f" {BLIND_LOSS if method == 'DLE' else BLIND}"
    return Harm(
        metric=name,
        rows=len(current.table),
        labelled=int(current.known.sum()),
        expected=before and before[0],
        realised=now and now[0],
        estimated=estimated,
        method=method,
        change=change,
        verdict=verdict,
        words=words,
        metrics=every,
        business=dict(business or {}),
        groups=tuple(worst_groups(current, name)) if _enough(current) else (),
    )


def _enough(answered: Answered) -> bool:
    rows = answered.labelled
    if len(rows.table) < FEWEST:
        return False
    return answered.kind == "regression" or len(set(rows.truth.tolist())) > 1


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
) -> tuple[str, str]:
    if change is not None and change.low is not None and change.high is not None and now and before:
        numbers = f"{metric} {_n(now.value)} against {_n(before.value)} on the holdout"
        interval = f"change {_s(change.value)}, 95% interval {_s(change.low)} to {_s(change.high)}"
        worse = change.low > 0 if lower_is_better(metric) else change.high < 0
        better = change.high < 0 if lower_is_better(metric) else change.low > 0
        if worse:
            return HARMFUL, f"The model is worse on these rows: {numbers} ({interval})."
        if better:
            return BENIGN, f"The model is better on these rows: {numbers} ({interval})."
        if drifted:
            return BENIGN, f"The data moved and no loss can be shown: {numbers} ({interval})."
        return NONE, f"No change that these rows can show: {numbers} ({interval})."
    if estimated is not None and before is not None and estimated.low is not None and before.low is not None:
        assert estimated.high is not None and before.high is not None
        numbers = f"estimated {metric} {_n(estimated.value)} against {_n(before.value)} on the holdout"
        worse = estimated.low > before.high if lower_is_better(metric) else estimated.high < before.low
        word = "The model seems worse on these rows" if worse else "No loss is to be seen without labels"
        return (HARMFUL if worse else UNKNOWN), f"{word}: {numbers}."
    return UNKNOWN, "There are too few labels to measure it, and nothing to estimate it from."


def _n(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _s(value: float | None) -> str:
    return "–" if value is None else f"{value:+.4f}".replace("-", "−")
