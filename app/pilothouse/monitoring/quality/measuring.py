"""Everything that the rules need to know of a file, in one pass over it, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pilothouse.data.conversion import forced_types, may_read, value_sql
from pilothouse.data.reading import Source, as_file, identifier, literal, reading, scan_sql
from pilothouse.data.schema import Column, sql_type
from pilothouse.monitoring.quality.rules import FileRules

LEAK_ROWS = 4000
"""Rows that leaks are looked for in: those with the smallest hashes, so the same file gives the same ones."""
LEAK_BYTES = 2_000_000
"""Of a file that is larger, only every so many rows, by their hash, stand for that choice at all."""
HASHED_BYTES = 256_000_000
"""Of a larger file only a share of the rows is compared with each other for repeats, chosen by their hash: a
row and its copy are both chosen or neither, so the share of repeats stays what it is."""


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """What one pass found in a column.

    Attributes:
        written: values that are there, NaN among them; 0 for a column that the file lacks.
        present: values that could be read as the type; NaN is missing.
        unreadable: written values that cannot be.
        infinite: how many are.
        low, high: extremes as numbers for numbers, else as texts; None without values.
        outside: values below the rule's min or above its max, infinite ones apart.
        fresh: values that are not among the rule's categories.
        distinct: different values, where the rule or role asks; else 0.
    """

    written: int
    present: int
    unreadable: int
    infinite: int
    low: Any
    high: Any
    outside: int
    fresh: int
    distinct: int


@dataclass(frozen=True, slots=True)
class FileFigures:
    """What one pass found in a file.

    Attributes:
        rows: all of them.
        columns: by name; columns that the file lacks, or that are of another type altogether, are not in it.
        compared: rows that were compared for repeats, and `repeated` how many of them repeat another.
        newest: seconds since 1970 (UTC) of the newest time value; None without a time column.
        sample: rows for finding leaks, each with the target first and then the columns of `sampled`.
    """

    rows: int
    columns: dict[str, ColumnFigures]
    compared: int = 0
    repeated: int = 0
    newest: float | None = None
    sampled: tuple[str, ...] = ()
    sample: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: the columns to read and how, and the roles of some."""

    columns: tuple[Column, ...]
    types: dict[str, str]
    rules: FileRules | None = None
    target: str | None = None
    time: str | None = None
    unique: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    text_target: bool = False


def table_of(source: Source, columns: Sequence[Column], types: dict[str, str]) -> str:
    """Return SQL for `FROM` that has each column twice, as the file has it and read as its type.

    What cannot be read is NULL in the second, which is named as the column; the first is `raw` and a number.
    """
    picked = []
    for at, column in enumerate(columns):
        read = value_sql(source, column, types[column.name])
        picked += [f"{identifier(column.name)} AS {_raw(at)}", f"{read} AS {_typed(at)}"]
    rest = [identifier(name) for name in types]
    picked.append(f"hash({', '.join(rest)}) AS whole")
    return f"(SELECT {', '.join(picked)} FROM {scan_sql(source, forced_types(source, columns, types))})"


def _raw(at: int) -> str:
    return f"r{at}"


def _typed(at: int) -> str:
    return f"v{at}"


def measure(con: duckdb.DuckDBPyConnection, source: Source, wanted: Wanted) -> FileFigures:
    """Read a file once, to its last byte.

    Raises:
        DataError: it cannot be read.
    """
    columns = [
        column
        for column in wanted.columns
        if column.name in wanted.types and may_read(source, column, wanted.types[column.name])
    ]
    table = table_of(source, columns, wanted.types)
    size = as_file(source).path.stat().st_size
    part = max(1, math.ceil(size / HASHED_BYTES))
    chosen = f"whole % {part} = 0" if part > 1 else "true"
    asked = ["count(*)", "bit_xor(whole)", f"count(*) FILTER ({chosen})"]
    duplicates = wanted.rules is not None and wanted.rules.dataset.max_duplicates is not None
    asked.append(f"count(DISTINCT whole) FILTER ({chosen})" if duplicates else "NULL")
    names = {column.name: at for at, column in enumerate(columns)}
    time = names.get(wanted.time or "")
    asked.append(f"max(epoch({_typed(time)}))" if time is not None and _is_moment(columns[time]) else "NULL")
    sampled = tuple(name for name in wanted.leaks if name in names) if wanted.target in names else ()
    asked.append(
        _sample_sql(columns, names, wanted, sampled, max(1, size // LEAK_BYTES)) if sampled else "NULL"
    )
    head = len(asked)
    for at, column in enumerate(columns):
        asked += _asked(at, column, wanted)
    with reading(source):
        found = con.execute(f"SELECT {', '.join(asked)} FROM {table}").fetchall()[0]
    rows, _, compared, different, newest, sample = found[:head]
    figures = {}
    for at, column in enumerate(columns):
        written, present, infinite, low, high, outside, fresh, distinct = found[
            head + 8 * at : head + 8 * at + 8
        ]
        figures[column.name] = ColumnFigures(
            written,
            present,
            written - present,
            infinite,
            low,
            high,
            outside,
            fresh,
            distinct,
        )
    return FileFigures(
        rows,
        figures,
        compared if duplicates else 0,
        compared - different if duplicates else 0,
        newest,
        sampled,
        tuple(tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in sample or ()),
    )


def _is_moment(column: Column) -> bool:
    return column.type in ("timestamp", "date")


def _asked(at: int, column: Column, wanted: Wanted) -> list[str]:
    raw, value = _raw(at), _typed(at)
    rule = wanted.rules.column(column.name) if wanted.rules else None
    number = column.type == "number"
    finite = f" FILTER (isfinite({value}))" if number else ""
    written = raw
    if wanted.types[column.name] == "number":
        written = f"NULLIF(CAST({raw} AS DOUBLE), 'NaN'::DOUBLE)"
    if column.type in ("number", "integer"):
        ends = [f"CAST({end}({value}){finite} AS DOUBLE)" for end in ("min", "max")]
    elif column.type in ("text", "other", "empty"):
        ends = [f"left({end}({value}), 60)" for end in ("min", "max")]
    else:
        ends = [f"CAST({end}({value}) AS VARCHAR)" for end in ("min", "max")]
    outside, fresh = broken(value, column, wanted.rules)
    unique = column.name in wanted.unique or (rule is not None and rule.unique)
    return [
        f"count({written})",
        f"count({value})",
        f"count(*) FILTER (isinf({value}))" if number else "0",
        *ends,
        f"count(*) FILTER ({outside})" if outside else "0",
        f"count(*) FILTER ({fresh})" if fresh else "0",
        f"count(DISTINCT {value})" if unique else "0",
    ]


def broken(value: str, column: Column, rules: FileRules | None) -> tuple[str, str]:
    """Return SQL conditions: out of the rule's range, and not among its categories; empty for none."""
    rule = rules.column(column.name) if rules else None
    if rule is None:
        return "", ""
    kind = sql_type(column.type)
    sides = []
    for end, sign in ((rule.min, "<"), (rule.max, ">")):
        if end is not None:
            bound = f"CAST({literal(end)} AS {kind})" if isinstance(end, str) else f"{end!r}::DOUBLE"
            sides.append(f"{value} {sign} {bound}")
    outside = f"({' OR '.join(sides)})" if sides else ""
    if outside and column.type == "number":
        outside += f" AND isfinite({value})"
    fresh = ""
    if rule.categories:
        known = ", ".join(literal(one) for one in rule.categories)
        fresh = f"CAST({value} AS VARCHAR) NOT IN ({known})"
    return outside, fresh


def _sample_sql(
    columns: Sequence[Column], names: dict[str, int], wanted: Wanted, sampled: Sequence[str], every: int
) -> str:
    target = names[wanted.target or ""]
    parts = [f"t := {_plain(_typed(target), columns[target], as_text=wanted.text_target)}"]
    for at, name in enumerate(sampled):
        parts.append(f"f{at} := {_plain(_typed(names[name]), columns[names[name]])}")
    chosen = f"{_typed(target)} IS NOT NULL" + (f" AND whole % {every} = 0" if every > 1 else "")
    # Made for the chosen rows only.
    row = f"CASE WHEN {chosen} THEN struct_pack({', '.join(parts)}) END"
    return f"min_by({row}, whole, {LEAK_ROWS}) FILTER ({chosen})"


def _plain(value: str, column: Column, as_text: bool = False) -> str:
    """Return SQL for a value as a number or as a short text."""
    if as_text or column.type in ("text", "other", "empty", "boolean"):
        return f"left(CAST({value} AS VARCHAR), 40)"
    if column.type in ("timestamp", "date", "time"):
        return f"CAST(epoch({value}) AS DOUBLE)"
    return f"CAST({value} AS DOUBLE)"
