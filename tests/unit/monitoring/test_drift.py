from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from making_data import month, write_parquet
from pilothouse.data.schema import infer_schema
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.drift import (
    ColumnDrift,
    DriftReport,
    compare_columns,
    compare_profiles,
    psi_with_noise,
)
from pilothouse.monitoring.profile import edges_of, profile_files

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
    score, noise_floor, p_value = psi_with_noise(r.tolist(), c.tolist())
    assert score == pytest.approx(((shares_c - shares_r) * np.log(shares_c / shares_r)).sum())
    noise = 1 / 1000 + 1 / 100
    assert noise_floor == pytest.approx(chi2.ppf(0.99, 2) * noise)
    assert p_value == pytest.approx(chi2.sf(score / noise, 2))


def test_empty_bins_on_both_sides_do_not_count() -> None:
    assert psi_with_noise([10, 20, 0], [5, 5, 0]) == psi_with_noise([10, 20], [5, 5])


@pytest.mark.parametrize(
    ("r", "c"), [([], []), ([0, 0], [1, 2]), ([1, 2], [0, 0]), ([5], [9]), ([5, 0], [9, 0])]
)
def test_where_there_is_nothing_to_compare_nothing_drifts(r: list[int], c: list[int]) -> None:
    assert psi_with_noise(r, c) == (0.0, 0.0, 1.0)


_counts = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=12)


@given(_counts)
def test_the_score_is_never_negative_and_knows_no_direction(pairs: list[tuple[int, int]]) -> None:
    r, c = [a for a, _ in pairs], [b for _, b in pairs]
    score, noise_floor, p_value = psi_with_noise(r, c)
    assert score >= 0
    assert 0 <= p_value <= 1
    assert psi_with_noise(c, r) == pytest.approx((score, noise_floor, p_value))
    assert psi_with_noise(r, r)[0] == 0


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
    assert drift.p_value < 0.01
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
    assert drift.p_value < 1e-6
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
