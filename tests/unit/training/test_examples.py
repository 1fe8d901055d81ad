from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pilothouse.config import DataConfig, ModelConfig
from pilothouse.data.inferring import infer_schema
from pilothouse.errors import PilothouseError
from pilothouse.training.examples import MOST_CLASSES, Examples, load_examples, read_target
from pilothouse.training.preprocessing import EMPTY


def load(
    tmp_path: Path, table: pd.DataFrame, *, task: str = "classification", time: str | None = None
) -> Examples:
    path = tmp_path / "rows.csv"
    table.to_csv(path, index=False)
    model = ModelConfig(name="m", target="y", task=task, data=DataConfig(time=time))
    return load_examples([path], infer_schema([path]), model, holdout=0.25, seed=1)


def table(n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "c": rng.choice(["a", "b"], n),
            "at": pd.date_range("2020-01-01", periods=n)[::-1],
            "y": np.arange(n) % 2,
        }
    )


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = table()
    rows.loc[:9, "y"] = np.nan
    examples = load(tmp_path, rows, time="at")
    assert examples.without_target == 10 and len(examples.target) == 70 == len(examples.inputs)
    assert examples.classes == (0, 1) and examples.target.dtype.kind == "i"
    latest = examples.table["at"].iloc[examples.split.holdout]
    assert latest.min() > examples.table["at"].iloc[examples.split.train].max()


def test_infinite_numbers_count_as_missing(tmp_path: Path) -> None:
    rows = table()
    rows.loc[3, "x"] = np.inf
    examples = load(tmp_path, rows)
    assert np.isnan(examples.inputs["x"]).sum() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.assign(y=1), "one class only"),
        (lambda rows: rows.assign(y=np.nan), "No row has a value"),
        (lambda rows: rows.head(5), "too few"),
        (lambda rows: rows.assign(y=[f"c{i}" for i in range(len(rows))]), f"may be {MOST_CLASSES} classes"),
        (lambda rows: rows.assign(y=(rows["at"] > "2020-03-05").astype(int)), "only the holdout has"),
    ],
)
def test_a_target_that_cannot_be_learned_is_told(tmp_path: Path, change, said: str) -> None:
    with pytest.raises(PilothouseError) as caught:
        load(tmp_path, change(table()), time="at")
    assert said in str(caught.value)


def test_a_time_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PilothouseError, match="no column 'when', the time"):
        load(tmp_path, table(), time="when")


def test_a_regression_needs_numbers(tmp_path: Path) -> None:
    examples = load(tmp_path, table().assign(y=np.linspace(0, 1, 80)), task="regression")
    assert examples.classes == () and examples.target.dtype == "float64"
    with pytest.raises(PilothouseError, match="not a number"):
        load(tmp_path, table().assign(y="a"), task="regression")


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([True, False, True], (False, True)),
        ([1.0, 0.0, 1.0], (0, 1)),
        ([0.5, 1.5, 0.5], (0.5, 1.5)),
        (["[/x]", "a\nb", "[/x]"], ("[/x]", "a\nb")),
    ],
)
def test_classes_are_what_stands_in_the_data(values: list, classes: tuple) -> None:
    found, names = read_target(pd.Series(values), "classification", "y")
    assert names == classes and [type(name) for name in names] == [type(name) for name in classes]
    assert found.tolist() == values


def test_a_column_that_is_empty_where_it_is_learned_is_left_out(tmp_path: Path) -> None:
    rows = table().assign(refund=np.nan, kind=None)
    newest = rows["at"] > rows["at"].max() - pd.Timedelta(days=5)
    rows.loc[newest, "refund"], rows.loc[newest, "kind"] = 1.5, "a"
    examples = load(tmp_path, rows, time="at")
    assert (examples.features.names, list(examples.inputs)) == (["x", "c"], ["x", "c"])
    assert {examples.features.left_out[name] for name in ("refund", "kind")} == {EMPTY}
    assert [field.name for field in examples.signature.inputs] == ["x", "c"] == list(examples.requests)
    with pytest.raises(PilothouseError, match="all are empty in the training part"):
        load(tmp_path, rows[["refund", "kind", "at", "y"]], time="at")
