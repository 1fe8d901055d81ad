"""Data compared in chunks: by time, by so many rows, or by file.

Each chunk is judged by its own rows alone, so a small one that is left over makes no threshold lower or
higher for the others. Chunks that are judged together share the level of one question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, as_file, identifier, reading
from pilothouse.data.schema import Column
from pilothouse.errors import UsageError
from pilothouse.monitoring.filedrift import (
    Wishes,
    compare_table,
    compared_columns,
    refuse_all,
    strangers,
    untold,
)
from pilothouse.monitoring.misfits import find_misfits
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.profile import open_table
from pilothouse.monitoring.reference import Reference
from pilothouse.monitoring.reports import DriftReport

PERIODS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
"""How a period of time is written, everywhere; weeks are ISO's, which begin on Mondays."""
FEW_ROWS = 30
MOST_CHUNKS = 2000


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part of the data: its name, its report, and what to know about it (a left-over, few rows)."""

    label: str
    report: DriftReport
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    label: str
    rows: int
    where: str
    note: str = ""


def compare_chunks(
    reference: Reference,
    sources: Sequence[Source],
    by: str,
    wishes: Wishes,
    *,
    time: str | None = None,
    progress: Progress | None = None,
) -> tuple[list[Chunk], list[str]]:
    """Compare files with a reference, chunk by chunk.

    Args:
        reference: what to compare with.
        sources: the files.
        by: "day", "week" or "month" (of `time`), "file", or a number of rows.
        wishes: how to compare.
        time: the column with the moment; the only one of its kind by default.
        progress: called while it lasts; cancels by raising.

    Returns:
        The chunks, in order, and sentences about them all.

    Raises:
        DataError: a file cannot be read, or there are no rows.
        UsageError: `by` is none of these, or there is no column with a moment.
    """
    rows = _rows_of(by)
    if by == "file":
        return _by_file(reference, sources, wishes, progress)
    columns = compared_columns(reference, wishes)
    moment = _time_column(reference, time) if rows is None else ""
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> tuple[list[Chunk], list[str]]:
            opened = [one for one in reference.schema.columns if one in columns or one.name == moment]
            found = find_misfits(con, sources, reference.schema, opened)
            if moment in found.said:
                raise DataError(found.said[moment], next="Cut by another column, or by a number of rows.")
            compared = {column.name for column in columns}
            readable = replace(found, columns=tuple(one for one in found.columns if one.name in compared))
            refuse_all(readable)
            notes = [*strangers(reference, readable, wishes), *untold(reference, readable, wishes)]
            table = open_table(
                con, sources, found.schema, found.columns, keep=True, steps=steps, found=found.types
            )
            parts = _by_rows(con, table, rows) if rows else _by_time(con, table, moment, by)
            if rows:
                notes.extend(_sorted_by(con, table, readable.columns))
            chunks = []
            for at, part in enumerate(parts):
                steps.what = f"{part.label} ({at + 1} of {len(parts)})"
                chosen = f"(SELECT * FROM {table} WHERE {part.where})"
                report = compare_table(con, reference, chosen, readable, wishes, among=len(parts))
                chunks.append(Chunk(part.label, report, part.note))
            return chunks, notes

        return patiently(con, work, progress, steps=2)


def _rows_of(by: str) -> int | None:
    if by in PERIODS or by == "file":
        return None
    digits = by.replace("_", "").replace(",", "")
    written = len(by) < 20 and digits.isdecimal() and by[0].isdecimal() and by[-1].isdecimal()
    if written and int(digits) > 0:
        return int(digits)
    raise UsageError(
        f"{by[:40]!r} is no way to cut data into chunks.",
        next="Use day, week, month, file, or a number of rows.",
    )


def _time_column(reference: Reference, named: str | None) -> str:
    times = [column.name for column in reference.schema.columns if column.kind == "time"]
    if named is not None and named not in times:
        raise UsageError(
            f"The column {named!r} has no moments to cut by.",
            next=f"These have: {', '.join(times) or 'none'}.",
        )
    if named is None and len(times) != 1:
        raise UsageError(
            "Several columns have moments." if times else "No column has moments to cut by.",
            next=f"Name one with --time: {', '.join(times)}."
            if times
            else "Use --chunk with a number of rows.",
        )
    return named or times[0]


def _by_time(con: duckdb.DuckDBPyConnection, table: str, column: str, by: str) -> list[_Part]:
    period = f"strftime(date_trunc('{by}', {identifier(column)}), '{PERIODS[by]}')"
    found = con.execute(f"SELECT {period}, count(*) FROM {table} GROUP BY 1 ORDER BY 1 NULLS LAST").fetchall()
    _refuse_many(len(found))
    parts = []
    for label, rows in found:
        where = f"{period} IS NULL" if label is None else f"{period} = '{label}'"
        note = "without a moment" if label is None else "few rows" if rows < FEW_ROWS else ""
        parts.append(_Part(label or "(no moment)", int(rows), where, note))
    return _some(parts)


def _by_rows(con: duckdb.DuckDBPyConnection, table: str, size: int) -> list[_Part]:
    total = int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    count, left = divmod(total, size)
    if not total:
        return _some([])
    _refuse_many(count)
    # A small left-over joins the chunk before it; a larger one stands alone and is marked.
    alone = left and (2 * left >= size or count == 0)
    ends = [size * (at + 1) for at in range(count)] + ([total] if alone else [])
    notes = [""] * count + (["left over"] if alone else [])
    if left and not alone:
        ends[-1], notes[-1] = total, f"with {left:,} rows left over"
    begins = [0, *ends[:-1]]
    return _some(
        [
            _Part(f"rows {begin + 1:,} to {end:,}", end - begin, f"rowid >= {begin} AND rowid < {end}", note)
            for begin, end, note in zip(begins, ends, notes, strict=True)
        ]
    )


def _refuse_many(count: int) -> None:
    if count > MOST_CHUNKS:
        raise UsageError(
            f"That would be {count:,} chunks.", next=f"At most {MOST_CHUNKS:,} are compared: cut larger."
        )


def _some(parts: list[_Part]) -> list[_Part]:
    if not parts:
        raise DataError("The files have no rows: there is nothing to compare.")
    return parts


def _sorted_by(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]) -> list[str]:
    """Warn of columns that the rows are sorted or grouped by: chunks differ by that, without drift."""
    known = [column for column in columns if column.kind in ("numeric", "category", "boolean")]
    if not known:
        return []
    inner, counts = [], []
    for at, column in enumerate(known):
        name = identifier(column.name)
        inner.append(f"{name} AS v{at}, lag({name}) OVER (ORDER BY rowid) AS w{at}")
        distinct = f"count(DISTINCT v{at})" if column.kind != "numeric" else "0"
        counts.append(f"count(*) FILTER (v{at} < w{at}), count(*) FILTER (v{at} > w{at}), {distinct}")
    found: tuple[Any, ...] = con.execute(
        f"SELECT {', '.join(counts)} FROM (SELECT {', '.join(inner)} FROM {table})"
    ).fetchall()[0]
    names = []
    for column, falls, rises, distinct in zip(known, found[::3], found[1::3], found[2::3], strict=True):
        in_order = (falls == 0) != (rises == 0)
        in_groups = distinct > 1 and falls + rises < distinct
        if in_order or in_groups:
            names.append(column.name)
    if not names:
        return []
    shown = ", ".join(repr(name) for name in names[:5])
    return [
        f"The rows are sorted by {shown}: chunks of rows differ by that order, whether or not anything "
        "drifted. "
        "Chunk by time instead (--chunk day, week or month)."
    ]


def _by_file(
    reference: Reference, sources: Sequence[Source], wishes: Wishes, progress: Progress | None
) -> tuple[list[Chunk], list[str]]:
    from pilothouse.monitoring.filedrift import compare_files

    chunks = []
    for at, source in enumerate(sources):
        name = as_file(source).name
        part = part_of(progress, at / len(sources), (at + 1) / len(sources), name)
        report = compare_files(reference, [source], wishes, part, among=len(sources))
        note = "few rows" if report.n_current < FEW_ROWS else ""
        chunks.append(
            Chunk(name, replace(report, notes=()), "; ".join([*report.notes, *([note] if note else [])]))
        )
    return chunks, []
