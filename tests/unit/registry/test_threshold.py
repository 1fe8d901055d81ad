"""Of two classes a version answers with the one that its own threshold decides for, everywhere alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import making_models as making
from pilothouse.config import BusinessMetric, ModelConfig
from pilothouse.registry.bundle import check_probe, load_model
from pilothouse.registry.evaluation import evaluate, outcomes_table
from pilothouse.registry.manifest import seal
from pilothouse.registry.model import LoadedModel, kept_threshold
from pilothouse.registry.probe import write_probe
from pilothouse.registry.signature import Field, Signature


class Says:
    """Says of each row that the second class has the probability that stands in it."""

    def __init__(self, classes: list[Any]) -> None:
        self.classes_ = np.array(classes)

    def predict(self, frame: Any) -> Any:
        return self.classes_[(frame.to_numpy()[:, 0] > 0.5).astype(int)]

    def predict_proba(self, frame: Any) -> Any:
        likely = frame.to_numpy()[:, 0]
        return np.column_stack([1 - likely, likely])


INPUTS = Signature((Field("p", "double"),))


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.25, [False, True, True, True]),
        (None, [False, False, True, True]),
        (0.9, [False, False, False, True]),
    ],
)
def test_the_kept_threshold_decides(threshold: float | None, expected: list[bool]) -> None:
    model = LoadedModel(Says([False, True]), INPUTS, threshold=threshold)
    rows: list[Any] = [(0.2,), (0.3,), (0.5,), (0.9,)]
    answers = model.predict_rows(rows)
    assert answers.predictions == expected and answers.probabilities == [0.2, 0.3, 0.5, 0.9]
    texts = LoadedModel(Says(["no", "yes"]), INPUTS, threshold=threshold)
    assert texts.predict_rows(rows).predictions == ["yes" if one else "no" for one in expected]


@given(st.dictionaries(st.just("threshold"), st.one_of(st.floats(), st.text(), st.none(), st.integers())))
def test_only_a_share_is_a_threshold(metrics: dict[str, Any]) -> None:
    found = kept_threshold(metrics)
    assert found is None or (0 <= found <= 1 and found == metrics["threshold"])


def test_a_bundle_answers_by_its_own_metrics_on_every_path(tmp_path: Path) -> None:
    digest = making.bundle(tmp_path / "v1", metrics={"threshold": 0.1})
    model = load_model(tmp_path / "v1", digest, 0.9)
    assert model.threshold == 0.1
    check_probe(tmp_path / "v1", digest, model)
    table = making.flights(80, seed=4)
    found = model.predict(table[list(model.signature.names)])
    assert found.predictions == [int(one >= 0.1) for one in found.probabilities or []]
    assert found.predictions != model.estimator.predict(table).tolist()
    # Without tables, too.
    plain = Signature((Field("distance", "double"), Field("wind", "double")))
    numbers = table[["distance", "wind"]].fillna(0.0)
    quick = LoadedModel(LogisticRegression().fit(numbers / 3000, table["late"]), plain, threshold=0.45)
    quick.quicken(numbers)
    assert quick._by_place is not None
    rows: list[Any] = list(numbers.itertuples(index=False, name=None))
    assert quick.predict_rows(rows) == quick.predict(numbers)
    assert quick.predict(numbers).predictions == [
        int(one >= 0.45) for one in quick.predict(numbers).probabilities or []
    ]


def test_bundles_from_before_the_rule_are_put_to_use(tmp_path: Path) -> None:
    path = tmp_path / "v1"
    making.bundle(path, metrics={"threshold": 0.1})
    model = load_model(path, None)
    rows = making.flights(50)[list(model.signature.names)]
    by_half = LoadedModel(model.estimator, model.signature).predict(rows)
    assert by_half.predictions != model.predict(rows).predictions
    for one in (path, *path.iterdir()):
        one.chmod(0o755)
    write_probe(path / "probe.parquet", rows, by_half)
    digest = seal(path)
    check_probe(path, digest, load_model(path, digest))


def test_what_is_judged_is_what_is_answered(tmp_path: Path) -> None:
    workspace, store = making.workspace(tmp_path / "w")
    cost = BusinessMetric(
        "sum(5 * (prediction = 1 AND late = 0)::INT + 7 * (prediction = 0 AND late = 1)::INT)"
    )
    config = ModelConfig("demo", "late", business={"cost": cost})
    version = making.register(workspace, store, metrics={"threshold": 0.15})
    table = making.flights(200, seed=2)
    path = tmp_path / "holdout.parquet"
    making.holdout(path, table)
    told = load_model(version.path, version.manifest_sha256, 0.15).predict(
        table[["distance", "hour", "carrier", "wind"]]
    )
    late, said = table["late"].to_numpy(), np.array(told.predictions)
    found = evaluate(store, version, path, config)
    assert found["cost"] == 5 * ((said == 1) & (late == 0)).sum() + 7 * ((said == 0) & (late == 1)).sum()
    assert found["recall"] == ((said == 1) & (late == 1)).sum() / (late == 1).sum()
    assert outcomes_table(table, told)["prediction"].tolist() == told.predictions
