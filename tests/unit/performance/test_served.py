"""Logged answers beside labels, for every kind of model: what was said then counts, not what is said now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from pilothouse.config import DataConfig, ModelConfig
from pilothouse.performance.business import business_metrics
from pilothouse.performance.measuring import realised
from pilothouse.performance.served import PREDICTED, Given, answered_log
from pilothouse.registry.model import LoadedModel
from pilothouse.registry.signature import Field, Signature

START = datetime(2026, 1, 1)
CONFIG = ModelConfig("m", "y", data=DataConfig(id="id"))
INPUTS = Signature((Field("x", "double"), Field("id", "string", required=False)))
CHANCE = np.random.default_rng(3)
X = CHANCE.normal(size=300)


def loaded(kind: str) -> tuple[LoadedModel, Any]:
    """A model and what is true of its rows."""
    table = pd.DataFrame({"x": X})
    if kind == "regression":
        truth: Any = 2 * X + CHANCE.normal(size=300) / 10
        return LoadedModel(Ridge().fit(table, truth), INPUTS), truth
    truth = np.array(["low", "mid", "high"])[np.digitize(X, [-0.5, 0.5])]
    if kind in ("binary", "labels"):
        truth = np.where(X > 0, "yes", "no")
    made = LinearSVC() if kind == "labels" else LogisticRegression()
    return LoadedModel(made.fit(table, truth), INPUTS), truth


def given(model: LoadedModel, kind: str) -> list[Given]:
    """Its answers as the server logs them."""
    outputs = model.predict(pd.DataFrame({"x": X}))
    rows = []
    for n in range(300):
        output = {"prediction": outputs.predictions[n]}
        if outputs.probabilities is not None:
            output["probability"] = outputs.probabilities[n]
        rows.append(Given(f"r{n}", START + timedelta(minutes=n), {"x": X[n], "id": f"r{n}"}, output))
    return rows


@pytest.mark.parametrize(
    ("kind", "metric", "least", "most"),
    [
        ("regression", "rmse", 0.05, 0.2),
        ("binary", "roc_auc", 0.99, 1.0),
        ("labels", "accuracy", 0.95, 1.0),
        ("multiclass", "accuracy", 0.85, 1.0),
    ],
)
def test_every_kind_is_measured_on_what_was_said(kind: str, metric: str, least: float, most: float) -> None:
    model, truth = loaded(kind)
    config = replace(CONFIG, task="regression") if kind == "regression" else CONFIG
    labels: dict[str, Any] = {f"r{n}": truth[n].item() for n in range(0, 300, 2)}
    labels |= {"r1": "[/x]", "nobody": truth[0].item()}
    found, strange = answered_log(model, config, given(model, kind), labels)
    assert (found.kind, strange, int(found.known.sum())) == (kind, 1, 150)
    value = realised(found, metric)[metric].value
    assert value is not None and least <= value <= most
    assert found.question.time == PREDICTED and found.table[PREDICTED].iloc[0] == START
    wrong = replace(CONFIG, business={}).business
    assert business_metrics(found, wrong) == {}
    # The model is not asked again: another answer in the log is another figure.
    turned = [replace(one, output={**one.output, **_other(one, kind)}) for one in given(model, kind)]
    again, _ = answered_log(model, config, turned, labels)
    assert realised(again, metric)[metric].value != value


def _other(one: Given, kind: str) -> dict[str, Any]:
    if kind == "regression":
        return {"prediction": one.output["prediction"] + 5}
    if kind == "labels":
        return {"prediction": "no" if one.output["prediction"] == "yes" else "yes"}
    likely = one.output["probability"]
    return {"probability": 1 - likely if kind == "binary" else list(reversed(likely))}


def test_a_column_of_that_name_keeps_its_place() -> None:
    model, truth = loaded("binary")
    rows = [replace(one, features={**one.features, PREDICTED: "mine"}) for one in given(model, "binary")[:40]]
    model.threshold = 0.3
    found, _ = answered_log(model, CONFIG, rows, {"r0": truth[0].item()})
    assert found.table[PREDICTED].iloc[0] == "mine" and found.question.time == f"{PREDICTED}_"
    assert found.threshold == 0.3
