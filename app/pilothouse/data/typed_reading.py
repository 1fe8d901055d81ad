"""Files read as one table with exactly the columns and types of a schema."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pilothouse.data.reading import DataError, Source, as_file, identifier, is_csv, reading, scan_sql
from pilothouse.data.schema import Column, Schema, file_types, fits, sql_type, type_in_words
from pilothouse.data.spelling import class_sql, spelled, strangers
from pilothouse.data.written_times import may_say_time, say_time, time_sql


def relation_sql(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    schema: Schema,
    *,
    columns: Sequence[str] | None = None,
    found: Sequence[dict[str, str]] | None = None,
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

    Raises:
        DataError: a file cannot be read, or a column in it does not fit the schema's type.
    """
    wanted = [column for column in schema.columns if columns is None or column.name in columns]
    parts = []
    for index, source in enumerate(sources):
        types = found[index] if found else file_types(con, source)
        # Text must not be inferred to be something else: 007 stays 007.
        forced = {
            column.name: "VARCHAR" for column in wanted if column.type == "text" and column.name in types
        }
        if not is_csv(source):
            forced = {}
        picked = [
            f"{_value_sql(con, source, column, 'text' if column.name in forced else types.get(column.name))}"
            f" AS {identifier(column.name)}"
            for column in wanted
        ]
        parts.append(f"SELECT {', '.join(picked)} FROM {scan_sql(source, forced or None)}")
    return f"({' UNION ALL '.join(parts)})"


def _value_sql(con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str | None) -> str:
    """Return SQL that reads a column, of type `found` in the file (None: it is not there), as it shall be."""
    name, target, kind = identifier(column.name), sql_type(column.type), found or "empty"
    if spelled(column, kind):
        if column.type != "text" and strangers(con, source, column):
            raise misfit(con, source, column, kind)
        return f"CAST({class_sql(name, column.classes, column.type)} AS {target})"
    if may_say_time(source, column.type, kind):
        if not say_time(con, source, [column.name]):
            raise misfit(con, source, column, kind)
        return time_sql(name)
    if not fits(column.type, kind):
        raise misfit(con, source, column, kind)
    if (column.type, kind) == ("integer", "number") and not _all_whole(con, source, column):
        raise misfit(con, source, column, kind)
    if found is None:
        name = "NULL"
    elif found == "number":
        name = f"NULLIF(CAST({name} AS DOUBLE), 'NaN'::DOUBLE)"
    return f"CAST({name} AS {target})"


def _all_whole(con: duckdb.DuckDBPyConnection, source: Source, column: Column) -> bool:
    """Say whether numbers may be read as integers: pandas writes integers as 1.0 where some are missing."""
    number = f"{identifier(column.name)}::DOUBLE"
    with reading(source):
        rows = con.execute(
            f"SELECT count(*) FROM {scan_sql(source)} "
            f"WHERE NOT isnan({number}) AND (isinf({number}) OR {number} <> trunc({number}))"
        ).fetchall()
    return bool(rows[0][0] == 0)


def misfit(con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str) -> DataError:
    """Say that a file's column has another type than the schema, with an example of what stands there."""
    name = identifier(column.name)
    read = (
        class_sql(name, column.classes, column.type, strict=True)
        if spelled(column, found)
        else f"TRY_CAST(CAST({name} AS VARCHAR) AS {sql_type(column.type)})"
    )
    with reading(source):
        rows = con.execute(
            f"SELECT CAST({name} AS VARCHAR) FROM {scan_sql(source)} WHERE {name} IS NOT NULL "
            f"ORDER BY {read} IS NULL DESC LIMIT 1"
        ).fetchall()
    expected = " or ".join(map(repr, column.classes)) if column.type == "text" else ""
    expected = expected or type_in_words(column.type)
    example = f" (for example {str(rows[0][0])[:60]!r})" if rows else ""
    return DataError(
        f"In {as_file(source).name} the column {column.name!r} is {type_in_words(found)}{example}, "
        f"where {expected} is expected.",
        untouched="The file was not changed, and nothing was taken from it.",
        next="Correct the column, or take the file out of the folder.",
    )
