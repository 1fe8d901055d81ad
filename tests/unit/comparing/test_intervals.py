"""What an interval says is true about as often as it claims, and turns over when the two change places."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from answering import answers, subjects
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from pilothouse.comparing.findings import ALIKE, BETTER, UNDECIDED, WORSE, Judgement
from pilothouse.comparing.intervals import judge, percentile_interval, units_of, verdict
from pilothouse.comparing.wording import judged_on


def interval_of(found: Judgement, metric: str, n: int = 1):  # type: ignore[no-untyped-def]
    return next(one.intervals[n] for one in found.metrics if one.metric == metric)


def test_a_worked_example_by_the_plain_formula() -> None:
    """The percentiles of the differences of sklearn's ROC AUC on the very same draws."""
    chance = np.random.default_rng(1)
    positive = chance.random(120) < 0.4
    one, two = (np.clip(0.2 * positive + chance.random(120) * 0.8, 0, 1) for _ in range(2))
    judged = judge(answers("binary", positive, one, two), subjects(2), resamples=200, seed=3)
    found = interval_of(judged, "roc_auc")
    drawing = np.random.default_rng(3)
    plain = []
    for rows in drawing.integers(0, 120, size=(200, 120)):
        plain.append(roc_auc_score(positive[rows], two[rows]) - roc_auc_score(positive[rows], one[rows]))
    each = 1 - 0.05 / len(judged.metrics)
    assert judged.each == pytest.approx(each)
    low, high = np.quantile(plain, [(1 - each) / 2, (1 + each) / 2])
    assert found.difference == pytest.approx(roc_auc_score(positive, two) - roc_auc_score(positive, one))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_the_interval_of_a_mean_is_about_that_of_students_formula() -> None:
    chance = np.random.default_rng(2)
    truth = chance.normal(size=2000)
    one, two = truth + chance.normal(0, 1, 2000), truth + chance.normal(0, 1.1, 2000)
    judged = judge(answers("regression", truth, one, two), subjects(2))
    found = interval_of(judged, "mae")
    paired = np.abs(two - truth) - np.abs(one - truth)
    half = NormalDist().inv_cdf((1 + judged.each) / 2) * paired.std(ddof=1) / np.sqrt(2000)
    assert found.low == pytest.approx(paired.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(paired.mean() + half, abs=0.15 * half)
    assert found.verdict == WORSE  # of errors, less is better


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    """Simulated: the true difference of the errors is known. Give or take three deviations, of 300."""
    chance = np.random.default_rng(4)
    held, level = 0, 0.0
    expected = 0.2 * np.sqrt(2 / np.pi)
    for seed in range(300):
        noise, rows = chance.normal(size=100), np.zeros(100)
        found = judge(answers("regression", rows, noise, 1.2 * noise), subjects(2), resamples=300, seed=seed)
        level = found.each
        one = interval_of(found, "mae")
        held += one.low <= expected <= one.high
    # Few rows and few draws make it a little too narrow.
    spread = 3 * np.sqrt(level * (1 - level) / 300)
    assert level - spread - 0.015 <= held / 300 <= min(1.0, level + spread)


def test_two_that_are_equally_good_are_seldom_told_apart_by_any_metric() -> None:
    """Eight metrics of two models alike: by each at 95%, about one comparison in five had a verdict."""
    chance = np.random.default_rng(15)
    alarms = 0
    for seed in range(150):
        positive = chance.random(200) < 0.4
        one, two = (np.clip(0.3 * positive + 0.7 * chance.random(200), 0.01, 0.99) for _ in range(2))
        found = judge(answers("binary", positive, one, two), subjects(2), resamples=400, seed=seed)
        assert len(found.metrics) >= 6
        told = [measured.intervals[1] for measured in found.metrics]
        alarms += any(it is not None and it.verdict in (BETTER, WORSE) for it in told)
    assert alarms / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_it_is_said_that_many_metrics_are_judged_at_once() -> None:
    chance = np.random.default_rng(16)
    positive = chance.random(200) < 0.4
    found = judge(
        answers("binary", positive, *(chance.random(200) for _ in range(2))), subjects(2), resamples=50
    )
    count = len(found.metrics)
    assert any(f"all {count} metrics hold together 95%" in note for note in found.notes)
    assert f"hold for all {count} metrics at once" in judged_on(found)


def test_two_that_are_equally_good_are_seldom_told_apart() -> None:
    chance = np.random.default_rng(5)
    alarms = 0
    for seed in range(200):
        positive = chance.random(200) < 0.4
        one, two = (0.3 * positive + chance.random(200) for _ in range(2))
        found = judge(answers("binary", positive, one / 2, two / 2), subjects(2), resamples=200, seed=seed)
        alarms += interval_of(found, "roc_auc").verdict != UNDECIDED
    assert alarms / 200 <= 0.10


def test_a_real_difference_is_found_and_called_by_its_direction() -> None:
    chance = np.random.default_rng(6)
    positive = chance.random(3000) < 0.4
    weak = np.clip(0.1 * positive + chance.random(3000) * 0.9, 0, 1)
    strong = np.clip(0.4 * positive + chance.random(3000) * 0.6, 0, 1)
    found = judge(answers("binary", positive, weak, strong), subjects(2), resamples=300)
    assert interval_of(found, "roc_auc").verdict == BETTER
    assert interval_of(found, "log_loss").verdict == BETTER
    assert interval_of(found, "log_loss").difference < 0
    back = judge(answers("binary", positive, strong, weak), subjects(2), resamples=300)
    assert interval_of(back, "roc_auc").verdict == WORSE


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 80), st.sampled_from(["binary", "regression", "multiclass"]))
def test_the_other_way_round_everything_turns_over(seed: int, rows: int, kind: str) -> None:
    chance = np.random.default_rng(seed)
    if kind == "binary":
        truth, said = chance.random(rows) < 0.5, [chance.random(rows) for _ in range(2)]
    elif kind == "regression":
        truth, said = chance.normal(size=rows), [chance.normal(size=rows) for _ in range(2)]
    else:
        truth, said = chance.integers(0, 3, rows), [chance.dirichlet(np.ones(3), rows) for _ in range(2)]
    forth = judge(answers(kind, truth, *said), subjects(2), resamples=60)
    back = judge(answers(kind, truth, *said[::-1]), subjects(2), resamples=60)
    turned = {BETTER: WORSE, WORSE: BETTER}
    for one, other in zip(forth.metrics, back.metrics, strict=True):
        a, b = one.intervals[1], other.intervals[1]
        if a is None or b is None or a.low is None:
            assert (a is None) == (b is None)
            continue
        assert a.difference == -b.difference
        assert (a.low, a.high) == (pytest.approx(-b.high), pytest.approx(-b.low))
        assert b.verdict == turned.get(a.verdict, a.verdict)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 60))
def test_a_model_does_not_differ_from_itself(seed: int, rows: int) -> None:
    chance = np.random.default_rng(seed)
    positive, score = chance.random(rows) < 0.5, np.round(chance.random(rows), 1)
    for one in judge(answers("binary", positive, score, score.copy()), subjects(2), resamples=40).metrics:
        found = one.intervals[1]
        if found is not None and found.low is not None:
            assert (found.difference, found.low, found.high, found.verdict) == (0, 0, 0, ALIKE)


def test_whole_days_are_drawn_where_there_are_enough_and_the_interval_widens() -> None:
    chance = np.random.default_rng(8)
    days = np.repeat(np.arange(40), 50)
    # What makes the second model better or worse is one for all rows of a day.
    storms = chance.normal(0, 1, 40)[days]
    truth = np.zeros(2000)
    one, two = np.abs(chance.normal(2, 0.2, 2000)), np.abs(chance.normal(2, 0.2, 2000) + 0.3 * storms)
    table = pd.DataFrame({"when": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")})
    by_day = answers("regression", truth, one, two, table=table, time="when")
    assert (units_of(by_day).name, units_of(by_day).count) == ("days", 40)
    apart = judge(by_day, subjects(2), resamples=400)
    together = judge(answers("regression", truth, one, two), subjects(2), resamples=400)
    assert (apart.drawn, together.drawn) == ("days", "rows")
    wide, narrow = interval_of(apart, "mae"), interval_of(together, "mae")
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert any("Whole days" in note for note in apart.notes)


def test_few_days_or_times_that_are_text() -> None:
    rows = 300
    stamps = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) % 29, unit="D")
    few = answers("regression", np.zeros(rows), np.ones(rows), np.ones(rows),
                  table=pd.DataFrame({"when": stamps}), time="when")  # fmt: skip
    assert units_of(few).name == "rows"
    assert any("independent" in note for note in judge(few, subjects(2), resamples=20).notes)
    texts = pd.DataFrame({"when": [f"2024-0{1 + n % 9}-{1 + n % 28:02d}T08:00:00" for n in range(rows)]})
    texts.loc[3, "when"] = "never"
    assert (
        units_of(answers("regression", np.zeros(rows), np.ones(rows), table=texts, time="when")).name
        == "days"
    )
    numbers = pd.DataFrame({"when": np.arange(rows)})
    assert (
        units_of(answers("regression", np.zeros(rows), np.ones(rows), table=numbers, time="when")).name
        == "rows"
    )


def test_without_enough_draws_there_is_no_interval() -> None:
    drawn = np.array([0.1] * 8 + [np.nan] * 2)
    assert percentile_interval("roc_auc", 0.1, drawn).low is None
    assert percentile_interval("roc_auc", 0.1, drawn).words == "too few rows for an interval"
    one_class = judge(answers("binary", np.zeros(40, bool), np.random.default_rng(1).random(40),
                              np.random.default_rng(2).random(40)), subjects(2), resamples=50)  # fmt: skip
    assert "roc_auc" not in [one.metric for one in one_class.metrics]
    assert verdict("rmse", -2, -1) == BETTER
    assert verdict("rmse", -2, 0) == UNDECIDED
