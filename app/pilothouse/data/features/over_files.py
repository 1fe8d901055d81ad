"""What feature views make of data files: the same SQL as for a request, over all rows at once.

DuckDB does it in bounded memory and without pandas, and leaves a Parquet file of what was made. A view that
fails takes nothing from the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pilothouse.data.features.computing import GIVEN, cast_sql, read_table, rows_sql
from pilothouse.data.features.definition import FeatureColumn, FeatureDefinition
from pilothouse.data.features.views import ROW_NUMBER, FeatureError, FeatureView, parse_view
from pilothouse.data.reading import DataError, Source, first_sentence, identifier, literal, reading
from pilothouse.data.schema import Schema
from pilothouse.data.typed_reading import relation_sql


@dataclass(frozen=True, slots=True)
class MadeFile:
    """What the views made: the columns of the Parquet file, for each view that failed a sentence why, and how
    many rows there are.

    There is a file where there is any column.
    """

    columns: tuple[FeatureColumn, ...]
    troubles: dict[str, str]
    rows: int


def make_over_files(
    con: duckdb.DuckDBPyConnection,
    definition: FeatureDefinition,
    tables: Mapping[str, Source],
    sources: Sequence[Source],
    schema: Schema,
    path: Path,
    *,
    without: Collection[str] = (),
) -> MadeFile:
    """Run the views over the rows of files, as one dataset.

    Args:
        con: a database of its own; from then on it reads no file but those in the folder of `path`.
        definition: the views.
        tables: where their slowly changing tables lie.
        sources: at least one file.
        schema: what its columns are read as; one that a file lacks is missing there.
        path: the Parquet file to write, in a folder of its own.
        without: columns that cannot be read as the schema says; views that need them are not run.

    Raises:
        DataError: a file cannot be read.
    """
    troubles: dict[str, str] = {}
    unread = {
        name: why for name in definition.tables if (why := _trouble_of_table(con, definition, name, tables))
    }
    lost = dict.fromkeys(without, "it is no longer what the version learned from.")
    inputs = [one for one in definition.inputs if one.name not in lost]
    try:
        rows = _give(con, inputs, sources, schema)
    except DataError:
        lost |= _misfits(con, inputs, sources, schema)
        readable = [one for one in inputs if one.name not in lost]
        if readable == inputs:
            raise
        rows = _give(con, inputs := readable, sources, schema)
    # A view reads its rows and tables; files, other databases and settings are shut.
    con.execute(f"SET allowed_directories = [{literal(str(path.parent.absolute()))}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    made: list[tuple[str, list[FeatureColumn]]] = []
    for number, view in enumerate(definition.views):
        columns = [column for column in definition.outputs if column.view == view.name]
        try:
            _run(con, definition, view, f"__made_{number}", columns, rows, unread, lost)
        except FeatureError as error:
            troubles[view.name] = error.what
        else:
            made.append((f"__made_{number}", columns))
    if made:
        picked = ", ".join(identifier(column.name) for _, columns in made for column in columns)
        joined = f" JOIN {{}} USING ({ROW_NUMBER})"
        tables_sql = made[0][0] + "".join(joined.format(name) for name, _ in made[1:])
        con.execute(f"COPY (SELECT {picked} FROM {tables_sql}) TO {literal(str(path))} (FORMAT parquet)")
    return MadeFile(tuple(column for _, columns in made for column in columns), troubles, rows)


def _misfits(
    con: duckdb.DuckDBPyConnection, inputs: Sequence[FeatureColumn], sources: Sequence[Source], schema: Schema
) -> dict[str, str]:
    """Return the columns that cannot be read as the schema says, and why."""
    found = {}
    for one in inputs:
        try:
            relation_sql(con, sources, schema, columns=[one.name])
        except DataError as error:
            found[one.name] = error.what
    return found


def _trouble_of_table(
    con: duckdb.DuckDBPyConnection, definition: FeatureDefinition, name: str, tables: Mapping[str, Source]
) -> str:
    try:
        read_table(con, name, definition.tables[name], tables)
    except (FeatureError, DataError) as error:
        return error.what
    return ""


def _give(
    con: duckdb.DuckDBPyConnection, inputs: Sequence[FeatureColumn], sources: Sequence[Source], schema: Schema
) -> int:
    """Make the rows that views read; return how many there are."""
    # Views that read no column still make one row for each.
    wanted = [column.name for column in inputs] or schema.names()[:1]
    picked = "".join(f"{_finite(column)} AS {identifier(column.name)}, " for column in inputs)
    with reading(*sources):
        table = relation_sql(con, sources, schema, columns=wanted)
        con.execute(
            f"CREATE TEMP TABLE {GIVEN} AS "
            f"SELECT {picked}row_number() OVER () - 1 AS {ROW_NUMBER} FROM {table}"
        )
    con.execute(rows_sql(inputs))
    return int(con.execute(f"SELECT count(*) FROM {GIVEN}").fetchall()[0][0])


def _finite(column: FeatureColumn) -> str:
    # No request can hold an infinite number, so in training it counts as missing.
    value = cast_sql(column)
    return f"CASE WHEN isinf({value}) THEN NULL ELSE {value} END" if column.type == "double" else value


def _run(
    con: duckdb.DuckDBPyConnection,
    definition: FeatureDefinition,
    view: FeatureView,
    name: str,
    columns: Sequence[FeatureColumn],
    rows: int,
    unread: Mapping[str, str],
    lost: Mapping[str, str],
) -> None:
    known = [column.name for column in definition.inputs]
    parsed = parse_view(con, view, columns=known, target="", tables=list(definition.tables))
    if name_of := next((one for one in parsed.columns if one in lost), None):
        raise FeatureError(f"It reads the column {name_of!r}: {lost[name_of]}")
    if why := next((unread[one] for one in parsed.tables if one in unread), None):
        raise FeatureError(why)
    picked = ", ".join(f"{cast_sql(column)} AS {identifier(column.name)}" for column in columns)
    try:
        con.execute(f"CREATE TEMP TABLE {name} AS SELECT {ROW_NUMBER}, {picked} FROM ({parsed.sql})")
        found = con.execute(f"SELECT count(*), count(DISTINCT {ROW_NUMBER}) FROM {name}").fetchall()[0]
        if found == (rows, rows):
            return
        none, twice = (con.execute(sql).fetchall()[0][0] for sql in _miscounted(name))
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise FeatureError(first_sentence(error).removeprefix("Binder Error: ")) from None
    raise FeatureError(
        f"It gives nothing for row {none + 1}."
        if none is not None
        else f"It gives several rows for row {twice + 1}."
    )


def _miscounted(name: str) -> tuple[str, str]:
    """Return SQL for the first row without an answer, and for the first with several."""
    return (
        f"SELECT min({ROW_NUMBER}) FROM {GIVEN} WHERE {ROW_NUMBER} NOT IN (SELECT {ROW_NUMBER} FROM {name})",
        f"SELECT min({ROW_NUMBER}) FROM (SELECT {ROW_NUMBER} FROM {name} GROUP BY 1 HAVING count(*) > 1)",
    )
