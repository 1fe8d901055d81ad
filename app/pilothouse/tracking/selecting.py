"""Which runs, and in which order, found in SQL however many runs there are.

What a run lacks comes last whichever way the order goes, and so does a metric that is not a finite number: a
run that diverged is not the best one. Among equals the newest is first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilothouse.errors import NotFoundError
from pilothouse.store import Row, Transaction
from pilothouse.tracking.columns import COLUMN_OF
from pilothouse.tracking.digests import FEW, among
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.matching import which_column
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.search.search import Search
from pilothouse.tracking.search.sql import TOOK, Condition, condition

NUMBER = "if(isfinite({0}), {0}, NULL)"
"""SQL for a number that counts as missing where it is not finite."""

_TIES = "runs.started_at DESC, runs.run_id"
_SPARE = 50
"""So many runs in the trash may be among the best before a page of the best is looked for in another way."""


@dataclass(frozen=True, slots=True)
class Order:
    """By what, and whether the largest or newest is first."""

    field: Field
    descending: bool = True


NEWEST = Order(Field("attributes", "started"))
"""The last one started first."""


def selection(status: str | None, model: str | None, where: Search | None) -> Condition:
    """Return the condition on `runs` of all that are not in the trash and match."""
    clauses, params = ["runs.started_at IS NOT NULL", "runs.deleted_at IS NULL"], []
    if where and where.root:
        sql, bound = condition(where.root)
        clauses.append(f"({sql})")
        params += bound
    if status is not None:
        clauses.append("runs.status = ?")
        params.append(status.upper())
    if model is not None:
        clauses.append("runs.model = ?")
        params.append(model)
    return " AND ".join(clauses), params


def page_of(
    tx: Transaction, chosen: Condition, order: Order, limit: int, offset: int, *, everything: bool = False
) -> list[str]:
    """Return the ids of one page of runs: to drag their columns along while they are sought costs far more.

    Args:
        tx: an open transaction.
        chosen: which runs, as `selection` says it.
        order: in which order.
        limit: ids at most.
        offset: ids to pass over.
        everything: nothing but the trash is left out, so that a quicker way may be tried first.
    """
    if everything and order.field.section == "metrics":
        page = _best(tx, chosen, order, limit, offset)
        if len(page) == limit:
            return page
    return [row["run_id"] for row in _ranked(tx, chosen, order, limit, offset)]


def page_and_count(
    tx: Transaction, chosen: Condition, order: Order, limit: int, offset: int
) -> tuple[list[str], int]:
    """Return the ids of one page of runs, and how many there are: to find them is done once for both.

    Args:
        tx: an open transaction.
        chosen: which runs, as `selection` says it.
        order: in which order.
        limit: ids at most.
        offset: ids to pass over.
    """
    ranked = _ranked(tx, chosen, order, limit, offset, counted=True)
    if ranked:
        return [row["run_id"] for row in ranked], ranked[0]["total"]
    return [], count_of(tx, chosen) if offset else 0


def _ranked(
    tx: Transaction, chosen: Condition, order: Order, limit: int, offset: int, *, counted: bool = False
) -> list[Row]:
    """Return the ids of a page as rows, each with the `total` of all that were chosen if it is wanted."""
    join, by, keys, values = _by(order)
    bound = [*chosen[1], *keys, *values, limit, offset]
    if not (join or counted):
        return tx.rows(
            f"SELECT runs.run_id FROM runs WHERE {chosen[0]} ORDER BY {by} LIMIT ? OFFSET ?", bound
        )
    total = ", (SELECT count(*) FROM chosen) AS total" if counted else ""
    # First which runs, and only then the values to order them by: the optimizer would join all of both.
    return tx.rows(
        f"WITH chosen AS MATERIALIZED (SELECT * FROM runs WHERE {chosen[0]})"
        f" SELECT runs.run_id{total} FROM chosen AS runs {join} ORDER BY {by} LIMIT ? OFFSET ?",
        bound,
    )


def ids_between(tx: Transaction, chosen: Condition, order: Order, ends: tuple[str, str]) -> list[str]:
    """Return the ids from one run to the other, both among them, in the order of the list.

    Raises:
        NotFoundError: one of the two is not in the list (any more).
    """
    join, by, keys, values = _by(order)
    rows = tx.rows(
        f"WITH placed AS (SELECT runs.run_id, row_number() OVER (ORDER BY {by}) AS place"
        f" FROM runs {join} WHERE {chosen[0]}),"
        " ends AS (SELECT min(place) AS first, max(place) AS last FROM placed WHERE run_id IN (?, ?))"
        " SELECT placed.run_id FROM placed, ends WHERE place BETWEEN first AND last ORDER BY place",
        [*values, *keys, *chosen[1], *ends],
    )
    ids = [row["run_id"] for row in rows]
    if not set(ends) <= set(ids):
        raise NotFoundError(
            "One end of the range is not in the list any more.",
            untouched="Nothing was marked.",
            next="Begin the range again.",
        )
    return ids


def _by(order: Order) -> tuple[str, str, list[Any], list[Any]]:
    """Return a join, an ORDER BY expression, and the values bound in each."""
    field, direction = order.field, "DESC" if order.descending else "ASC"
    if field.section == "attributes":
        expression, values = attribute_sql(field)
        return "", f"{expression} {direction} NULLS LAST, {_TIES}", [], values
    columns = {
        "metrics": (NUMBER.format(f"sorting.{which_column(field)}"),) if field.section == "metrics" else (),
        "params": ("sorting.number", "sorting.value"),
        "tags": ("sorting.value",),
    }[field.section]
    join = f"LEFT JOIN {field.section} AS sorting ON sorting.run_id = runs.run_id AND sorting.key = ?"
    expression = ", ".join(f"{column} {direction} NULLS LAST" for column in columns)
    return join, f"{expression}, {_TIES}", [field.key], []


def attribute_sql(field: Field) -> tuple[str, list[Any]]:
    """Return SQL for an attribute of `runs`, NULL where a run lacks it, and its bound values."""
    kind, column = BY_NAME[field.key].kind, f"runs.{COLUMN_OF[field.key]}"
    if kind == "seconds":
        return TOOK, [datetime.now(UTC)]
    return (f"nullif({column}, '')" if kind == "text" else column), []


def _best(tx: Transaction, chosen: Condition, order: Order, limit: int, offset: int) -> list[str]:
    """Return the ids of a page of runs that are first by a metric, or fewer than `limit` if it cannot tell.

    To take the first of the metrics and then their runs is several times quicker than to join all of both.
    """
    enough = offset + limit + _SPARE
    if enough > FEW:
        return []
    direction = "DESC" if order.descending else "ASC"
    first = tx.rows(
        f"SELECT run_id, {NUMBER.format(which_column(order.field))} AS value FROM metrics WHERE key = ?"
        f" ORDER BY value {direction} NULLS LAST LIMIT ?",
        [order.field.key, enough],
    )
    if len(first) < enough or first[-1]["value"] is None:
        return []
    # More runs than these may have the value of the last one.
    edge = first[-1]["value"]
    values: dict[str, float] = {row["run_id"]: row["value"] for row in first if row["value"] != edge}
    where, bound = among("run_id", list(values))
    sql = f"SELECT run_id FROM runs WHERE {where} AND {chosen[0]} ORDER BY {_TIES}"
    ids = [row["run_id"] for row in tx.rows(sql, [*bound, *chosen[1]])]
    ids.sort(key=values.__getitem__, reverse=order.descending)
    return ids[offset : offset + limit]


def count_of(tx: Transaction, chosen: Condition) -> int:
    """Return how many runs there are."""
    return int(tx.value(f"SELECT count(*) FROM runs WHERE {chosen[0]}", chosen[1]))
