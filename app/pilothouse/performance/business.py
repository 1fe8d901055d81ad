"""Business metrics: an SQL expression over predictions that have their labels, such as what a mistake costs.

Declared in `pilothouse.toml`::

    [business]
    cost = { sql = "sum(5 * (prediction = 1 AND late = 0)::INT)", lower_is_better = true }

The table has every column of the rows, the target under its own name, and `prediction` and `probability`.
"""

from __future__ import annotations

import json
import math

import duckdb

from pilothouse.config import BusinessMetric
from pilothouse.data.reading import connect, first_sentence
from pilothouse.errors import PilothouseError
from pilothouse.performance.answered import Answered

_FORBIDDEN = ("BASE_TABLE", "TABLE_FUNCTION", "SUBQUERY")


class BusinessMetricError(PilothouseError):
    """An expression that cannot be used."""


def business_metrics(answered: Answered, metrics: dict[str, BusinessMetric]) -> dict[str, float]:
    """Compute each business metric over the rows with labels; one whose value is NULL is left out.

    Raises:
        BusinessMetricError: an expression is no expression over these columns, or gives no number.
    """
    if not metrics:
        return {}
    rows = answered.labelled
    table = rows.table.copy()
    table["prediction"] = _labels(rows)
    if rows.kind == "binary":
        table["probability"] = rows.said
    found = {}
    with connect() as con:
        con.register("outcomes", table)
        con.execute("SET enable_external_access = false")
        for name, metric in metrics.items():
            value = _value(con, name, metric)
            if value is not None:
                found[name] = value
    return found


def check_expression(con: duckdb.DuckDBPyConnection, name: str, metric: BusinessMetric) -> None:
    """Look an expression through without running it.

    Raises:
        BusinessMetricError: it is not one expression, or reads more than the rows.
    """
    # In brackets it can only be one expression: nothing behind it can end the statement.
    said = con.execute(
        "SELECT json_serialize_sql(?)", [f"SELECT (\n{metric.sql}\n) FROM outcomes"]
    ).fetchall()
    tree = json.loads(said[0][0])
    if tree.get("error"):
        raise _refused(name, str(tree.get("error_message", "it is not SQL")).split("\n")[0])
    node = tree["statements"][0]["node"]
    plain = len(tree["statements"]) == 1 and node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1
    if not plain or node["from_table"].get("table_name") != "outcomes" or node.get("where_clause"):
        raise _refused(name, "it is not one expression")
    inner = json.dumps(node["select_list"])
    if any(f'"{kind}"' in inner for kind in _FORBIDDEN):
        raise _refused(name, "it reads more than the rows")


def _value(con: duckdb.DuckDBPyConnection, name: str, metric: BusinessMetric) -> float | None:
    check_expression(con, name, metric)
    try:
        rows = con.execute(f"SELECT (\n{metric.sql}\n)::DOUBLE FROM outcomes").fetchall()
    except duckdb.Error as error:
        raise _refused(name, first_sentence(error).rstrip(".!")) from None
    if len(rows) != 1:
        raise _refused(name, f"it gives {len(rows)} values, so it sums nothing up")
    value = rows[0][0]
    return None if value is None or not math.isfinite(value) else float(value)


def _labels(rows: Answered) -> list[object]:
    if rows.kind == "regression":
        return list(rows.said.tolist())
    if rows.kind == "binary":
        chosen = (rows.said >= rows.threshold).astype(int)
    else:
        chosen = rows.said if rows.kind == "labels" else rows.said.argmax(axis=1)
    return [rows.classes[code] for code in chosen.tolist()]


def _refused(name: str, why: str) -> BusinessMetricError:
    return BusinessMetricError(
        f"The business metric {name!r} cannot be computed: {why}.",
        next=f"Correct business.{name}.sql in pilothouse.toml.",
    )
