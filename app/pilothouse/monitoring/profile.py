"""Profiles: what each column of a dataset looks like, as counts that add up over files.

The reference decides the bins once, as equal-frequency tenths or most frequent values; every later profile
counts into the same bins. All of it is computed by DuckDB in bounded memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import Source, as_file, identifier, reading, suffix_of
from pilothouse.data.schema import Column, Schema
from pilothouse.data.typed_reading import relation_sql
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.patience import Progress, Steps, patiently

MOST_LEVELS = 1000
"""Values of a category that a profile keeps by name; the rarer ones are counted together."""
EXACT_ROWS = 250_000
"""Up to so many rows quantiles are exact; beyond, they come from a sample of `SAMPLE_ROWS`."""
SAMPLE_ROWS = 100_000
FINE_BINS = 200
"""Fine bins of a number in a profile that is kept, for tests that need half a percent."""
MOST_VALUES = 1_000_000
"""Up to so many rows tests on values are exact."""
_MANY = 0.1
"""Of the values that are there, about: a column with fewer different ones is no id."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BEYOND = (math.inf,)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 10))


def profile_files(
    sources: Sequence[Source],
    schema: Schema,
    *,
    edges_from: Profile | None = None,
    exclude: Sequence[str] = (),
    fine: int = 0,
    keep: dict[str, Any] | None = None,
    ids: bool = False,
    progress: Progress | None = None,
) -> Profile:
    """Profile files as one dataset.

    Args:
        sources: at least one file.
        schema: the columns and what to read them as; one that a file lacks is missing there.
        edges_from: the reference whose bins to count into; bins of its own by default.
        exclude: columns to leave out.
        fine: into so many fine bins numbers are counted besides, for the tests that need more than tenths;
            with `edges_from`, any number means the reference's fine bins.
        keep: gets the finite values of numeric columns in order, unless there are more than `MOST_VALUES`.
        ids: count the different values of integers, too, by which ids are known.
        progress: called while it lasts; cancels by raising.

    Raises:
        DataError: a file cannot be read or does not fit the schema.
    """
    columns = [column for column in schema.columns if column.name not in exclude]
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> Profile:
            table = open_table(con, sources, schema, columns, steps=steps)
            profile = profile_table(con, table, columns, edges_from, fine, steps)
            if ids:
                profile = _with_distinct(con, table, profile)
            if keep is not None and profile.rows <= MOST_VALUES:
                for column in profile.columns:
                    if column.kind == "numeric":
                        keep[column.name] = finite_values(con, table, column.name)
            return profile

        return patiently(con, work, progress, steps=3 + len(columns))


def open_table(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    schema: Schema,
    columns: Sequence[Column],
    *,
    keep: bool = False,
    steps: Steps | None = None,
    found: Sequence[dict[str, str]] | None = None,
) -> str:
    """Return SQL for `FROM` that has the columns, each file parsed once.

    With `keep` the rows are a table, in the order of the files, with `rowid`. `found` are the types in each
    file, where it is known already that the columns can be read.
    """
    if steps:
        steps.next("opening")
    names = [column.name for column in columns]
    table = relation_sql(con, sources, schema, columns=names, found=found, checked=found is not None)
    if keep or any(suffix_of(as_file(source).name) != ".parquet" for source in sources):
        # Text is slow to parse: once, not once a column.
        con.execute(f"CREATE OR REPLACE TEMP TABLE parsed AS SELECT * FROM {table}").fetchall()
        return "parsed"
    return table


def finite_values(con: duckdb.DuckDBPyConnection, table: str, column: str) -> Any:
    """Return the finite values of a numeric column in order, as an array of floats."""
    value = f"CAST({identifier(column)} AS DOUBLE)"
    found = con.execute(f"SELECT {value} AS v FROM {table} WHERE isfinite({value}) ORDER BY 1").fetchnumpy()[
        "v"
    ]
    import numpy as np

    return np.asarray(found, dtype=float)


def profile_table(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    edges_from: Profile | None = None,
    fine: int = 0,
    steps: Steps | None = None,
) -> Profile:
    """Profile a relation that has the columns; see `profile_files`."""
    steps = steps or Steps()
    rows = int(_row(con, f"SELECT count(*) FROM {table}")[0])
    known = {column.name: column for column in edges_from.columns} if edges_from else {}
    kinds = {
        column.name: known[column.name].kind if column.name in known else column.kind for column in columns
    }
    numeric = [column for column in columns if kinds[column.name] == "numeric"]
    steps.next("numbers")
    done = {column.name: column for column in _numeric(con, table, numeric, rows, known, fine)}
    for column in columns:
        if kinds[column.name] in ("category", "boolean"):
            steps.next(column.name)
            done[column.name] = _category(
                con, table, column, kinds[column.name], rows, known.get(column.name)
            )
        elif column.name not in done:
            done[column.name] = _other_kind(con, table, column, kinds[column.name], rows)
    return Profile(rows, tuple(done[column.name] for column in columns))


def _row(con: duckdb.DuckDBPyConnection, sql: str, params: list[Any] | None = None) -> tuple[Any, ...]:
    found: tuple[Any, ...] = con.execute(sql, params or []).fetchall()[0]
    return found


def _numeric(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[Column],
    rows: int,
    known: dict[str, ColumnProfile],
    fine: int,
) -> list[ColumnProfile]:
    if not columns:
        return []
    values = [f"CAST({identifier(column.name)} AS DOUBLE)" for column in columns]
    edges = {name: profile.edges for name, profile in known.items()}
    quantiles: dict[str, tuple[float, ...]] = {}
    fresh = [
        (column, value) for column, value in zip(columns, values, strict=True) if column.name not in known
    ]
    fine_edges = {name: profile.fine_edges for name, profile in known.items() if fine}
    if fresh:
        inner = [at / fine for at in range(1, fine)]
        points = ", ".join(str(point) for point in (*_TENTHS, *QUANTILES, *inner))
        asked = ", ".join(
            f"quantile_disc({value}, [{points}]) FILTER (isfinite({value}))" for _, value in fresh
        )
        sample = f" USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (7)" if rows > EXACT_ROWS else ""
        for (column, _), found in zip(fresh, _row(con, f"SELECT {asked} FROM {table}{sample}"), strict=True):
            edges[column.name] = edges_of(found[: len(_TENTHS)]) if found else ()
            last = len(_TENTHS) + len(QUANTILES)
            quantiles[column.name] = tuple(found[len(_TENTHS) : last]) if found else ()
            if fine and found:
                fine_edges[column.name] = edges_of(found[last:])
    figures = "count({0}), min({0}), max({0}), avg({0}), stddev_samp({0}), histogram({0}, ?::DOUBLE[])"
    # An empty list has no bins to count into; then all present values are in the only one.
    params = [list(edges[column.name]) or [0.0] for column in columns]
    asked_of = [figures.format(value) for value in values]
    finely = [index for index, column in enumerate(columns) if fine_edges.get(column.name)]
    for index in finely:
        asked_of.append(f"histogram({values[index]}, ?::DOUBLE[]) FILTER (isfinite({values[index]}))")
        params.append(list(fine_edges[columns[index].name]))
    found = _row(con, f"SELECT {', '.join(asked_of)} FROM {table}", params)
    fine_bins = dict(zip(finely, found[6 * len(columns) :], strict=True))
    profiles = []
    for index, (column, value) in enumerate(zip(columns, values, strict=True)):
        present, *spread, bins = found[6 * index : 6 * index + 6]
        infinite = 0
        if present and not (math.isfinite(spread[0]) and math.isfinite(spread[1])):
            infinite, *spread = _finite_spread(con, table, value)
        mine = edges[column.name]
        counts = (
            tuple(int(bins.get(edge, 0)) for edge in (*mine, math.inf)) if mine and bins else (int(present),)
        )
        if mine and not bins:
            counts = (0,) * (len(mine) + 1)
        low, high, mean, std = spread
        finest = fine_edges.get(column.name, ()) if index in fine_bins else ()
        in_fine = fine_bins.get(index) or {}
        profiles.append(
            ColumnProfile(
                column.name, column.type, "numeric", rows, rows - present, infinite,
                low, high, _digits(mean), _digits(std), quantiles.get(column.name, ()), mine, counts,
                fine_edges=finest,
                fine_counts=tuple(int(in_fine.get(edge, 0)) for edge in (*finest, *_BEYOND[: len(finest)])),
            )
        )  # fmt: skip
    return profiles


def _with_distinct(con: duckdb.DuckDBPyConnection, table: str, profile: Profile) -> Profile:
    """Count the different values of numeric integers: exactly where there are many, else about."""
    present = {
        one.name: one.rows - one.missing
        for one in profile.columns
        if (one.type, one.kind) == ("integer", "numeric")
    }
    if not (names := list(present)):
        return profile
    about = ", ".join(f"approx_count_distinct({identifier(name)})" for name in names)
    distinct = dict(zip(names, map(int, _row(con, f"SELECT {about} FROM {table}")), strict=True))
    many = [name for name in names if distinct[name] > _MANY * present[name]]
    if many:
        exactly = ", ".join(f"count(DISTINCT {identifier(name)})" for name in many)
        distinct |= zip(many, map(int, _row(con, f"SELECT {exactly} FROM {table}")), strict=True)
    columns = (replace(one, distinct=distinct.get(one.name, one.distinct)) for one in profile.columns)
    return replace(profile, columns=tuple(columns))


def _finite_spread(con: duckdb.DuckDBPyConnection, table: str, value: str) -> tuple[Any, ...]:
    figures = ", ".join(
        f"{name}({value}) FILTER (isfinite({value}))" for name in ("min", "max", "avg", "stddev_samp")
    )
    return _row(con, f"SELECT count(*) FILTER (isinf({value})), {figures} FROM {table}")


def _digits(value: float | None) -> float | None:
    """Cut what depends on the order in which threads add; the same data must give the same profile."""
    return None if value is None else float(f"{value:.10g}")


def edges_of(tenths: Sequence[float]) -> tuple[float, ...]:
    """Turn the nine tenth-quantiles into upper edges of bins, in order and each once.

    A value that holds two tenths or more gets a bin of its own, or a rise of the share of dry hours, say,
    would stay hidden in the bin that zero shares with its neighbours.
    """
    edges: set[float] = set()
    for value in tenths:
        if list(tenths).count(value) > 1:
            edges.add(math.nextafter(value, -math.inf))
        edges.add(value)
    return tuple(sorted(edge for edge in edges if math.isfinite(edge)))


def _category(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: Column,
    kind: str,
    rows: int,
    known: ColumnProfile | None,
) -> ColumnProfile:
    level = f"CAST({identifier(column.name)} AS VARCHAR)"
    if column.type == "number":  # Whole numbers among others are the values that they are among their like.
        whole = f"TRY_CAST({identifier(column.name)} AS BIGINT)"
        level = (
            f"CASE WHEN {whole} = {identifier(column.name)} THEN CAST({whole} AS VARCHAR) ELSE {level} END"
        )
    grouped = (
        "WITH grouped AS MATERIALIZED ("
        f"SELECT {level} AS level, count(*) AS n FROM {table} "
        f"WHERE {identifier(column.name)} IS NOT NULL GROUP BY 1) "
    )
    if known is None:
        found = con.execute(
            grouped + ", told AS (SELECT count(*), sum(n), count(*) FILTER (n = 1) FROM grouped), "
            f"named AS (SELECT * FROM grouped ORDER BY n DESC, level LIMIT {MOST_LEVELS}) "
            "SELECT named.*, told.* FROM named, told ORDER BY n DESC, level"
        ).fetchall()
        distinct, present, singletons = found[0][2:] if found else (0, 0, 0)
        named = sum(row[1] for row in found)
        return ColumnProfile(
            column.name, column.type, kind, rows, rows - int(present),
            levels=tuple(row[0] for row in found), level_counts=tuple(row[1] for row in found),
            other=int(present) - named, distinct=distinct, singletons=singletons,
        )  # fmt: skip
    # Window functions over the groups would take minutes where there are a million values.
    # Where the reference did not keep every value by name, a value that it did not name may be old or new.
    complete = known.distinct <= len(known.levels)
    found = con.execute(
        grouped + ", named AS (SELECT unnest(?::VARCHAR[]) AS level), "
        "told AS MATERIALIZED (SELECT level, n, level IN (SELECT level FROM named) AS old FROM grouped), "
        "sums AS (SELECT sum(n), coalesce(sum(n) FILTER (NOT old), 0), count(*) FILTER (NOT old) FROM told), "
        f"first AS (SELECT * FROM told ORDER BY old DESC, n DESC, level LIMIT {len(known.levels) + 5}) "
        "SELECT first.*, sums.* FROM first, sums ORDER BY old DESC, n DESC, level",
        [list(known.levels)],
    ).fetchall()
    present, beyond, distinct = found[0][3:] if found else (0, 0, 0)
    counts = {row[0]: int(row[1]) for row in found if row[2]}
    return ColumnProfile(
        column.name, column.type, kind, rows, rows - int(present),
        levels=known.levels, level_counts=tuple(counts.get(level, 0) for level in known.levels),
        other=0 if complete else int(beyond), unseen=int(beyond) if complete else 0,
        unseen_levels=tuple(row[0] for row in found if not row[2])[:5] if complete else (),
        distinct=distinct if complete else 0,
    )  # fmt: skip


def _other_kind(
    con: duckdb.DuckDBPyConnection, table: str, column: Column, kind: str, rows: int
) -> ColumnProfile:
    name = identifier(column.name)
    ends = f"CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR)" if kind == "time" else "NULL, NULL"
    present, low, high = _row(con, f"SELECT count({name}), {ends} FROM {table}")
    return ColumnProfile(column.name, column.type, kind, rows, rows - present, min=low, max=high)
