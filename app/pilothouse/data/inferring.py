"""A schema taken from files: types that every row has, kinds by how many values there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from pilothouse.data.conversion import all_readable
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, as_file, identifier, is_csv, reading
from pilothouse.data.schema import Column, Schema, type_in_words
from pilothouse.data.spelling import KINDS, classes_in
from pilothouse.data.typed_reading import relation_sql
from pilothouse.data.types_found import file_types
from pilothouse.data.written_times import say_time

# An integer with at most this many values counts as a category, if each value comes up often enough.
FEW_VALUES = 10
ROWS_PER_VALUE = 20
# A text with more than this share of different values is no category but a name or an id.
MOSTLY_UNIQUE = 0.5
_MOMENTS = ("text", "timestamp", "date", "time", "empty")
"""What a column may be in files of which some write its moments as texts."""


def infer_schema(
    sources: Sequence[Source],
    con: duckdb.DuckDBPyConnection | None = None,
    *,
    found: Sequence[dict[str, str] | None] = (),
    target: str | None = None,
) -> Schema:
    """Take the schema from files: types from every row, kinds from how many values there are.

    Args:
        sources: the files.
        con: a connection to look into them with; one of its own by default.
        found: the types in each file, where they are known already.
        target: a column that files may spell differently, if it says yes or no (`spelling.py`).

    Raises:
        DataError: there are no files, one cannot be read, or two disagree on a column's type.
    """
    if not sources:
        raise DataError("There are no data files to take a schema from.")
    if con is None:
        with connect() as own:
            return infer_schema(sources, own, found=found, target=target)
    known = found or [None] * len(sources)
    per_file = [types or file_types(con, source) for source, types in zip(sources, known, strict=True)]
    names = list(dict.fromkeys(name for types in per_file for name in types))
    stored, per_file = per_file, _with_times(con, sources, per_file)
    types = {name: _type_of(con, name, sources, per_file, of_target=name == target) for name in names}
    classes = classes_in(con, target, types[target], sources, per_file) if target in names else ()
    whole = Schema(
        tuple(Column(name, types[name], "text", False, classes if name == target else ()) for name in names)
    )
    table = relation_sql(con, sources, whole, found=stored)
    asked = ["count(*)"]
    for name in names:
        column = identifier(name)
        asked += [f"count({column})", f"approx_count_distinct({column})"]
    with reading(*sources):
        rows, *figures = con.execute(f"SELECT {', '.join(asked)} FROM {table}").fetchall()[0]
    columns = []
    for index, name in enumerate(names):
        present, distinct = figures[2 * index], figures[2 * index + 1]
        if types[name] == "integer" and distinct <= 2 * FEW_VALUES:  # The count is approximate: ask again.
            with reading(*sources):
                distinct = con.execute(f"SELECT count(DISTINCT {identifier(name)}) FROM {table}").fetchall()[
                    0
                ][0]
        kind = _kind(types[name], present, distinct)
        columns.append(
            Column(name, types[name], kind, present == rows > 0, classes if name == target else ())
        )
    return Schema(tuple(columns))


def schema_read_as(source: Source, types: Mapping[str, str]) -> Schema:
    """Take the schema from one file, but with the types that some columns had before where they can be read
    as those.

    Raises:
        DataError: the file cannot be read.
    """
    with connect() as con:
        found = infer_schema([source], con)
        columns = []
        for column in found.columns:
            wanted = replace(column, type=types.get(column.name, column.type))
            if wanted != column and _can_be_read(con, source, wanted):
                column = wanted
            columns.append(column)
    return Schema(tuple(columns))


def _can_be_read(con: duckdb.DuckDBPyConnection, source: Source, column: Column) -> bool:
    try:
        relation_sql(con, [source], Schema((column,)))
    except DataError:
        return False
    return True


def _kind(type_: str, present: int, distinct: int) -> str:
    if type_ == "integer":
        few = distinct <= FEW_VALUES and (distinct <= 2 or present >= ROWS_PER_VALUE * distinct)
        return "category" if few and distinct > 0 else "numeric"
    if type_ == "text":
        return "text" if distinct > 2 * FEW_VALUES and distinct > MOSTLY_UNIQUE * present else "category"
    return {
        "number": "numeric",
        "boolean": "boolean",
        "timestamp": "time",
        "date": "time",
        "time": "time",
    }.get(type_, "text")


def _with_times(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], per_file: list[dict[str, str]]
) -> list[dict[str, str]]:
    """Call texts moments that are nothing else, in columns where every file has the one or the other."""
    texts = {name for types in per_file for name, type_ in types.items() if type_ == "text"}
    for source, types in zip(sources, per_file, strict=True):
        texts -= {name for name, type_ in types.items() if type_ not in _MOMENTS}
        texts -= {name for name, type_ in types.items() if type_ == "text" and is_csv(source)}
    said = []
    for source, types in zip(sources, per_file, strict=True):
        mine = [name for name, type_ in types.items() if name in texts and type_ == "text"]
        said.append({**types, **say_time(con, source, mine)})
    for name in texts:
        kinds = {types.get(name, "empty") for types in said} - {"empty"}
        if not (kinds <= {"timestamp", "date"} or kinds == {"time"}):
            said = [
                {**now, name: before[name]} if name in before else now
                for now, before in zip(said, per_file, strict=True)
            ]
    return said


def _type_of(
    con: duckdb.DuckDBPyConnection,
    name: str,
    sources: Sequence[Source],
    per_file: Sequence[dict[str, str]],
    *,
    of_target: bool,
) -> str:
    """Find the one type of a column. Where files disagree but all say yes or no, in whatever spelling, it is
    a truth value; or, of a target, whose classes have names, what most files have."""
    kinds = [types[name] for types in per_file if types.get(name, "empty") != "empty"]
    disagree = len(set(kinds)) > 1 and "boolean" in kinds
    if disagree and not of_target and _all_say_yes_or_no(con, name, sources, per_file):
        return "boolean"
    try:
        return _common_type(name, sources, per_file)
    except DataError:
        if not of_target or not _all_say_yes_or_no(con, name, sources, per_file):
            raise
        common = max(dict.fromkeys(kinds), key=kinds.count)
        return "integer" if common == "number" else common


def _all_say_yes_or_no(
    con: duckdb.DuckDBPyConnection, name: str, sources: Sequence[Source], per_file: Sequence[dict[str, str]]
) -> bool:
    asked = Column(name, "boolean", "boolean", False)
    files = [(source, types[name]) for source, types in zip(sources, per_file, strict=True) if name in types]
    kinds = {kind for _, kind in files} - {"empty"}
    return kinds <= KINDS and all(
        all_readable(con, source, asked, kind) for source, kind in files if kind != "empty"
    )


def _common_type(name: str, sources: Sequence[Source], per_file: Sequence[dict[str, str]]) -> str:
    """Find the one type that every file's column can be read as."""
    by_type: dict[str, list[Source]] = {}
    for source, types in zip(sources, per_file, strict=True):
        if types.get(name, "empty") != "empty":
            by_type.setdefault(types[name], []).append(source)
    found = set(by_type)
    if len(found) <= 1:
        return found.pop() if found else "empty"
    if found == {"integer", "number"}:
        return "number"
    if found == {"date", "timestamp"}:
        return "timestamp"
    # A CSV file does not say that 007 is text; if most files show that it is, all are read so.
    texts = by_type.get("text", [])
    others = [source for kind, files in by_type.items() if kind != "text" for source in files]
    if len(texts) >= len(others) and all(is_csv(source) for source in others):
        return "text"
    (rare, rare_files), (common, common_files) = sorted(by_type.items(), key=lambda pair: len(pair[1]))[
        :: len(found) - 1
    ]
    raise DataError(
        f"The column {name!r} is {type_in_words(rare)} in {as_file(rare_files[0]).name} "
        f"but {type_in_words(common)} in {as_file(common_files[0]).name}.",
        untouched="No file was changed.",
        next="Make the files agree, or take the one that differs out of the folder.",
    )
