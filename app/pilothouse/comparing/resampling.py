"""Metrics of rows that count 0, 1, 2, … times: what the bootstrap needs, many resamples at once.

Every measure takes weights W of shape (k, n), the numbers of times that n rows were drawn in k resamples, and
gives one value a resample. With every weight 1 the values are those of `registry.scoring`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Callable[[Floats], dict[str, Floats]]
_EPSILON = 1e-15
_CELLS = 400_000
"""Weights held at a time: what fits a processor's cache is quickest, and memory stays small."""


def draws(units: int, resamples: int, seed: int, codes: NDArray[np.intp] | None = None) -> Iterator[Floats]:
    """Give the weights of resamples, a few at a time, each block of shape (k, n).

    Args:
        units: how many rows there are, or groups of rows.
        resamples: how often to draw; each time as many units as there are, with replacement.
        seed: of the generator. The same units and seed give the same draws.
        codes: the group of each row, shape (n,); None draws the rows themselves.
    """
    chance = np.random.default_rng(seed)
    wide = units if codes is None else max(units, len(codes))
    block = max(1, _CELLS // max(1, wide))
    for start in range(0, resamples, block):
        k = min(block, resamples - start)
        drawn = chance.integers(0, units, size=(k, units)) + np.arange(k)[:, None] * units
        counts = np.bincount(drawn.ravel(), minlength=k * units).reshape(k, units)
        yield (counts if codes is None else counts[:, codes]).astype(np.float64)


class Ranking:
    """ROC AUC and average precision of scores; ties count as they do in scikit-learn."""

    def __init__(self, positive: NDArray[np.bool_], score: Floats) -> None:
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        self._ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self._positive = positive[self._order].astype(np.float64)

    def __call__(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return ROC AUC and average precision of each resample; NaN where it holds one class only."""
        ordered = weights[:, self._order]
        hits = np.cumsum(ordered * self._positive, axis=1)[:, self._ends]
        alarms = np.cumsum(ordered, axis=1)[:, self._ends] - hits
        with np.errstate(divide="ignore", invalid="ignore"):
            positives, negatives = hits[:, -1], alarms[:, -1]
            gained = np.diff(hits, axis=1, prepend=0.0)
            # A negative counts for every positive above it, and half for each that is level with it.
            area = np.sum(np.diff(alarms, axis=1, prepend=0.0) * (hits - gained / 2), axis=1)
            auc = area / (positives * negatives)
            called = hits + alarms
            precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
            average = np.sum(gained * precision, axis=1) / positives
            average[negatives == 0] = np.nan
        return auc, average


def binary(positive: NDArray[np.bool_], probability: Floats, threshold: float, only: str = "") -> Measure:
    """Measure a model of two classes by the probability of the second; `only` one metric if it is given."""
    p = np.clip(probability, _EPSILON, 1 - _EPSILON)
    chosen = probability >= threshold
    sums = np.column_stack(
        [
            np.ones(len(p)),
            -np.where(positive, np.log(p), np.log1p(-p)),
            (probability - positive) ** 2,
            chosen == positive,
            chosen & positive,
            chosen,
            positive,
        ]
    ).astype(np.float64)
    ranking = Ranking(positive, probability) if only in ("", "roc_auc", "pr_auc") else None

    def measure(weights: Floats) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        if ranking is not None:
            found["roc_auc"], found["pr_auc"] = ranking(weights)
        n, loss, brier, right, hit, called, true = (weights @ sums).T
        found |= {
            "log_loss": loss / n,
            "brier": brier / n,
            "accuracy": right / n,
            "f1": _ratio(2 * hit, called + true),
            "precision": _ratio(hit, called),
            "recall": _ratio(hit, true),
        }
        return {only: found[only]} if only else found

    return measure


def multiclass(codes: NDArray[np.intp], probability: Floats, only: str = "") -> Measure:
    """Measure a model of k > 2 classes by its probabilities, shape (n, k)."""
    n_classes = probability.shape[1]
    truth = np.eye(n_classes)[codes]
    chosen = np.eye(n_classes)[probability.argmax(axis=1)]
    own = np.clip(probability[np.arange(len(codes)), codes], _EPSILON, 1)
    sums = np.column_stack(
        [np.ones(len(codes)), -np.log(own), np.sum((probability - truth) ** 2, axis=1), chosen * truth,
         chosen, truth]
    )  # fmt: skip
    rankings = (
        [Ranking(truth[:, k] > 0, probability[:, k]) for k in range(n_classes)]
        if only in ("", "roc_auc", "pr_auc")
        else []
    )

    def measure(weights: Floats) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        if rankings:
            areas = [ranking(weights) for ranking in rankings]
            for name, n in (("roc_auc", 0), ("pr_auc", 1)):
                # Of the classes, each against the rest, that the draw holds.
                found[name] = _mean([area[n] for area in areas])
        n, loss, brier, *rest = (weights @ sums).T
        hit, called, true = (np.array(rest[i * n_classes : (i + 1) * n_classes]) for i in range(3))
        there = called + true > 0
        f1 = np.where(there, _ratio(2 * hit, called + true), 0.0).sum(axis=0) / np.maximum(
            1, there.sum(axis=0)
        )
        found |= {"log_loss": loss / n, "brier": brier / n, "f1": f1, "accuracy": hit.sum(axis=0) / n}
        return {only: found[only]} if only else found

    return measure


def labels(codes: NDArray[np.intp], chosen: NDArray[np.intp]) -> Measure:
    """Measure a model that names classes and gives no probabilities."""
    sums = np.column_stack([np.ones(len(codes)), codes == chosen]).astype(np.float64)

    def measure(weights: Floats) -> dict[str, Floats]:
        n, right = (weights @ sums).T
        return {"accuracy": right / n}

    return measure


def regression(truth: Floats, predicted: Floats, only: str = "") -> Measure:
    """Measure a model of numbers."""
    errors = predicted - truth
    # Around the mean, or the squares of large targets would swallow what is left of them.
    centred = truth - truth.mean()
    sums = np.column_stack([np.ones(len(truth)), errors**2, np.abs(errors), centred, centred**2])

    def measure(weights: Floats) -> dict[str, Floats]:
        n, squares, absolute, total, spread = (weights @ sums).T
        with np.errstate(divide="ignore", invalid="ignore"):
            around = spread - total**2 / n
            r2 = np.where(around > 0, 1 - squares / around, np.nan)
        found = {"rmse": np.sqrt(squares / n), "mae": absolute / n, "r2": r2}
        return {only: found[only]} if only else found

    return measure


def _ratio(part: Any, whole: Any) -> Floats:
    found: Floats = np.divide(part, whole, out=np.zeros_like(part, dtype=np.float64), where=whole > 0)
    return found


def _mean(values: list[Floats]) -> Floats:
    stacked = np.array(values)
    there = np.isfinite(stacked)
    total = np.where(there, stacked, 0.0).sum(axis=0)
    count = there.sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(1, count), np.nan))
