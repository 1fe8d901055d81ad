"""Two classes in whatever spelling: yes and no, true and false, 1 and 0 say the same.

CSV files give truth values where JSON lines give texts, and pandas writes 1.0. What is meant is plain only
where the two classes are such a pair; any other text stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from pilothouse.data.reading import Source, identifier, is_csv, literal, reading, scan_sql

if TYPE_CHECKING:
    from pilothouse.data.schema import Column

YES = ("yes", "y", "true", "t", "1", "1.0")
NO = ("no", "n", "false", "f", "0", "0.0")
KINDS = frozenset({"text", "boolean", "integer", "number"})
"""Types of columns that may hold such a pair."""


def meaning(value: object) -> bool | None:
    """Return what a value says, None if it is no such word."""
    text = str(value).strip(" ").lower()
    return True if text in YES else False if text in NO else None


def pair_of(values: Sequence[object]) -> tuple[str, str] | None:
    """Return the texts of two classes, that of "no" first; None if they are no such pair."""
    by_meaning = {meaning(value): str(value) for value in values}
    if len(values) != 2 or set(by_meaning) != {False, True}:
        return None
    return by_meaning[False], by_meaning[True]


def respelled(value: object, classes: Sequence[object]) -> object:
    """Return the class that a value means; the value itself where that is not plain."""
    pair, said = pair_of(classes), meaning(value)
    if pair is None or said is None:
        return value
    return next(one for one in classes if str(one) == pair[said])


def class_sql(value: str, classes: Sequence[str], type_: str, *, strict: bool = False) -> str:
    """Return SQL that reads a value as one of two classes, such as a column of `type_` holds; what is none of
    them is itself in a text unless it is `strict`, else NULL.

    Args:
        value: SQL of the value.
        classes: the texts of "no" and "yes".
        type_: text, boolean or integer.
    """
    no, yes = (literal(one) for one in classes) if type_ == "text" else ("0", "1")
    if type_ == "boolean":
        no, yes = "FALSE", "TRUE"
    text = f"CAST({value} AS VARCHAR)"
    words = f"lower(trim({text}))"
    rest = f" ELSE {text}" if type_ == "text" and not strict else ""
    cases = f"WHEN {words} IN ({_listed(YES)}) THEN {yes} WHEN {words} IN ({_listed(NO)}) THEN {no}"
    return f"CASE {cases}{rest} END"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(literal(word) for word in words)


def classes_of(column: Column) -> tuple[str, ...]:
    """Return the two classes of a column that says yes or no, as texts; nothing for any other."""
    return column.classes or (("false", "true") if column.type == "boolean" else ())


def spelled(column: Column, found: str) -> bool:
    """Say whether a file's column of type `found` is read by what its values say, not by its type."""
    return bool(classes_of(column)) and found in KINDS and (found != column.type or found == "text")


def classes_in(
    con: duckdb.DuckDBPyConnection,
    name: str | None,
    type_: str,
    sources: Sequence[Source],
    per_file: Sequence[dict[str, str]],
) -> tuple[str, ...]:
    """Return the two classes of a target that says yes or no, as texts; nothing for any other.

    A text has those of the spelling that comes up in most files, and of them in most rows.
    """
    if type_ == "boolean":
        return ("false", "true")
    if name is None or type_ not in ("text", "integer"):
        return ()
    column = identifier(name)
    counts: dict[str, tuple[int, int]] = {}
    for source, types in zip(sources, per_file, strict=True):
        if types.get(name, "empty") == "empty" or (type_ != "text" and types[name] == "text"):
            continue
        forced = {name: "VARCHAR"} if is_csv(source) and type_ == "text" else None
        with reading(source):
            rows = con.execute(
                f"SELECT CAST({column} AS VARCHAR), count(*) FROM {scan_sql(source, forced)} "
                f"WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 13"
            ).fetchall()
        plain = types[name] == "text" or is_csv(source)
        for text, count in rows:
            if meaning(text) is None:
                return ()
            files, before = counts.get(text, (0, 0))
            counts[text] = (files + plain, before + int(count))
    if type_ != "text":
        return ("0", "1") if counts else ()
    best: dict[bool | None, str] = {}
    for text in sorted(counts, key=lambda one: counts[one]):
        best[meaning(text)] = text
    return (best[False], best[True]) if len(best) == 2 else ()
