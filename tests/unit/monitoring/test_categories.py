"""Categories: which values have a bin of their own, and how many new ones are to be expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.chunks import compare_chunks
from pilothouse.monitoring.distances import psi
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.filedrift import Wishes, open_reference
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.reports import ColumnDrift
from pilothouse.monitoring.rule import level_of


def _compare(folder: Path, before: Any, now: Any) -> ColumnDrift:
    paths = [
        write_parquet(folder / f"{at}.parquet", {"k": list(rows)}) for at, rows in enumerate((before, now))
    ]
    schema = infer_schema(paths[:1])
    base = profile_files(paths[:1], schema)
    (column,) = compare_profiles(base, profile_files(paths[1:], schema, edges_from=base)).columns
    return column


def test_only_values_with_a_hundredth_of_the_rows_have_a_bin_of_their_own(tmp_path: Path) -> None:
    before = ["often"] * 890 + ["just"] * 10 + [f"rare {n % 12}" for n in range(100)]
    found = _compare(tmp_path, before, before)
    assert found.bins == ("often", "just", "(other values)", "(new values)", "(missing)")
    assert found.reference_counts == (890, 10, 100, 0, 0)


def test_new_values_are_expected_where_values_came_up_once_and_only_there(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    # A third of the rows have a name that comes up once: a third of the next rows will be new names.
    once = [f"n{n}" if dice.random() < 0.33 else "again" for n in range(3000)]
    assert not _compare(tmp_path, once, [f"m{name}" if name != "again" else name for name in once]).drifted
    # Each of 500 names came up six times. New ones were never seen to be usual.
    often = [f"n{n % 500}" for n in range(3000)]
    found = _compare(tmp_path, often, [f"new {n}" if n % 10 == 0 else f"n{n % 500}" for n in range(3000)])
    assert found.drifted


def test_empty_bins_of_psi_are_filled_below_the_least_share_there_is() -> None:
    r, c = np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.49998, 0.00002])
    # 1e-4 where every share is larger, else a millionth of the least.
    fill_r, fill_c = 1e-4, 2e-5 / 1e6
    usual = (0.49998 - 0.5) * np.log(0.49998 / 0.5) + (0.00002 - fill_r) * np.log(0.00002 / fill_r)
    assert psi(r, c) == pytest.approx(usual)
    empty = np.array([0.0, 0.99998, 0.00002])
    last = (0.00002 - fill_r) * np.log(0.00002 / fill_r)
    first = (fill_c - 0.5) * np.log(fill_c / 0.5)
    middle = (0.99998 - 0.5) * np.log(0.99998 / 0.5)
    assert psi(r, empty) == pytest.approx(first + middle + last)


def test_files_as_chunks_share_the_level(tmp_path: Path) -> None:
    dice = np.random.default_rng(2)
    paths = [write_parquet(tmp_path / f"{at}.parquet", {"x": dice.normal(size=400)}) for at in range(5)]
    reference = open_reference(str(paths[0]), Wishes())
    chunks, _ = compare_chunks(reference, paths[1:], "file", Wishes())
    assert [chunk.report.level for chunk in chunks] == [level_of(None, among=4)] * 4
