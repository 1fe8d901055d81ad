"""Files read as one table with exactly the columns and types of a schema."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pilothouse.data.conversion import all_readable, forced_types, may_read, misfit, value_sql
from pilothouse.data.reading import Source, identifier, scan_sql
from pilothouse.data.schema import Column, Schema, sql_type
from pilothouse.data.types_found import types_for


def relation_sql(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    schema: Schema,
    *,
    columns: Sequence[str] | None = None,
    found: Sequence[dict[str, str]] | None = None,
    checked: bool = False,
) -> str:
    """Return SQL for `FROM` that reads files as one table with exactly the schema's columns and types.

    A column that a file lacks is missing in its rows; NaN is missing too. Columns that the schema does not
    have are left out.

    Args:
        con: a connection to look into the files with.
        sources: at least one file.
        schema: what to read as.
        columns: which of the schema's columns; all by default.
        found: the types in each file where they are known already.
        checked: whether it is known that every value can be read so, or else is to be missing.

    Raises:
        DataError: a file cannot be read, or a column in it does not fit the schema's type.
    """
    wanted = [column for column in schema.columns if columns is None or column.name in columns]
    parts = []
    for index, source in enumerate(sources):
        types = found[index] if found else types_for(con, source, wanted)
        forced = forced_types(source, wanted, types)
        # What is forced to be text is text.
        types = {**types, **{name: "text" for name, kind in (forced or {}).items() if kind == "VARCHAR"}}
        picked = [
            f"{_read(con, source, column, types.get(column.name), checked)} AS {identifier(column.name)}"
            for column in wanted
        ]
        parts.append(f"SELECT {', '.join(picked)} FROM {scan_sql(source, forced)}")
    return f"({' UNION ALL '.join(parts)})"


def _read(
    con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str | None, checked: bool
) -> str:
    """Return SQL that reads a column, of type `found` in the file (None: it is not there), as it shall be."""
    if found is None:
        return f"CAST(NULL AS {sql_type(column.type)})"
    if not may_read(source, column, found) or not (checked or all_readable(con, source, column, found)):
        raise misfit(con, source, column, found)
    return value_sql(source, column, found, strict=False)
