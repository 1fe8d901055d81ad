"""Files that landed without labels, with those that came later by the ids of their rows.

Labels of `pilothouse feedback` and POST /feedback stand in the store, not in a file. For training they are
joined: the rows that have one are written, with it, in the file's own format and under its own name, and kept
by their hash like any other file. So a dataset version says to the byte what was learned from, and labels
that come still later make another version.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect_alone
from pilothouse.data.keeping import keep
from pilothouse.data.reading import (
    DataFile,
    delimiter,
    describe,
    identifier,
    is_csv,
    literal,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.row_ids import ids_of_rows
from pilothouse.store import Store, loads

_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Completed:
    """A file as it is learned from: `labelled` of the `rows` of `original` have a label and are in `file`."""

    original: DataFile
    file: DataFile
    rows: int
    labelled: int

    @property
    def words(self) -> str:
        """Say it."""
        some = "all" if self.labelled == self.rows else f"{self.labelled:,} of"
        rest = "" if self.labelled == self.rows else "; the others are left out"
        return f"{self.original.name}: {some} {self.rows:,} rows have labels that came by their ids{rest}."


def complete(store: Store, model: ModelConfig, file: DataFile) -> Completed | None:
    """Join a file that has no label with those that came; None where none of its rows has one.

    Args:
        store: has the labels, and its workspace keeps the file.
        model: names target and id.
        file: the kept bytes.

    Raises:
        DataError: the file cannot be read, or there is no room.
    """
    if model.data.id is None:
        return None
    ids = ids_of_rows(file, model.data.id)
    if not ids:
        return None
    labels = _labels_of(store, model.name, [one for one in ids if one is not None])
    places = [place for place, one in enumerate(ids) if one in labels]
    if not places:
        return None
    values = [labels[ids[place] or ""] for place in places]
    with tempfile.TemporaryDirectory(dir=store.workspace.state_dir, prefix=".labels-") as folder:
        path = Path(folder) / file.name
        # Threads are a setting of a database, and one alone writes the same bytes each time.
        with connect_alone() as con, reading(file):
            con.execute("SET threads = 1")
            _write(con, model.target, file, places, values, path)
        kept = keep(store.workspace, path)
    return Completed(file, kept.file, len(ids), len(places))


def _labels_of(store: Store, model: str, ids: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = store.query(
            "SELECT id, value FROM labels WHERE model = ? AND id IN (SELECT unnest(?))",
            [model, ids[start : start + _AT_ONCE]],
        )
        found |= {row["id"]: loads(row["value"]) for row in rows}
    return found


def _write(
    con: duckdb.DuckDBPyConnection,
    target: str,
    file: DataFile,
    places: list[int],
    values: list[Any],
    path: Path,
) -> None:
    """Write the rows at `places`, counted from 0, with their labels; the same input gives the same bytes."""
    text = is_csv(file)
    # Texts of a CSV file stand as they stood: what they mean is found out over all files.
    kind = "VARCHAR" if text else _kind(values)
    con.execute(f"CREATE TABLE label_of (place BIGINT, label {kind})")
    told = [_as_text(value) if kind == "VARCHAR" else value for value in values]
    con.execute("INSERT INTO label_of SELECT unnest(?), unnest(?)", [places, told])
    names = [name for name in describe(con, file) if name != target]
    columns = ", ".join(f"r.{identifier(name)}" for name in names)
    number = "place" + "_" * (1 + max((len(name) for name in names), default=0))
    rows = f"SELECT *, row_number() OVER () - 1 AS {number} FROM {scan_sql(file, verbatim=text)}"
    sql = (
        f"SELECT {columns}, l.label AS {identifier(target)} FROM ({rows}) r"
        f" JOIN label_of l ON r.{number} = l.place ORDER BY l.place"
    )
    con.execute(f"COPY ({sql}) TO {literal(str(path))} ({_format(file)})")


def _kind(values: list[Any]) -> str:
    if all(isinstance(value, bool) for value in values):
        return "BOOLEAN"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "BIGINT"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "DOUBLE"
    return "VARCHAR"


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _format(file: DataFile) -> str:
    suffix = suffix_of(file.name) or ""
    packing = "gzip" if suffix.endswith(".gz") else "none"
    if suffix == ".parquet":
        return "FORMAT parquet"
    if suffix.startswith(".csv"):
        mark = literal(delimiter(file.path, packing))
        return f"FORMAT csv, HEADER, DELIM {mark}, QUOTE '\"', ESCAPE '\"', COMPRESSION {packing}"
    return f"FORMAT json, ARRAY false, COMPRESSION {packing}"
