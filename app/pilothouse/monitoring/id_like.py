"""Integers that name rows: they rise or are dealt out anew, so that they always "move" and say nothing of it.

Texts of that sort are no features anyway (`data/schema.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from pilothouse.data.engine import connect
from pilothouse.data.inferring import MOSTLY_UNIQUE
from pilothouse.data.reading import Source, identifier, reading
from pilothouse.data.typed_reading import relation_sql
from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.misfits import find_misfits
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.reference import Reference

ID_WORDS = {"id", "ids", "key", "uuid", "guid", "index", "rowid"}
LEAST_ROWS = 30
"""In fewer rows any integer may be unique by chance."""
REPEATS = 10
"""n values drawn from a range of R repeat about n^2 / 2R times; where ten were due, none is no chance."""


def id_like(
    reference: Reference,
    sources: Sequence[Source],
    spared: Collection[str | None] = (),
    progress: Progress | None = None,
) -> list[str]:
    """Return the columns that look like ids on both sides.

    A column named like an id needs mostly different values; any other must never repeat where numbers drawn
    by chance would have.

    Args:
        reference: what is compared with; only its columns count. Its files are read where its profile does
            not say how many different values there are.
        sources: the current files.
        spared: columns that are not looked at.
        progress: called while it lasts; cancels by raising.

    Raises:
        DataError: a file cannot be read.
    """
    asked = [
        column
        for column in reference.profile.columns
        if column.type == "integer" and column.kind == "numeric" and column.name not in spared
    ]
    names = [column.name for column in asked if not column.distinct or _was_id(column)]
    if names:
        names = _unique(reference, sources, names, part_of(progress, 0, 0.5, ""))
    # A profile that does not say how many different values there are is of another make.
    unsaid = [column.name for column in asked if not column.distinct and column.name in names]
    if unsaid and reference.sources:
        part = part_of(progress, 0.5, 1, "in the reference")
        ids = _unique(reference, reference.sources, unsaid, part)
        names = [name for name in names if name in ids or name not in unsaid]
    return names


def _was_id(column: ColumnProfile) -> bool:
    ends = (column.min, column.max)
    low, high = (float(end) if isinstance(end, int | float) else 0.0 for end in ends)
    return _looks_like_id(column.name, column.rows - column.missing, column.distinct, high - low)


def _unique(
    reference: Reference, sources: Sequence[Source], names: list[str], progress: Progress | None
) -> list[str]:
    asked_for = [column for column in reference.schema.columns if column.name in names]
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> tuple[list[str], tuple[Any, ...]]:
            steps.next("looking for ids")
            readable = find_misfits(con, sources, reference.schema, asked_for)
            whole = [column.name for column in readable.columns if column.type == "integer"]
            asked = ", ".join(
                f"count({name}), count(DISTINCT {name}), "
                f"CAST(max({name}) AS DOUBLE) - CAST(min({name}) AS DOUBLE)"
                for name in map(identifier, whole)
            )
            if not whole:
                return [], ()
            table = relation_sql(con, sources, reference.schema, columns=whole, found=readable.types)
            return whole, con.execute(f"SELECT {asked} FROM {table}").fetchall()[0]

        names, row = patiently(con, work, progress)
    return [
        name
        for at, name in enumerate(names)
        if _looks_like_id(name, int(row[3 * at]), int(row[3 * at + 1]), float(row[3 * at + 2] or 0.0))
    ]


def _looks_like_id(name: str, present: int, distinct: int, width: float) -> bool:
    if present < LEAST_ROWS:
        return False
    words = re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    if {words[0], words[-1]} & ID_WORDS:
        return distinct > MOSTLY_UNIQUE * present
    return distinct == present and present * present >= 2 * REPEATS * (width + 1)
