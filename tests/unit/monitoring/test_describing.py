from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making_data import write_parquet, write_text
from pilothouse.cli.data_showing import sparkline
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.describing import BARS, LONGEST, TOP, Description, describe_files


def _describe(path: Path) -> dict[str, Description]:
    return {one.name: one for one in describe_files([path], infer_schema([path]))}


def test_numbers_categories_and_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(10, 2, size=2000)
    x[:20] = np.nan
    start = datetime(2013, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    path = write_parquet(
        tmp_path / "a.parquet",
        {
            "x": x,
            "k": rng.choice(list("abc"), p=[0.6, 0.3, 0.1], size=2000),
            "at": [start + timedelta(hours=n) for n in range(2000)],
        },
    )
    found = _describe(path)
    numbers = x[~np.isnan(x)]
    assert (found["x"].rows, found["x"].missing, found["x"].distinct) == (2000, 20, 1980)
    assert found["x"].min == numbers.min()
    assert found["x"].quantiles[2] == pytest.approx(np.median(numbers), abs=0.01)
    assert sum(found["x"].counts) == 1980
    assert len(found["x"].counts) == BARS == len(found["x"].edges) - 1
    values, counts = np.unique(path_values := [one[0] for one in found["k"].top], return_counts=True)
    assert (list(values), set(counts), path_values[0]) == (["a", "b", "c"], {1}, "a")
    assert sum(count for _, count in found["k"].top) == 2000
    assert (found["at"].min, found["at"].distinct) == ("2013-01-01 00:00:00", 2000)
    assert max(found["at"].counts) - min(found["at"].counts) <= 2


@settings(max_examples=15)
@given(st.lists(st.one_of(st.floats(-1e300, 1e300), st.just(float("inf")), st.none()), min_size=1))
def test_bars_hold_every_finite_value(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = write_parquet(tmp_path_factory.mktemp("h") / "a.parquet", {"x": np.array(values, dtype=float)})
    one = _describe(path)["x"]
    finite = [value for value in values if value is not None and np.isfinite(value)]
    assert one.missing == sum(value is None for value in values)
    assert one.infinite == len(values) - one.missing - len(finite)
    if finite:
        assert sum(one.counts) == len(finite)


def test_one_wild_value_does_not_flatten_the_shape(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", {"x": [*np.linspace(0, 1, 999), 1e9]})
    assert sum(count > 0 for count in _describe(path)["x"].counts) > BARS / 3


@pytest.mark.parametrize("text", ["x,e\n1.5,\n", "x,e\n1.5,\n1.5,\n", "x,e\n,\n,\n"])
def test_one_value_and_none(tmp_path: Path, text: str) -> None:
    found = _describe(write_text(tmp_path / "a.csv", text))
    assert found["e"].missing == found["e"].rows
    assert found["x"].distinct in (0, 1)
    assert sum(found["x"].counts) == found["x"].present


@pytest.mark.parametrize("name", ["[/red]", "'; DROP TABLE x; --", 'say "hi"', "表 🚢"])
def test_hostile_names_and_long_values(tmp_path: Path, name: str) -> None:
    many = [f"{name}{n}" + "x" * 500 for n in range(40)]
    path = write_parquet(tmp_path / "a.parquet", {name: many, "k": (["a"] * 20 + many[:20])})
    found = _describe(path)
    assert isinstance(found[name].max, str)
    assert len(found[name].max) == LONGEST
    assert len(found["k"].top) <= TOP
    assert all(len(level) <= LONGEST for level, _ in found["k"].top)


def test_a_bar_that_holds_anything_is_seen() -> None:
    assert sparkline([0, 1, 1000]) == " ▁█"
    assert sparkline([0, 0]) == sparkline([]) == ""
