"""Ids of rows as the texts that they are joined by, alike from files, requests and the prediction log.

A whole number is written without a point whatever type it came as (7 and 7.0 are one id); a text stands as it
is, so "007" is not "7". What is a number in a CSV file DuckDB decides by the whole column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import Source, describe, identifier, reading, scan_sql

MOST_CHARACTERS = 1000
"""Of an id."""
_WHOLE = 1e15


def id_text(value: Any) -> str:
    """Return an id as the text it is joined by.

    Raises:
        ValueError: it is nothing, no scalar, empty or too long; the message says which.
    """
    if isinstance(value, Decimal):
        value = float(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("the id is missing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return str(int(value))
    if not isinstance(value, int | float | str):
        raise ValueError("the id must be a text or a number")
    text = str(value)
    if not text:
        raise ValueError("the id is empty")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the id has more than {MOST_CHARACTERS:,} characters")
    return text


def usable_id(value: Any) -> str | None:
    """Return an id as the text it is joined by; None where it cannot be one, so that its row has no id."""
    try:
        return id_text(value)
    except ValueError:
        return None


def id_sql(expression: str, kind: str) -> str:
    """Return SQL for the same text of a column of DuckDB type `kind`; NULL where the id is missing."""
    if kind == "JSON":
        return json_id_sql(expression)
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        number = f"({expression})::DOUBLE"
        other = number if kind.startswith("DECIMAL") else f"({expression})"
        return f"CASE WHEN isfinite({number}) THEN {_whole(number, f'{other}::VARCHAR')} END"
    return f"({expression})::VARCHAR"


def json_id_sql(expression: str) -> str:
    """Return SQL for the same text of a value in JSON, of the log or of a column of mixed types."""
    text = f"({expression} ->> '$')"
    number = f"TRY_CAST({text} AS DOUBLE)"
    return (
        f"CASE json_type({expression}) WHEN 'NULL' THEN NULL"
        f" WHEN 'DOUBLE' THEN {_whole(number, text)} ELSE {text} END"
    )


def _whole(number: str, otherwise: str) -> str:
    whole = f"{number} = round({number}) AND abs({number}) < {_WHOLE:.0f}"
    return f"CASE WHEN {whole} THEN {number}::BIGINT::VARCHAR ELSE {otherwise} END"


def ids_of_rows(source: Source, name: str) -> list[str | None] | None:
    """Return the id of each row of a file in its order, None where it cannot be used; None without a column.

    Raises:
        PilothouseError: the file cannot be read.
    """
    with connect() as con, reading(source):
        if (ids := ids_sql(con, source, name)) is None:
            return None
        return [row[0] for row in con.execute(f"SELECT id FROM {ids}").fetchall()]


def ids_of_file(source: Source, name: str | None, among: Sequence[str] | None = None) -> set[str]:
    """Return the ids of a file's rows, or those of `among` that it has; none where it has no such column.

    Raises:
        PilothouseError: the file cannot be read.
    """
    if name is None:
        return set()
    with connect() as con, reading(source):
        if (ids := ids_sql(con, source, name)) is None:
            return set()
        sql = f"SELECT DISTINCT id FROM {ids} WHERE id IS NOT NULL"
        if among is not None:
            sql += " AND id IN (SELECT unnest(?))"
        rows = con.execute(sql, [list(among)] if among is not None else []).fetchall()
        return {str(row[0]) for row in rows}


def ids_sql(con: duckdb.DuckDBPyConnection, source: Source, name: str) -> str | None:
    """Return SQL for `FROM` with one column, `id`; None where the file has no column of that name."""
    kind = describe(con, source).get(name)
    if kind is None:
        return None
    # Of a column of the file called id or key nothing is seen from outside.
    text = f"SELECT {id_sql(identifier(name), kind)} AS id FROM {scan_sql(source)}"
    return f"(SELECT CASE WHEN length(id) BETWEEN 1 AND {MOST_CHARACTERS} THEN id END AS id FROM ({text}))"
