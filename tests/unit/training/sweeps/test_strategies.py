"""Strategies as machines: what runs next, given what was found."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.errors import UsageError
from pilothouse.training.sweeps.space import parse_space
from pilothouse.training.sweeps.stopping import Limits, enough
from pilothouse.training.sweeps.strategies import Outcome, Strategy, best_of, make_strategy

SPACE = parse_space(["x=uniform(0..1)", "k=int(1..50)"])
SMALL = parse_space(["a=1,2,3", "b=x,y"])


def machine(name: str, trials: int, eta: int, lower: bool) -> Strategy:
    count = None if name == "grid" else trials
    return make_strategy(name, SMALL if name == "grid" else SPACE, trials=count, seed=1, eta=eta, lower=lower)


def play(strategy: Strategy, scores: random.Random, failing: float, stops: int = 0) -> dict[str, Outcome]:
    """Run it to its end, in whatever order trials end; begin anew from the outcomes `stops` times."""
    outcomes: dict[str, Outcome] = {}
    while due := strategy.due(outcomes):
        scores.shuffle(due)
        for planned in due[: max(1, len(due) // (2 if stops else 1))]:
            assert planned.key not in outcomes, "no trial runs twice"
            # A score that depends on the trial alone, so that the order of ends cannot matter.
            own = random.Random(f"{planned.point}/{planned.rung}")
            outcomes[planned.key] = None if own.random() < failing else own.random()
    return outcomes


@given(
    st.sampled_from(["grid", "random", "halving"]),
    st.integers(1, 40),
    st.integers(2, 4),
    st.booleans(),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.randoms(use_true_random=False),
)
def test_it_ends_and_an_interruption_changes_nothing(
    name: str, trials: int, eta: int, lower: bool, failing: float, order: random.Random
) -> None:
    strategy = machine(name, trials, eta, lower)
    straight = play(strategy, order, failing)
    assert straight == play(strategy, order, failing, stops=1)
    assert len(straight) <= strategy.total
    if not failing:
        assert len(straight) == strategy.total


@given(st.integers(1, 60), st.integers(2, 5), st.booleans())
def test_halving_keeps_the_best_of_each_rung(points: int, eta: int, lower: bool) -> None:
    strategy = machine("halving", points, eta, lower)
    outcomes = play(strategy, random.Random(0), 0.0)
    rungs: dict[int, dict[int, float]] = {}
    for key, score in outcomes.items():
        number, rung = key.split("@")
        assert score is not None
        rungs.setdefault(int(rung), {})[int(number)] = score
    sign = 1 if lower else -1
    for rung in range(1, len(rungs)):
        before, now = rungs[rung - 1], rungs[rung]
        assert len(now) == max(1, len(rungs[0]) // eta**rung)
        ranked = sorted(before, key=lambda number: (sign * before[number], number))
        assert sorted(now) == sorted(ranked[: len(now)])
    assert strategy.share(max(rungs)) == 1.0 and strategy.share(0) <= 1.0
    assert math.isclose(
        strategy.work, sum(len(found) * strategy.share(rung) for rung, found in rungs.items())
    )
    best = best_of(outcomes, lower)
    last = rungs[max(rungs)]
    assert best is not None and best.endswith(f"@{max(rungs)}")
    assert last[int(best.split("@")[0])] == (min if lower else max)(last.values())


def test_the_best_is_of_the_highest_rung_and_a_failure_never_is() -> None:
    assert best_of({"0@0": 0.9, "1@0": 0.5, "1@1": 0.6, "0@1": None}, lower=False) == "1@1"
    assert best_of({"0": None, "1": float("nan")}, lower=False) is None
    assert best_of({"2": 0.5, "1": 0.5}, lower=True) == "1"


def test_what_cannot_be_planned_is_refused() -> None:
    for name, trials, eta in [("grid", 5, 3), ("bayes", 5, 3), ("random", 0, 3), ("halving", 5, 1)]:
        with pytest.raises(UsageError):
            make_strategy(name, SMALL, trials=trials, seed=0, eta=eta)
    assert make_strategy("random", SMALL, trials=50, seed=0).total == 6, "no more than there are"


@given(
    st.lists(st.tuples(st.integers(0, 2), st.none() | st.floats(0, 1)), max_size=30),
    st.integers(1, 8),
    st.booleans(),
)
def test_patience_counts_trials_since_the_last_better_one(
    scores: list[tuple[int, Outcome]], patience: int, lower: bool
) -> None:
    best, top, since = None, -1, 0
    for rung, score in scores:
        gained = score is not None and (
            rung > top or (rung == top and (best is None or (score < best if lower else score > best)))
        )
        if gained:
            best, top, since = score, rung, 0
        else:
            since += 1
    assert bool(enough(Limits(patience=patience), scores, 0.0, lower)) == (since >= patience)


def test_each_limit_ends_a_sweep_and_says_why() -> None:
    scores: list[tuple[int, Outcome]] = [(0, 0.6), (0, None), (0, 0.8)]
    assert not enough(Limits(), scores, 1e9, False)
    assert "target" in enough(Limits(target=0.8), scores, 0, False)
    assert not enough(Limits(target=0.5), scores, 0, True)
    assert "as many as" in enough(Limits(trials=3), scores, 0, False)
    assert "time" in enough(Limits(seconds=5), scores, 5, False)
