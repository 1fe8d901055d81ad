"""How a file's column, of whatever type, is read as the type that is asked for.

A type that fits is cast. Where the file's format has no such type, what its values say counts instead: texts
that are all yes or no are truth values, texts in ISO form are moments, and numbers are integers if all are
whole. Every reader goes by this, so the same rows are judged alike in every format.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pilothouse.data.reading import (
    DataError,
    Source,
    as_file,
    identifier,
    is_csv,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.schema import Column, fits, sql_type, type_in_words
from pilothouse.data.spelling import class_sql, classes_of, spelled
from pilothouse.data.written_times import may_say_time, time_sql


def may_read(source: Source, column: Column, found: str) -> bool:
    """Say whether a file's column of type `found` may be read as it shall be, if its values say so."""
    return (
        fits(column.type, found) or spelled(column, found) or may_say_time(source, column.type, found)
    )  # fmt: skip


def text_sql(source: Source, raw: str) -> str:
    """Return SQL for a value as text. DuckDB calls a column of JSON lines that mixes types JSON, where a text
    would keep its quotes."""
    if not (suffix_of(as_file(source).name) or "").startswith((".jsonl", ".ndjson")):
        return f"CAST({raw} AS VARCHAR)"
    plain = f"CAST({raw} AS JSON) ->> '$'"
    return f"(CASE typeof({raw}) WHEN 'JSON' THEN {plain} ELSE CAST({raw} AS VARCHAR) END)"


def value_sql(source: Source, column: Column, found: str, raw: str = "", *, strict: bool = True) -> str:
    """Return SQL for a value as the column's type, NULL where it is missing or cannot be read as that.

    Args:
        source: the file.
        column: how to read it.
        found: the file's own type of it, for which `may_read` is true.
        raw: SQL of the value in the file; the column's name by default.
        strict: of a text of two classes, whether another value is none; else it stays itself.
    """
    raw = raw or identifier(column.name)
    kind = sql_type(column.type)
    if spelled(column, found):
        said = class_sql(text_sql(source, raw), classes_of(column), column.type, strict=strict)
        return f"TRY_CAST({said} AS {kind})"
    if may_say_time(source, column.type, found):
        return time_sql(text_sql(source, raw), column.type)
    if found == "number":
        value = f"NULLIF(CAST({raw} AS DOUBLE), 'NaN'::DOUBLE)"
        if column.type == "integer":  # A cast to an integer rounds.
            return f"CASE WHEN {value} = trunc({value}) THEN TRY_CAST({value} AS {kind}) END"
        return f"TRY_CAST({value} AS {kind})"
    return text_sql(source, raw) if kind == "VARCHAR" else f"TRY_CAST({raw} AS {kind})"


def unreadable_sql(source: Source, column: Column, found: str, raw: str = "") -> str:
    """Return an SQL condition: there is a value, and it cannot be read as the column's type."""
    raw = raw or identifier(column.name)
    text = text_sql(source, raw)
    if may_read(source, column, found):
        value = value_sql(source, column, found, raw)
    else:
        value = f"TRY_CAST({text} AS {sql_type(column.type)})"
        if column.type == "integer":
            number = f"TRY_CAST({text} AS DOUBLE)"
            value = f"CASE WHEN {number} = trunc({number}) THEN {value} END"
    return f"({raw} IS NOT NULL AND {text} <> 'nan' AND {value} IS NULL)"


def hangs_on_values(source: Source, column: Column, found: str) -> bool:
    """Say whether it takes a look at every value to know that none is unreadable."""
    return (
        (spelled(column, found) and column.type != "text")
        or may_say_time(source, column.type, found)
        or (column.type, found) == ("integer", "number")
    )


def all_readable(con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str) -> bool:
    """Say whether a column that may be read can be, to its last value."""
    if not hangs_on_values(source, column, found):
        return True
    table = scan_sql(source, forced_types(source, [column], {column.name: found}))
    with reading(source):
        rows = con.execute(
            f"SELECT count(*) FROM {table} WHERE {unreadable_sql(source, column, found)}"
        ).fetchall()
    return bool(rows[0][0] == 0)


def forced_types(source: Source, columns: Sequence[Column], types: dict[str, str]) -> dict[str, str] | None:
    """Return the types of DuckDB that columns of a CSV file are to have, which carries none itself.

    Text must not be inferred to be something else: 007 stays 007. Numbers are what was found to be such.
    """
    if not is_csv(source):
        return None
    forced = {one.name: "VARCHAR" for one in columns if one.type == "text" and one.name in types}
    numbers = {one.name: "DOUBLE" for one in columns if types.get(one.name) == "number"}
    return {**numbers, **forced} or None


def misfit(con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str) -> DataError:
    """Say that a file's column has another type than the schema, with an example of what stands there."""
    raw = identifier(column.name)
    table = scan_sql(source, forced_types(source, [column], {column.name: found}))
    with reading(source):
        rows = con.execute(
            f"SELECT {text_sql(source, raw)} FROM {table} WHERE {raw} IS NOT NULL "
            f"ORDER BY {unreadable_sql(source, column, found)} DESC LIMIT 1"
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
