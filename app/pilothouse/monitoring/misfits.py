"""Columns of a reference that current files have as something that cannot be read as what they were.

Such a column has changed, however few rows show it: no model that learned from the reference can take it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import duckdb

from pilothouse.data.conversion import forced_types, text_sql, unreadable_sql
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, identifier, reading, scan_sql
from pilothouse.data.schema import Column, Schema, type_in_words
from pilothouse.data.typed_reading import relation_sql
from pilothouse.data.types_found import types_for
from pilothouse.monitoring.columns import ColumnProfile, Profile, Unreadable
from pilothouse.monitoring.patience import Progress, Steps, patiently
from pilothouse.monitoring.profile import open_table, profile_table


@dataclass(frozen=True, slots=True)
class Readable:
    """How files can be read as what a reference has.

    Attributes:
        schema: the reference's; whole numbers that are not whole any more are numbers in it.
        columns: those of the ones asked for that can be read.
        types: of each file, as it has them.
        unreadable: the others by name, and why.
        said: a sentence about each of those.
    """

    schema: Schema
    columns: tuple[Column, ...]
    types: tuple[dict[str, str], ...]
    unreadable: dict[str, Unreadable]
    said: dict[str, str]

    def otherwise(self, schema: Schema) -> tuple[str, ...]:
        """Return the columns that cannot be read just as a schema has them."""
        wider = (one.name for one in self.columns if one != schema.column(one.name))
        return (*self.unreadable, *wider)

    def profiles(self, reference: Sequence[ColumnProfile], rows: int) -> tuple[ColumnProfile, ...]:
        """Return a profile of so many rows, in the reference's bins, of each column that cannot be read."""
        return tuple(
            unreadable_profile(one, rows, self.unreadable[one.name])
            for one in reference
            if one.name in self.unreadable
        )


def unreadable_profile(column: ColumnProfile, rows: int, what: Unreadable) -> ColumnProfile:
    """Return the profile of so many rows of a column that cannot be read, in the reference's bins."""
    return replace(
        column,
        rows=rows,
        missing=round(what.missing * rows),
        infinite=0,
        counts=(0,) * len(column.counts),
        level_counts=(0,) * len(column.level_counts),
        fine_counts=(0,) * len(column.fine_counts),
        other=0,
        unseen=0,
        unseen_levels=(),
        unreadable=what,
    )


def find_misfits(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], schema: Schema, columns: Sequence[Column]
) -> Readable:
    """Find which columns can be read as a schema has them, and what the others are instead.

    Raises:
        DataError: a file cannot be read.
    """
    with reading(*sources):
        types = [types_for(con, source, columns) for source in sources]
    read: dict[str, Column] = {}
    unreadable: dict[str, Unreadable] = {}
    said: dict[str, str] = {}
    for column in columns:
        why = _why_not(con, sources, column, types)
        # Whole numbers of which some are not whole any more are compared as numbers.
        wider = replace(column, type="number", classes=()) if column.type == "integer" else None
        if not why:
            read[column.name] = column
        elif wider is not None and not _why_not(con, sources, wider, types):
            read[column.name] = wider
        else:
            said[column.name] = why
            unreadable[column.name] = _what_it_is(con, sources, column, types)
    return Readable(
        Schema(tuple(read.get(one.name, one) for one in schema.columns)),
        tuple(read.values()),
        tuple(types),
        unreadable,
        said,
    )


def _why_not(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    column: Column,
    types: Sequence[dict[str, str]],
) -> str:
    """Say why a column cannot be read; empty if it can be."""
    try:
        relation_sql(con, sources, Schema((column,)), found=types)
    except DataError as error:
        return error.what
    return ""


def _what_it_is(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    column: Column,
    types: Sequence[dict[str, str]],
) -> Unreadable:
    """Count what cannot be read, in all files that have the column."""
    name = identifier(column.name)
    rows = present = count = 0
    kind = example = ""
    for source, mine in zip(sources, types, strict=True):
        found = mine.get(column.name)
        if found is None:
            continue
        wrong = unreadable_sql(source, column, found)
        table = scan_sql(source, forced_types(source, [column], {column.name: found}))
        with reading(source):
            row = con.execute(
                f"SELECT count(*), count({name}), count(*) FILTER ({wrong}), "
                f"min({text_sql(source, name)}) FILTER ({wrong}), min({text_sql(source, name)}) "
                f"FROM {table}"
            ).fetchall()[0]
        rows, present, count = rows + row[0], present + row[1], count + row[2]
        if not kind and (row[2] or len(sources) == 1):
            kind, example = found, str(row[3] or row[4] or "")[:60]
    return Unreadable(
        type_in_words(kind or "other"),
        type_in_words(column.type),
        example,
        count,
        rows,
        1 - present / rows if rows else 0.0,
    )


def profile_beside(
    sources: Sequence[Source],
    schema: Schema,
    reference: Profile,
    *,
    exclude: Collection[str] = (),
    fine: int = 0,
    progress: Progress | None = None,
) -> tuple[Profile, Readable]:
    """Profile files in a reference's bins, and say which of its columns they have as something else.

    Args:
        sources: the files.
        schema: what the reference has.
        reference: the profile that has the bins.
        exclude: columns to leave out.
        fine, progress: see `profile_files`.

    Raises:
        DataError: a file cannot be read.
    """
    columns = [column for column in schema.columns if column.name not in exclude]
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> tuple[Profile, Readable]:
            readable = find_misfits(con, sources, schema, columns)
            table = open_table(
                con, sources, readable.schema, readable.columns, steps=steps, found=readable.types
            )
            profile = profile_table(con, table, readable.columns, reference, fine, steps)
            others = readable.profiles(reference.columns, profile.rows)
            return replace(profile, columns=(*profile.columns, *others)), readable

        return patiently(con, work, progress, steps=3 + len(columns))
