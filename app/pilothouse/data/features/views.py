"""Feature views: what a file of SQL may say, and what it reads.

A view is one SELECT from the table `rows`, which has the data's columns (never the target), and from the
workspace's slowly changing tables. It gives exactly one row for each of them, and depends on nothing else:
not on the other rows, not on the clock, not on chance. So a request's row gets what a file's row got.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from pilothouse.errors import PilothouseError

ROWS = "rows"
ROW_NUMBER = "__row"
"""Column of `rows` that leads a view's answers back to their rows; added to each view's SELECT."""


class FeatureError(PilothouseError):
    """A feature view that cannot be used, or a table of it that cannot be read."""


@dataclass(frozen=True, slots=True)
class FeatureView:
    """A name and one SELECT, as they were written."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class ParsedView:
    """A view that was looked through.

    Attributes:
        sql: the SELECT with the row's number among its columns.
        columns: those of the data that it reads, in the data's own spelling.
        tables: the slowly changing tables that it reads.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    tables: tuple[str, ...]


def parse_view(
    con: duckdb.DuckDBPyConnection,
    view: FeatureView,
    *,
    columns: Collection[str],
    target: str,
    tables: Collection[str],
) -> ParsedView:
    """Look a view through without running it.

    Args:
        con: any connection; only DuckDB's own parser is used.
        view: what was written.
        columns: all columns of the data.
        target: the one that no feature may read.
        tables: names of the slowly changing tables.

    Raises:
        FeatureError: it is not one SELECT, reads the target, an unknown table or a file, asks for `*`, or
            calls a function that gives another value each time.
    """
    tree = _parsed(con, view)
    node = tree["statements"][0]["node"]
    if len(tree["statements"]) != 1 or node["type"] != "SELECT_NODE":
        raise _refused(view, "it is not one plain SELECT")
    own = {str(entry["key"]).lower() for entry in node["cte_map"]["map"]}
    known = {name.lower(): name for name in tables}
    read: list[str] = []
    aliases = {ROWS}
    for part in _parts(tree):
        kind = part.get("type")
        if kind == "BASE_TABLE":
            name = part["table_name"].lower()
            if name == ROWS:
                aliases.add((part["alias"] or ROWS).lower())
            elif name in known and not part["schema_name"]:
                read.append(known[name])
            elif name not in own:
                raise _refused(
                    view,
                    f"it reads {part['table_name']!r}, which is no table here",
                    f"There is {', '.join([ROWS, *tables])}; declare others under features.tables.",
                )
        elif kind == "TABLE_FUNCTION":
            raise _refused(
                view, "it calls a function in FROM", "Declare the file it reads under features.tables."
            )
        elif kind == "STAR":
            raise _refused(view, "it asks for *", "Name the columns: a new one must not become a feature.")
    unsteady = _unsteady(con, tree, columns)
    if unsteady:
        raise _refused(
            view,
            f"it calls {unsteady}(), which gives another value each time",
            "A feature is to be the same in training and in serving.",
        )
    named = _columns(tree, columns, aliases)
    if target in named:
        raise _refused(view, f"it reads {target!r}, the target", "No request has it.")
    number: dict[str, Any] = {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0}
    node["select_list"].append({**number, "column_names": [ROW_NUMBER]})
    row = con.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree)]).fetchall()[0]
    return ParsedView(view.name, str(row[0]), tuple(named), tuple(dict.fromkeys(read)))


def _parsed(con: duckdb.DuckDBPyConnection, view: FeatureView) -> dict[str, Any]:
    row = con.execute("SELECT json_serialize_sql(?)", [view.sql]).fetchall()[0]
    tree: dict[str, Any] = json.loads(row[0])
    if tree.get("error"):
        why = str(tree.get("error_message", "it is not SQL")).split("\n")[0]
        if tree.get("error_type") == "not implemented":
            why = "it is not a SELECT"
        position = tree.get("position")
        line = view.sql.encode()[: int(position)].count(b"\n") + 1 if position is not None else None
        raise _refused(view, why + (f" (line {line})" if line else ""))
    if not tree["statements"]:
        raise _refused(view, "it is empty")
    return tree


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a parsed statement, the outer ones first."""
    todo = [tree]
    while todo:
        one = todo.pop(0)
        if isinstance(one, dict):
            yield one
            todo += one.values()
        elif isinstance(one, list):
            todo += one


def _columns(tree: Any, columns: Collection[str], aliases: Collection[str]) -> list[str]:
    spelling = {name.lower(): name for name in columns}
    found = []
    for part in _parts(tree):
        if part.get("class") != "COLUMN_REF":
            continue
        *qualifier, name = part["column_names"]
        if name.lower() in spelling and (not qualifier or qualifier[-1].lower() in aliases):
            found.append(spelling[name.lower()])
    return list(dict.fromkeys(found))


def _unsteady(con: duckdb.DuckDBPyConnection, tree: Any, columns: Collection[str]) -> str | None:
    """Return the name of a function whose value is not settled by its arguments."""
    names = {part["function_name"].lower() for part in _parts(tree) if part.get("class") == "FUNCTION"}
    # Some functions of the clock are written without brackets, as columns are.
    bare = [part["column_names"] for part in _parts(tree) if part.get("class") == "COLUMN_REF"]
    names |= {name[0].lower() for name in bare if len(name) == 1} - {name.lower() for name in columns}
    if "getenv" in names:
        return "getenv"
    if not names:
        return None
    marks = ", ".join("?" * len(names))
    rows = con.execute(
        f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name IN ({marks})"
        " AND stability <> 'CONSISTENT' ORDER BY 1",
        sorted(names),
    ).fetchall()
    return str(rows[0][0]) if rows else None


def _refused(view: FeatureView, why: str, advice: str = "") -> FeatureError:
    return FeatureError(f"The feature view {view.name} cannot be used: {why}.", next=advice)
