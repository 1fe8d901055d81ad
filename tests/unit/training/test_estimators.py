from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from pilothouse.training.curve import Curve
from pilothouse.training.estimators import POINTS, build_estimator, grow
from pilothouse.training.preprocessing import Features
from pilothouse.training.recipes import RECIPES, check_params

FEATURES = Features(("a", "b"), ("c",), {})


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    # Threads of a pool wait for each other: beside other work that takes ten times as long as one thread.
    with threadpool_limits(1):
        yield


def rows(n: int, task: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 2)), rng.integers(0, 4, n)])
    score = x[:, 0] + (x[:, 2] == 2) + rng.normal(0, 0.5, n)
    y = score if task == "regression" else np.where(score > 0.3, "yes", "[/no]").astype(object)
    return x, y


def grown(name: str, task: str, **params: object) -> tuple[object, object, list[tuple[int, int, dict]]]:
    x, y = rows(600, task)
    recipe = RECIPES[name]
    made = [
        build_estimator(recipe, task, check_params(recipe, params, task), FEATURES, seed=3, threads=1)
        for _ in range(2)
    ]
    curve = Curve(
        {"train": (x, y), "holdout": rows(200, task, 1)},
        ("[/no]", "yes") if task == "classification" else (),
        0,
    )
    steps: list[tuple[int, int, dict]] = []
    grow(made[0], recipe, x, y, curve, lambda done, total, losses: steps.append((done, total, losses)))
    return made[0], made[1].fit(x, y), steps


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    ("name", "params"),
    [("hist_gradient_boosting", {"max_iter": 60}), ("random_forest", {"n_estimators": 30})],
)
def test_watching_does_not_change_what_is_fitted(name: str, task: str, params: dict) -> None:
    watched, plain, steps = grown(name, task, **params)
    x, _ = rows(300, task, 9)
    ask = "predict_proba" if task == "classification" else "predict"
    assert (getattr(watched, ask)(x) == getattr(plain, ask)(x)).all()
    assert watched.get_params() == plain.get_params()
    done = [step[0] for step in steps]
    assert done == sorted(set(done)) and done[-1] == steps[0][1] and len(done) <= POINTS + 1
    metric = "log_loss" if task == "classification" else "rmse"
    assert all(set(step[2]) == {f"train_{metric}", f"holdout_{metric}"} for step in steps)
    assert steps[-1][2][f"train_{metric}"] < steps[0][2][f"train_{metric}"]


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "random_forest", "logistic"])
def test_the_last_point_is_the_loss_of_the_fitted_model(name: str) -> None:
    watched, _, steps = grown(name, "classification")
    x, y = rows(200, "classification", 1)
    p = watched.predict_proba(x)[:, 1]
    loss = -np.mean(np.log(np.where(y == "yes", p, 1 - p)))
    assert steps[-1][2]["holdout_log_loss"] == pytest.approx(loss, abs=1e-9)


def test_logistic_reaches_the_same_optimum() -> None:
    watched, plain, steps = grown("logistic", "classification")
    assert np.allclose(watched.coef_, plain.coef_, atol=0.01)
    assert steps[-1][0] == steps[-1][1] == 200 == watched.max_iter


def test_a_watched_model_can_be_pickled() -> None:
    watched, _, _ = grown("hist_gradient_boosting", "classification", max_iter=5)
    x, _ = rows(50, "classification", 5)
    again = pickle.loads(pickle.dumps(watched))
    assert (again.predict_proba(x) == watched.predict_proba(x)).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_early_stopping_stops_early_and_tells_its_curve(task: str) -> None:
    watched, plain, steps = grown(
        "hist_gradient_boosting",
        task,
        max_iter=500,
        early_stopping=True,
        n_iter_no_change=3,
        learning_rate=0.3,
    )
    assert watched.n_iter_ == plain.n_iter_ < 500
    assert [step[0] for step in steps] == list(range(1, watched.n_iter_ + 1))
    metric = "log_loss" if task == "classification" else "rmse"
    assert f"validation_{metric}" in steps[0][2] and f"holdout_{metric}" in steps[-1][2]


def test_ridge_has_no_steps() -> None:
    watched, plain, steps = grown("ridge", "regression")
    assert steps == [] and (watched.coef_ == plain.coef_).all()


@pytest.mark.parametrize("count", [1, 2, 26, 51])
def test_any_number_of_iterations_ends_at_its_end(count: int) -> None:
    watched, _, steps = grown("hist_gradient_boosting", "regression", max_iter=count)
    assert watched.n_iter_ == count and steps[-1][:2] == (count, count)
    watched, _, steps = grown("random_forest", "regression", n_estimators=count)
    assert len(watched.estimators_) == count and steps[-1][:2] == (count, count)
