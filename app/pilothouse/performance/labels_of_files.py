"""Labels that stand in data files beside the ids of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect
from pilothouse.data.reading import describe, identifier, reading, scan_sql, suffix_of
from pilothouse.data.row_ids import id_sql
from pilothouse.errors import PilothouseError
from pilothouse.performance.labels import checked_labels


def labels_of_file(path: Path, config: ModelConfig, ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Read the labels of a data file that has the id and the target; what cannot be one is left out.

    Raises:
        PilothouseError: as `pairs_of_file`, or none of the labels is one.
    """
    return checked_labels(pairs_of_file(path, config, ids), config)[0]


def pairs_of_file(path: Path, config: ModelConfig, ids: Sequence[str] | None = None) -> list[tuple[Any, Any]]:
    """Read ids and labels of a data file, in its order; rows without a label are left out.

    Args:
        path: CSV, Parquet or JSON lines.
        config: names both columns, and tells the task.
        ids: only the labels of these.

    Raises:
        PilothouseError: the file cannot be read or lacks a column, or the model has no id.
    """
    name = config.data.id
    if name is None:
        raise PilothouseError(
            f"The rows of {path.name} cannot be told apart: the model has no id.",
            next='Set data.id = "…" in pilothouse.toml to the column that names a row.',
        )
    if suffix_of(path.name) is None:
        raise PilothouseError(f"{path} is no data file.", next="Give CSV, Parquet or JSON lines.")
    with connect() as con, reading(path):
        kinds = describe(con, path)
        for column in (name, config.target):
            if column not in kinds:
                raise PilothouseError(
                    f"{path.name} has no column {column!r}; labels need the id and the target.",
                    next=f"It has: {', '.join(list(kinds)[:12])}.",
                )
        key = id_sql(identifier(name), kinds[name])
        target = identifier(config.target)
        if kinds[config.target] == "JSON":
            target = f"({target} ->> '$')"  # true beside "yes"
        sql = f"SELECT {key}, {target} FROM {scan_sql(path)} WHERE {target} IS NOT NULL"
        if ids is not None:
            sql += f" AND {key} IN (SELECT unnest(?))"
        pairs: list[tuple[Any, Any]] = con.execute(sql, [list(ids)] if ids is not None else []).fetchall()
    return pairs
