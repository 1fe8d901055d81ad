"""From a schema to the columns a model may use and the scikit-learn step that prepares them.

The step is made of scikit-learn's own classes, so a fitted pipeline loads wherever scikit-learn does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pilothouse.data.features.definition import FeatureDefinition
from pilothouse.data.schema import Column, Schema
from pilothouse.errors import PilothouseError
from pilothouse.registry.signature import Field

# Levels kept a column; rarer ones are gathered in one. Histogram boosting allows 255 at most.
LEVELS_ONE_HOT = 60
LEVELS_ORDINAL = 250

EMPTY = "empty in the training part"
"""Why a column is left out that has values only in rows which are not learned from, or none at all."""


@dataclass(frozen=True, slots=True)
class Features:
    """Which columns go in, by how they are prepared, and which are left out and why."""

    numeric: tuple[str, ...]
    category: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def names(self) -> list[str]:
        """All columns that go in."""
        return [*self.numeric, *self.category]


def choose_features(
    schema: Schema,
    *,
    target: str,
    time: str | None = None,
    id: str | None = None,
    exclude: Iterable[str] = (),
) -> Features:
    """Sort a schema's columns into numeric and category features, and those left out with a reason.

    Raises:
        PilothouseError: the target is not in the schema, or no column is left.
    """
    names = schema.names()
    if target not in names:
        raise PilothouseError(
            f'The data has no column "{target}", the target.',
            next=f"Set model.target to one of: {_some(names)}.",
        )
    roles: dict[str | None, str] = {
        target: "the target",
        time: "the time",
        id: "the id",
        **dict.fromkeys(exclude, "excluded"),
    }
    kinds = {"time": "a time", "text": "free text, with mostly unique values"}
    left_out: dict[str, str] = {}
    numeric: list[str] = []
    category: list[str] = []
    for column in schema.columns:
        if column.name in roles:
            left_out[column.name] = roles[column.name]
        elif column.kind in kinds:
            left_out[column.name] = kinds[column.kind]
        else:
            (numeric if column.kind == "numeric" else category).append(column.name)
    if not numeric and not category:
        reasons = ", ".join(f"{name} ({why})" for name, why in left_out.items())
        raise PilothouseError(
            f"No column is left to learn from: {reasons}.", next="Add columns, or shorten data.exclude."
        )
    return Features(tuple(numeric), tuple(category), left_out)


def without_empty(features: Features, rows: Any) -> Features:
    """Leave out what has no value in the rows to learn from, which boosting could not even bin.

    Args:
        features: the columns that would go in.
        rows: a frame of the rows to learn from, with those columns.

    Raises:
        PilothouseError: no column is left.
    """
    empty = {name for name in features.names if not rows[name].notna().any()}
    if not empty:
        return features
    if len(empty) == len(features.names):
        raise PilothouseError(
            f"No column is left to learn from: all are {EMPTY}.", next="Add older rows with values."
        )
    return replace(
        features,
        numeric=tuple(name for name in features.numeric if name not in empty),
        category=tuple(name for name in features.category if name not in empty),
        left_out={**features.left_out, **{name: EMPTY for name in features.names if name in empty}},
    )


def request_fields(
    schema: Schema, features: Features, views: FeatureDefinition | None = None, id: str | None = None
) -> tuple[Field, ...]:
    """What a request has to bring: features that are columns of the data, and what the views read.

    A column that never lacked a value is required. Numbers are doubles even where they were all whole, so
    that a later gap can be told as NaN. The id may come along: it is logged, and joins a label that comes
    later.
    """
    columns = {column.name: column for column in schema.columns}
    fields = {name: _type(columns[name]) for name in features.names if name in columns}
    for column in views.inputs if views else ():
        # What only the views read keeps the type that they know it by.
        fields.setdefault(column.name, column.type)
    named = [Field(name, type_, columns[name].required) for name, type_ in fields.items()]
    if id in columns and id not in fields:
        # It is no number to learn from: a whole one stays whole in the log.
        whole = columns[id].type == "integer"
        named.append(Field(id, "long" if whole else _type(columns[id]), False))
    return tuple(named)


def _type(column: Column) -> str:
    if column.kind == "numeric":
        return "double"
    return {"boolean": "boolean", "integer": "long"}.get(column.type, "string")


def build_preprocessor(features: Features, recipe: str) -> Any:
    """The unfitted ColumnTransformer for a recipe; its output has the numeric columns first.

    Linear models get numbers imputed by the median, with a column that says where, and scaled, and
    categories one-hot with rare levels gathered. Forests and boosting take gaps as they are, and
    categories as codes. A level never seen is taken for a missing one.
    """
    from sklearn.compose import ColumnTransformer

    steps: list[tuple[str, Any, list[str]]] = []
    if features.numeric:
        steps.append(("numeric", _numeric(recipe), list(features.numeric)))
    if features.category:
        steps.append(("category", _category(recipe), list(features.category)))
    return ColumnTransformer(steps, remainder="drop", verbose_feature_names_out=False)


def _numeric(recipe: str) -> Any:
    if recipe not in ("logistic", "ridge"):
        return "passthrough"
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )


def _category(recipe: str) -> Any:
    import numpy as np
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    linear = recipe in ("logistic", "ridge")
    odd = np.nan if recipe == "hist_gradient_boosting" else -1
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=odd,
        encoded_missing_value=odd,
        max_categories=LEVELS_ONE_HOT if linear else LEVELS_ORDINAL,
    )
    # One-hot from codes, not from the values: scikit-learn's one-hot encoder takes a lone missing text for an
    # unknown level and one among others for a missing one, so that a row's answer would depend on its batch.
    return make_pipeline(codes, OneHotEncoder(handle_unknown="ignore")) if linear else codes


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
