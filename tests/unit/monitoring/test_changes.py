from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.monitoring.changes import Bin, Change, find_change, in_a_sentence, in_short
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.reports import DriftReport
from pilothouse.monitoring.story import HEDGE, headline, how_many, sentence, told, what_changed

NUMBERS = ColumnProfile(
    "visib", "number", "numeric", 1000, 10, mean=9.0, std=2.0, edges=(5.0,), counts=(90, 900)
)
PLACES = ColumnProfile(
    "dest", "text", "category", 1000, levels=("ATL", "ORD"), level_counts=(600, 400), distinct=2
)


def _told(before: ColumnProfile, now: ColumnProfile) -> DriftReport:
    return compare_profiles(Profile(before.rows, (before,)), Profile(now.rows, (now,)))


def test_each_kind_of_change_has_its_sentence() -> None:
    down = replace(NUMBERS, mean=7.4, missing=100, counts=(400, 500))
    assert sentence(_told(NUMBERS, down).columns[0]) == (
        "`visib` moved down by 0.8 sigma, from 9 to 7.4 on average, missing rose from 1% to 10%"
    )
    gaps = replace(NUMBERS, missing=100, counts=(82, 818))
    assert sentence(_told(NUMBERS, gaps).columns[0]) == "missing `visib` rose from 1% to 10%"
    most = replace(NUMBERS, mean=7.4, missing=600, counts=(100, 300))
    assert sentence(_told(NUMBERS, most).columns[0]) == (
        "missing `visib` rose from 1% to 60%, moved down by 0.8 sigma, from 9 to 7.4 on average"
    )
    none = replace(NUMBERS, mean=None, std=None, missing=1000, counts=(0, 0))
    assert sentence(_told(NUMBERS, none).columns[0]) == "all values of `visib` are missing"
    wide = replace(NUMBERS, std=4.0)
    assert sentence(_told(NUMBERS, wide).columns[0]) == "`visib` spreads 2.0 times as wide"
    bins = replace(NUMBERS, counts=(290, 700))
    assert sentence(_told(NUMBERS, bins).columns[0]) == "`visib` at up to 5 rose from 9% to 29% of the rows"
    new = replace(PLACES, level_counts=(580, 390), unseen=30, unseen_levels=("A", "B", "C", "D"), distinct=4)
    assert sentence(_told(PLACES, new).columns[0]) == (
        "4 new values in `dest`: A, B, C, … (3% of the rows), 'ATL' fell from 60% to 58%"
    )
    more = replace(PLACES, level_counts=(500, 500))
    assert sentence(_told(PLACES, more).columns[0]) == "'ORD' in `dest` rose from 40% to 50%"
    assert sentence(_told(PLACES, PLACES).columns[0]) == ""


def test_what_did_not_drift_is_told_where_it_is_certain_and_under_words_that_say_so() -> None:
    new = replace(PLACES, level_counts=(580, 400), unseen=20, unseen_levels=("XYZ",), distinct=1)
    gaps = replace(NUMBERS, missing=35, counts=(87, 878))
    report = compare_profiles(Profile(1000, (PLACES, NUMBERS)), Profile(1000, (new, gaps)))
    assert not report.drifted
    assert what_changed(report) == [
        f"{HEDGE}: 1 new value in `dest`: XYZ (2% of the rows), 'ATL' fell from 60% to 58%",
        f"{HEDGE}: missing `visib` rose from 1% to 4%",
    ]
    assert headline(report) == "nothing moved enough to count"
    assert report.to_dict()["changes"] == what_changed(report)
    assert DriftReport.from_json(report.to_json()) == report


def test_what_chance_makes_of_few_rows_is_not_told() -> None:
    few = replace(NUMBERS, rows=20, missing=1, mean=9.4, counts=(1, 18))
    one = replace(PLACES, rows=20, level_counts=(10, 9), unseen=1, unseen_levels=("XYZ",), distinct=1)
    report = compare_profiles(Profile(1000, (PLACES, NUMBERS)), Profile(20, (one, few)), target="dest")
    assert sentence(report.columns[0]), "the profile knows it"
    assert told(report.columns[0]) == ""
    assert what_changed(report) == []


def test_values_that_are_new_since_there_are_more_rows_are_not_told() -> None:
    """A Poisson count has a longer tail in 300,000 rows than in 4,000, and nothing has moved."""
    counts = replace(PLACES, name="calls", rows=4000, level_counts=(2400, 1600), singletons=2)
    many = replace(counts, rows=300_000, level_counts=(180_000, 119_990), unseen=10, distinct=3,
                   unseen_levels=("10", "11", "12"))  # fmt: skip
    assert what_changed(_told(counts, many)) == []


@pytest.mark.parametrize("seed", range(12))
def test_a_small_calm_file_makes_no_news(seed: int) -> None:
    dice = random.Random(seed)
    drawn = Counter(dice.choices(("ATL", "ORD", None), (55, 37, 8), k=20))
    now = replace(PLACES, rows=20, missing=drawn[None], level_counts=(drawn["ATL"], drawn["ORD"]))
    before = replace(PLACES, rows=4000, missing=320, level_counts=(2200, 1480))
    assert what_changed(_told(before, now)) == []


def test_a_target_that_moved_is_told_wherever_a_verdict_is() -> None:
    down = replace(NUMBERS, mean=7.4, counts=(400, 590))
    both = Profile(1000, (NUMBERS, PLACES))
    report = compare_profiles(both, Profile(1000, (NUMBERS, replace(PLACES, level_counts=(100, 900)))),
                              target="dest")  # fmt: skip
    assert (report.dataset_drift, report.drifted, report.target_drifted) == (False, [], True)
    assert headline(report) == "target dest 'ORD' rose from 40% to 90%"
    assert what_changed(report) == ["the target moved: 'ORD' in `dest` rose from 40% to 90%"]
    told_as = report.to_dict()
    assert (told_as["verdict"], told_as["target_drifted"]) == ("target moved", True)
    more = compare_profiles(both, Profile(1000, (down, replace(PLACES, level_counts=(100, 900)))),
                            target="dest")  # fmt: skip
    assert headline(more) == "target dest 'ORD' rose from 40% to 90%; visib down by 0.8 sigma"
    assert how_many(more) == "1 of 1 columns moved, and the target"


def test_the_headline_names_the_strongest_in_short() -> None:
    down = replace(NUMBERS, mean=7.4, missing=100, counts=(400, 500))
    both = Profile(1000, (NUMBERS, replace(NUMBERS, name="temp"), PLACES))
    other = replace(PLACES, level_counts=(100, 900))
    report = compare_profiles(both, Profile(1000, (down, replace(down, name="temp"), other)))
    assert headline(report, 2) == "dest 'ORD' rose from 40% to 90%; visib down by 0.8 sigma; 1 more"
    assert how_many(report) == "3 of 3 columns moved"


def test_a_report_from_before_there_were_sentences_is_told_too() -> None:
    down = replace(NUMBERS, mean=7.4, counts=(400, 590))
    column = replace(_told(NUMBERS, down).columns[0], told="")
    assert sentence(column) == "`visib`: down by 0.8 sigma"
    assert sentence(replace(column, moved="")) == "`visib` is distributed differently"


shares = st.tuples(st.floats(0, 1), st.floats(0, 1))
texts = st.sampled_from(HOSTILE) | st.text(max_size=60)


@given(
    st.builds(
        Change,
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.none() | st.floats(-9, 9),
        st.none() | st.tuples(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12)),
        st.none() | st.floats(0, 50),
        st.integers(0, 10**9),
        st.none() | shares,
        st.integers(0, 10**6),
        st.floats(0, 1),
        st.lists(texts, max_size=3).map(tuple),
        st.none() | st.builds(Bin, texts, st.floats(0, 1), st.floats(0, 1)),
    ),
    texts,
)
def test_whatever_happened_can_be_told(change: Change, name: str) -> None:
    if change.means is None:  # a mean that moved is known
        change = replace(change, sigmas=None)
    short, long = in_short(change), in_a_sentence(name, change)
    assert len(long) < 700
    assert not short or change.none or long
    assert not long.endswith(".") or not change.bin


def test_an_empty_file_changes_nothing_worth_a_sentence() -> None:
    empty = replace(NUMBERS, rows=0, missing=0, counts=(0, 0))
    assert find_change(empty, NUMBERS, [], [], []) == Change(True)
    change = find_change(NUMBERS, empty, [], [], [])
    assert (in_short(change), in_a_sentence("x", change)) == ("no rows", "")
