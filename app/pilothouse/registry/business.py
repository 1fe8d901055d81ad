"""SQL expressions of a person's own over rows: looked through before they run, and every error named.

Business metrics are computed by it over rows that have their labels, for a version's holdout as for what
landed later.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from pilothouse.config import BusinessMetric
from pilothouse.data.engine import connect_alone
from pilothouse.data.reading import first_sentence
from pilothouse.errors import PilothouseError

_FORBIDDEN = ("BASE_TABLE", "TABLE_FUNCTION", "SUBQUERY")


class ExpressionError(PilothouseError):
    """An expression that cannot be used."""


class BusinessMetricError(ExpressionError):
    """A business metric that cannot be computed."""


def compute_business(
    table: Any, metrics: Mapping[str, BusinessMetric], troubles: dict[str, str] | None = None
) -> dict[str, float]:
    """Compute each business metric over rows; one whose value is NULL is left out.

    Args:
        table: a pandas table of shape (n, columns): the rows, all with labels, `prediction` and perhaps
            `probability`.
        metrics: by name.
        troubles: takes what is wrong with a metric, by name; without it the first one is raised.

    Raises:
        BusinessMetricError: an expression is no expression over these columns, or gives no number.
    """
    found = {}
    with connect_alone() as con:
        con.register("outcomes", table)
        con.execute("SET enable_external_access = false")
        for name, metric in metrics.items():
            try:
                value = _value(con, name, metric)
            except BusinessMetricError as error:
                if troubles is None:
                    raise
                troubles[name] = error.what
                continue
            if value is not None:
                found[name] = value
    return found


def one_expression(con: duckdb.DuckDBPyConnection, what: str, sql: str, table: str) -> None:
    """Look an expression over a table through without running it.

    Raises:
        ExpressionError: it is not one expression, or reads more than the table.
    """
    # In brackets it can only be one expression: nothing behind it can end the statement.
    said = con.execute("SELECT json_serialize_sql(?)", [f"SELECT (\n{sql}\n) FROM {table}"]).fetchall()
    tree = json.loads(said[0][0])
    if tree.get("error"):
        raise _refused(what, sql, str(tree.get("error_message", "it is not SQL")).split("\n")[0])
    node = tree["statements"][0]["node"]
    plain = len(tree["statements"]) == 1 and node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1
    if not plain or node["from_table"].get("table_name") != table or node.get("where_clause"):
        raise _refused(what, sql, "it is not one expression")
    inner = json.dumps(node["select_list"])
    if any(f'"{kind}"' in inner for kind in _FORBIDDEN):
        raise _refused(what, sql, "it reads more than the rows")


@contextlib.contextmanager
def what_is_wrong(what: str, sql: str) -> Iterator[None]:
    """Turn what DuckDB says of an expression into an `ExpressionError` that names it and the column."""
    try:
        yield
    except duckdb.Error as error:
        # Which kind of error it is for DuckDB says nothing to a person.
        why = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", first_sentence(error))
        raise _refused(what, sql, why.rstrip(".!")) from None


def _value(con: duckdb.DuckDBPyConnection, name: str, metric: BusinessMetric) -> float | None:
    what = f"The business metric {name!r}"
    try:
        one_expression(con, what, metric.sql, "outcomes")
        with what_is_wrong(what, metric.sql):
            rows = con.execute(f"SELECT (\n{metric.sql}\n)::DOUBLE FROM outcomes").fetchall()
        if len(rows) != 1:
            raise _refused(what, metric.sql, f"it gives {len(rows)} values, so it sums nothing up")
    except ExpressionError as error:
        raise BusinessMetricError(
            error.what, next=f"Correct business.{name}.sql in pilothouse.toml."
        ) from None
    value = rows[0][0]
    return None if value is None or not math.isfinite(value) else float(value)


def _refused(what: str, sql: str, why: str) -> ExpressionError:
    shown = " ".join(sql.split())
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    return ExpressionError(f"{what} cannot be computed: {why}. It says: {shown}")
