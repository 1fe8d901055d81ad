"""Files compared with files: tests by name, saved profiles, chunks, and the traps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hostile import HOSTILE
from making_data import write_parquet, write_text
from pilothouse.data.reading import DataError
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.monitoring import filedrift
from pilothouse.monitoring.chunks import compare_chunks
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.reports import ColumnDrift, DriftReport

AUTO = Wishes()


def _compare(
    folder: Path, reference: dict[str, Any], current: dict[str, Any], wishes: Wishes = AUTO
) -> DriftReport:
    before = write_parquet(folder / "reference.parquet", reference)
    now = write_parquet(folder / "current.parquet", current)
    return compare_files(open_reference(str(before), wishes), [now], wishes)


def _named(report: DriftReport, name: str) -> ColumnDrift:
    return next(column for column in report.columns if column.column == name)


def _dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# -- tests by name -----------------------------------------------------------------------------------------


def test_tests_on_values_are_exact_from_files(tmp_path: Path) -> None:
    dice = _dice()
    before, now = dice.normal(size=3000), dice.normal(0.2, 1.3, size=700)
    before[::50], now[::9] = np.nan, np.nan
    seen = [side[~np.isnan(side)] for side in (before, now)]
    report = _compare(tmp_path, {"x": before}, {"x": now}, Wishes(tests=("ks",)))
    theirs = stats.ks_2samp(*seen, method="asymp")
    column = _named(report, "x")
    assert (column.test, column.error) == ("ks", 0.0)
    assert column.score == pytest.approx(theirs.statistic)
    assert column.p_value == pytest.approx(theirs.pvalue)
    distance = _compare(tmp_path, {"x": before}, {"x": now}, Wishes(tests=("wasserstein",)))
    expected = stats.wasserstein_distance(*seen) / seen[0].std(ddof=1)
    assert _named(distance, "x").score == pytest.approx(expected)
    assert "scipy" in _named(distance, "x").convention


def test_beyond_a_million_rows_and_from_a_profile_fine_bins_stand_for_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = _dice(2)
    columns = [{"x": dice.normal(shift, size=4000)} for shift in (0, 0.3)]
    wishes = Wishes(tests=("ks",))
    exact = _named(_compare(tmp_path, *columns, wishes), "x")
    monkeypatch.setattr(filedrift, "MOST_VALUES", 100)
    binned = _named(_compare(tmp_path, *columns, wishes), "x")
    assert 0 <= binned.error < 0.005
    assert abs(binned.score - exact.score) <= binned.error
    saved = open_reference(str(tmp_path / "reference.parquet"), AUTO, to_save=True)
    kept = write_text(tmp_path / "profile.json", saved.profile.to_json())
    from_profile = compare_files(
        open_reference(str(kept), wishes), [tmp_path / "current.parquet"], wishes
    ).columns[0]
    assert 0 < from_profile.error < 0.02
    assert abs(from_profile.score - exact.score) <= from_profile.error


def test_a_named_test_keeps_its_own_verdict_and_both_histograms(tmp_path: Path) -> None:
    dice = _dice(3)
    rows = {"x": dice.normal(size=1000), "k": dice.choice(list("abc"), 1000)}
    moved = {"x": dice.normal(1, size=300), "k": dice.choice(list("abcd"), 300)}
    for test in ("psi", "js", "hellinger", "tv", "linf", "chi2"):
        report = _compare(tmp_path, rows, moved, Wishes(tests=(test,)))
        assert {column.test for column in report.columns} == {test}
        assert report.dataset_drift
        assert DriftReport.from_json(report.to_json()) == report
        for column in report.columns:
            assert sum(column.reference_counts) == 1000
            assert sum(column.current_counts) == 300
            assert any(test in sentence for sentence in report.to_dict()["explained"])
    mixed = _compare(tmp_path, rows, moved, Wishes(tests=("ks",)))
    assert {column.column: column.test for column in mixed.columns} == {"x": "ks", "k": "psi"}
    assert _named(mixed, "k").convention == ""


# -- traps -------------------------------------------------------------------------------------------------


def test_a_new_category(tmp_path: Path) -> None:
    rows = {"k": ["a", "b"] * 300}
    for tests in ((), ("chi2",), ("js",), ("psi",)):
        column = _named(_compare(tmp_path, rows, {"k": ["a", "b", "new"] * 100}, Wishes(tests=tests)), "k")
        assert column.drifted
        assert "1 new value (33% of the rows)" in column.moved


def test_a_sorted_file_is_no_drift_and_chunks_of_its_rows_are_warned_of(tmp_path: Path) -> None:
    dice = _dice(4)
    values = np.sort(dice.normal(size=2000))
    reference = write_parquet(tmp_path / "r.parquet", {"x": dice.normal(size=2000), "y": dice.random(2000)})
    current = write_parquet(tmp_path / "c.parquet", {"x": values, "y": dice.random(2000)})
    opened = open_reference(str(reference), AUTO)
    assert not compare_files(opened, [current], AUTO).drifted
    chunks, notes = compare_chunks(opened, [current], "500", AUTO)
    assert all("x" in [column.column for column in chunk.report.drifted] for chunk in chunks)
    assert len(notes) == 1
    assert "sorted by 'x'" in notes[0]
    assert "Chunk by time" in notes[0]
    grouped = write_parquet(tmp_path / "g.parquet", {"x": dice.normal(size=600), "y": [0.5, 0.25, 0.5] * 200})
    assert compare_chunks(opened, [grouped], "200", AUTO)[1] == []


def test_a_file_grouped_by_a_category_is_warned_of(tmp_path: Path) -> None:
    rows = {"k": ["b"] * 300 + ["a"] * 300 + ["c"] * 300}
    opened = open_reference(str(write_parquet(tmp_path / "r.parquet", rows)), AUTO)
    assert "sorted by 'k'" in compare_chunks(opened, [tmp_path / "r.parquet"], "100", AUTO)[1][0]


@pytest.mark.parametrize("tests", [(), ("ks",), ("wasserstein",), ("js",), ("chi2",)])
def test_all_null_one_value_infinite_and_integers(tmp_path: Path, tests: tuple[str, ...]) -> None:
    dice = _dice(5)
    full = dice.normal(size=400)
    with_infinite = full.copy()
    with_infinite[:40] = np.inf
    rows = {
        "gone": full, "never": np.full(400, np.nan), "one": np.full(400, 7.5), "inf": full,
        "whole": dice.integers(1, 4, 400),
    }  # fmt: skip
    moved = {
        "gone": np.full(400, np.nan), "never": np.full(400, np.nan), "one": np.full(400, 7.5),
        "inf": with_infinite, "whole": dice.integers(2, 5, 400),
    }  # fmt: skip
    report = _compare(tmp_path, rows, moved, Wishes(tests=tests))
    assert _named(report, "gone").drifted
    assert _named(report, "gone").moved == "all values are missing"
    assert not _named(report, "never").drifted
    assert not _named(report, "one").drifted
    assert _named(report, "whole").kind == "category"
    assert _named(report, "whole").drifted
    assert "40 infinite" in _named(report, "inf").moved
    assert all(np.isfinite(column.score) and column.score >= 0 for column in report.columns)


def test_dates_are_left_out_and_said(tmp_path: Path) -> None:
    rows = {"x": [1.5] * 50, "day": pd.date_range("2024-01-01", periods=50)}
    report = _compare(tmp_path, rows, {**rows, "day": pd.date_range("2029-01-01", periods=50)})
    assert report.left_out == ("day",)
    assert [column.column for column in report.columns] == ["x"]


def test_a_million_categories_are_counted_in_bounded_size(tmp_path: Path) -> None:
    import duckdb

    paths = []
    for name, first in (("r", 0), ("c", 125_000)):
        paths.append(tmp_path / f"{name}.parquet")
        with duckdb.connect() as con:
            con.execute(
                f"COPY (SELECT 'v' || (range // 4 + {first}) AS k, range % 3 = 0 AS b FROM range(1000000)) "
                f"TO '{paths[-1]}' (FORMAT parquet)"
            ).fetchall()
    opened = open_reference(str(paths[0]), AUTO)
    # Each value four times, and half of them are new.
    kept = opened.profile.columns[0]
    assert (kept.kind, len(kept.levels), kept.distinct) == ("category", 1000, 250_000)
    report = compare_files(opened, [paths[1]], AUTO)
    assert len(report.to_json()) < 20_000
    assert not _named(report, "b").drifted


def test_columns_that_one_side_lacks_are_said(tmp_path: Path) -> None:
    dice = _dice(6)
    report = _compare(
        tmp_path, {"x": dice.normal(size=200), "old": dice.normal(size=200)},
        {"x": dice.normal(size=200), "new": dice.normal(size=200)},
    )  # fmt: skip
    assert report.notes == (
        "There is no column 'old': compared as if every value were missing.",
        "The reference has no column 'new': not compared.",
    )
    assert _named(report, "old").drifted


def test_a_type_that_does_not_fit_names_column_and_example(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'x' is text \(for example 'often'\)"):
        _compare(tmp_path, {"x": [1.5, 2.5]}, {"x": ["often", "never"]})


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip() and "\x00" not in name][::2])
def test_hostile_names_of_columns_and_values(tmp_path: Path, name: str) -> None:
    rows = {name: _dice().normal(size=120), "k": [name, "b"] * 60, "rare, 'k": ["x, y", 'say "hi"'] * 60}
    for tests in ((), ("ks", "chi2")):
        report = _compare(tmp_path, rows, rows, Wishes(tests=tests))
        assert {column.column for column in report.columns} == set(rows)
        assert not report.drifted
    opened = open_reference(str(tmp_path / "reference.parquet"), AUTO)
    assert len(compare_chunks(opened, [tmp_path / "current.parquet"], "50", AUTO)[0]) == 2


def test_empty_files_and_columns_that_are_not_there(tmp_path: Path) -> None:
    empty = write_parquet(tmp_path / "empty.parquet", {"x": np.array([], dtype=float)})
    full = write_parquet(tmp_path / "full.parquet", {"x": [1.5, 2.5]})
    nothing = write_text(tmp_path / "nothing.csv", "")
    with pytest.raises(DataError, match="no rows"):
        open_reference(str(empty), AUTO)
    opened = open_reference(str(full), AUTO)
    for path in (empty, nothing):
        with pytest.raises(DataError, match=r"no rows|no bytes"):
            compare_files(opened, [path], AUTO)
        with pytest.raises(DataError, match=r"no rows|no bytes"):
            compare_chunks(opened, [path], "10", AUTO)
    for wishes in (Wishes(target="y"), Wishes(exclude=("y",))):
        with pytest.raises(UsageError, match="no column 'y'"):
            open_reference(str(full), wishes)
    for text in ("{}", "nonsense", "[1]", '{"rows": 3}', '{"rows": 3, "columns": [7]}'):
        with pytest.raises(DataError, match="no profile"):
            open_reference(str(write_text(tmp_path / "p.json", text)), AUTO)


# -- chunks ------------------------------------------------------------------------------------------------


def test_a_left_over_joins_or_is_marked_and_lowers_no_threshold(tmp_path: Path) -> None:
    dice = _dice(7)
    reference = write_parquet(tmp_path / "r.parquet", {"x": dice.normal(size=3000)})
    opened = open_reference(str(reference), AUTO)
    values = dice.normal(size=1000)
    seen = {}
    for rows in (1000, 1008, 1170, 90):
        path = write_parquet(tmp_path / f"{rows}.parquet", {"x": np.resize(values, rows)})
        chunks, _ = compare_chunks(opened, [path], "250", AUTO)
        seen[rows] = [(chunk.report.n_current, chunk.note) for chunk in chunks]
        first = chunks[0].report.columns[0]
        if rows > 250:
            seen[f"{rows} first"] = (first.score, first.p_value)
    assert seen[1000] == [(250, "")] * 4
    assert seen[1008] == [*[(250, "")] * 3, (258, "with 8 rows left over")]
    assert seen[1170] == [*[(250, "")] * 4, (170, "left over")]
    assert seen[90] == [(90, "left over")]
    assert seen["1000 first"] == seen["1008 first"] == seen["1170 first"]


def test_chunks_by_time_find_the_month_that_moved(tmp_path: Path) -> None:
    dice = _dice(8)
    at = pd.date_range("2024-01-15", "2024-04-10", periods=2000)
    reference = write_parquet(tmp_path / "r.parquet", {"t": at, "x": dice.normal(size=2000)})
    moved = np.where(at.month == 3, 1.5, 0.0)
    order = dice.permutation(2000)
    current = write_parquet(
        tmp_path / "c.csv.parquet", {"t": at[order], "x": (dice.normal(size=2000) + moved)[order]}
    )
    opened = open_reference(str(reference), AUTO)
    chunks, notes = compare_chunks(opened, [current], "month", AUTO)
    assert [(chunk.label, chunk.report.dataset_drift) for chunk in chunks] == [
        ("2024-01", False), ("2024-02", False), ("2024-03", True), ("2024-04", False),
    ]  # fmt: skip
    assert notes == []
    assert {chunk.report.among for chunk in chunks} == {4}
    assert sum(chunk.report.n_current for chunk in chunks) == 2000
    weeks, _ = compare_chunks(opened, [current], "week", AUTO, time="t")
    days, _ = compare_chunks(opened, [current], "day", AUTO)
    assert (len(weeks), weeks[0].label) == (13, "2024-W03")
    assert len(days) == 87
    assert any(chunk.note == "few rows" for chunk in days)


def test_rows_without_a_moment_are_a_chunk_of_their_own(tmp_path: Path) -> None:
    at = pd.Series(pd.date_range("2024-01-01", periods=200, freq="D"))
    at[:50] = pd.NaT
    path = write_parquet(tmp_path / "r.parquet", {"t": at, "x": _dice().normal(size=200)})
    chunks, _ = compare_chunks(open_reference(str(path), AUTO), [path], "month", AUTO)
    assert (chunks[-1].label, chunks[-1].note, chunks[-1].report.n_current) == (
        "(no moment)",
        "without a moment",
        50,
    )


def test_chunks_by_file_and_what_cannot_be_cut(tmp_path: Path) -> None:
    dice = _dice(9)
    paths = [
        write_parquet(tmp_path / f"{at}.parquet", {"x": dice.normal(2.0 * (at == 2), 1, 200)})
        for at in range(3)
    ]
    opened = open_reference(str(paths[0]), AUTO)
    chunks, _ = compare_chunks(opened, paths, "file", AUTO)
    assert [(chunk.label, chunk.report.dataset_drift) for chunk in chunks] == [
        ("0.parquet", False), ("1.parquet", False), ("2.parquet", True),
    ]  # fmt: skip
    for by, said in (("month", "No column has moments"), ("0", "no way to cut"), ("yearly", "no way to cut")):
        with pytest.raises(UsageError, match=said):
            compare_chunks(opened, paths, by, AUTO)
    with pytest.raises(UsageError, match="no moments"):
        compare_chunks(opened, paths, "day", AUTO, time="x")
    huge = replace(opened)
    many = write_parquet(tmp_path / "many.parquet", {"x": dice.normal(size=3000)})
    with pytest.raises(PilothouseError, match="3,000 chunks"):
        compare_chunks(huge, [many], "1", AUTO)
