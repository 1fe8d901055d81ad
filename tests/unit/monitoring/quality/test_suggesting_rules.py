from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from making_data import month, write_parquet
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.checks import Roles, check_file
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.quality.adapting import adapt_rules
from pilothouse.monitoring.quality.rules import ColumnRule, FileRules
from pilothouse.monitoring.quality.suggesting import suggest_rules


def _frame(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A file as they come: amounts, temperatures, tails, codes, flags, gaps, rare levels, an id."""
    return pd.DataFrame(
        {
            "id": [f"r{at}" for at in rng.integers(0, 10**15, n)],
            "normal": rng.normal(5, 2, n),
            # Cut off, or the next extreme would now and then lie beyond any margin.
            "amount": np.minimum(rng.lognormal(size=n), 10),
            "waits": np.where(rng.random(n) < 0.8, 0.0, np.minimum(rng.exponential(size=n), 2.5)),
            "gaps": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "month": rng.integers(1, 13, n),
            "flag": rng.random(n) < 0.3,
            "level": rng.choice(list("abcdefg"), n, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.015, 0.005]),
            "y": rng.integers(0, 2, n),
        }
    )


def _rules(path: Path, **more: Any) -> FileRules:
    schema = infer_schema([path])
    return suggest_rules(profile_files([path], schema, fine=200), target="y", id="id", **more)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(300, 3000), st.integers(1, 3000))
def test_a_file_like_the_reference_keeps_what_it_suggests(tmp_path: Path, seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    reference = write_parquet(tmp_path / "reference.parquet", dict(_frame(rng, n)))
    other = write_parquet(tmp_path / "other.parquet", dict(_frame(rng, m)))
    rules = _rules(reference)
    found = check_file(other, infer_schema([reference]), Roles("y", "id"), rules)
    # One class only, or gaps where there were none, are facts of a small file and no broken rule.
    assert [one for one in found if one.rule not in ("target", "missing", "type")] == []
    assert [one for one in found if "at most" in one.message] == []


def test_the_year_of_flights_keeps_what_any_month_or_the_whole_suggests() -> None:
    months = [month(number) for number in range(1, 13)]
    roles = Roles("late", "flight_id", ("tailnum",))
    schema = infer_schema(months)
    for sources in (months[:1], months[:8]):
        profile = profile_files(sources, schema)
        rules = suggest_rules(
            profile, target="late", id="flight_id", exclude=("tailnum",), file_rows=[7000] * len(sources)
        )
        for path in months[::3]:
            assert check_file(path, schema, roles, rules) == []


def _suggested(tmp_path: Path, values: Any, name: str = "x", **more: Any) -> ColumnRule:
    rule = _rules(write_parquet(tmp_path / "x.parquet", {name: values}), **more).column(name)
    assert rule is not None
    return rule


def test_ranges(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    even = _suggested(tmp_path, rng.uniform(10, 20, 1000))
    assert (even.min, even.max) == (0.0, 30.0)
    amount = _suggested(tmp_path, rng.exponential(size=1000))
    assert amount.min == 0.0
    assert amount.max is not None and float(amount.max) > 10
    assert _suggested(tmp_path, [0.0] * 900 + [1.0] * 100).min == 0.0
    ages = _suggested(tmp_path, rng.integers(18, 80, 1500))
    assert ages.min == 0.0
    assert float(_suggested(tmp_path, np.abs(rng.normal(5, 2, 300))).min or 0) < 0
    assert _suggested(tmp_path, [3.0] * 500).min is None
    assert not _suggested(tmp_path, [3.0] * 500).varies
    heavy = _suggested(tmp_path, rng.standard_cauchy(2000))
    assert float(heavy.min or 0) < -1000
    with_infinite = _suggested(tmp_path, [*rng.uniform(10, 20, 1000), np.inf])
    assert (with_infinite.min, with_infinite.max) == (0.0, 30.0)
    counted = _suggested(tmp_path, np.arange(1000), "id")
    assert (counted.min, counted.max, counted.unique) == (None, None, True)
    big = _suggested(tmp_path, [-1e308, 1e308] * 200)
    assert (big.min, big.max) == (None, None)


def test_a_tail_is_followed_where_it_leads_and_ordinary_files_keep_to_that(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    spent = rng.lognormal(3.5, 1.2, 4000)
    rule = _suggested(tmp_path, spent)
    assert rule.min == 0.0
    # The square of the maximum over the median would be 60 times the maximum: nothing would ever break it.
    assert 5 < float(rule.max or 0) / spent.max() < 25
    assert all(rng.lognormal(3.5, 1.2, 40_000).max() < float(rule.max or 0) for _ in range(20))
    assert (spent * 100 > float(rule.max or 0)).mean() > 0.01
    # A power law goes on and on: the widest limit stays.
    wealth = 1 + rng.pareto(1.2, 4000)
    widest = wealth.max() ** 2 / np.median(wealth)
    assert float(_suggested(tmp_path, wealth).max or 0) >= 0.95 * widest


def test_a_mild_month_lets_the_frost_in() -> None:
    # Its dew points are above zero, and its lower tail is shorter than a normal one; January's are below.
    schema = infer_schema([month(4)])
    rule = suggest_rules(profile_files([month(4)], schema)).column("dewp")
    assert rule is not None and float(rule.min or 0) < -10


@pytest.mark.parametrize(
    ("values", "range_"),
    [
        ([1, 2, 3, 4, 5, 6, 7], (0, 67)),  # rooms
        ([1, 2, 3], (0, 23)),  # the first months let the others in
        ([0, 1], (0, 11)),
        ([-1, 0, 1], (-21, 21)),
        ([2021, 2022, 2023], (None, None)),  # years go on
        ([1, 205, 404], (None, None)),  # codes
        ([101, 102, 103], (None, None)),
        ([1], (None, None)),
    ],
)
def test_small_counts_have_a_range_and_codes_have_none(
    tmp_path: Path, values: list[int], range_: tuple[float | None, float | None]
) -> None:
    rule = _suggested(tmp_path, values * 40)
    assert (rule.type, rule.min, rule.max, rule.categories) == ("integer", *range_, None)


def test_nonsense_in_small_counts_is_found_and_ordinary_values_are_not(tmp_path: Path) -> None:
    first = write_parquet(tmp_path / "a.parquet", {"rooms": [1, 2, 3, 4, 5, 6, 7] * 40})
    rules = replace(_rules(first), accepted=1)
    odd = write_parquet(tmp_path / "b.parquet", {"rooms": [*range(1, 12), -5, 9999] * 20})
    (found,) = check_file(odd, None, Roles(), rules)
    assert (found.rule, found.count, found.severity) == ("range", 40, "error")
    wider = adapt_rules(rules, [odd], Roles()).column("rooms")
    assert wider and (wider.min, wider.max) == (-5, 9999)


def test_missing_values_and_categories(tmp_path: Path) -> None:
    gaps = _suggested(tmp_path, [None] * 10 + [1.5, 2.5] * 45)
    assert gaps.max_missing == 0.25
    assert _suggested(tmp_path, [None] * 60 + [1.5, 2.5] * 20).max_missing is None
    assert _suggested(tmp_path, ["a", "b"] * 100, "y").max_missing is None
    known = _suggested(tmp_path, ["a", "b"] * 100)
    assert (known.categories, known.max_new, known.varies) == (("a", "b"), 0.05, True)
    assert _suggested(tmp_path, [f"v{at % 300}" for at in range(3000)]).categories is None
    codes = _suggested(tmp_path, [101, 102, 103] * 100)
    assert (codes.categories, codes.min) == (None, None)
    rule = _rules(
        write_parquet(tmp_path / "e.parquet", {"z": [1.0, 2.0] * 90, "w": [1, 2] * 90}), exclude=("z",)
    )
    assert rule.column("z") == ColumnRule("z", "number", on_fail="warn")


def test_rows_and_repeats(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    path = write_parquet(tmp_path / "x.parquet", {"a": rng.normal(size=2000)})
    schema = infer_schema([path])
    profile = profile_files([path], schema, fine=200)
    assert suggest_rules(profile).dataset.min_rows is None
    rules = suggest_rules(profile, file_rows=[100, 200, 400])
    assert (rules.dataset.min_rows, rules.dataset.max_rows) == (10, 4000)
    assert rules.dataset.max_duplicates == 0.4
    assert suggest_rules(profile, id="a").dataset.max_duplicates is None
    values = rng.normal(size=300)
    twice = write_parquet(tmp_path / "twice.parquet", {"a": np.concatenate([values, values])})
    (found,) = check_file(twice, schema, Roles(), suggest_rules(profile))
    assert (found.rule, found.severity, found.count) == ("duplicates", "warning", 300)
    assert "300 of 600 rows (50%) repeat another row" in found.message
    assert found.examples[0] == (301, "what row 1 has")


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_a_handful_of_rows_is_not_accused_of_what_chance_does(tmp_path: Path, share: float) -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(2000) < share, np.nan, rng.normal(size=2000))
    path = write_parquet(tmp_path / "x.parquet", {"a": values, "b": rng.normal(size=2000)})
    rules, schema = _rules(path), infer_schema([path])
    one = write_parquet(tmp_path / "one.parquet", {"a": [None, 1.0, 2.0], "b": [1.0, 2.0, 0.5]})
    half = write_parquet(tmp_path / "half.parquet", {"a": [None, 1.0] * 50, "b": rng.normal(size=100)})
    assert "at most" not in " ".join(found.message for found in check_file(one, schema, Roles(), rules))
    assert any("at most" in found.message for found in check_file(half, schema, Roles(), rules)) == (
        share > 0
    )
