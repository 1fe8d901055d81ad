"""What each column of some files holds, for a person to read: counts, extremes, quantiles, shape, top values.

It differs from a profile (`profile.py`) in what it is for: a profile's bins are made for comparing, with as
many rows in each; here they are of equal width, so that a shape can be seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import Source, identifier, reading
from pilothouse.data.schema import Column, Schema
from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.patience import Progress, Steps, patiently
from pilothouse.monitoring.profile import open_table, profile_table

BARS = 12
"""Bars of a histogram."""
TOP = 10
"""Most frequent values that are named."""
LONGEST = 80
"""Characters of a text that are kept."""
EXACT_DISTINCT = 1_000_000
"""Up to so many rows different values are counted exactly; beyond, with an error of about two percent."""


@dataclass(frozen=True, slots=True)
class Description:
    """One column.

    Attributes:
        name, type, kind: as in the schema.
        rows, missing, infinite: counts; NaN is missing.
        distinct: different values, missing apart; `approximate` says that it is not exact.
        min, max: numbers for numbers, else texts (ISO for times, cut for long texts); None without values.
        mean, std: of finite numbers.
        quantiles: of numbers, at 5, 25, 50, 75 and 95%; empty for others.
        edges, counts: a histogram of numbers or times (seconds since 1970, or since midnight): bar i lies
            between edges[i] and edges[i + 1]. The outer bars hold what lies beyond, so that one wild value
            does not flatten the rest.
        top: most frequent values of a category with their counts.
    """

    name: str
    type: str
    kind: str
    rows: int
    missing: int
    infinite: int = 0
    distinct: int = 0
    approximate: bool = False
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing


def describe_files(
    sources: Sequence[Source], schema: Schema, progress: Progress | None = None
) -> tuple[Description, ...]:
    """Describe every column of files taken as one dataset, in bounded memory.

    Raises:
        DataError: a file cannot be read or does not fit the schema.
    """
    columns = list(schema.columns)
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> tuple[Description, ...]:
            table = open_table(con, sources, schema, columns, steps=steps)
            profiles = profile_table(con, table, columns, steps=steps).columns
            steps.next("shapes")
            return _described(con, table, columns, profiles)

        return patiently(con, work, progress, steps=4 + len(columns))


def _described(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], profiles: Sequence[ColumnProfile]
) -> tuple[Description, ...]:
    asked: list[str] = []
    params: list[Any] = []
    edges = _edges(con, table, columns, profiles)
    for column, profile in zip(columns, profiles, strict=True):
        name = identifier(column.name)
        exactly = profile.rows <= EXACT_DISTINCT
        counted = bool(profile.levels) or profile.missing == profile.rows
        distinct = f"count(DISTINCT {name})" if exactly else f"approx_count_distinct({name})"
        ends = column.kind == "text" and column.type != "empty"
        asked += [
            "0" if counted else distinct,
            *(
                f"left({end}(CAST({name} AS VARCHAR)), {LONGEST})" if ends else "NULL"
                for end in ("min", "max")
            ),
        ]
        if marks := edges.get(column.name):
            value = _number(column)
            asked.append(f"histogram({value}, ?::DOUBLE[]) FILTER (isfinite({value}))")
            # The last bar has no upper edge of its own: it takes all that is above.
            params.append(list(marks[1:-1]))
        else:
            asked.append("NULL")
    figures = con.execute(f"SELECT {', '.join(asked)} FROM {table}", params).fetchall()[0] if asked else ()
    return tuple(
        _one(column, profile, figures[4 * at : 4 * at + 4], edges.get(column.name, ()))
        for at, (column, profile) in enumerate(zip(columns, profiles, strict=True))
    )


def _one(
    column: Column, profile: ColumnProfile, figures: Sequence[Any], edges: tuple[float, ...]
) -> Description:
    distinct, first, last, bars = figures
    counts: tuple[int, ...] = ()
    if edges:
        found = bars or {}
        counts = tuple(int(found.get(edge, 0)) for edge in (*edges[1:-1], math.inf))
    top = tuple(zip(profile.levels[:TOP], profile.level_counts[:TOP], strict=True))
    return Description(
        column.name,
        column.type,
        column.kind,
        profile.rows,
        profile.missing,
        profile.infinite,
        distinct=profile.distinct or int(distinct),
        approximate=not profile.levels and profile.rows > EXACT_DISTINCT,
        min=first if first is not None else profile.min,
        max=last if last is not None else profile.max,
        mean=profile.mean,
        std=profile.std,
        quantiles=profile.quantiles,
        edges=edges,
        counts=counts,
        top=tuple((level[:LONGEST], int(count)) for level, count in top),
    )


def _number(column: Column) -> str:
    name = identifier(column.name)
    return f"CAST(epoch({name}) AS DOUBLE)" if column.kind == "time" else f"CAST({name} AS DOUBLE)"


def _edges(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], profiles: Sequence[ColumnProfile]
) -> dict[str, tuple[float, ...]]:
    """Choose the histograms' edges: of times from end to end, of numbers from where most of them lie."""
    times = [column for column in columns if column.kind == "time"]
    ends: dict[str, tuple[float | None, float | None]] = {}
    if times:
        asked = ", ".join(f"min({_number(column)}), max({_number(column)})" for column in times)
        found = con.execute(f"SELECT {asked} FROM {table}").fetchall()[0]
        ends = {column.name: found[2 * at : 2 * at + 2] for at, column in enumerate(times)}
    for profile in profiles:
        if profile.kind == "numeric" and profile.quantiles:
            least, *_, most = profile.quantiles
            reach = most - least
            low, high = (float(end) for end in (profile.min or 0.0, profile.max or 0.0))
            ends[profile.name] = (max(low, least - reach), min(high, most + reach))
    return {
        name: _between(low, high)
        for name, (low, high) in ends.items()
        if low is not None and high is not None
    }


def _between(low: float, high: float) -> tuple[float, ...]:
    width = (high - low) / BARS
    if not math.isfinite(width) or width <= 0 or low + width == low:
        return (low, high)
    return (*(low + at * width for at in range(BARS)), high)
