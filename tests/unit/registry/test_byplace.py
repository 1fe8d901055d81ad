from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler

from pilothouse.registry.byplace import by_place
from pilothouse.registry.model import LoadedModel, output_fields, same_answers
from pilothouse.registry.signature import Field, Signature

NAMES = ["a", "b", "ab", "[/x]"]


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(NAMES)))
    values[rng.random(values.shape) < 0.1] = np.nan
    return pd.DataFrame(values, columns=NAMES)


TARGET = np.random.default_rng(1).integers(0, 2, 200)
LINEAR = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
PIPELINES: list[Any] = [
    make_pipeline(ColumnTransformer([("n", LINEAR, ["ab", "a"])]), LogisticRegression()),
    make_pipeline(
        ColumnTransformer(
            [("n", LINEAR, ["[/x]", "b"]), ("c", OrdinalEncoder(handle_unknown="use_encoded_value",
             unknown_value=-1), ["a"])]
        ),
        RandomForestClassifier(5, random_state=0),
    ),
    make_pipeline(
        make_column_transformer(("passthrough", ["b"]), remainder="passthrough"),
        HistGradientBoostingClassifier(max_iter=5),
    ),
    make_pipeline(SimpleImputer(), Ridge()),
]  # fmt: skip
for pipeline in PIPELINES:
    pipeline.fit(table(200), TARGET)


def loaded(estimator: Any) -> LoadedModel:
    inputs = tuple(Field(name, "double", required=False) for name in NAMES)
    return LoadedModel(estimator, Signature(inputs, output_fields(estimator, "long")))


numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))


@pytest.mark.parametrize("estimator", PIPELINES)
@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(*[numbers] * len(NAMES)), min_size=1, max_size=9))
def test_the_twin_gives_the_same_answers(estimator: Any, rows: list[tuple[Any, ...]]) -> None:
    plain, quick = loaded(estimator), loaded(estimator)
    quick.quicken(table(20, seed=3))
    assert quick._by_place is not None
    assert same_answers(quick.predict_rows(rows), plain.predict_rows(rows))


class OfTheUsers(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    def fit(self, table: Any, target: Any = None) -> OfTheUsers:
        return self

    def transform(self, table: Any) -> Any:
        return np.nan_to_num(table.to_numpy())


def first(table: Any) -> Any:
    return np.nan_to_num(table[["a"]])


@pytest.mark.parametrize(
    "step",
    [
        OfTheUsers(),
        FunctionTransformer(first),
        ColumnTransformer([("one", FunctionTransformer(first), NAMES)]),
        # A text picks one column, not the columns that are called as its letters.
        ColumnTransformer([("words", "drop", "ab"), ("n", LINEAR, ["a"])]),
        ColumnTransformer([("n", LINEAR, slice("a", "b"))]),
    ],
)
def test_what_needs_names_keeps_its_table(step: Any) -> None:
    estimator = make_pipeline(step, LogisticRegression()).fit(table(200), TARGET)
    assert by_place(estimator, NAMES) is None
    model = loaded(estimator)
    model.quicken(table(20, seed=3))
    assert model._by_place is None
    assert len(model.predict_rows([(0.0, 1.0, 2.0, 3.0)]).predictions) == 1


def test_texts_among_the_inputs_keep_their_table() -> None:
    estimator = PIPELINES[0]
    inputs = (*(Field(name, "double") for name in NAMES[1:]), Field("a", "string"))
    model = LoadedModel(estimator, Signature(inputs, output_fields(estimator, "long")))
    model.quicken(table(20))
    assert model._by_place is None
