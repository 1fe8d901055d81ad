"""From rows to the table a pipeline sees: one definition for training, evaluation and serving.

A column's dtype follows from the signature alone, never from the values that happen to stand in a batch.
Otherwise a request's answer could depend on the requests it was batched with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.errors import PilothouseError
from pilothouse.registry.signature import Field, Row, Signature


def dtype_of(field: Field) -> str:
    """Return the dtype of a column; numbers and truth values are float64, so a gap (NaN) changes nothing."""
    return {"string": "object", "datetime": "datetime64[us]"}.get(field.type, "float64")


def frame_of_rows(signature: Signature, rows: Sequence[Row]) -> pd.DataFrame:
    """Return validated rows as a table of shape (rows, inputs), in the signature's order."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(signature.inputs)
    content: dict[str, Any] = {}
    for field, values in zip(signature.inputs, columns, strict=True):
        column = np.empty(len(values), dtype=dtype_of(field))
        column[:] = values
        content[field.name] = column
    return pd.DataFrame(content, copy=False)


def with_features(frame: pd.DataFrame, runner: FeatureRunner) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table with its features added, and the features alone, with their definition's dtypes."""
    outputs = tuple(Field(one.name, one.type, False) for one in runner.definition.outputs)
    features = canonical_frame(Signature(outputs), runner.compute(frame))
    return pd.concat([frame, features], axis=1), features


def canonical_frame(signature: Signature, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the inputs of any table that has them, in the signature's order and with its dtypes.

    Raises:
        PilothouseError: a column is missing, or cannot be read as its type.
    """
    content: dict[str, Any] = {}
    for field in signature.inputs:
        dtype = dtype_of(field)
        if field.name in frame.columns:
            try:
                content[field.name] = _cast(frame[field.name], dtype)
            except (ValueError, TypeError) as error:
                raise PilothouseError(
                    f"Column {field.name!r} cannot be read as {field.type}: {error}."
                ) from error
        elif field.required:
            raise PilothouseError(f"The table has no column {field.name!r}, which the model takes.")
        else:
            content[field.name] = _cast(pd.Series([None] * len(frame), dtype=object), dtype)
    return pd.DataFrame(content, index=frame.index, copy=False)


def fields_of_frame(frame: pd.DataFrame) -> tuple[Field, ...]:
    """Describe a table's columns; one without a missing value is required."""
    return tuple(
        Field(str(name), _type_of(frame[name].dtype), not bool(frame[name].isna().any()))
        for name in frame.columns
    )


def _cast(column: Any, dtype: str) -> Any:
    if dtype == "float64":
        if column.dtype == object:
            column = pd.Series(
                [np.nan if gap else float(value) for value, gap in zip(column, column.isna(), strict=True)]
            )
        return column.to_numpy(dtype="float64", na_value=np.nan)
    if dtype == "object":
        gaps = column.isna().to_numpy()
        texts = column.astype(object).map(str).to_numpy(dtype=object, copy=True)
        texts[gaps] = None
        return texts
    return column.to_numpy(dtype=dtype)


def _type_of(dtype: Any) -> str:
    kind = getattr(dtype, "kind", "O")
    named = {"b": "boolean", "f": "double", "M": "datetime"}
    return "long" if kind in "iu" else named.get(kind, "string")
