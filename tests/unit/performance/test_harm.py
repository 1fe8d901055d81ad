"""What a version is worth: against worlds whose truth is known."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from performance_worlds import QUESTION, world
from pilothouse.comparing.questions import Question
from pilothouse.config import BusinessMetric
from pilothouse.data.engine import connect
from pilothouse.monitoring.chunks import _by_time
from pilothouse.performance.answered import Answered
from pilothouse.performance.business import business_metrics
from pilothouse.performance.changes import find_changes
from pilothouse.performance.estimating import BLIND, calibrate, calibration_error, estimate
from pilothouse.performance.harm import BENIGN, HARMFUL, NONE, UNKNOWN, _in_numbers, assess
from pilothouse.performance.harm_glances import worse_groups
from pilothouse.performance.losses import estimate_loss
from pilothouse.performance.measuring import Value, parts_by_time, realised
from pilothouse.performance.slices import worst_groups
from pilothouse.registry.business import BusinessMetricError


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy", "brier"])
def test_where_probabilities_are_right_the_estimate_is_what_labels_show(metric: str) -> None:
    reference, current = world(3000, 1), world(3000, 2, slope=0.7)
    told = realised(current, metric)[metric].value
    found = estimate(current, reference, metric)
    assert found is not None and told is not None
    assert found.low is not None and found.high is not None
    assert found.value == pytest.approx(told, abs=0.03) and found.low - 0.02 < told < found.high + 0.02


def test_probabilities_that_are_wrong_are_mapped_and_right_ones_are_left() -> None:
    right = world(5000, 3)
    assert calibrate(right.truth, right.said).after == pytest.approx(
        calibration_error(right.truth, right.said), abs=0.02
    )
    bold = np.clip(right.said**3, 0, 1)
    mapped = calibrate(right.truth, bold)
    assert mapped.isotonic is not None and mapped.after < mapped.before / 3
    assert calibration_error(right.truth, mapped(bold)) < 0.02


def test_an_estimate_is_blind_to_concept_drift_and_says_so() -> None:
    reference, current = world(3000, 4), world(3000, 5, flipped=0.4)
    blind = Answered(
        current.kind, current.said, current.truth, np.zeros(3000, bool), 0.5, (0, 1), current.table, QUESTION
    )
    harm = assess(blind, reference)
    assert harm.verdict == UNKNOWN and BLIND in harm.words and harm.realised is None
    seen = assess(current, reference, drifted=True)
    assert seen.verdict == HARMFUL and seen.change is not None and seen.change.high is not None
    assert seen.change.high < 0 and "worse" in seen.words


def test_a_drift_that_does_not_hurt_has_one_word_and_only_what_is_better_is_benign() -> None:
    reference = world(3000, 6)
    assert assess(world(3000, 7), reference).verdict == NONE
    moved = assess(world(3000, 7), reference, drifted=True)
    assert moved.verdict == NONE and "no loss can be shown" in moved.words and moved.sure is None
    better = assess(world(3000, 8, slope=4.0), reference, drifted=True)
    assert better.verdict == BENIGN and "better" in better.words


def test_seldom_called_worse_without_reason_and_hardly_ever_for_sure() -> None:
    reference = world(2000, 9)
    found = [assess(world(400, seed), reference, question=seed - 9) for seed in range(10, 40)]
    assert sum(one.verdict == HARMFUL for one in found) <= 3
    assert not any(one.sure for one in found)
    assert all(("by chance" in one.words) == (one.verdict == HARMFUL) for one in found)


def in_order(rows: int, seed: int) -> Answered:
    """Answers of which every second is wrong, in the order of the column that tells which."""
    chance = np.random.default_rng(seed)
    hard = np.sort(chance.random(rows))
    wrong = chance.random(rows) < np.where(hard > 0.5, 0.95, 0.05)
    truth = chance.integers(0, 2, rows)
    table = pd.DataFrame({"hard": hard, "y": truth})
    said = np.where(wrong, 1 - truth, truth)
    return Answered("labels", said, truth, np.ones(rows, bool), 0.5, (0, 1), table, QUESTION)


def test_as_many_rows_as_the_holdout_has_in_the_same_order_are_not_taken_for_the_same_rows() -> None:
    pairs = [(in_order(500, seed), in_order(500, 1000 + seed)) for seed in range(60)]
    found = [assess(*pair, question=1) for pair in pairs]
    # The interval is that of 95%, so one sound file in 40 is called harmful, and one benign.
    verdicts = Counter(one.verdict for one in found)
    assert verdicts[HARMFUL] <= 5 and verdicts[BENIGN] <= 5 and verdicts[NONE] >= 50, verdicts
    assert not any(one.sure for one in found)
    # What is drawn is drawn the same each time.
    assert assess(*pairs[0], question=1) == found[0]


def test_harm_that_one_sound_file_in_forty_shows_says_so() -> None:
    reference = world(2000, 9)
    faint = next(
        one
        for seed in range(100)
        if (one := assess(world(300, seed, flipped=0.04), reference, question=3)).verdict == HARMFUL
        and not one.sure
    )
    assert faint.sure is False and faint.question == 3 and faint.change and faint.guarded
    assert "one sound file in 40 looks like this by chance, and this is the 3rd file" in faint.words
    assert faint.change.high is not None and faint.guarded.high is not None
    assert faint.change.high < 0 < faint.guarded.high
    # The same asked alone gets the whole level; what is plain is plain whichever file it is.
    plain = [assess(world(2000, 4, flipped=0.4), reference, question=number) for number in (None, 1, 2, 500)]
    assert all(one.sure and "by chance" not in one.words for one in plain)
    widths = [
        one.guarded.high - one.guarded.low
        for one in plain
        if one.guarded and one.guarded.high is not None and one.guarded.low is not None
    ]
    assert widths[0] < widths[1] < widths[2] < widths[3]


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda one: one or 1.0), min_size=5, max_size=5),
)
def test_the_numbers_of_a_sentence_go_together(values: list[float]) -> None:
    now, before = (Value(one, None, None, 9) for one in values[:2])
    said, interval = _in_numbers("rmse", now, before, Value(*values[2:], 9))
    levels = said.removesuffix(" on the holdout").removeprefix("rmse ").split(" against ")
    changes = re.findall(r"[+−][\d,.]+", interval.replace("95% interval", ""))
    for words in (levels, changes):
        assert len({len(word.rstrip(",").partition(".")[2]) for word in words}) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((26982.5, 25558.0, 1424.4608, 290.1887, 2442.1222),
         "26,982 against 25,558 on the holdout; change +1,424, 95% interval +290 to +2,442"),
        ((0.65012, 0.69021, -0.04012, -0.0996, 0.01342),
         "0.6501 against 0.6902 on the holdout; change −0.0401, 95% interval −0.0996 to +0.0134"),
        ((12.345, 12.3, 0.0452, -0.001, 0.09),
         "12.35 against 12.30 on the holdout; change +0.0452, 95% interval −0.0010 to +0.0900"),
    ],
)  # fmt: skip
def test_numbers_have_as_many_digits_as_help(values: tuple[float, ...], words: str) -> None:
    now, before = (Value(one, None, None, 9) for one in values[:2])
    assert "; ".join(_in_numbers("rmse", now, before, Value(*values[2:], 9))) == f"rmse {words}"


def test_realised_is_what_scikit_learn_says() -> None:
    rows = world(400, 10)
    found = realised(rows)["roc_auc"]
    assert found.value == pytest.approx(roc_auc_score(rows.truth, rows.said))
    assert found.low is not None and found.high is not None and found.value is not None
    assert found.low < found.value < found.high
    assert realised(world(20, 1)) == {}


def numbers(rows: int, seed: int, noise: float) -> Answered:
    chance = np.random.default_rng(seed)
    x = chance.uniform(0, 1, rows)
    truth = 3 * x + chance.normal(size=rows) * (0.1 + noise * x)
    table = pd.DataFrame({"x": x, "y": truth})
    return Answered("regression", 3 * x, truth, np.ones(rows, bool), 0.5, (), table, QUESTION)


def test_the_loss_of_a_regression_is_learned() -> None:
    reference = numbers(3000, 1, 1.0)
    current = numbers(4000, 2, 1.0)
    current = current.rows(np.flatnonzero(current.table["x"].to_numpy() > 0.7))
    for metric in ("mae", "rmse"):
        told = realised(current, metric)[metric].value
        found = estimate_loss(current, reference, metric, ["x"])
        assert found is not None and found.value == pytest.approx(told, rel=0.15), metric
    assert estimate_loss(current, reference, "r2", ["x"]) is None
    assert assess(current, reference, inputs=["x"]).method == "DLE"


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_probabilities_that_are_too_bold_do_not_bias_the_estimate(metric: str) -> None:
    def bold(rows: int, seed: int) -> Answered:
        chance = np.random.default_rng(seed)
        score = chance.normal(-0.9, 0.75, rows)
        truth = chance.random(rows) < 1 / (1 + np.exp(-score))
        said = 1 / (1 + np.exp(-1.6 * (score + 0.3 * chance.normal(size=rows))))
        table = pd.DataFrame({"x": score, "y": truth.astype(int)})
        return Answered("binary", said, truth, np.ones(rows, bool), 0.3, (0, 1), table, QUESTION)

    kept, off = [], []
    for seed in range(24):
        current = bold(500, seed)
        told = float(current.measure(metric)(np.ones((1, 500)))[metric][0])
        found = estimate(current, bold(500, 100 + seed), metric)
        assert found is not None and found.value and found.low is not None and found.high is not None
        kept.append(found.low <= told <= found.high)
        off.append(found.value - told)
    assert np.mean(kept) >= 0.85 and abs(np.mean(off)) < 0.02


def houses(rows: int, seed: int, *, large: float = 4.5) -> Answered:
    """Prices whose noise grows with them and has a heavy tail; of each row the id is among the inputs."""
    chance = np.random.default_rng(seed)
    area, rooms = chance.lognormal(large, 0.35, rows), chance.integers(1, 8, rows)
    level = 3000 * area + 8000 * rooms
    price = level + chance.standard_t(4, rows) * 0.12 * level
    table = pd.DataFrame({"area": area, "rooms": rooms, "price": price})
    table["id"] = [f"S{seed}-{number}" for number in range(rows)]
    question = Question("price", "regression", None, ("id",))
    return Answered("regression", level, price, np.ones(rows, bool), 0.5, (), table, question)


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_the_estimate_of_heavy_losses_is_unbiased_and_its_interval_is_kept(metric: str) -> None:
    kept, off = [], []
    for seed in range(32):
        current = houses(300, seed)
        error = np.abs(current.said - current.truth)
        told = float(np.sqrt(np.mean(error**2))) if metric == "rmse" else float(np.mean(error))
        found = estimate_loss(current, houses(500, 1000 + seed), metric, ["area", "rooms", "id"])
        assert found is not None and found.value and found.low is not None and found.high is not None
        kept.append(found.low <= told <= found.high)
        off.append(found.value / told - 1)
    assert np.mean(kept) >= 0.85
    assert abs(np.mean(off)) < 0.03


def aimless(rows: int, seed: int) -> Answered:
    """A few answers far off, most all but right, and inputs that tell nothing of which."""
    chance = np.random.default_rng(seed)
    table = pd.DataFrame({name: chance.normal(size=rows) for name in AIMLESS})
    off = np.where(chance.random(rows) < 0.06, 20.0, 0.1) * chance.normal(size=rows)
    table["y"] = 100.0 + off
    said, known = np.full(rows, 100.0), np.ones(rows, bool)
    return Answered("regression", said, said + off, known, 0.5, (), table, QUESTION)


AIMLESS = [f"x{number}" for number in range(8)]


def test_what_the_second_model_gets_wrong_is_put_right() -> None:
    off, wide = [], []
    for seed in range(12):
        reference = aimless(400, 1000 + seed)
        errors = np.abs(reference.said - reference.truth)
        found = estimate_loss(aimless(400, seed), reference, "mae", AIMLESS)
        assert found is not None and found.value and found.high is not None
        off.append(found.value / float(errors.mean()) - 1)
        # Where nothing can be learned, nothing is known better than by the mean of the losses.
        half = 1.96 * float(np.std(errors, ddof=1)) * np.sqrt(2 / 400)
        wide.append((found.high - found.value) / half)
    # Uncorrected it is off by 0.16, since no loss is said to be below zero; from rows that the second model
    # learned from, by 0.07, and the interval is three quarters as wide.
    assert abs(np.mean(off)) < 0.03
    assert min(wide) > 0.98


def test_larger_losses_are_expected_where_they_were_large_before() -> None:
    reference, current = houses(3000, 1), houses(2000, 2, large=4.9)
    found = estimate_loss(current, reference, "mae", ["area", "rooms", "id"])
    error = float(np.mean(np.abs(current.said - current.truth)))
    assert found is not None and found.value == pytest.approx(error, rel=0.15)
    assert found.value > 1.2 * float(np.mean(np.abs(reference.said - reference.truth)))


def test_an_estimate_says_what_it_rests_on() -> None:
    reference, current = houses(400, 1), houses(200, 2)
    blind = Answered(
        "regression", current.said, current.truth, np.zeros(200, bool), 0.5, (), current.table,
        current.question,
    )  # fmt: skip
    harm = assess(blind, reference, inputs=["area", "rooms"])
    assert "how the model erred on its holdout" in harm.words and "probabilities" not in harm.words


def errors(shares: list[tuple[int, float]], seed: int) -> Answered:
    chance = np.random.default_rng(seed)
    wrong = np.concatenate([chance.random(count) < share for count, share in shares])
    truth = np.zeros(len(wrong), bool)
    table = pd.DataFrame({"y": truth.astype(int)})
    return Answered(
        "binary", wrong.astype(float), truth, np.ones(len(wrong), bool), 0.5, (0, 1), table, QUESTION
    )


def test_a_lasting_change_of_the_errors_is_found_once() -> None:
    found = find_changes(errors([(3000, 0.1), (3000, 0.2)], 1))
    assert len(found) == 1 and found[0].worse and found[0].unit == "rows"
    assert 3000 < found[0].noticed < 4500
    assert found[0].before == pytest.approx(0.1, abs=0.03) and found[0].after == pytest.approx(0.2, abs=0.06)


def test_no_change_is_found_where_there_is_none() -> None:
    assert sum(len(find_changes(errors([(10_000, 0.1)], seed))) for seed in range(5)) == 0


def test_rows_of_one_day_are_not_taken_for_independent() -> None:
    chance = np.random.default_rng(2)
    days = pd.date_range("2013-01-01", periods=120).repeat(50)
    storm = np.repeat(chance.beta(2, 6, 120), 50)
    wrong = chance.random(len(days)) < storm
    table = pd.DataFrame({"y": 0, "at": days})
    question = Question("y", "classification", "at", ("at",))
    rows = Answered(
        "binary",
        wrong.astype(float),
        np.zeros(len(days), bool),
        np.ones(len(days), bool),
        0.5,
        (0, 1),
        table,
        question,
    )
    assert find_changes(rows) == []


def test_the_worst_group_stands_first_and_few_rows_claim_nothing() -> None:
    rows = world(2000, 11)
    kind = np.where(np.arange(2000) < 20, "few [/x]", np.where(np.arange(2000) % 2 == 0, "good", "bad"))
    truth = np.where((kind == "bad") & (np.random.default_rng(1).random(2000) < 0.5), ~rows.truth, rows.truth)
    table = rows.table.assign(kind=kind, y=truth.astype(int))
    judged = Answered("binary", rows.said, truth, rows.known, 0.5, (0, 1), table, QUESTION)
    groups = worst_groups(judged, "roc_auc")
    assert [one.name for one in groups] == ["kind = bad", "kind = good", "kind = few [/x]"]
    assert groups[-1].metric is None and groups[0].low is not None
    assert {one.column for one in worst_groups(judged, "roc_auc", ["x"])} == {"x"}


def test_business_metrics_are_expressions_over_the_rows() -> None:
    rows = world(200, 12)
    cost = BusinessMetric("sum(5 * (prediction = 1 AND y = 0)::INT)", True)
    share = BusinessMetric("avg(probability) -- of all")
    found = business_metrics(rows, {"cost": cost, "share": share, "none": BusinessMetric("max(NULL::INT)")})
    false_alarms = int(((rows.said >= 0.5) & ~rows.truth).sum())
    assert found == {"cost": 5.0 * false_alarms, "share": pytest.approx(rows.said.mean())}


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("sum(nope)", "nope"),
        ("prediction", "sums nothing up"),
        ("1, 2", "cannot be computed"),
        ("1) FROM outcomes; DROP TABLE x; SELECT (1", "Only SELECT"),
        ("1) FROM outcomes UNION SELECT (2", "one expression"),
        ("(SELECT 1)", "more than the rows"),
        ("(SELECT max(x) FROM read_csv('/etc/passwd'))", "more than the rows"),
        ("count(*) FROM other", "syntax error"),
        ("", "cannot be computed"),
        ("'a' || max(x)::TEXT", "Could not convert"),
    ],
)
def test_what_is_no_expression_is_refused(sql: str, why: str) -> None:
    with pytest.raises(BusinessMetricError) as refused:
        business_metrics(world(50, 13), {"m": BusinessMetric(sql)})
    assert why in str(refused.value)


@given(
    st.lists(
        st.datetimes(
            min_value=pd.Timestamp("1990-01-01").to_pydatetime(),
            max_value=pd.Timestamp("2030-01-01").to_pydatetime(),
        )
        | st.none(),
        max_size=30,
    ),
    st.sampled_from(["day", "week", "month"]),
)
def test_every_row_with_a_time_is_in_one_chunk(times: list[Any], unit: str) -> None:
    parts = parts_by_time(times, unit)
    places = sorted(int(place) for _, rows in parts for place in rows)
    assert places == [n for n, one in enumerate(times) if one is not None]
    assert [name for name, _ in parts] == sorted({name for name, _ in parts})


@pytest.mark.parametrize(
    ("unit", "names"),
    [
        ("day", ["2012-12-30", "2012-12-31", "2013-04-01"]),
        ("week", ["2012-W52", "2013-W01", "2013-W14"]),
        ("month", ["2012-12", "2013-04"]),
    ],
)
def test_periods_are_written_as_the_chunks_of_drift(unit: str, names: list[str]) -> None:
    moments = pd.to_datetime(["2012-12-30 23:00", "2012-12-31 00:00", "2013-04-01 05:00"])
    assert [name for name, _ in parts_by_time(moments, unit)] == names
    with connect() as con:
        con.execute("CREATE OR REPLACE TEMP TABLE rows (t TIMESTAMP)")
        con.executemany("INSERT INTO rows VALUES (?)", [[one.to_pydatetime()] for one in moments])
        assert [part.label for part in _by_time(con, "rows", "t", unit)] == names


def test_worse_groups_are_those_worse_than_the_holdout() -> None:
    groups = [{"column": "a", "value": str(at), "metric": at} for at in (1.0, 2.0, 3.0, None)]
    harm = {"metric": "roc_auc", "expected": {"value": 2.0}, "groups": groups}
    assert worse_groups(harm) == groups[:1]
    assert worse_groups({**harm, "metric": "rmse"}) == groups[2:3]
    assert worse_groups({**harm, "expected": None}) == groups[:3] and worse_groups({}) == []


def test_labels_that_are_there_and_too_few_are_not_called_missing() -> None:
    reference = world(600, 4)
    few, none = assess(world(20, 5), reference), assess(world(20, 5, labels=False), reference)
    positive = int(world(20, 5).truth.sum())
    assert few.verdict == UNKNOWN and few.labelled == 20
    assert few.words.startswith(
        f"There are 20 labels, {positive} of them 1: too few to measure it, which takes 30."
    )
    assert "without labels" not in few.words and "estimated roc_auc" in few.words and BLIND in few.words
    assert "without labels" in none.words and "There are" not in none.words
    long = world(40, 6)
    same = Answered(
        long.kind, long.said, np.ones(40, bool), long.known, 0.5, (False, True), long.table, QUESTION
    )
    assert "There are 40 labels, all of them true: of one class alone it is not measured." in (
        assess(same, reference).words
    )
    assert "There is nothing to estimate it from." in assess(world(20, 5), None).words
