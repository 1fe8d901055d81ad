"""How a sweep stands, against what a list of all its scores says."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.training.sweeps.space import parse_space
from pilothouse.training.sweeps.standing import Standing
from pilothouse.training.sweeps.strategies import Outcome, Strategy, make_strategy

POINTS = parse_space(["x=uniform(0..1)"])


def halving(trials: int, lower: bool) -> Strategy:
    return make_strategy("halving", POINTS, trials=trials, seed=1, eta=2, lower=lower)


@given(st.integers(1, 30), st.booleans(), st.sampled_from([0.0, 0.4, 1.0]), st.randoms(use_true_random=False))
def test_what_it_tells_of_the_best_and_of_the_rest_is_so(
    trials: int, lower: bool, failing: float, dice: random.Random
) -> None:
    strategy = halving(trials, lower)
    standing = Standing(strategy, "loss", lower, {})
    told: list[tuple[int, float, int]] = []
    while due := standing.due():
        for planned in dice.sample(due, len(due)):
            score: Outcome = None if dice.random() < failing else dice.random()
            # Of equal scores the trial with the smaller number is ahead, whichever ended first.
            mine = None if score is None else (-planned.rung, score if lower else -score, planned.point)
            assert standing.take(planned, score) == (mine is not None and all(mine < one for one in told))
            told += [] if mine is None else [mine]
            share, said = standing.progress(10.0)
            assert 0 < share <= 1 and said.startswith(f"{standing.ended} of {strategy.total} trials")
            assert ("best loss" in said) == bool(told)
            assert standing.left == strategy.total - standing.ended >= 0
    assert f"{len(told)} with a score" in standing.summary()
    # Who goes on with it knows the same, and has nothing to run.
    again = Standing(strategy, "loss", lower, standing.outcomes)
    assert (again.best, again.best_score, again.due()) == (standing.best, standing.best_score, [])


def test_the_time_left_goes_by_the_work_that_is_left() -> None:
    standing = Standing(halving(4, lower=True), "loss", True, {})
    first, *others = standing.due()
    standing.take(first, 0.5)
    # One of four trials of a quarter each, then two of a half and one whole: two of three parts are left.
    assert standing.progress(100.0)[1].endswith("best loss 0.5000 (trial 0@0), about 18 min left")
    for planned in others:
        standing.take(planned, 0.6)
    while due := standing.due():
        standing.take(due[0], 0.4)
    assert "left" not in standing.progress(200.0)[1]
