"""A fitted pipeline that takes its columns by place, from an array, instead of by name, from a table.

Picking columns out of a DataFrame by name takes several times as long as predicting a few rows.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer


class _NeedsNamesError(Exception):
    """A part cannot do without the names of its columns, or might not."""


def by_place(estimator: Any, names: Sequence[str]) -> Any | None:
    """Return a twin that takes arrays of shape (rows, inputs), their columns in the order of `names`.

    It shares what was fitted. None if a part is not scikit-learn's own, calls a function of the user's, or
    picks columns in another way than by a list of names. Whoever uses the twin compares its answers first.
    """
    try:
        return _twin(estimator, {name: place for place, name in enumerate(names)})
    except _NeedsNamesError:
        return None


def _twin(part: Any, places: Mapping[str, int]) -> Any:
    if isinstance(part, str):  # "passthrough" or "drop"
        return part
    calls_out = isinstance(part, FunctionTransformer) and part.func is not None
    if not type(part).__module__.startswith("sklearn.") or calls_out or isinstance(part, FeatureUnion):
        raise _NeedsNamesError
    twin = copy.copy(part)
    vars(twin).pop("feature_names_in_", None)
    if isinstance(part, Pipeline):
        twin.steps = [(name, _twin(step, places)) for name, step in part.steps]
    elif isinstance(part, ColumnTransformer):
        twin.transformers_ = [
            (name, _twin(inner, places), _places(columns, places))
            for name, inner, columns in part.transformers_
        ]
    return twin


def _places(columns: Any, places: Mapping[str, int]) -> list[int]:
    if not isinstance(columns, list) or not places.keys() >= set(columns):
        raise _NeedsNamesError
    return [places[column] for column in columns]
