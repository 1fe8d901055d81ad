"""Texts that are moments in ISO 8601: as pandas writes them to JSON lines, and as some tools to Parquet.

DuckDB leaves `2026-03-01T00:24:53.000` a text, and in Parquet a date as well. It stays one where it always
was one; where other files have moments, or nobody has said yet what it is, it is read as what it says.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pilothouse.data.reading import Source, identifier, is_csv, literal, reading, scan_sql

_DATE, _TIME = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_FORMS = {
    "date": _DATE,
    "timestamp": rf"{_DATE}([T ]{_TIME}(Z|[+-]\d{{2}}(:?\d{{2}})?)?)?",
    "time": _TIME,
}
_FIRST = 200
"""Rows that are looked at before all of them are."""


def may_say_time(source: Source, expected: str, found: str) -> bool:
    """Say whether a file's column of type `found` is read by what it says: of CSV, DuckDB knows by itself."""
    return expected in _FORMS and found == "text" and not is_csv(source)


def time_sql(value: str, type_: str = "timestamp") -> str:
    """Return SQL that reads a text as a date, a time of day or a moment in UTC (an offset counts), NULL where
    it is none."""
    said = f"regexp_full_match({value}, {literal(_FORMS[type_])})"
    read = f"TRY_CAST({value} AS {type_})"
    if type_ == "timestamp":
        read = f"CAST(TRY_CAST({value} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"CASE WHEN {said} THEN {read} END"


def say_time(con: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str]) -> dict[str, str]:
    """Return what those of a file's text columns are that have nothing but dates, moments or times of day in
    them, and at least one."""
    if not columns or is_csv(source):
        return {}
    table = scan_sql(source)
    first = _only_times(con, source, columns, f"(SELECT * FROM {table} LIMIT {_FIRST})")
    return _only_times(con, source, list(first), table) if first else {}


def _only_times(
    con: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str], table: str
) -> dict[str, str]:
    asked = []
    for column in columns:
        name = identifier(column)
        asked += [f"count({name})", *(f"count({time_sql(name, type_)})" for type_ in _FORMS)]
    with reading(source):
        found = con.execute(f"SELECT {', '.join(asked)} FROM {table}").fetchall()[0]
    said = {}
    for at, column in enumerate(columns):
        present, *counts = found[at * (1 + len(_FORMS)) : (at + 1) * (1 + len(_FORMS))]
        # A date is a moment, too: the first that holds all of them is the narrower.
        if is_one := [type_ for type_, count in zip(_FORMS, counts, strict=True) if count == present > 0]:
            said[column] = is_one[0]
    return said
