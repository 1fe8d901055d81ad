from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_data import month, write_parquet, write_text
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.profile import edges_of, profile_files


def _column(profile: Profile, name: str = "x") -> ColumnProfile:
    found = profile.column(name)
    assert found is not None
    return found


def _profile(*paths: Path, edges_from: Profile | None = None, like: Path | None = None) -> Profile:
    return profile_files(paths, infer_schema([like or paths[0]]), edges_from=edges_from)


def test_the_bins_of_the_reference_hold_a_tenth_each(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    profile = _column(_profile(write_parquet(tmp_path / "x.parquet", {"x": values})))
    assert len(profile.counts) == 10
    assert sum(profile.counts) == 10_000
    assert all(990 <= count <= 1010 for count in profile.counts)
    assert profile.mean == pytest.approx(values.mean(), rel=1e-8)
    assert profile.std == pytest.approx(values.std(ddof=1), rel=1e-8)
    assert (profile.min, profile.max) == (values.min(), values.max())


def test_counts_agree_with_numpy_on_frozen_edges(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    reference = _profile(write_parquet(tmp_path / "r.parquet", {"x": rng.normal(size=3000)}))
    values = rng.normal(0.5, 2, size=500)
    current = _column(
        _profile(
            write_parquet(tmp_path / "c.parquet", {"x": values}),
            edges_from=reference,
            like=tmp_path / "r.parquet",
        )
    )
    edges = _column(reference).edges
    assert current.edges == edges
    expected = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    assert current.counts == tuple(expected)


def test_a_value_that_holds_many_rows_has_a_bin_of_its_own(tmp_path: Path) -> None:
    values = [0.0] * 800 + [float(n) for n in range(1, 201)]
    profile = _column(_profile(write_parquet(tmp_path / "x.parquet", {"x": values})))
    assert 0.0 in profile.edges
    assert math.nextafter(0.0, -math.inf) in profile.edges
    assert profile.counts[profile.edges.index(0.0)] == 800


def test_missing_nan_and_infinite_values_are_told_apart(tmp_path: Path) -> None:
    values = [1.0, 2.0, 3.0, float("nan"), None, float("inf"), float("-inf"), float("inf")]
    profile = _column(_profile(write_parquet(tmp_path / "x.parquet", {"x": values})))
    assert (profile.rows, profile.missing, profile.infinite) == (8, 2, 3)
    assert (profile.min, profile.max, profile.mean) == (1.0, 3.0, 2.0)
    assert sum(profile.counts) == 6
    assert all(math.isfinite(edge) for edge in profile.edges)


def test_a_column_of_nothing_and_one_of_one_value(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {"x": np.full(20, np.nan), "same": np.full(20, 7.5)})
    profile = _profile(path)
    nothing, same = _column(profile), _column(profile, "same")
    assert (nothing.missing, nothing.counts, nothing.mean) == (20, (0,), None)
    assert sum(same.counts) == 20
    assert max(same.counts) == 20
    assert same.std == 0


def test_categories_are_counted_most_frequent_first(tmp_path: Path) -> None:
    values = ["b"] * 5 + ["a"] * 9 + ["c", None]
    reference = _profile(write_parquet(tmp_path / "r.parquet", {"x": values}))
    column = _column(reference)
    assert (column.levels, column.level_counts) == (("a", "b", "c"), (9, 5, 1))
    assert (column.missing, column.distinct, column.singletons) == (1, 3, 1)
    path = write_parquet(tmp_path / "c.parquet", {"x": ["a", "new", "new", "newer", "c", None]})
    current = _column(_profile(path, edges_from=reference, like=tmp_path / "r.parquet"))
    assert current.level_counts == (1, 0, 1)
    assert (current.unseen, current.unseen_levels, current.distinct) == (3, ("new", "newer"), 2)


def test_a_category_of_thousands_is_kept_short(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = [f"v{n}" for n in rng.integers(0, 3000, size=20_000)]
    reference = _profile(write_parquet(tmp_path / "r.parquet", {"x": values}))
    column = _column(reference)
    assert column.kind == "category"
    assert len(column.levels) == 1000
    assert sum(column.level_counts) + column.other == 20_000
    current = _column(_profile(tmp_path / "r.parquet", edges_from=reference))
    assert (current.level_counts, current.other, current.unseen) == (column.level_counts, column.other, 0)


def test_integers_as_categories_stay_integers(tmp_path: Path) -> None:
    reference = _profile(write_parquet(tmp_path / "r.parquet", {"x": [1, 2, 3] * 100}))
    assert _column(reference).levels == ("1", "2", "3")
    floats = write_parquet(tmp_path / "c.parquet", {"x": [1.0, 2.0, float("nan")]})
    current = _column(_profile(floats, edges_from=reference, like=tmp_path / "r.parquet"))
    assert current.level_counts == (1, 1, 0)
    assert current.unseen == 0


def test_the_order_of_rows_makes_no_difference(tmp_path: Path) -> None:
    values = np.random.default_rng(4).normal(size=2000)
    a = _profile(write_parquet(tmp_path / "a.parquet", {"x": values}))
    b = _profile(write_parquet(tmp_path / "b.parquet", {"x": np.sort(values)}))
    assert a == b


def test_a_large_file_gives_the_same_profile_twice(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    path = write_parquet(
        tmp_path / "x.parquet", {"x": rng.normal(size=300_000), "k": rng.integers(0, 5, 300_000)}
    )
    schema = infer_schema([path])
    first = profile_files([path], schema)
    assert profile_files([path], schema) == first
    assert all(abs(count - 30_000) < 1500 for count in _column(first).counts)


def test_formats_give_the_same_profile(tmp_path: Path) -> None:
    numbers = [0.5, 1.5, 2.5, None, 4.0]
    text = "x,k\n" + "".join(f"{'' if n is None else n},{k}\n" for n, k in zip(numbers, "aabbc", strict=True))
    lines = "".join(
        f'{{"x": {"null" if n is None else n}, "k": "{k}"}}\n' for n, k in zip(numbers, "aabbc", strict=True)
    )
    parquet = write_parquet(tmp_path / "x.parquet", {"x": numbers, "k": list("aabbc")})
    profile = _profile(parquet)
    assert _profile(write_text(tmp_path / "x.csv", text)) == profile
    assert _profile(write_text(tmp_path / "x.jsonl", lines)) == profile


@pytest.mark.parametrize("name", ['say "hi"', "a'b", "x; DROP TABLE y", "[/red]", "count(*)", "ü 🚢"])
def test_hostile_columns_and_values_are_data(tmp_path: Path, name: str) -> None:
    values = [name, "'; DROP TABLE x; --", '"', "", "NULL", name]
    path = write_parquet(tmp_path / "x.parquet", {name: values, "n": [1.5] * 6})
    reference = _profile(path)
    assert _column(reference, name).distinct == 5
    again = _profile(path, edges_from=reference)
    assert sum(_column(again, name).level_counts) == 6


def test_a_profile_survives_json() -> None:
    profile = profile_files([month(1)], infer_schema([month(1)]))
    assert Profile.from_json(profile.to_json()) == profile
    assert len(profile.to_json()) < 60_000


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_edges_rise_and_every_tenth_is_one(tenths: list[float]) -> None:
    edges = edges_of(sorted(tenths))
    assert list(edges) == sorted(set(edges))
    assert set(tenths) <= set(edges)


@given(st.lists(st.floats(), min_size=4, max_size=4), st.lists(st.floats(allow_nan=False), max_size=4))
def test_a_profile_is_read_as_it_was_written_whatever_overflowed(
    figures: list[float], edges: list[float]
) -> None:
    low, high, mean, std = figures
    column = ColumnProfile(
        "x", "number", "numeric", 3, min=low, max=high, mean=mean, std=std, edges=tuple(edges),
        quantiles=tuple(edges), fine_edges=tuple(edges),
    )  # fmt: skip
    named = ColumnProfile("NaN", "text", "category", 3, levels=("NaN", "Infinity"), level_counts=(1, 2))
    profile = Profile(3, (column, named))
    # NaN is no number equal to itself.
    assert repr(Profile.from_json(profile.to_json())) == repr(profile)
