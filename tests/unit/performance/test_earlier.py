"""Files of one version share its holdout: an alarm that rests on it is confirmed by no second one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from performance_worlds import world
from pilothouse.performance.answered import Answered
from pilothouse.performance.earlier import Measured, against_earlier
from pilothouse.performance.harm import HARMFUL, Harm, assess
from pilothouse.performance.measuring import Value

LIMIT = 1.959964


def value(middle: float, error: float, rows: int = 1000) -> Value:
    return Value(middle, middle - LIMIT * error, middle + LIMIT * error, rows)


def measured(name: str, middle: float, error: float, **more: bool) -> Measured:
    told = value(middle, error)
    assert told.value is not None and told.low is not None and told.high is not None
    return Measured(name, "rmse", told.value, told.low, told.high, told.rows, **more)


def of(name: str, harm: Harm) -> Measured:
    """What is kept of a judged file."""
    now = harm.realised
    assert now and now.value is not None and now.low is not None and now.high is not None
    return Measured(
        name, harm.metric, now.value, now.low, now.high, now.rows, bool(harm.sure),
        harm.verdict == HARMFUL and harm.earlier is not None and harm.earlier.worse,
    )  # fmt: skip


def stream(chance: np.random.Generator, holdout: float, files: int = 12) -> tuple[int, int]:
    """Sound files of many sizes against a holdout with an error of 1 that was so much too good; return how
    many are called harmful, and how many of these are confirmed."""
    before: list[Measured] = []
    harmful = confirmed = 0
    for number in range(files):
        error = float(chance.choice([0.05, 0.3, 1.0, 2.0]))
        now = float(chance.normal(0, error))
        called = now + holdout > LIMIT * math.sqrt(1 + error**2)
        found = against_earlier("rmse", value(now, error), error, before)
        suspected = called and found is not None and found.worse
        harmful += called
        confirmed += suspected and found is not None and bool(found.alike)
        before.append(replace(measured(f"f{number}", now, error), suspected=suspected))
    return harmful, confirmed


def test_sound_files_and_an_unlucky_holdout_are_seldom_confirmed() -> None:
    chance = np.random.default_rng(3)
    # By far the most large files are called harmful, of which none is.
    told = [stream(chance, 2.3) for _ in range(300)]
    harmful, confirmed = (sum(one) for one in zip(*told, strict=True))
    assert harmful > 300 * 12 * 0.4
    assert confirmed <= 0.01 * harmful
    assert sum(bool(each) for _, each in told) <= 0.05 * len(told)
    # With any holdout one sound file in 40 is called harmful, and hardly one of all is confirmed.
    told = [stream(chance, float(chance.normal())) for _ in range(300)]
    harmful, confirmed = (sum(one) for one in zip(*told, strict=True))
    assert 0.015 < harmful / (300 * 12) < 0.04 and confirmed <= 3


def test_files_that_turn_bad_are_confirmed_by_the_second() -> None:
    chance = np.random.default_rng(4)
    found = 0
    for _ in range(50):
        before = [measured(f"f{number}", chance.normal(0, 0.3), 0.3) for number in range(5)]
        told = []
        for name in ("bad", "worse"):
            now = float(chance.normal(2.5, 0.3))
            told.append(against_earlier("rmse", value(now, 0.3), 0.3, before))
            before.append(replace(measured(name, now, 0.3), suspected=True))
        assert all(one is not None and one.files == 5 for one in told)
        found += all(one is not None and one.worse for one in told)
        assert told[0] and told[1] and (told[0].alike, told[1].alike) == ("", "bad")
    assert found >= 48


def luck(answered: Answered) -> float:
    return float(roc_auc_score(answered.truth, answered.said))


def test_on_real_draws_the_words_say_what_an_alarm_rests_on() -> None:
    # The model was lucky on its 400 rows: files of 4,000 sound ones look worse one after the other.
    lucky = sorted(range(100), key=lambda seed: luck(world(400, seed)))[-3]
    holdout = world(400, lucky)
    first = assess(world(4000, 1000), holdout, question=1)
    assert first.verdict == HARMFUL and not first.sure
    assert first.shared is not None and first.shared > 0.8 and first.earlier is None
    assert "the same 400 rows of the holdout" in first.words and "confirms nothing" in first.words
    assert first.confirmed is False and "decides." not in first.words
    before = [of("f1", first)]
    for number in range(2, 4):
        found = assess(world(4000, 1000 + number), holdout, question=number, before=before)
        assert found.earlier is not None and found.earlier.files == len(before) and not found.confirmed
        if found.verdict == HARMFUL and not found.sure and not found.earlier.worse:
            assert "not shown to be worse than the" in found.words and "confirms nothing" in found.words
        before.append(of(f"f{number}", found))
    # What has turned is worse than they are, too.
    turned = assess(world(4000, 2000, flipped=0.03), holdout, question=4, before=before)
    assert turned.verdict == HARMFUL and turned.earlier is not None and turned.earlier.worse
    if not turned.sure:
        assert "worse than the" in turned.words and "another such file confirms it" in turned.words
    # A holdout far larger than the file has no part in it.
    unlucky = sorted(range(60), key=lambda seed: luck(world(300, seed, flipped=0.04)))[2]
    small = assess(world(300, unlucky, flipped=0.04), world(9000, 9), question=3)
    assert small.verdict == HARMFUL and not small.sure
    assert small.shared is not None and small.shared < 0.1 and small.words.endswith("the next one decides.")


def test_what_is_known_to_hurt_is_no_measure_of_what_is_usual() -> None:
    files = [measured("a", 1, 0.1), measured("b", 9, 0.1, sure=True), measured("c", 9, 0.1, suspected=True)]
    found = against_earlier("rmse", value(2, 0.1), 0.1, files)
    assert found is not None and (found.files, found.value.value, found.alike) == (1, 1, "c") and found.worse
    assert against_earlier("mae", value(2, 0.1), 0.1, files) is None
    assert against_earlier("rmse", value(2, 0.1), 0.1, files[1:]) is None
    assert against_earlier("rmse", Value(None, None, None, 9), 0.1, files) is None


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3)), min_size=1, max_size=9),
    st.floats(-1e6, 1e6),
)
def test_the_pool_lies_among_the_files_and_differing_files_are_pooled_widely(
    files: list[tuple[float, float]], now: float
) -> None:
    before = [measured(str(number), *one) for number, one in enumerate(files)]
    found = against_earlier("rmse", value(now, 1.0), 1.0, before)
    assert found is not None and found.value.value is not None and found.value.low is not None
    values = [middle for middle, _ in files]
    slack = 1e-6 * (1 + max(map(abs, values)))
    assert min(values) - slack <= found.value.value <= max(values) + slack
    assert found.change.low is not None and found.change.high is not None
    assert found.change.high - found.change.low >= 2 * LIMIT * 0.999
    # A file among others is never worse than what they span by more than they do.
    if len(files) > 1 and max(values) - min(values) > 1e5 and min(values) <= now <= max(values):
        assert not found.worse or now > found.value.value


@pytest.mark.parametrize("metric", ["rmse", "roc_auc"])
def test_worse_goes_by_the_direction_of_the_metric(metric: str) -> None:
    before = [replace(measured("a", 1, 0.1), metric=metric)]
    above, below = (against_earlier(metric, value(now, 0.1), 0.1, before) for now in (2, 0))
    assert above and below and (above.worse, below.worse) == (metric == "rmse", metric == "roc_auc")
