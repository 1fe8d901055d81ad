from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, false_discovery_control, hypergeom

from making_data import month, write_parquet
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.drift import compare_columns, compare_profiles, decide
from pilothouse.monitoring.profile import edges_of, profile_files
from pilothouse.monitoring.reports import ColumnDrift, DriftReport
from pilothouse.monitoring.rule import NOTHING, chance_of_share, level_of, p_needed, weigh

NO_FEATURES = ("flight_id", "sched_dep", "tailnum")


def _compare(folder: Path, reference: dict[str, Any], current: dict[str, Any]) -> DriftReport:
    before = write_parquet(folder / "reference.parquet", reference)
    after = write_parquet(folder / "current.parquet", current)
    schema = infer_schema([before])
    base = profile_files([before], schema)
    return compare_profiles(base, profile_files([after], schema, edges_from=base))


def _only(report: DriftReport) -> ColumnDrift:
    assert len(report.columns) == 1
    return report.columns[0]


def _numeric(values: np.ndarray[Any, Any], like: ColumnProfile | None = None) -> ColumnProfile:
    """A profile of plain numbers without a file, for the many rounds of a simulation."""
    edges = like.edges if like else edges_of(list(np.quantile(values, np.arange(1, 10) / 10)))
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return ColumnProfile("x", "number", "numeric", len(values), edges=edges, counts=tuple(map(int, counts)))


# -- the rule ----------------------------------------------------------------------------------------------


def test_the_score_is_the_textbook_one_with_half_a_row_added() -> None:
    r, c = np.array([100, 200, 700]), np.array([30, 20, 50])
    shares_r, shares_c = (r + 0.5) / (r + 0.5).sum(), (c + 0.5) / (c + 0.5).sum()
    found = weigh(r.tolist(), c.tolist())
    assert found.score == pytest.approx(((shares_c - shares_r) * np.log(shares_c / shares_r)).sum())
    pearson = chi2_contingency(np.vstack([r, c]), correction=False)
    alone = chi2.sf(found.score / (1 / 1000 + 1 / 100), 2)
    assert found.p_value == pytest.approx(max(alone, pearson.pvalue))
    assert found.floor(found.p_value) == pytest.approx(found.score)
    assert found.floor(0.001) == pytest.approx(chi2.isf(0.001, 2) * found.unit)


def test_empty_bins_on_both_sides_do_not_count() -> None:
    assert weigh([10, 20, 0], [5, 5, 0]) == weigh([10, 20], [5, 5])


@pytest.mark.parametrize(
    ("r", "c"), [([], []), ([0, 0], [1, 2]), ([1, 2], [0, 0]), ([5], [9]), ([5, 0], [9, 0])]
)
def test_where_there_is_nothing_to_compare_nothing_drifts(r: list[int], c: list[int]) -> None:
    assert weigh(r, c) == NOTHING


_counts = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=12)


@given(_counts)
def test_the_score_is_never_negative_and_knows_no_direction(pairs: list[tuple[int, int]]) -> None:
    r, c = [a for a, _ in pairs], [b for _, b in pairs]
    found = weigh(r, c)
    assert found.score >= 0
    assert 0 <= found.p_value <= 1
    assert weigh(c, r) == pytest.approx(found)
    assert weigh(r, r).score == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([0.01, 0.1, 0.001]))
def test_the_limits_find_what_benjamini_and_hochberg_find(p_values: list[float], level: float) -> None:
    needed = p_needed(p_values, level)
    found = [p <= limit for p, limit in zip(p_values, needed, strict=True)]
    assert found == [p <= level for p in false_discovery_control(p_values)]
    # One that was not found would be, if its own p-value were what it needed.
    for at, limit in enumerate(needed):
        if not found[at]:
            changed = [*p_values[:at], limit, *p_values[at + 1 :]]
            assert false_discovery_control(changed)[at] <= level * (1 + 1e-9)


def test_a_stream_spends_its_level_and_little_more() -> None:
    spent = [level_of(number) for number in range(1, 1001)]
    assert sum(spent[:31]) <= 0.01 < sum(spent[:100]) < 0.0105
    assert spent[-1] == spent[31] == pytest.approx(1e-5)
    assert spent == sorted(spent, reverse=True)
    assert level_of(None) == 0.01
    assert sum(level_of(None, among=7) for _ in range(7)) == pytest.approx(0.01)


def test_a_later_question_needs_more_and_keeps_its_scores() -> None:
    rng = np.random.default_rng(3)
    reference = Profile(5000, (_numeric(rng.normal(size=5000)),))
    current = Profile(80, (_numeric(rng.normal(0.45, size=80), reference.columns[0]),))
    first = compare_profiles(reference, current, question=1)
    late = decide(first, 10_000)
    assert first.columns[0].drifted
    assert not late.columns[0].drifted
    assert late.columns[0].score == first.columns[0].score
    assert late.columns[0].threshold > first.columns[0].threshold
    assert decide(late, 1) == first


def test_score_against_threshold_says_what_the_p_value_says() -> None:
    rng = np.random.default_rng(4)
    references = [_numeric(rng.normal(size=2000)) for _ in range(6)]
    for _ in range(100):
        shifts = rng.choice([0.0, 0.3, 0.6], 6)
        rows = int(rng.choice([40, 200, 2000]))
        columns = [
            _numeric(rng.normal(shift, size=rows), one) for shift, one in zip(shifts, references, strict=True)
        ]
        named = [
            [replace(one, name=f"x{at}") for at, one in enumerate(side)] for side in (references, columns)
        ]
        report = compare_profiles(Profile(2000, tuple(named[0])), Profile(rows, tuple(named[1])))
        for column in report.columns:
            assert column.drifted == (column.score >= column.threshold * (1 - 1e-9))


@pytest.mark.parametrize("rows", [50, 100, 300, 1000])
def test_small_files_without_drift_do_not_alarm(rows: int) -> None:
    rng = np.random.default_rng(rows)
    reference = _numeric(rng.normal(size=5000))
    rounds = 1000
    alarms = sum(
        compare_columns(reference, _numeric(rng.normal(size=rows), reference)).drifted for _ in range(rounds)
    )
    assert alarms / rounds < 0.03


def test_a_real_shift_is_found_where_the_rows_can_show_it() -> None:
    rng = np.random.default_rng(8)
    reference = _numeric(rng.normal(size=5000))
    found = [
        compare_columns(reference, _numeric(rng.normal(0.5, size=300), reference)).drifted for _ in range(200)
    ]
    assert np.mean(found) > 0.95


def test_a_hundredth_of_a_sigma_over_a_million_rows_is_no_alarm() -> None:
    rng = np.random.default_rng(9)
    reference = _numeric(rng.normal(size=1_000_000))
    drift = compare_columns(reference, _numeric(rng.normal(0.01, size=1_000_000), reference))
    assert drift.p_value is not None and drift.p_value < 0.01
    assert not drift.drifted


def test_bins_of_another_reference_are_refused() -> None:
    rng = np.random.default_rng(10)
    with pytest.raises(ValueError, match="different bins"):
        compare_columns(_numeric(rng.normal(size=100)), _numeric(rng.normal(size=100)))


# -- traps -------------------------------------------------------------------------------------------------


def test_a_new_category_drifts_once_it_is_more_than_a_stray(tmp_path: Path) -> None:
    reference = {"x": ["a", "b", "c"] * 700}
    drift = _only(_compare(tmp_path, reference, {"x": ["a", "b", "c"] * 90 + ["new"] * 30}))
    assert drift.drifted
    assert drift.moved.startswith("1 new value (10% of the rows)")
    assert drift.p_value is not None and drift.p_value < 1e-6
    stray = _only(_compare(tmp_path, reference, {"x": ["a", "b", "c"] * 100 + ["new"]}))
    assert not stray.drifted
    assert "1 new value" in stray.moved


def test_new_values_are_no_news_where_some_are_new_every_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    population = rng.zipf(1.3, size=200_000) % 5000
    reference = {"x": [f"tail {n}" for n in population[:3000]]}
    for part in range(5):
        rows = population[10_000 * (part + 1) :][:600]
        assert not _only(_compare(tmp_path, reference, {"x": [f"tail {n}" for n in rows]})).drifted


def test_rare_values_compared_with_themselves_are_steady(tmp_path: Path) -> None:
    rows = {"x": [f"v{n}" for n in range(150)] + ["often"] * 200}
    drift = _only(_compare(tmp_path, rows, rows))
    assert drift.score == 0
    flood = {"x": [f"new {n}" for n in range(300)] + ["often"] * 50}
    assert _only(_compare(tmp_path, rows, flood)).drifted


def test_a_column_that_vanishes_drifts_and_one_that_was_never_there_does_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    full, empty = rng.normal(size=500), np.full(500, np.nan)
    gone = _only(_compare(tmp_path, {"x": full}, {"x": empty}))
    assert gone.drifted
    assert gone.moved == "all values are missing"
    never = _only(_compare(tmp_path, {"x": empty}, {"x": empty}))
    assert not never.drifted
    assert never.score == 0
    alive = _only(_compare(tmp_path, {"x": empty}, {"x": full}))
    assert alive.drifted


def test_missing_values_that_rise_from_1_to_10_percent_drift(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    reference, current = rng.normal(size=5000), rng.normal(size=1000)
    reference[:50] = np.nan
    current[:100] = np.nan
    drift = _only(_compare(tmp_path, {"x": reference}, {"x": current}))
    assert drift.drifted
    assert (drift.missing_reference, drift.missing_current) == (0.01, 0.1)
    assert drift.moved.startswith("missing rose from 1% to 10%")


def test_one_value_is_steady_until_it_is_another(tmp_path: Path) -> None:
    assert not _only(_compare(tmp_path, {"x": [7.5] * 500}, {"x": [7.5] * 50})).drifted
    drift = _only(_compare(tmp_path, {"x": [7.5] * 500}, {"x": [8.5] * 50}))
    assert drift.drifted
    assert drift.moved.startswith("from 7.5 to 8.5")


def test_integers_as_categories_are_compared_by_value(tmp_path: Path) -> None:
    drift = _only(_compare(tmp_path, {"x": [1, 2, 3, 4] * 250}, {"x": [1, 2] * 250}))
    assert drift.kind == "category"
    assert drift.bins[:4] == ("1", "2", "3", "4")
    assert drift.drifted


def test_infinite_values_are_counted_and_do_no_harm(tmp_path: Path) -> None:
    rng = np.random.default_rng(14)
    current = rng.normal(size=500)
    assert not _only(_compare(tmp_path, {"x": rng.normal(size=3000)}, {"x": current})).drifted
    current[:100] = np.inf
    drift = _only(_compare(tmp_path, {"x": rng.normal(size=3000)}, {"x": current}))
    assert drift.drifted
    assert "100 infinite" in drift.moved
    assert sum(drift.current_counts) == 500


@pytest.mark.parametrize("rows", [1, 2, 5, 8])
def test_a_tiny_file_is_no_reason_for_alarm(tmp_path: Path, rows: int) -> None:
    rng = np.random.default_rng(rows)
    reference = {"x": rng.normal(size=2000), "k": list("abcde") * 400}
    report = _compare(tmp_path, reference, {"x": rng.normal(size=rows), "k": list("abcdeabc")[:rows]})
    assert not report.dataset_drift


def test_no_rows_at_all_are_no_drift(tmp_path: Path) -> None:
    report = _compare(tmp_path, {"x": [1.0, 2.0, 3.0]}, {"x": np.array([], dtype=float)})
    assert not report.dataset_drift
    assert _only(report).moved == "no rows"


def test_a_sorted_file_has_not_moved(tmp_path: Path) -> None:
    values = np.random.default_rng(15).normal(size=4000)
    report = _compare(tmp_path, {"x": values}, {"x": np.sort(values)})
    assert _only(report).score == 0


def test_top_coding_moves_the_top_bins_only(tmp_path: Path) -> None:
    values = np.random.default_rng(16).normal(size=4000)
    drift = _only(_compare(tmp_path, {"x": values}, {"x": np.minimum(values, 3.0)}))
    assert not drift.drifted


# -- the dataset -------------------------------------------------------------------------------------------


def test_the_dataset_drifts_at_the_share_and_not_below_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    reference = {f"c{n}": rng.normal(size=3000) for n in range(10)}
    moved = {f"c{n}": rng.normal(2.0 if n < 3 else 0.0, size=1000) for n in range(10)}
    report = _compare(tmp_path, reference, moved)
    assert report.share_drifted == pytest.approx(0.3)
    assert report.dataset_drift
    assert {column.column for column in report.drifted} == {"c0", "c1", "c2"}
    less = {f"c{n}": rng.normal(2.0 if n < 2 else 0.0, size=1000) for n in range(10)}
    assert not _compare(tmp_path, reference, less).dataset_drift


def test_the_target_ids_times_and_excluded_columns_are_told_apart() -> None:
    schema = infer_schema([month(1)])
    base = profile_files([month(1)], schema)
    report = compare_profiles(base, base, target="late", exclude=["tailnum"])
    assert report.target is not None
    assert report.target.column == "late"
    assert set(report.left_out) == {"flight_id", "sched_dep", "tailnum"}
    assert len(report.columns) == 15
    assert all(column.score == 0 for column in report.columns)


def test_september_and_december_drift_from_january_to_august() -> None:
    spring = [month(number) for number in range(1, 9)]
    schema = infer_schema(spring)
    base = profile_files(spring, schema)
    moved = {}
    for number in (9, 10, 11, 12):
        current = profile_files([month(number)], schema, edges_from=base)
        report = compare_profiles(base, current, target="late", exclude=NO_FEATURES)
        moved[number] = (len(report.drifted), len(report.columns), report.dataset_drift)
    assert moved == {9: (5, 15, True), 10: (4, 15, False), 11: (4, 15, False), 12: (8, 15, True)}


def test_a_report_survives_json_under_the_promised_names(tmp_path: Path) -> None:
    report = _compare(tmp_path, {"x": [1.5, 2.5, 3.5] * 50}, {"x": [9.5] * 50})
    assert DriftReport.from_json(report.to_json()) == report
    told = report.to_dict()
    assert {"dataset_drift", "share_drifted", "n_reference", "n_current", "columns"} <= set(told)
    assert {"column", "kind", "test", "score", "p_value", "threshold", "drifted"} <= set(told["columns"][0])
    column = report.columns[0]
    assert len(column.bins) == len(column.reference_counts) == len(column.current_counts)
    assert sum(column.current_counts) == report.n_current


def test_a_profile_without_columns_gives_a_report_without_columns() -> None:
    report = compare_profiles(Profile(5, ()), Profile(5, ()))
    assert (report.dataset_drift, report.share_drifted, report.columns) == (False, 0.0, ())


@pytest.mark.parametrize(
    ("before", "n", "now", "m"),
    [(10, 1000, 1, 20), (0, 1000, 1, 20), (300, 4000, 3, 20), (0, 4000, 10, 300_000), (990, 1000, 19, 20),
     (40, 1000, 90, 1000), (0, 5, 0, 5), (5, 5, 5, 5)],
)  # fmt: skip
def test_the_chance_of_a_share_is_that_of_fishers_exact_test(before: int, n: int, now: int, m: int) -> None:
    law = hypergeom(n + m, before + now, m)
    exact = min(1.0, 2 * min(law.cdf(now), law.sf(now - 1)))
    assert chance_of_share(before, n, now, m) == pytest.approx(exact, rel=1e-6)
    assert chance_of_share(n - before, n, m - now, m) == pytest.approx(exact, rel=1e-6)


def test_the_chance_of_a_share_of_many_rows_is_that_of_the_rule() -> None:
    assert chance_of_share(3000, 10_000, 3100, 10_000) == pytest.approx(
        weigh([7000, 3000], [6900, 3100]).p_value, rel=1e-6
    )
