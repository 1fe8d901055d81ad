"""Is a file fit to learn from? What is wrong with it, column by column, before anything uses it."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb

from pilothouse.data.reading import (
    DataError,
    Source,
    as_file,
    connect,
    delimiter,
    first_line,
    identifier,
    read_through,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.schema import Column, Schema, file_types, fits, misfit, relation_sql
from pilothouse.monitoring.examples import Example, examples, misfits, repeated

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file, or worth knowing.

    Attributes:
        severity: "error" holds the file back; "warning" does not.
        column: the column it is about; empty for the file as a whole.
        message: one sentence that names what, and where there is one the row or an example.
        rule: what it breaks: readable, rows, named-twice, column, new-column, type, finite, missing, target
            or unique; empty in what was stored before rules had names.
        count: how many rows break it; 0 where it is not about rows.
        examples: the first of those rows.
    """

    severity: str
    column: str
    message: str
    rule: str = ""
    count: int = 0
    examples: tuple[Example, ...] = ()

    @staticmethod
    def from_stored(fields: dict[str, Any]) -> Finding:
        """Read what `asdict` made and the store kept as JSON."""
        shown = tuple(Example(row, value) for row, value in fields.get("examples", ()))
        return Finding(**{**fields, "examples": shown})


@dataclass(frozen=True, slots=True)
class Roles:
    """What some columns are for. Excluded ones may be missing; the target should have two classes."""

    target: str | None = None
    id: str | None = None
    exclude: tuple[str, ...] = ()
    classification: bool = True


def is_sound(findings: Collection[Finding]) -> bool:
    """Say whether nothing found holds the file back."""
    return all(finding.severity != ERROR for finding in findings)


def check_file(source: Source, schema: Schema | None, roles: Roles | None = None) -> list[Finding]:
    """Read a file to its last byte and say what is wrong with it, errors first.

    Args:
        source: the file.
        schema: what its columns must be; without one only what any file must satisfy is checked.
        roles: which column is the target and which do not matter.
    """
    try:
        with connect() as con:
            found = _check(con, source, schema, roles or Roles())
    except DataError as error:
        found = [Finding(ERROR, "", error.what, "readable")]
    return sorted(found, key=lambda finding: finding.severity != ERROR)


def _check(
    con: duckdb.DuckDBPyConnection, source: Source, schema: Schema | None, roles: Roles
) -> list[Finding]:
    name = as_file(source).name
    found = [
        Finding(ERROR, twice, f"{name} has two columns called {twice!r}.", "named-twice")
        for twice in _twice(source)
    ]
    types = file_types(con, source)
    expected = schema.columns if schema else ()
    table = scan_sql(source)
    with reading(source):  # To the last byte: a file that breaks off shows only at its end.
        rows = read_through(con, table)
    if rows == 0:
        return [*found, Finding(ERROR, "", f"{name} has a header but no rows.", "rows")]
    sound = []
    for column in expected:
        problem = _problem(con, source, column, types)
        if problem is None:
            sound.append(column)
        else:
            spared = column.name in roles.exclude
            severity = WARNING if spared else ERROR
            if column.name in types:
                count, shown = misfits(con, source, column)
                found.append(Finding(severity, column.name, problem, "type", count, shown))
            else:
                found.append(Finding(severity, column.name, problem, "column"))
    known = {column.name for column in expected}
    if schema:
        new = [column for column in types if column not in known]
        found += [
            Finding(WARNING, column, f"The column {column!r} is new; nothing uses it.", "new-column")
            for column in new
        ]
    if sound:
        part = Schema(tuple(sound))
        found += _values(con, source, part, roles, rows)
    return found


def _problem(
    con: duckdb.DuckDBPyConnection, source: Source, column: Column, types: dict[str, str]
) -> str | None:
    name = as_file(source).name
    if column.name not in types:
        near = difflib.get_close_matches(column.name, list(types), n=1, cutoff=0.7)
        hint = f"; it has {near[0]!r}" if near else ""
        return f"{name} has no column {column.name!r}{hint}."
    kind = types[column.name]
    if column.type == "text" and (suffix_of(name) or "").startswith(".csv"):
        return None  # CSV has no types: what should be text is read as text.
    if not fits(column.type, kind):
        return misfit(con, source, column, kind).what
    try:
        relation_sql(con, [source], Schema((column,)), found=[types])
    except DataError as error:
        return error.what
    return None


def _values(
    con: duckdb.DuckDBPyConnection, source: Source, schema: Schema, roles: Roles, rows: int
) -> list[Finding]:
    name = as_file(source).name
    table = relation_sql(con, [source], schema)
    asked: list[str] = []
    for column in schema.columns:
        value = identifier(column.name)
        infinite = f"count(*) FILTER (isinf({value}))" if column.type == "number" else "0"
        special = column.name in (roles.target, roles.id)
        distinct = f"count(DISTINCT {value})" if special else "0"
        asked += [
            f"count({value})",
            infinite,
            distinct,
            f"CAST(min({value}) AS VARCHAR)" if special else "NULL",
        ]
    with reading(source):
        figures: tuple[Any, ...] = con.execute(f"SELECT {', '.join(asked)} FROM {table}").fetchall()[0]
    found: list[Finding] = []
    for index, column in enumerate(schema.columns):
        present, infinite, distinct, least = figures[4 * index : 4 * index + 4]
        about = column.name
        if infinite:
            said = f"{about!r} is infinite in {infinite:,} of {rows:,} rows."
            shown = examples(con, source, table, about, "isinf(value)")
            found.append(Finding(WARNING, about, said, "finite", infinite, shown))
        if about == roles.target:
            told = _target(about, present, distinct, least, rows, roles.classification)
            found += [Finding(WARNING, about, said, "target", rows - present) for said in told]
        elif column.required and present < rows:
            said = f"{about!r} is missing in {rows - present:,} of {rows:,} rows; it never was before."
            shown = examples(con, source, table, about, "value IS NULL")
            found.append(Finding(WARNING, about, said, "missing", rows - present, shown))
        elif present == 0 and column.type != "empty":
            said = f"{about!r} is missing in all {rows:,} rows."
            found.append(Finding(WARNING, about, said, "missing", rows))
        if about == roles.id and distinct < present:
            said = f"{present - distinct:,} rows of {name} repeat a value of {about!r}, the id."
            shown = repeated(con, source, table, about)
            found.append(Finding(WARNING, about, said, "unique", present - distinct, shown))
    return found


def _target(
    name: str, present: int, distinct: int, least: str | None, rows: int, classification: bool
) -> list[str]:
    if present == 0:
        return [f"The target {name!r} is missing in all {rows:,} rows: they have no labels yet."]
    if classification and distinct == 1:
        return [f"The target {name!r} has one class only: {str(least)[:60]!r} in all {present:,} rows."]
    if present < rows:
        return [f"The target {name!r} is missing in {rows - present:,} of {rows:,} rows."]
    return []


def _twice(source: Source) -> list[str]:
    """Columns that a CSV header names twice; DuckDB would quietly rename the second."""
    name, path = as_file(source)
    suffix = suffix_of(name) or ""
    if not suffix.startswith(".csv"):
        return []
    packing = "gzip" if suffix.endswith(".gz") else "none"
    header = next(csv.reader([first_line(path, packing)], delimiter=delimiter(path, packing)), [])
    return sorted({column for column in header if column and header.count(column) > 1})
