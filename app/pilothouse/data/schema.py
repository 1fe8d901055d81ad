"""What the columns of a dataset must look like, and files read as exactly that.

Two words for each column. Its *type* is how values are stored: integer, number, boolean, text, timestamp,
date, time, other, or empty (a text format held no value at all). Its *kind* is what it means to a model:
numeric, category, boolean, time, or text (no feature: mostly unique, nested or empty).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import duckdb

from pilothouse.data.reading import (
    DataError,
    Source,
    as_file,
    connect,
    describe,
    identifier,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.spelling import KINDS, class_sql, classes_in, spelled, strangers
from pilothouse.data.written_times import may_say_time, say_time, time_sql

# An integer with at most this many values counts as a category, if each value comes up often enough.
FEW_VALUES = 10
ROWS_PER_VALUE = 20
# A text with more than this share of different values is no category but a name or an id.
MOSTLY_UNIQUE = 0.5

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_NUMBERS = {"FLOAT", "DOUBLE", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}
_SQL = {
    "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR",
    "timestamp": "TIMESTAMP", "date": "DATE", "time": "TIME", "other": "VARCHAR", "empty": "VARCHAR",
}  # fmt: skip
# Which types of a file may stand where the schema has another; integer takes number if all are whole.
_ACCEPTED = {
    "number": {"integer"}, "integer": {"number"}, "timestamp": {"date"}, "other": {"text"},
    "empty": set(_SQL),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `required` means that no value was missing where the schema was taken from.

    `classes` are those of a target that says yes or no, as texts, "no" first: it is read in any spelling.
    """

    name: str
    type: str
    kind: str
    required: bool
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a dataset, in their order."""

    columns: tuple[Column, ...]

    def names(self) -> list[str]:
        """Return the columns' names, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> str:
        """Return the schema as JSON text."""
        return json.dumps({"columns": [asdict(column) for column in self.columns]})

    @staticmethod
    def from_json(text: str) -> Schema:
        """Read what `to_json` wrote."""
        found = json.loads(text)["columns"]
        return Schema(tuple(Column(**{**one, "classes": tuple(one.get("classes", ()))}) for one in found))


def type_of(duckdb_type: str) -> str:
    """Translate a type of DuckDB into one of ours."""
    base = duckdb_type.split("(")[0].strip('"')
    if base in _INTEGERS:
        return "integer"
    if base in _NUMBERS or base == "DECIMAL":
        return "number" if not base.endswith("]") else "other"
    if base == "BOOLEAN":
        return "boolean"
    if base in ("VARCHAR", "ENUM", "UUID") and not duckdb_type.endswith("]"):
        return "text"
    if base == "NULL":
        return "empty"
    simple = {"DATE": "date", "TIME": "time"}
    return "timestamp" if base.startswith("TIMESTAMP") and "[" not in base else simple.get(base, "other")


def file_types(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Return our type of each column of one file; a column of a text format with no value at all is "empty".

    Raises:
        DataError: the file cannot be read.
    """
    types = {name: type_of(kind) for name, kind in describe(con, source).items()}
    # A column of JSON lines that holds no value at all is of the type JSON.
    texts = [name for name, kind in types.items() if kind in ("text", "other")]
    if texts and suffix_of(as_file(source).name) != ".parquet":
        counts = ", ".join(f"count({identifier(name)})" for name in texts)
        with reading(source):
            row = con.execute(f"SELECT {counts} FROM {scan_sql(source)}").fetchall()[0]
        types.update({name: "empty" for name, count in zip(texts, row, strict=True) if count == 0})
    return types


def fits(expected: str, found: str) -> bool:
    """Say whether a file's column of type `found` may stand where the schema has `expected`."""
    return found in (expected, "empty") or found in _ACCEPTED.get(expected, set())


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
    types = {name: _common_type(name, sources, per_file) for name in names if name != target}
    if target in names:
        types[target] = _type_of_target(con, target, sources, per_file)
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
    """Call texts timestamps that are nothing else, in columns where every file has the one or the other."""
    texts = {name for types in per_file for name, type_ in types.items() if type_ == "text"}
    for name in list(texts):
        if not {types.get(name, "empty") for types in per_file} <= {"text", "timestamp", "date", "empty"}:
            texts.discard(name)
    said = []
    for source, types in zip(sources, per_file, strict=True):
        mine = [name for name in types if name in texts and types[name] == "text"]
        said.append(set(say_time(con, source, mine)))
        texts -= set(mine) - said[-1]
    return [
        {name: "timestamp" if name in texts & times else type_ for name, type_ in types.items()}
        for types, times in zip(per_file, said, strict=True)
    ]


def _type_of_target(
    con: duckdb.DuckDBPyConnection, name: str, sources: Sequence[Source], per_file: Sequence[dict[str, str]]
) -> str:
    """Find the one type of a target: that of most files, if all say yes or no, whatever the spelling."""
    try:
        return _common_type(name, sources, per_file)
    except DataError:
        kinds = [types[name] for types in per_file if types.get(name, "empty") != "empty"]
        if not set(kinds) <= KINDS:
            raise
        asked = Column(name, "boolean", "boolean", False, ("false", "true"))
        if any(strangers(con, source, asked) for source, types in zip(sources, per_file, strict=True)
               if name in types):  # fmt: skip
            raise
        common = max(dict.fromkeys(kinds), key=kinds.count)
        return "integer" if common == "number" else common


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
    if len(texts) >= len(others) and all(
        suffix_of(as_file(source).name) in (".csv", ".csv.gz") for source in others
    ):
        return "text"
    (rare, rare_files), (common, common_files) = sorted(by_type.items(), key=lambda pair: len(pair[1]))[
        :: len(found) - 1
    ]
    raise DataError(
        f"The column {name!r} is {_A[rare]} in {as_file(rare_files[0]).name} "
        f"but {_A[common]} in {as_file(common_files[0]).name}.",
        untouched="No file was changed.",
        next="Make the files agree, or take the one that differs out of the folder.",
    )


_A = {
    "integer": "an integer", "number": "a number", "boolean": "a truth value", "text": "text",
    "timestamp": "a timestamp", "date": "a date", "time": "a time of day",
    "other": "nested", "empty": "empty",
}  # fmt: skip


def sql_type(type_: str) -> str:
    """Return the type of DuckDB that a type of ours is read as."""
    return _SQL[type_]


def relation_sql(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    schema: Schema,
    *,
    columns: Sequence[str] | None = None,
    found: Sequence[dict[str, str]] | None = None,
) -> str:
    """Return SQL for `FROM` that reads files as one table with exactly the schema's columns and types.

    A column that a file lacks is missing in its rows; NaN is missing too. Columns that the schema does not
    have are left out.

    Args:
        con: a connection to look into the files with.
        sources: at least one file.
        schema: what to read as.
        columns: which of the schema's columns; all by default.
        found: the types in each file where they are known already.

    Raises:
        DataError: a file cannot be read, or a column in it does not fit the schema's type.
    """
    wanted = [column for column in schema.columns if columns is None or column.name in columns]
    parts = []
    for index, source in enumerate(sources):
        types = found[index] if found else file_types(con, source)
        # Text must not be inferred to be something else: 007 stays 007.
        forced = {
            column.name: "VARCHAR" for column in wanted if column.type == "text" and column.name in types
        }
        is_csv = (suffix_of(as_file(source).name) or "").startswith(".csv")
        picked = []
        for column in wanted:
            kind = "text" if is_csv and column.name in forced else types.get(column.name, "empty")
            if spelled(column, kind):
                if column.type != "text" and strangers(con, source, column):
                    raise misfit(con, source, column, kind)
                read = class_sql(identifier(column.name), column.classes, column.type)
                picked.append(f"CAST({read} AS {_SQL[column.type]}) AS {identifier(column.name)}")
                continue
            if may_say_time(source, column.type, kind):
                if not say_time(con, source, [column.name]):
                    raise misfit(con, source, column, kind)
                picked.append(f"{time_sql(identifier(column.name))} AS {identifier(column.name)}")
                continue
            if not fits(column.type, kind):
                raise misfit(con, source, column, kind)
            if (column.type, kind) == ("integer", "number") and not _all_whole(con, source, column):
                raise misfit(con, source, column, kind)
            picked.append(
                f"{_cast(column, kind if column.name in types else None)} AS {identifier(column.name)}"
            )
        parts.append(f"SELECT {', '.join(picked)} FROM {scan_sql(source, forced if is_csv else None)}")
    return f"({' UNION ALL '.join(parts)})"


def _all_whole(con: duckdb.DuckDBPyConnection, source: Source, column: Column) -> bool:
    """Say whether numbers may be read as integers: pandas writes integers as 1.0 where some are missing."""
    number = f"{identifier(column.name)}::DOUBLE"
    with reading(source):
        rows = con.execute(
            f"SELECT count(*) FROM {scan_sql(source)} "
            f"WHERE NOT isnan({number}) AND (isinf({number}) OR {number} <> trunc({number}))"
        ).fetchall()
    return bool(rows[0][0] == 0)


def _cast(column: Column, found: str | None) -> str:
    target = _SQL[column.type]
    if found is None:
        return f"CAST(NULL AS {target})"
    value = identifier(column.name)
    if found == "number":
        value = f"NULLIF(CAST({value} AS DOUBLE), 'NaN'::DOUBLE)"
    return f"CAST({value} AS {target})"


def misfit(con: duckdb.DuckDBPyConnection, source: Source, column: Column, found: str) -> DataError:
    """Say that a file's column has another type than the schema, with an example of what stands there."""
    name = identifier(column.name)
    read = (
        class_sql(name, column.classes, column.type, strict=True)
        if spelled(column, found)
        else f"TRY_CAST(CAST({name} AS VARCHAR) AS {_SQL[column.type]})"
    )
    with reading(source):
        rows = con.execute(
            f"SELECT CAST({name} AS VARCHAR) FROM {scan_sql(source)} WHERE {name} IS NOT NULL "
            f"ORDER BY {read} IS NULL DESC LIMIT 1"
        ).fetchall()
    expected = " or ".join(map(repr, column.classes)) if column.type == "text" else ""
    expected = expected or _A[column.type]
    example = f" (for example {str(rows[0][0])[:60]!r})" if rows else ""
    return DataError(
        f"In {as_file(source).name} the column {column.name!r} is {_A[found]}{example}, "
        f"where {expected} is expected.",
        untouched="The file was not changed, and nothing was taken from it.",
        next="Correct the column, or take the file out of the folder.",
    )


def differences(schema: Schema, other: Schema) -> list[str]:
    """Say in sentences how another schema differs: columns missing or new, types that do not fit."""
    said = []
    theirs = {column.name: column for column in other.columns}
    for column in schema.columns:
        match = theirs.pop(column.name, None)
        if match is None:
            said.append(f"The column {column.name!r} is missing.")
        elif not fits(column.type, match.type):
            said.append(
                f"The column {column.name!r} is {_A[match.type]}, where {_A[column.type]} is expected."
            )
        elif column.required and not match.required:
            said.append(f"The column {column.name!r} has missing values, which it had not before.")
    said += [f"The column {name!r} is new." for name in theirs]
    return said
