"""Which metrics a list of runs shows where nobody chose: those that most of the shown runs have; and which
groups do: those that most of all the runs in them have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
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
    """Return the keys of up to `most` metrics: those that most of the runs have.

    First of them, and chosen first among equals, is what a sweep among them is judged by; then the deciding
    metrics of recipes, scores on rows that were not learned from, and then the names; what is no score (`lr`,
    `seconds`) comes last.
    """
    there = list(runs)
    wanted = [run.params["metric"] for run in there if run.kind == "sweep" and "metric" in run.params]
    return usual_keys((run.metrics for run in there), most, wanted)


def usual_keys(found: Iterable[Iterable[str]], most: int = 3, wanted: Collection[str] = ()) -> list[str]:
    """Return up to `most` of the keys of metrics that several have, as `usual_metrics` does."""
    counts: Counter[str] = Counter()
    for keys in found:
        counts.update(list(keys))
    return usual_of(counts, most, wanted)


def usual_of(found: Mapping[str, int], most: int = 3, wanted: Collection[str] = ()) -> list[str]:
    """Return up to `most` of the keys of metrics by how many have each, as `usual_metrics` does."""
    counts = {key: count for key, count in found.items() if key not in FACTS}

    def rank(key: str) -> tuple[int, bool, int, bool, bool, str]:
        words = set(_WORDS.findall(key.lower()))
        place = FIRST_METRICS.index(key) if key in FIRST_METRICS else len(FIRST_METRICS)
        return (
            -counts[key],
            key not in wanted,
            place,
            not words.isdisjoint(_ASIDE),
            words.isdisjoint(_VALIDATING),
            key,
        )

    first = sorted(counts, key=rank)[:most]
    kept = [key for key in first if counts[key] * _RARE >= counts[first[0]]]
    return sorted(kept, key=lambda key: rank(key)[1:])
