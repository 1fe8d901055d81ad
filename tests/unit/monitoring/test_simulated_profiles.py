"""The profiles that simulations draw are those that DuckDB counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from making_data import write_parquet
from making_profiles import KINDS, continuous, heavy, levels, number
from pilothouse.data.inferring import infer_schema
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.profile import profile_files

_FIGURES = {"min": None, "max": None, "mean": None, "std": None, "quantiles": (), "unseen_levels": ()}


def _from_files(folder: Path, reference: object, current: object) -> list[ColumnProfile]:
    paths = [
        write_parquet(folder / f"{at}.parquet", {"x": side}) for at, side in enumerate((reference, current))
    ]
    schema = infer_schema(paths[:1])
    base = profile_files(paths[:1], schema)
    profiles = [base, profile_files(paths[1:], schema, edges_from=base)]
    return [replace(profile.columns[0], **_FIGURES) for profile in profiles]


@pytest.mark.parametrize("rows", [997, 1000, 40])
def test_numbers(tmp_path: Path, rows: int) -> None:
    dice = np.random.default_rng(rows)
    for draw in (dice.standard_cauchy, lambda n: dice.poisson(0.8, n) + 0.5):
        reference, current = draw(rows), draw(60)
        mine = number(np.asarray(reference))
        assert [mine, number(np.asarray(current), mine)] == _from_files(tmp_path, reference, current)


def test_categories(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    reference, current = (dice.geometric(0.2, rows) - 1 for rows in (300, 200))
    sizes = max(reference.max(), current.max()) + 1
    counts = [np.bincount(side, minlength=sizes) for side in (reference, current)]
    found = _from_files(tmp_path, [f"v{at}" for at in reference], [f"v{at}" for at in current])
    for mine, theirs in zip(levels("x", *counts), found, strict=True):
        # DuckDB orders what came up alike by name.
        assert dict(zip(mine.levels, mine.level_counts, strict=True)) == dict(
            zip(theirs.levels, theirs.level_counts, strict=True)
        )
        assert replace(mine, levels=(), level_counts=()) == replace(theirs, levels=(), level_counts=())


def test_counts_have_the_law_that_values_have() -> None:
    dice = np.random.default_rng(2)
    ends = []
    for draw in (continuous, heavy):
        counts = [draw(dice, 1000, 100)[1].counts for _ in range(2000)]
        ends.append((np.mean(counts, axis=0), np.var(counts, axis=0)))
    assert np.allclose(ends[0][0], ends[1][0], atol=0.4)
    assert np.allclose(ends[0][1], ends[1][1], rtol=0.15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [30, 100, 1000])
def test_no_drift_is_no_alarm(kind: str, rows: int) -> None:
    dice = np.random.default_rng(rows)
    alarms = 0
    for _ in range(100):
        pairs = [KINDS[kind](dice, 1000, rows, f"x{at}") for at in range(6)]
        reference, current = (Profile(side[0].rows, side) for side in zip(*pairs, strict=True))
        alarms += bool(compare_profiles(reference, current).drifted)
    assert alarms <= 4
