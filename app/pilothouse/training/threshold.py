"""Choosing from which probability on a two-class model decides for the positive class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pilothouse.training.curve import Curve
from pilothouse.training.estimators import grow
from pilothouse.training.examples import Examples
from pilothouse.training.preprocessing import build_preprocessor, without_empty
from pilothouse.training.recipes import Recipe
from pilothouse.training.scoring import best_threshold
from pilothouse.training.split import SMALLEST, Rows, Split, split_rows

ROWS = 50_000  # at most, for the model that only the threshold is chosen with
SHARE = 0.2  # of them that it is chosen on
FALLBACK = 0.5


def rows_for_threshold(split: Split, seed: int) -> Rows:
    """The rows of the training side that the threshold is chosen with: the newest, or else a draw.

    Without a time the training side stands as its files do, and their end may hold one class only.
    """
    rows = split.train
    if len(rows) <= ROWS:
        return rows
    if split.by_time:
        # They stand in order already, and the latest are the most like those to come.
        return rows[-ROWS:]
    return np.sort(np.random.default_rng(seed).choice(rows, ROWS, replace=False))


def choose_threshold(
    recipe: Recipe,
    build: Callable[[Any], Any],
    examples: Examples,
    seed: int,
    on_step: Callable[[int, int, dict[str, float]], None],
) -> tuple[float, str]:
    """Fit on a part of the training side and choose on the rest, which that fit has not seen.

    Returns:
        The threshold with the highest F1, and why it is only the fallback; an empty text where it is not.
    """
    rows = rows_for_threshold(examples.split, seed)
    if len(rows) < SMALLEST:
        return FALLBACK, f"the training side has only {len(rows)} rows"
    inner = split_rows(
        times=range(len(rows)) if examples.split.by_time else None,
        labels=examples.target[rows],
        n_rows=len(rows),
        holdout=SHARE,
        seed=seed,
    )
    fit, choose = rows[inner.train], rows[inner.holdout]
    positive = examples.target == examples.classes[1]
    if any(len(set(positive[side].tolist())) < 2 for side in (fit, choose)):
        return FALLBACK, f"{inner.how} of its training side, or the rest of them, are of one class"
    # A column may have come up only in the newer part.
    features = without_empty(examples.features, examples.inputs.iloc[fit])
    estimator = build(features)
    if recipe.name == "random_forest":
        # Where to cut shows with a quarter of the trees, and the trees are what takes long.
        estimator.set_params(n_estimators=min(estimator.n_estimators, max(25, estimator.n_estimators // 4)))
    prepare = build_preprocessor(features, recipe.name)
    train = prepare.fit_transform(examples.inputs.iloc[fit])
    held = prepare.transform(examples.inputs.iloc[choose])
    # Only its progress is looked at, so a few rows do.
    curve = Curve({"holdout": (held, positive[choose])}, (False, True), seed, most=100)
    grow(estimator, recipe, train, positive[fit], curve, on_step)
    return best_threshold(positive[choose], estimator.predict_proba(held)[:, 1]), ""
