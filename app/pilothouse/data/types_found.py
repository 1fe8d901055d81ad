"""The types that the columns of one file have. Where a text format leaves them open, its values are asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from pilothouse.data.conversion import may_read, text_sql
from pilothouse.data.reading import (
    Source,
    as_file,
    describe,
    identifier,
    is_csv,
    literal,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.schema import Column, type_of

INFINITE = tuple(sign + word for sign in ("", "-", "+") for word in ("inf", "infinity"))
"""How an infinite number is written, in any case."""
_NUMBER = r"\s*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*"
"""A number; a zero before it is that of a code, such as 007."""
_OPEN = ("text", "other", "date")


def file_types(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Return our type of each column of one file; a column of a text format with no value at all is "empty".

    Raises:
        DataError: the file cannot be read.
    """
    kinds = describe(con, source)
    types = {name: type_of(kind) for name, kind in kinds.items()}
    if suffix_of(as_file(source).name) == ".parquet":
        return types
    return {**types, **_settled(con, source, types, [name for name, kind in types.items() if kind in _OPEN])}


def types_for(con: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[Column]) -> dict[str, str]:
    """Return our types of a file's columns, of which only those are looked into that do not fit as they are.

    Raises:
        DataError: the file cannot be read.
    """
    types = {name: type_of(kind) for name, kind in describe(con, source).items()}
    doubtful = [
        one.name
        for one in columns
        if types.get(one.name) in _OPEN and not may_read(source, one, types[one.name])
    ]
    return {**types, **_settled(con, source, types, doubtful)}


def _settled(
    con: duckdb.DuckDBPyConnection, source: Source, types: dict[str, str], names: Collection[str]
) -> dict[str, str]:
    """Return what columns are by their values, those that are something else than they seem."""
    if not names:
        return {}
    asked = [part for name in names for part in _looks(source, name, types[name])]
    with reading(source):
        found = con.execute(f"SELECT {', '.join(asked)} FROM {scan_sql(source)}").fetchall()[0]
    settled, infinite = {}, []
    for at, name in enumerate(names):
        present, has_infinite, nested = found[3 * at : 3 * at + 3]
        if not present:
            settled[name] = "empty"
            continue
        if types[name] == "other" and not nested:
            settled[name] = "text"
        if has_infinite and not nested:
            infinite.append(name)
    for name in _numbers(con, source, infinite):
        settled[name] = "number"
    return settled


def _looks(source: Source, name: str, kind: str) -> tuple[str, str, str]:
    """Return SQL of three figures: how many values there are, if one is infinite, if one has parts."""
    value = identifier(name)
    count = f"count({value})"
    if kind == "date":  # DuckDB knows infinite dates, too.
        all_infinite = f"coalesce(NOT bool_or(isfinite({value})), false)"
        return count, all_infinite if is_csv(source) else "false", "false"
    if suffix_of(as_file(source).name) == ".parquet":
        return count, "false", "true"
    words = ", ".join(literal(word) for word in INFINITE)
    infinite = f"coalesce(bool_or(lower(trim({text_sql(source, value)})) IN ({words})), false)"
    parts = "'OBJECT', 'ARRAY'"
    if kind == "other":
        # What is no JSON but has parts becomes it.
        return count, infinite, f"coalesce(bool_or(json_type(to_json({value})) IN ({parts})), false)"
    return count, infinite, "false"


def _numbers(con: duckdb.DuckDBPyConnection, source: Source, names: Collection[str]) -> list[str]:
    """Return those columns that hold nothing but numbers, among them infinite ones.

    Of a CSV file that begins with such a one DuckDB takes the column for dates, then for texts.
    """
    if not names:
        return []
    asked = []
    words = ", ".join(literal(word) for word in INFINITE)
    for name in names:
        text = f"lower({text_sql(source, identifier(name))})"
        number = f"trim({text}) IN ({words}) OR regexp_full_match({text}, {literal(_NUMBER)})"
        asked.append(f"bool_and({number})")
    # As text: an infinite date would be written as it was not.
    forced = dict.fromkeys(names, "VARCHAR") if is_csv(source) else None
    with reading(source):
        found = con.execute(f"SELECT {', '.join(asked)} FROM {scan_sql(source, forced)}").fetchall()[0]
    return [name for name, numbers in zip(names, found, strict=True) if numbers]
