from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pilothouse.data.schema import Column, Schema
from pilothouse.errors import PilothouseError
from pilothouse.registry.frames import canonical_frame, frame_of_rows
from pilothouse.registry.signature import Signature
from pilothouse.training.preprocessing import build_preprocessor, choose_features, request_fields

SCHEMA = Schema(
    (
        Column("id", "text", "text", True),
        Column("at", "timestamp", "time", True),
        Column("size", "integer", "numeric", True),
        Column("wind [/x]", "number", "numeric", False),
        Column("carrier", "text", "category", False),
        Column("day", "integer", "category", True),
        Column("night", "boolean", "boolean", False),
        Column("note", "text", "text", False),
        Column("secret", "number", "numeric", True),
        Column("y", "integer", "category", True),
    )
)
FEATURES = choose_features(SCHEMA, target="y", time="at", id="id", exclude=["secret"])
SIGNATURE = Signature(request_fields(SCHEMA, FEATURES))


def table(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": rng.integers(0, 100, n),
            "wind [/x]": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "carrier": pd.Series(rng.choice(["AA", "[red]", None], n), dtype="str"),
            "day": rng.integers(1, 8, n),
            "night": pd.Series(rng.choice([True, False, None], n), dtype=object),
        }
    )


def test_columns_are_sorted_with_reasons() -> None:
    assert FEATURES.numeric == ("size", "wind [/x]")
    assert FEATURES.category == ("carrier", "day", "night")
    assert set(FEATURES.left_out) == {"id", "at", "note", "secret", "y"}
    assert FEATURES.left_out["secret"] == "excluded" and "text" in FEATURES.left_out["note"]


def test_a_signature_says_what_must_be_there() -> None:
    found = {field.name: (field.type, field.required) for field in SIGNATURE.inputs}
    assert found == {
        "size": ("double", True),
        "wind [/x]": ("double", False),
        "carrier": ("string", False),
        "day": ("long", True),
        "night": ("boolean", False),
    }


def test_a_missing_target_names_the_columns() -> None:
    with pytest.raises(PilothouseError) as caught:
        choose_features(SCHEMA, target="late")
    assert '"late"' in str(caught.value) and "carrier" in str(caught.value)


def test_nothing_left_to_learn_from_says_why() -> None:
    schema = Schema((Column("y", "integer", "category", True), Column("at", "timestamp", "time", True)))
    with pytest.raises(PilothouseError, match="No column is left"):
        choose_features(schema, target="y", time="at")


@pytest.mark.parametrize("recipe", ["logistic", "ridge", "random_forest", "hist_gradient_boosting"])
def test_odd_rows_are_prepared_alone_as_among_others(recipe: str) -> None:
    step = build_preprocessor(FEATURES, recipe).fit(canonical_frame(SIGNATURE, table()))
    odd = [
        [5.0, None, None, 3, None],
        [1e12, 0.5, "never seen [/x]", 99, True],
        [0.0, -1.0, "AA", 1, False],
    ]
    together = np.asarray(_dense(step.transform(frame_of_rows(SIGNATURE, odd))))
    for index, row in enumerate(odd):
        alone = np.asarray(_dense(step.transform(frame_of_rows(SIGNATURE, [row]))))
        assert np.array_equal(alone[0], together[index], equal_nan=True)
    if recipe in ("logistic", "ridge"):
        assert np.isfinite(together).all()


@pytest.mark.parametrize("recipe", ["logistic", "random_forest", "hist_gradient_boosting"])
def test_a_column_without_any_value_is_survived(recipe: str) -> None:
    empty = table()
    empty["wind [/x]"] = np.nan
    empty["carrier"] = pd.Series([None] * len(empty), dtype="str")
    step = build_preprocessor(FEATURES, recipe)
    out = _dense(step.fit_transform(canonical_frame(SIGNATURE, empty)))
    assert len(out) == len(empty)


def test_many_levels_are_gathered() -> None:
    schema = Schema((Column("dest", "text", "category", True), Column("y", "integer", "category", True)))
    features = choose_features(schema, target="y")
    frame = pd.DataFrame({"dest": pd.Series([f"d{i % 700}" for i in range(3000)], dtype="str")})
    codes = build_preprocessor(features, "hist_gradient_boosting").fit_transform(frame)
    assert np.nanmax(codes) < 255
    assert build_preprocessor(features, "logistic").fit_transform(frame).shape[1] <= 60


def _dense(found: object) -> np.ndarray:
    return found.toarray() if hasattr(found, "toarray") else np.asarray(found)


def test_a_whole_id_stays_whole() -> None:
    number = Schema((*SCHEMA.columns, Column("customer", "integer", "numeric", True)))
    signature = Signature(request_fields(number, FEATURES, id="customer"))
    field = signature.inputs[-1]
    assert (field.name, field.type, field.required) == ("customer", "long", False)
