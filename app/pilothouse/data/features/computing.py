"""Computing features: the same SQL by DuckDB over a file's rows in training and a request's in serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pilothouse.config import FeatureTable
from pilothouse.data.engine import connect, connect_alone
from pilothouse.data.features.definition import FeatureColumn, FeatureDefinition
from pilothouse.data.features.views import (
    ROW_NUMBER,
    ROWS,
    FeatureError,
    FeatureView,
    ParsedView,
    parse_view,
)
from pilothouse.data.reading import Source, first_sentence, identifier, literal, reading, scan_sql
from pilothouse.data.schema import Schema, type_of

if TYPE_CHECKING:
    import pandas as pd

_SQL = {
    "boolean": "BOOLEAN", "long": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "datetime": "TIMESTAMP",
}  # fmt: skip
_FROM_SCHEMA = {
    "integer": "long", "number": "double", "boolean": "boolean", "timestamp": "datetime", "date": "datetime",
}  # fmt: skip
GIVEN = "__given"


class FeatureRunner:
    """Feature views ready to run, with their tables in memory. Use it from one thread at a time.

    What a view may see is `rows` and its tables: files, other databases and settings are shut.
    """

    def __init__(self, definition: FeatureDefinition, tables: Mapping[str, Source]) -> None:
        """Read the tables.

        Raises:
            FeatureError: a table is not given, cannot be read, or a view cannot be used.
        """
        self.definition = definition
        self._con = connect_alone()
        # Threads cost a row more than they save it.
        self._con.execute("SET threads = 1")
        columns = [column.name for column in definition.inputs]
        for name, table in definition.tables.items():
            read_table(self._con, name, table, tables)
        self._views = [
            parse_view(self._con, view, columns=columns, target="", tables=list(definition.tables))
            for view in definition.views
        ]
        self._con.execute("SET enable_external_access = false")
        self._con.execute("SET lock_configuration = true")
        self._ready = False

    def compute(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the features of some rows.

        Args:
            rows: shape (n, columns), with at least the definition's inputs.

        Returns:
            Shape (n, outputs), in the order of the rows and of the definition, with the index of `rows`:
            truth values and numbers as float64 (NaN is missing), texts as objects, times as datetime64.

        Raises:
            FeatureError: a view fails on these rows, or gives none or several for one of them.
        """
        import pandas as pd

        given = rows[[column.name for column in self.definition.inputs]].reset_index(drop=True)
        given[ROW_NUMBER] = range(len(given))
        self._con.register(GIVEN, given)
        try:
            if not self._ready:
                self._con.execute(rows_sql(self.definition.inputs))
                self._ready = True
            parts = [self._part(view, len(given)) for view in self._views]
        finally:
            self._con.unregister(GIVEN)
        found = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=given.index)
        found.index = rows.index
        return found

    def until(self, moment: datetime | None) -> None:
        """Let the tables that have a time end at a moment (None: at their own end), as they stood then."""
        for name, table in self.definition.tables.items():
            if table.time is not None:
                self._con.execute(_table_view(name, table, moment))

    def copy_table(self, name: str, path: Path) -> None:
        """Write a table as it is in memory to a Parquet file; the file it came from may have changed."""
        found = self._con.execute(f"SELECT * FROM {identifier('__' + name)}").df()
        with connect() as con:
            con.register("found", found)
            con.execute(f"COPY (SELECT * FROM found) TO {literal(str(path))} (FORMAT parquet)")

    def close(self) -> None:
        """Let go of the tables."""
        self._con.close()

    def _part(self, view: ParsedView, count: int) -> pd.DataFrame:
        columns = [column for column in self.definition.outputs if column.view == view.name]
        picked = ", ".join(_given_back(column) for column in columns)
        try:
            found = self._con.execute(
                f"SELECT {ROW_NUMBER}, {picked} FROM ({view.sql}) ORDER BY {ROW_NUMBER}"
            ).df()
        except duckdb.Error as error:
            raise FeatureError(f"The feature view {view.name} fails: {first_sentence(error)}") from None
        numbers = found.pop(ROW_NUMBER).tolist()
        if numbers != list(range(count)):
            raise FeatureError(
                _miscounted(view, numbers, count), next="Join only what is there once for a row."
            )
        return found


def define_features(
    views: Sequence[FeatureView],
    tables: Mapping[str, FeatureTable],
    sources: Mapping[str, Source],
    schema: Schema,
    target: str,
) -> FeatureDefinition:
    """Find out what the views read and give.

    Args:
        views: in the order of their features.
        tables: the slowly changing tables that they may read.
        sources: where these lie.
        schema: the data's columns.
        target: the one that they may not read.

    Raises:
        FeatureError: a view cannot be used, or gives a column that is there already.
    """
    with connect_alone() as con:
        parsed = [
            parse_view(con, view, columns=schema.names(), target=target, tables=list(tables))
            for view in views
        ]
        read = {name for view in parsed for name in view.tables}
        used = {name: table for name, table in tables.items() if name in read}
        for name, table in used.items():
            read_table(con, name, table, sources)
        wanted = {name for view in parsed for name in view.columns}
        inputs = tuple(
            FeatureColumn(column.name, _FROM_SCHEMA.get(column.type, "string"))
            for column in schema.columns
            if column.name in wanted
        )
        empty = ", ".join(f"NULL::{_SQL[one.type]} AS {identifier(one.name)}" for one in inputs)
        con.execute(
            f"CREATE TEMP TABLE {GIVEN} AS SELECT {empty + ', ' if empty else ''}0 AS {ROW_NUMBER} LIMIT 0"
        )
        con.execute(rows_sql(inputs))
        outputs: list[FeatureColumn] = []
        taken = {name.lower(): "the data" for name in schema.names()}
        for view in parsed:
            for name, kind in _described(con, view):
                if name.lower() in taken:
                    raise FeatureError(
                        f"The feature view {view.name} gives a column {name!r}, which"
                        f" {taken[name.lower()]} has already.",
                        next="Give it another name with AS.",
                    )
                taken[name.lower()] = f"the view {view.name}"
                outputs.append(FeatureColumn(name, _type_of(view, name, kind), view.name))
    return FeatureDefinition(tuple(views), used, inputs, tuple(outputs))


def _described(con: duckdb.DuckDBPyConnection, view: ParsedView) -> list[tuple[str, str]]:
    try:
        rows = con.execute(f"DESCRIBE {view.sql}").fetchall()
    except duckdb.Error as error:
        words = first_sentence(error).removeprefix("Binder Error: ").rstrip(".!")
        advice = ""
        if ROW_NUMBER in words:
            words = "its rows are not those of `rows`"
            advice = "Its outermost SELECT must read from rows, without GROUP BY or DISTINCT."
        raise FeatureError(f"The feature view {view.name} cannot be used: {words}.", next=advice) from None
    found = [(str(row[0]), str(row[1])) for row in rows if row[0] != ROW_NUMBER]
    if not found:
        raise FeatureError(f"The feature view {view.name} gives no column.")
    return found


def _type_of(view: ParsedView, name: str, kind: str) -> str:
    found = type_of(kind)
    types = {**_FROM_SCHEMA, "text": "string"}
    if found not in types:
        raise FeatureError(
            f"The feature view {view.name} gives {name!r} as {kind}, which is no feature.",
            next="Cast it to a number, a text, a truth value or a time.",
        )
    return types[found]


def read_table(
    con: duckdb.DuckDBPyConnection, name: str, table: FeatureTable, sources: Mapping[str, Source]
) -> None:
    """Read a slowly changing table into a connection, under the name that views know it by.

    Raises:
        FeatureError: it has no such time.
        DataError: its file cannot be read.
    """
    source = sources[name]
    with reading(source):
        con.execute(f"CREATE TABLE {identifier('__' + name)} AS SELECT * FROM {scan_sql(source)}")
    try:
        con.execute(_table_view(name, table, None))
        if table.time is not None:
            con.execute(f"SELECT {identifier(table.time)}::TIMESTAMP FROM {identifier(name)}").fetchall()
    except duckdb.Error as error:
        raise FeatureError(
            f"The table {name!r} cannot be used: {first_sentence(error)}",
            next=f"Correct features.tables.{name} in pilothouse.toml.",
        ) from None


def _table_view(name: str, table: FeatureTable, moment: datetime | None) -> str:
    before = ""
    if moment is not None and table.time is not None:
        before = f" WHERE {identifier(table.time)}::TIMESTAMP <= TIMESTAMP '{moment.isoformat(' ')}'"
    return f"CREATE OR REPLACE VIEW {identifier(name)} AS SELECT * FROM {identifier('__' + name)}{before}"


def rows_sql(inputs: Sequence[FeatureColumn]) -> str:
    """Return SQL that makes the view of rows which feature views read from what they are given."""
    # Cast by the definition, never by the values that happen to stand in a batch.
    columns = [f"{cast_sql(column)} AS {identifier(column.name)}" for column in inputs]
    return f"CREATE TEMP VIEW {ROWS} AS SELECT {', '.join([*columns, ROW_NUMBER])} FROM {GIVEN}"


def cast_sql(column: FeatureColumn) -> str:
    """Return SQL that reads a column as the definition's type."""
    return f"CAST({identifier(column.name)} AS {_SQL[column.type]})"


def _given_back(column: FeatureColumn) -> str:
    kind = {"boolean": "DOUBLE", "long": "DOUBLE"}.get(column.type, _SQL[column.type])
    return f"CAST({identifier(column.name)} AS {kind}) AS {identifier(column.name)}"


def _miscounted(view: ParsedView, numbers: list[Any], count: int) -> str:
    seen = set(numbers)
    lost = next((number for number in range(count) if number not in seen), None)
    if lost is not None:
        return f"The feature view {view.name} gives nothing for row {lost + 1}."
    twice = next(one for one, other in pairwise(numbers) if one == other)
    return f"The feature view {view.name} gives {numbers.count(twice)} rows for row {twice + 1}."
