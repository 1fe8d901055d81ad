"""Building a recipe's estimator, and growing it step by step so that its progress can be watched."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pilothouse.errors import UsageError
from pilothouse.training.curve import Curve
from pilothouse.training.preprocessing import Features
from pilothouse.training.recipes import Recipe

POINTS = 25  # of a learning curve, about
TICK = 2.0  # seconds without a word, at most, where that can be helped
OnStep = Callable[[int, int, dict[str, float]], None]


def build_estimator(
    recipe: Recipe, task: str, params: Mapping[str, Any], features: Features, *, seed: int, threads: int
) -> Any:
    """The unfitted scikit-learn estimator of a recipe.

    Raises:
        UsageError: scikit-learn does not accept the hyperparameters together.
    """
    from sklearn.utils._param_validation import InvalidParameterError

    estimator = _estimator(recipe.name, task, dict(params), features, seed, threads)
    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        raise UsageError(str(error)) from None
    return estimator


def _estimator(
    name: str, task: str, params: dict[str, Any], features: Features, seed: int, threads: int
) -> Any:
    classifies = task == "classification"
    if name == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(random_state=seed, **params)
    if name == "ridge":
        from sklearn.linear_model import Ridge

        return Ridge(random_state=seed, **params)
    if name == "random_forest":
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        forest = RandomForestClassifier if classifies else RandomForestRegressor
        return forest(random_state=seed, n_jobs=threads, **params)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    boosting = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    # The preprocessor puts the numeric columns first, so the categories are the last ones.
    mask = [False] * len(features.numeric) + [True] * len(features.category)
    return boosting(random_state=seed, categorical_features=mask if any(mask) else None, **params)


def grow(estimator: Any, recipe: Recipe, x: Any, y: Any, curve: Curve, on_step: OnStep) -> None:
    """Fit `estimator` and tell `on_step` how it does while it grows, some 25 times.

    Boosting and forests end up tree for tree as one plain `fit` leaves them. Logistic regression is taken up
    again where it stood; it reaches the same optimum.

    Args:
        estimator: unfitted.
        recipe: how it grows.
        x: prepared inputs, shape (n, prepared features).
        y: targets, shape (n,).
        curve: the rows to score it on.
        on_step: called with the iterations so far, in all, and the losses; without losses where it only says
            that time has passed.
    """
    with warnings.catch_warnings():
        # Not converged yet, or one class missing in a fold: that it goes on is the point of growing.
        warnings.simplefilter("ignore")
        if recipe.name == "hist_gradient_boosting":
            (_boost_until_no_better if estimator.early_stopping else _boost)(estimator, x, y, curve, on_step)
        elif recipe.name == "random_forest":
            _add_trees(estimator, x, y, curve, on_step)
        elif recipe.name == "logistic":
            _iterate(estimator, x, y, curve, on_step)
        else:
            estimator.fit(x, y)


def _boost(estimator: Any, x: Any, y: Any, curve: Curve, on_step: OnStep) -> None:
    """Look from inside the one fit: fitting in steps by `warm_start` bins all rows anew each time.

    The scorer of early stopping is called after each tree, for a sample of the rows it learns from and then
    for the validation rows. It never lets the fit stop, so that the holdout decides nothing.
    """
    total = estimator.max_iter
    step = max(1, -(-total // POINTS))
    calls = 0
    found: dict[str, float] = {}
    told = time.monotonic()

    def look(growing: Any, inputs: Any, target: Any) -> float:
        nonlocal calls, told
        # Two calls before the first tree, then two after each.
        done, side = calls // 2, "holdout" if calls % 2 else "train"
        calls += 1
        if done and (done % step == 0 or done == total):
            found[f"{side}_{curve.metric}"] = curve.loss(target, curve.outputs(growing, inputs))
            if side == "holdout":
                on_step(done, total, dict(found))
                told = time.monotonic()
        elif time.monotonic() - told > TICK:
            on_step(done, total, {})
            told = time.monotonic()
        return 0.0

    held, held_target = curve.sides["holdout"]
    plain = {name: getattr(estimator, name) for name in ("early_stopping", "scoring", "n_iter_no_change")}
    estimator.set_params(early_stopping=True, scoring=look, n_iter_no_change=total + 1)
    estimator.fit(x, y, X_val=held, y_val=held_target)
    estimator.set_params(**plain)
    # What is left of looking must not be pickled with the model.
    estimator._scorer = None
    estimator.do_early_stopping_ = False
    estimator.train_score_ = estimator.validation_score_ = np.empty(0)


def _boost_until_no_better(estimator: Any, x: Any, y: Any, curve: Curve, on_step: OnStep) -> None:
    """Early stopping on a part of the training side; its losses are known when it is over."""
    estimator.fit(x, y)
    done = int(estimator.n_iter_)
    told = (estimator.train_score_, estimator.validation_score_)
    for at in range(1, done):
        losses = [-float(scores[at]) for scores in told]
        if not curve.classes:
            losses = [(2 * loss) ** 0.5 for loss in losses]  # scikit-learn's loss is half the squared error
        names = (f"train_{curve.metric}", f"validation_{curve.metric}")
        on_step(at, done, dict(zip(names, losses, strict=True)))
    on_step(done, done, curve.point(estimator))


def _add_trees(estimator: Any, x: Any, y: Any, curve: Curve, on_step: OnStep) -> None:
    total = estimator.n_estimators
    step = max(1, -(-total // POINTS))
    sums: dict[str, Any] = dict.fromkeys(curve.sides, 0.0)
    estimator.set_params(warm_start=True)
    for before in range(0, total, step):
        done = min(total, before + step)
        estimator.set_params(n_estimators=done).fit(x, y)
        for side, (inputs, _) in curve.sides.items():
            # A forest's answer is the mean of its trees', so only the new ones have to be asked.
            for tree in estimator.estimators_[before:done]:
                sums[side] = sums[side] + curve.outputs(tree, inputs)
        losses = {
            f"{side}_{curve.metric}": curve.loss(target, sums[side] / done)
            for side, (_, target) in curve.sides.items()
        }
        on_step(done, total, losses)
    estimator.set_params(warm_start=False)


def _iterate(estimator: Any, x: Any, y: Any, curve: Curve, on_step: OnStep) -> None:
    total = estimator.max_iter
    step = max(10, -(-total // POINTS))
    estimator.set_params(warm_start=True)
    done = 0
    while done < total:
        limit = min(step, total - done)
        estimator.set_params(max_iter=limit).fit(x, y)
        done += int(max(estimator.n_iter_))
        converged = int(max(estimator.n_iter_)) < limit
        on_step(total if converged else done, total, curve.point(estimator))
        if converged:
            break
    estimator.set_params(warm_start=False, max_iter=total)
