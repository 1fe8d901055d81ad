from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet
from pilothouse.data.reading import DataError
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.joint import compare_jointly, hanley_mcneil
from pilothouse.monitoring.reports import DriftReport, JointDrift

AUTO = Wishes()


def _jointly(
    folder: Path, before: dict[str, Any], now: dict[str, Any]
) -> tuple[list[JointDrift], DriftReport]:
    paths = [write_parquet(folder / f"{name}.parquet", rows) for name, rows in (("r", before), ("c", now))]
    reference = open_reference(str(paths[0]), AUTO)
    found = compare_jointly(reference, paths[1:], AUTO, ["domain", "pca"])
    return list(found), compare_files(reference, paths[1:], AUTO)


def _pair(dice: np.random.Generator, rows: int, together: float) -> dict[str, Any]:
    x, noise = dice.normal(size=rows), dice.normal(size=rows)
    values = {"x": x, "y": together * x + np.sqrt(1 - together**2) * noise, "z": dice.normal(size=rows)}
    return {**values, "k": dice.choice(list("abc"), rows)}


def test_columns_that_stop_moving_together_are_found_together_only(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    found, alone = _jointly(tmp_path, _pair(dice, 2000, 0.95), _pair(dice, 1500, 0.0))
    assert not alone.drifted
    assert [(one.method, one.drifted) for one in found] == [("domain", True), ("pca", True)]
    domain, pca = found
    assert set(domain.columns[:2]) == {"x", "y"}
    assert domain.low < domain.score < domain.high
    assert domain.score > 0.7 > domain.threshold
    assert "have moved, most by" in domain.words
    assert pca.p_value < 1e-6


def test_nothing_moved_is_no_alarm_and_the_p_values_are_even(tmp_path: Path) -> None:
    dice = np.random.default_rng(2)
    drifted, p_values = 0, []
    for _ in range(6):
        found, _ = _jointly(tmp_path, _pair(dice, 250, 0.6), _pair(dice, 150, 0.6))
        drifted += sum(one.drifted for one in found)
        p_values.append([one.p_value for one in found])
    assert drifted <= 1
    assert (np.array(p_values) < 0.05).sum(axis=0).max() <= 2


def test_missing_new_and_infinite_values_do_no_harm(tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    rows = {**_pair(dice, 300, 0.5), "never": np.full(300, np.nan), "one": np.full(300, 2.5)}
    now = {**_pair(dice, 300, 0.5), "never": np.full(300, np.nan), "one": np.full(300, 2.5)}
    now["x"][:20], now["y"][:20] = np.inf, np.nan
    now["k"] = np.where(np.arange(300) < 10, None, now["k"])
    found, report = _jointly(tmp_path, rows, now)
    assert all(np.isfinite(one.score) for one in found)
    from dataclasses import replace

    kept = replace(report, multivariate=tuple(found))
    assert DriftReport.from_json(kept.to_json()) == kept


def test_a_profile_or_a_few_rows_are_not_enough(tmp_path: Path) -> None:
    dice = np.random.default_rng(4)
    path = write_parquet(tmp_path / "r.parquet", _pair(dice, 40, 0.5))
    reference = open_reference(str(path), AUTO)
    with pytest.raises(DataError, match="40 rows are too few"):
        compare_jointly(reference, [path], AUTO, ["pca"])
    (tmp_path / "p.json").write_text(reference.profile.to_json())
    with pytest.raises(DataError, match="not at hand"):
        compare_jointly(open_reference(str(tmp_path / "p.json"), AUTO), [path], AUTO, ["domain"])


def test_the_variance_of_an_area_is_hanleys_and_mcneils() -> None:
    # Of no use at all it is nearly Mann and Whitney's.
    assert hanley_mcneil(0.5, 100, 200) == pytest.approx(301 / (12 * 100 * 200), rel=0.02)
    assert hanley_mcneil(1.0, 10, 10) == pytest.approx(0)
