"""Which metrics a list of runs shows where nobody chose: those that most of the shown runs have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

FIRST_METRICS = ("roc_auc", "r2", "pr_auc", "log_loss", "rmse", "mae", "f1", "accuracy", "brier")
"""The metrics of recipes that decide, in the order in which they are told."""

FACTS = ("base_rate", "threshold")
"""Numbers beside the metrics that are neither better nor worse for being larger."""

_RARE = 4
"""A metric that fewer than one in so many of those have that have the commonest is not shown."""

_WORDS = re.compile(r"[a-z]+")
_VALIDATING = frozenset(("val", "valid", "validation", "holdout", "test", "eval"))
_ASIDE = frozenset("lr epoch step time seconds sec duration ms bytes memory rows count".split())


def usual_metrics(runs: Iterable[Run], most: int = 3) -> list[str]:
    """Return the keys of up to `most` metrics, those first that most of the runs have.

    Among equals come first what a sweep among them is judged by, the deciding metrics of recipes, scores on
    rows that were not learned from, and then the names; what is no score (`lr`, `seconds`) comes last.
    """
    counts: Counter[str] = Counter()
    wanted = set()
    for run in runs:
        counts.update(key for key in run.metrics if key not in FACTS)
        if run.kind == "sweep" and (metric := run.params.get("metric")):
            wanted.add(metric)

    def rank(key: str) -> tuple[int, bool, int, bool, bool, str]:
        words = set(_WORDS.findall(key.lower()))
        first = FIRST_METRICS.index(key) if key in FIRST_METRICS else len(FIRST_METRICS)
        return (
            -counts[key],
            key not in wanted,
            first,
            not words.isdisjoint(_ASIDE),
            words.isdisjoint(_VALIDATING),
            key,
        )

    found = sorted(counts, key=rank)[:most]
    return [key for key in found if counts[key] * _RARE >= counts[found[0]]]
