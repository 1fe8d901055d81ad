"""Curves laid over each other: on the shared rows ROC of two classes, or quantiles of the errors of a
regression; and, without any rows, each metric by step."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pilothouse.comparing.findings import Curve
from pilothouse.comparing.subjects import Subject
from pilothouse.jsontext import loads
from pilothouse.store import Store
from pilothouse.tracking.curves import Curve as StepCurve
from pilothouse.tracking.smoothing import thin
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.comparing.answers import Answers

Points = tuple[tuple[float, float], ...]
Steps = dict[tuple[str, str], StepCurve]
"""Metrics by step, as they were read, by run and metric."""
MOST_POINTS = 200
"""Points of a ROC curve, evenly: it only rises, so none between two of them stands out."""
MOST_WRITTEN = 300
"""Points of a curve by step in a document."""


def answered_curves(answers: Answers, subjects: Sequence[Subject]) -> tuple[Curve, ...]:
    """Return the curves of those who answered the shared rows."""
    points: list[Points] = [()] * len(subjects)
    if answers.kind == "binary":
        for n, index in enumerate(answers.indexes):
            points[index] = roc_points(answers.truth, answers.said[n])
        return (
            Curve("ROC", "false positive rate", "true positive rate", tuple(points), "on the shared rows"),
        )
    if answers.kind == "regression":
        for n, index in enumerate(answers.indexes):
            points[index] = residual_points(answers.truth, answers.said[n])
        note = "predicted less true, on the shared rows"
        return (Curve("residuals", "share of the rows, %", "error", tuple(points), note),)
    return ()


def roc_points(positive: Any, score: Any) -> Points:
    """Return the ROC curve as at most 200 points (false, true positive rate), corners first; empty for one
    class."""
    import numpy as np

    total = int(positive.sum())
    if total in (0, len(positive)):
        return ()
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = np.append(0, np.cumsum(positive[order])[ends])
    alarms = np.append(0, ends + 1) - hits
    kept = _spread(len(hits))
    return tuple(
        (round(float(alarms[n] / (len(positive) - total)), 5), round(float(hits[n] / total), 5)) for n in kept
    )


def residual_points(truth: Any, predicted: Any) -> Points:
    """Return quantiles of the errors, predicted less true, as (percent, error in the unit of the target)."""
    import numpy as np

    shares = np.linspace(0.01, 0.99, 99)
    found = np.quantile(predicted - truth, shares)
    return tuple(
        (round(float(share) * 100, 2), float(value)) for share, value in zip(shares, found, strict=True)
    )


def _spread(count: int, most: int = MOST_POINTS) -> list[int]:
    """Return at most so many of `count` positions, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(n * (count - 1) / (most - 1)) for n in range(most)})


def read_steps(
    store: Store, subjects: Sequence[Subject], known: Steps | None = None, ended: Container[str] = ()
) -> Steps:
    """Read every metric by step of every run, by run and metric: a long one by its extremes.

    Args:
        store: the workspace's store.
        subjects: whose.
        known: what was read before.
        ended: runs that had ended then: theirs is taken from `known`.
    """
    from pilothouse.tracking.curves import read_curves

    kept = {place: curve for place, curve in (known or {}).items() if place[0] in ended}
    runs = {one.run.run_id: one.run for one in subjects if one.run.run_id and one.run.run_id not in ended}
    keys = sorted({key for run in runs.values() for key in run.summaries})
    return {**kept, **read_curves(store, list(runs), keys)}


def step_curves(read: Steps, subjects: Sequence[Subject]) -> tuple[Curve, ...]:
    """Return every metric that has a history in at least one run, as finely as it was read."""
    runs = [one.run.run_id for one in subjects]
    keys = sorted({key for (run, key), curve in read.items() if run in runs and curve.count > 1})
    curves = []
    for key in keys:
        found = [read.get((run, key)) for run in runs]
        points = tuple(one.points if one is not None else () for one in found)
        means = tuple(one.means if one is not None else () for one in found)
        curves.append(Curve(key, "step", key, points, means=means if any(means) else ()))
    return tuple(curves)


def short_curves(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Return curves as they are written down: at most 300 points, all numbers, the extremes among them."""
    return tuple(
        replace(
            one,
            points=tuple(
                tuple(thin([point for point in points if math.isfinite(point[1])], MOST_WRITTEN))
                for points in one.points
            ),
            means=(),
        )
        for one in curves
    )


def kept_curves(workspace: Workspace, subjects: Sequence[Subject]) -> tuple[Curve, ...]:
    """Return the ROC curves that the runs kept, each on its own holdout: there at once, until better are."""
    points = tuple(_kept_roc(workspace, one.run.run_id) for one in subjects)
    if not any(points):
        return ()
    return (Curve("ROC", "false positive rate", "true positive rate", points, "each on its own holdout"),)


def _kept_roc(workspace: Workspace, run_id: str) -> Points:
    try:
        tree = loads((workspace.run_dir(run_id) / "artifacts" / "curves.json").read_bytes()) if run_id else {}
        roc = tree["roc"]
        return tuple((float(x), float(y)) for x, y in zip(roc["fpr"], roc["tpr"], strict=True))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
