"""The rows that a finding rests on: how many there are, and the first few with their numbers and values."""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from pilothouse.data.conversion import forced_types, text_sql, unreadable_sql
from pilothouse.data.reading import (
    MISSING_TEXTS,
    Source,
    identifier,
    is_csv,
    literal,
    reading,
    scan_sql,
)
from pilothouse.data.schema import Column

MOST = 3
"""How many rows are shown at most."""
LONGEST = 60
"""How many characters of a value are kept."""


class Example(NamedTuple):
    """One row. Rows count from 1, a header is none; the value is as text, None where it is missing."""

    row: int
    value: str | None


def examples(
    con: duckdb.DuckDBPyConnection, source: Source, table: str, column: str, condition: str
) -> tuple[Example, ...]:
    """Return the first rows of a relation that meet a condition.

    It is a second pass, for files in which something was found; it keeps no more than it returns.

    Args:
        con: what the relation was made with.
        source: the file behind it, for errors.
        table: SQL for `FROM`.
        column: whose values to show.
        condition: SQL that may use `value`, the column's value.

    Raises:
        DataError: the file cannot be read.
    """
    # Numbered before anything is left out; without an order of its own the window streams in the file's.
    numbered = f"SELECT row_number() OVER () AS place, {identifier(column)} AS value FROM {table}"
    with reading(source):
        rows = con.execute(
            f"SELECT place, left(CAST(value AS VARCHAR), {LONGEST}) FROM ({numbered}) "
            f"WHERE {condition} ORDER BY place LIMIT {MOST}"
        ).fetchall()
    return tuple(Example(int(place), value) for place, value in rows)


def repeated(con: duckdb.DuckDBPyConnection, source: Source, table: str, column: str) -> tuple[Example, ...]:
    """Return rows that have the value of an earlier row in a column: the first repeat of each value."""
    numbered = f"SELECT row_number() OVER () AS place, {identifier(column)} AS value FROM {table}"
    with reading(source):
        rows = con.execute(
            f"SELECT min(place, 2)[2] AS again, left(CAST(value AS VARCHAR), {LONGEST}) FROM ({numbered}) "
            f"WHERE value IS NOT NULL GROUP BY value HAVING count(*) > 1 ORDER BY again LIMIT {MOST}"
        ).fetchall()
    return tuple(Example(int(place), value) for place, value in rows)


def misfits(
    con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str
) -> tuple[int, tuple[Example, ...]]:
    """Return how many values of a column, of type `found` in the file, cannot be read as its type, and the
    first of them."""
    table = scan_sql(source, forced_types(source, [column], {column.name: found}))
    name = identifier(column.name)
    text = text_sql(source, name)
    marked = f"SELECT {text} AS value, {unreadable_sql(source, column, found)} AS wrong FROM {table}"
    with reading(source):
        counted = con.execute(f"SELECT count(*) FROM ({marked}) WHERE wrong").fetchall()
    shown = f"(SELECT CASE WHEN wrong THEN value END AS value FROM ({marked}))"
    return int(counted[0][0]), examples(con, source, shown, "value", "value IS NOT NULL")


def missing_texts(con: duckdb.DuckDBPyConnection, source: Source, column: str) -> tuple[tuple[str, int], ...]:
    """Return the texts, such as NA, that a column of a CSV file has and that are read as missing, and in how
    many rows, the most frequent first. Nothing for other formats, which say themselves what is missing."""
    if not is_csv(source):
        return ()
    name, words = identifier(column), ", ".join(literal(text) for text in MISSING_TEXTS if text)
    with reading(source):
        rows = con.execute(
            f"SELECT {name}, count(*) FROM {scan_sql(source, verbatim=True)} WHERE {name} IN ({words}) "
            "GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    return tuple((str(text), int(count)) for text, count in rows)


def copies(con: duckdb.DuckDBPyConnection, source: Source, columns: list[str]) -> tuple[Example, ...]:
    """Return rows that repeat an earlier one in every column, each with the number of the first such."""
    whole = f"hash({', '.join(identifier(name) for name in columns)})"
    numbered = f"SELECT row_number() OVER () AS place, {whole} AS whole FROM {scan_sql(source)}"
    with reading(source):
        rows = con.execute(
            f"SELECT max(place), min(place) FROM ({numbered}) GROUP BY whole HAVING count(*) > 1 "
            f"ORDER BY 1 LIMIT {MOST}"
        ).fetchall()
    return tuple(Example(int(copy), f"what row {first:,} has") for copy, first in rows)
