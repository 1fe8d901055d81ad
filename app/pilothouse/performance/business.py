"""Business metrics: an SQL expression over predictions that have their labels, such as what a mistake costs.

Declared in `pilothouse.toml`::

    [business]
    cost = { sql = "sum(5 * (prediction = 1 AND late = 0)::INT)", lower_is_better = true }

The table has every column of the rows, the target under its own name, and `prediction` and `probability`.
"""

from __future__ import annotations

from pilothouse.config import BusinessMetric
from pilothouse.performance.answered import Answered
from pilothouse.registry.business import compute_business
from pilothouse.registry.model import second_class


def business_metrics(
    answered: Answered, metrics: dict[str, BusinessMetric], troubles: dict[str, str] | None = None
) -> dict[str, float]:
    """Compute each business metric over the rows with labels; one whose value is NULL is left out.

    What is wrong with one goes into `troubles` by its name, if they are given.

    Raises:
        BusinessMetricError: an expression is no expression over these columns, or gives no number.
    """
    rows = answered.labelled
    if not metrics or not len(rows.table):
        return {}
    table = rows.table.copy()
    table["prediction"] = _labels(rows)
    if rows.kind == "binary":
        table["probability"] = rows.said
    return compute_business(table, metrics, troubles)


def _labels(rows: Answered) -> list[object]:
    if rows.kind == "regression":
        return list(rows.said.tolist())
    if rows.kind == "binary":
        chosen = second_class(rows.said, rows.threshold)
    else:
        chosen = rows.said if rows.kind == "labels" else rows.said.argmax(axis=1)
    return [rows.classes[code] for code in chosen.tolist()]
