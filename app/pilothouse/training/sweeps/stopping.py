"""When a whole sweep has done enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.training.sweeps.strategies import Outcome, better, is_score


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a sweep early; None and 0 never do.

    Attributes:
        trials: that have ended, however they ended.
        seconds: since the sweep began.
        patience: trials in a row without a better score.
        target: a score that is good enough.
    """

    trials: int | None = None
    seconds: float | None = None
    patience: int | None = None
    target: float | None = None


def enough(limits: Limits, scores: Sequence[tuple[int, Outcome]], seconds: float, lower: bool) -> str:
    """Why the sweep should end now, in a sentence; empty if it should not.

    Args:
        limits: what was asked for.
        scores: rung and score of each trial in the order in which they ended. A score on a higher rung
            than any before always counts as better: it is of more training.
        seconds: since the sweep began.
        lower: whether a lower score is better.
    """
    best: Outcome = None
    top = -1
    since = 0
    for rung, score in scores:
        since += 1
        if score is None or not is_score(score) or rung < top:
            continue
        if rung > top or better(score, best, lower):
            best, top, since = score, rung, 0
    if limits.target is not None and best is not None:
        reached = best <= limits.target if lower else best >= limits.target
        if reached:
            return f"The target {limits.target:g} was reached: {best:.6g}."
    if limits.patience is not None and since >= limits.patience:
        return f"No better score in {since} trials."
    if limits.trials is not None and len(scores) >= limits.trials:
        return f"{len(scores)} trials have ended, as many as were asked for."
    if limits.seconds is not None and seconds >= limits.seconds:
        return f"The time of {limits.seconds:g} s is over."
    return ""
