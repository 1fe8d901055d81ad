"""From a dataset version to the rows that a recipe learns from and is judged on."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect
from pilothouse.data.features.checking import check_features
from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import Source, literal, read_rows
from pilothouse.data.schema import Schema
from pilothouse.errors import PilothouseError
from pilothouse.registry.frames import canonical_frame, with_features
from pilothouse.registry.signature import Field, Signature
from pilothouse.training.preprocessing import Features, choose_features, request_fields, without_empty
from pilothouse.training.split import Split, split_rows

MOST_CLASSES = 50


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows with a target, and their division.

    Attributes:
        table: all columns of n rows, as they were read, and what the feature views make of them.
        requests: what a request has to bring, as the signature says, shape (n, inputs).
        inputs: the features as the pipeline sees them, shape (n, features).
        target: classes or numbers, shape (n,).
        classes: the classes in sorted order; empty for a regression.
        without_target: how many rows were left out because they have none.
        views: the feature views, ready to run; None if there are none.
    """

    table: Any
    requests: Any
    inputs: Any
    target: NDArray[Any]
    classes: tuple[Any, ...]
    split: Split
    features: Features
    signature: Signature
    without_target: int
    views: FeatureRunner | None = None


def load_examples(
    sources: Sequence[Source],
    schema: Schema,
    model: ModelConfig,
    *,
    holdout: float,
    seed: int,
    views: FeatureRunner | None = None,
) -> Examples:
    """Read files, compute the features that views make of their rows, and divide the rows.

    Raises:
        PilothouseError: no row has a target, the target does not fit the task or has one class, a side has
            too few rows, or no column is left to learn from.
    """
    times_name = model.data.time
    if times_name is not None and schema.column(times_name) is None:
        raise PilothouseError(
            f"The data has no column {times_name!r}, the time.", next="Correct data.time in pilothouse.toml."
        )
    table = read_rows(sources, schema=schema)
    kept = table[model.target].notna()
    if not kept.any():
        raise PilothouseError(
            f"No row has a value in the target column {model.target!r}.",
            untouched="No version was made.",
            next="Add labelled data.",
        )
    without = len(table) - int(kept.sum())
    table = table[kept].reset_index(drop=True)
    target, classes = read_target(table[model.target], model.task, model.target)
    split = split_rows(
        times=None if times_name is None else _as_times(table[times_name]),
        labels=target if classes else None,
        n_rows=len(table),
        holdout=holdout,
        seed=seed,
    )
    if classes and len(set(target[split.train].tolist())) < len(classes):
        raise PilothouseError(
            f"The rows to learn from lack a class of {model.target!r} that only the holdout has."
            f" Held out: {split.how}.",
            untouched="No version was made.",
            next="Make training.holdout smaller, or add older data with that class.",
        )
    whole = schema
    made = None
    if views is not None:
        table, whole, made = _with_views(views, table, schema, times_name)
    features = choose_features(
        whole, target=model.target, time=model.data.time, id=model.data.id, exclude=model.data.exclude
    )
    definition = views.definition if views else None
    signature = Signature(request_fields(schema, features, definition, model.data.id))
    requests = clean_inputs(signature, table)
    given = pd.concat([requests, made], axis=1)
    filled = without_empty(features, given.iloc[split.train])
    if filled is not features:
        # A request need not bring what nothing was learned from.
        features = filled
        signature = Signature(request_fields(schema, features, definition, model.data.id))
        requests = clean_inputs(signature, table)
    inputs = given[features.names]
    return Examples(table, requests, inputs, target, classes, split, features, signature, without, views)


def _with_views(
    views: FeatureRunner, table: Any, schema: Schema, times_name: str | None
) -> tuple[Any, Schema, Any]:
    """Return the rows with what the views make of them, the schema of all that, and what was made."""
    fields = tuple(Field(one.name, one.type, False) for one in views.definition.inputs)
    rows = clean_inputs(Signature(fields), table)
    check_features(views, _timed(rows, table, times_name), times_name)
    _, made = with_features(rows, views)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.parquet"
        with connect() as con:
            con.register("made", made)
            con.execute(f"COPY (SELECT * FROM made) TO {literal(str(path))} (FORMAT parquet)")
        found = infer_schema([path])
    # A whole number and a truth value are kept as float64: the definition knows what they are.
    types = {one.name: one.type for one in views.definition.outputs}
    columns = tuple(
        replace(column, kind="boolean") if types[column.name] == "boolean" else column
        for column in found.columns
    )
    return pd.concat([table, made], axis=1), Schema((*schema.columns, *columns)), made


def _timed(rows: Any, table: Any, times_name: str | None) -> Any:
    return (
        rows if times_name is None or times_name in rows else rows.assign(**{times_name: table[times_name]})
    )


def clean_inputs(signature: Signature, table: Any) -> Any:
    """The inputs as serving makes them; an infinite number, which no request can hold, counts as missing."""
    frame = canonical_frame(signature, table)
    for name in frame.columns:
        if frame[name].dtype == "float64":
            values = frame[name].to_numpy()
            if np.isinf(values).any():
                frame[name] = np.where(np.isinf(values), np.nan, values)
    return frame


def read_target(column: Any, task: str, name: str) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """A target column without gaps as an array, and its classes in sorted order (none for a regression).

    Raises:
        PilothouseError: it has one class, more than 50, or is no number where the task is regression.
    """
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype, is_numeric_dtype

    if task == "regression":
        if not is_numeric_dtype(column.dtype):
            raise PilothouseError(
                f"The target {name!r} is not a number, and the task is regression.",
                next='Choose another target, or set model.task = "classification".',
            )
        numbers = column.to_numpy(dtype="float64")
        if not np.isfinite(numbers).all():
            raise PilothouseError(f"The target {name!r} has infinite values.", next="Correct those rows.")
        return numbers, ()
    if is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=bool)
    elif is_integer_dtype(column.dtype) or (is_float_dtype(column.dtype) and bool((column % 1 == 0).all())):
        values = column.to_numpy(dtype="int64")
    elif is_float_dtype(column.dtype):
        values = column.to_numpy(dtype="float64")
    else:
        objects = column.astype(object)
        is_bool = all(isinstance(value, bool | np.bool_) for value in objects)
        values = objects.to_numpy(dtype=bool) if is_bool else objects.map(str).to_numpy(dtype=object)
    classes = tuple(sorted(set(values.tolist())))
    if len(classes) == 1:
        raise PilothouseError(
            f"The target {name!r} has one class only: {str(classes[0])[:60]!r} in all {len(values):,} rows.",
            untouched="No version was made.",
            next="Add data with the other class.",
        )
    if len(classes) > MOST_CLASSES:
        raise PilothouseError(
            f"The target {name!r} has {len(classes):,} values; there may be {MOST_CLASSES} classes.",
            next='Choose another target, or set model.task = "regression" if it is a number.',
        )
    return values, classes


def _as_times(column: Any) -> NDArray[Any]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
    if column.dtype.kind == "M":
        return np.asarray(column.dt.tz_localize(None) if column.dt.tz is not None else column).astype(
            "datetime64[us]"
        )
    # Dates and texts sort as they are written if they sort as times at all.
    parsed = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if parsed.isna().sum() > column.isna().sum():
        raise PilothouseError(
            f"The time column {column.name!r} has values that are no times.",
            next="Write them as 2013-12-01T08:30:00, or leave data.time out.",
        )
    return np.asarray(parsed.dt.tz_localize(None)).astype("datetime64[us]")
