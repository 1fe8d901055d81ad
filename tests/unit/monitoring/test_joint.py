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
    # Worked by hand: (0.16 + (0.8 / 1.2 - 0.64) + (1.28 / 1.8 - 0.64)) / 4.
    assert hanley_mcneil(0.8, 2, 2) == pytest.approx(0.0644444, rel=1e-5)
    assert hanley_mcneil(0.8, 2, 3) == pytest.approx((0.16 + 2 * 0.0266667 + 0.0711111) / 6, rel=1e-5)


def test_what_counts_is_the_floor_or_the_noise_of_so_few_rows(tmp_path: Path) -> None:
    dice = np.random.default_rng(5)
    (domain, pca), _ = _jointly(tmp_path, _pair(dice, 4000, 0.6), _pair(dice, 4000, 0.6))
    assert (domain.threshold, pca.threshold) == (0.6, 0.2)
    (domain, pca), _ = _jointly(tmp_path, _pair(dice, 60, 0.6), _pair(dice, 60, 0.6))
    # Folds of 12 and 12 rows: Mann and Whitney's variance, for the mean of five that share their rows.
    fold = (12 + 12 + 1) / (12 * 12 * 12)
    assert domain.threshold == pytest.approx(0.5 + 2.32635 * np.sqrt(fold * (1 / 5 + 1 / 4)), rel=1e-5)
    # 30 rows of the reference, and 60: about 2.6 standard errors.
    assert pca.threshold == pytest.approx(2.5758 * np.sqrt(1 / 30 + 1 / 60), rel=0.35)


def test_components_judge_rows_that_they_were_not_fitted_to(tmp_path: Path) -> None:
    dice = np.random.default_rng(6)
    drifted, p_values = 0, []
    for _ in range(24):
        sides = [{f"c{at}": dice.normal(size=60) for at in range(14)} for _ in range(2)]
        paths = [write_parquet(tmp_path / f"{at}.parquet", rows) for at, rows in enumerate(sides)]
        (pca,) = compare_jointly(open_reference(str(paths[0]), AUTO), paths[1:], AUTO, ["pca"])
        drifted += pca.drifted
        p_values.append(pca.p_value)
    assert drifted <= 2
    assert np.mean(np.array(p_values) < 0.05) <= 0.15


def test_rounding_is_no_drift_and_an_exact_bond_that_breaks_is(tmp_path: Path) -> None:
    def weather(seed: int, rows: int, noise: float) -> dict[str, Any]:
        dice = np.random.default_rng(seed)
        celsius = dice.normal(12, 8, rows)
        return {"celsius": celsius, "fahrenheit": celsius * 9 / 5 + 32 + noise * dice.normal(size=rows)}

    for noise, drifted in ((0.0, False), (1e-9, False), (9.0, True)):
        for scale in (1.0, 1e150):
            sides = [weather(1, 500, 0.0), weather(2, 400, noise)]
            sides = [{name: values * scale for name, values in side.items()} for side in sides]
            paths = [write_parquet(tmp_path / f"{at}.parquet", rows) for at, rows in enumerate(sides)]
            (pca,) = compare_jointly(open_reference(str(paths[0]), AUTO), paths[1:], AUTO, ["pca"])
            assert pca.drifted == drifted, (noise, scale, pca.words)
            assert np.isfinite(pca.score) and (drifted or pca.score < 0.01)
