from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pilothouse.config import DataConfig, ModelConfig
from pilothouse.data.inferring import infer_schema
from pilothouse.training import threshold
from pilothouse.training.estimators import build_estimator
from pilothouse.training.examples import Examples, load_examples
from pilothouse.training.recipes import check_params, find_recipe
from pilothouse.training.split import Split


def load(tmp_path: Path, table: pd.DataFrame, time: str | None = None) -> Examples:
    path = tmp_path / "rows.csv"
    table.to_csv(path, index=False)
    model = ModelConfig(name="m", target="y", task="classification", data=DataConfig(time=time))
    return load_examples([path], infer_schema([path]), model, holdout=0.25, seed=1)


def chosen(examples: Examples) -> tuple[float, str]:
    recipe = find_recipe("logistic", "classification")

    def build(features: Any) -> Any:
        params = check_params(recipe, {}, "classification")
        return build_estimator(recipe, "classification", params, features, seed=1, threads=1)

    return threshold.choose_threshold(recipe, build, examples, 1, lambda done, total, losses: None)


def sorted_by_class(n: int = 600) -> pd.DataFrame:
    """Rows of which one in six is positive, as of a file for each class."""
    rng = np.random.default_rng(0)
    y = np.arange(n) < n // 6
    return pd.DataFrame({"x": rng.normal(size=n) + y, "y": y.astype(int)})


def test_rows_in_the_order_of_their_class_have_a_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More rows than are looked at: their end is all of one class.
    monkeypatch.setattr(threshold, "ROWS", 200)
    found, why = chosen(load(tmp_path, sorted_by_class()))
    assert why == "" and 0 < found < 0.45


def test_a_threshold_that_cannot_be_chosen_says_why(tmp_path: Path) -> None:
    newest_alike = sorted_by_class().assign(at=pd.date_range("2020-01-01", periods=600))
    found, why = chosen(load(tmp_path, newest_alike, time="at"))
    assert found == 0.5 and "one class" in why
    found, why = chosen(load(tmp_path, sorted_by_class(24)))
    assert found == 0.5 and "only 18 rows" in why


def test_by_time_the_newest_rows_are_taken_and_else_a_draw_of_the_seed() -> None:
    train = np.arange(threshold.ROWS * 3)[::-1]

    def rows(by_time: bool, seed: int) -> list[int]:
        split = Split(train, np.arange(3), "", by_time)
        return threshold.rows_for_threshold(split, seed).tolist()

    assert rows(True, 1) == train[-threshold.ROWS :].tolist()
    assert rows(False, 1) == rows(False, 1) != rows(False, 2)
    assert len(set(rows(False, 1))) == threshold.ROWS
    assert abs(np.mean(rows(False, 1)) / np.mean(train) - 1) < 0.05
