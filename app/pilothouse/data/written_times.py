"""Texts that are timestamps in ISO 8601: as pandas writes them to JSON lines, and as some tools to Parquet.

DuckDB leaves `2026-03-01T00:24:53.000` a text. It stays one where it always was one; where other files have
timestamps, or nobody has said yet what it is, it is read as what it says.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pilothouse.data.reading import Source, identifier, is_csv, literal, reading, scan_sql

_ISO = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?"
_FIRST = 200
"""Rows that are looked at before all of them are."""


def may_say_time(source: Source, expected: str, found: str) -> bool:
    """Say whether a file's column of type `found` is read by what it says: of CSV, DuckDB knows by itself."""
    return expected == "timestamp" and found == "text" and not is_csv(source)


def time_sql(value: str) -> str:
    """Return SQL that reads a text as a moment in UTC, NULL where it is none; an offset counts."""
    said = f"regexp_full_match({value}, {literal(_ISO)})"
    return f"CASE WHEN {said} THEN CAST(TRY_CAST({value} AS TIMESTAMPTZ) AS TIMESTAMP) END"


def say_time(con: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str]) -> list[str]:
    """Return those of a file's text columns that have nothing but timestamps in them, and at least one."""
    if not columns or is_csv(source):
        return []
    table = scan_sql(source)
    first = _only_times(con, source, columns, f"(SELECT * FROM {table} LIMIT {_FIRST})")
    return _only_times(con, source, first, table) if first else []


def _only_times(
    con: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str], table: str
) -> list[str]:
    names = [identifier(column) for column in columns]
    asked = ", ".join(f"count({name}), count({time_sql(name)})" for name in names)
    with reading(source):
        found = con.execute(f"SELECT {asked} FROM {table}").fetchall()[0]
    return [
        column for at, column in enumerate(columns) if found[2 * at] and found[2 * at] == found[2 * at + 1]
    ]
