"""What the columns of a dataset must look like.

Two words for each column. Its *type* is how values are stored: integer, number, boolean, text, timestamp,
date, time, other, or empty (a text format held no value at all). Its *kind* is what it means to a model:
numeric, category, boolean, time, or text (no feature: mostly unique, nested or empty).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_NUMBERS = {"FLOAT", "DOUBLE", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}
_SQL = {
    "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR",
    "timestamp": "TIMESTAMP", "date": "DATE", "time": "TIME", "other": "VARCHAR", "empty": "VARCHAR",
}  # fmt: skip
_A = {
    "integer": "an integer", "number": "a number", "boolean": "a truth value", "text": "text",
    "timestamp": "a timestamp", "date": "a date", "time": "a time of day",
    "other": "nested", "empty": "empty",
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


def fits(expected: str, found: str) -> bool:
    """Say whether a file's column of type `found` may stand where the schema has `expected`."""
    return found in (expected, "empty") or found in _ACCEPTED.get(expected, set())


def may_share(one: str, other: str) -> bool:
    """Say whether columns of these types, of two files, can be read as one."""
    return fits(one, other) or fits(other, one)


def type_in_words(type_: str) -> str:
    """Return a type as a sentence says it."""
    return _A[type_]


def sql_type(type_: str) -> str:
    """Return the type of DuckDB that a type of ours is read as."""
    return _SQL[type_]


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
