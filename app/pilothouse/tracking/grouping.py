"""Runs that share a parameter, a tag or an attribute, as one row: how many, and how their metrics spread."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pilothouse.errors import UsageError
from pilothouse.store import Store
from pilothouse.tracking.columns import best_first, column_text, read_column, read_metric
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.folding import fold
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.matching import which_column
from pilothouse.tracking.search.nodes import Compare, Field, Missing, Node, Number, Text
from pilothouse.tracking.search.search import Search
from pilothouse.tracking.selecting import attribute_sql, selection
from pilothouse.tracking.usual import usual_of

End = Literal["failed", "killed", "lost"]
Measure = Literal["group", "count", "failed", "killed", "lost", "mean", "spread", "best"]

BAD_ENDS: tuple[End, ...] = ("failed", "killed", "lost")
"""How a run can end without having finished; each is counted by itself."""

LARGEST = "1e150"
"""Values beyond this count for no spread: their squares are not finite."""

_GROUPING = ("text", "number")
_NOT_SHARED = ("run_id", "progress")
_CALL = re.compile(r"(mean|spread|best)\s*(?:\((.*)\)|\s(\S.*))", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric over the runs of a group: mean, sample standard deviation, best value, and of how many runs.

    Values that are not finite are left out; `spread` is None for fewer than two.
    """

    mean: float | None
    spread: float | None
    best: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with one value; `value` is None for those that have none. Of `count` runs so many FAILED, were
    KILLED and are LOST."""

    value: str | None
    count: int
    failed: int
    killed: int
    lost: int
    metrics: dict[Field, Spread]

    def ends(self, end: End) -> int:
        """Return how many ended so."""
        return {"failed": self.failed, "killed": self.killed, "lost": self.lost}[end]

    def to_json(self) -> dict[str, Any]:
        """Return the group as plain data, each metric under its column's name."""
        told = {
            column_text(field): {"mean": it.mean, "spread": it.spread, "best": it.best, "count": it.count}
            for field, it in self.metrics.items()
        }
        ends: dict[str, int] = {end: self.ends(end) for end in BAD_ENDS}
        return {"group": self.value, "count": self.count, **ends, "metrics": told}


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """By which measure, of which metric (for mean, spread and best), and whether the largest is first."""

    measure: Measure = "count"
    field: Field | None = None
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Groups:
    """One page of groups, how many groups there are, and which bad ends the runs of all of them had."""

    groups: tuple[Group, ...]
    total: int
    ends: tuple[End, ...] = ()


def read_group_by(text: str, named: Callable[[str], Field | None] | None = None) -> Field:
    """Read what runs are grouped by.

    Args:
        text: what was written.
        named: finds a parameter or tag by its bare key, as it stands over the groups.

    Raises:
        UsageError: it names nothing, or something that hardly two runs share.
    """
    field = read_column(text, named)
    if not can_group(field):
        raise UsageError(
            f"Runs cannot be grouped by {text[:80]!r}.",
            next="Use params.KEY, tags.KEY, or an attribute such as status, recipe, model or dataset.",
        )
    return field


def can_group(field: Field) -> bool:
    """Tell whether runs can be grouped by a field: not by a metric, a time, or what tells runs apart."""
    if field.section == "attributes":
        return BY_NAME[field.key].kind in _GROUPING and field.key not in _NOT_SHARED
    return field.section != "metrics"


def best_groups_first(measure: Measure, field: Field | None) -> GroupOrder:
    """Order groups as reads best: the largest, a metric's better end, the least spread, the first name."""
    descending = measure != "group" and (field is None or (measure != "spread" and best_first(field)))
    return GroupOrder(measure, field, descending)


def read_group_order(text: str, by: Field, descending: bool | None = None) -> GroupOrder:
    """Read what groups are ordered by: `count`, a bad end, `group`; `mean`, `spread` or `best` of a metric.

    Which way it goes follows from what it is, unless it is said.

    Raises:
        UsageError: it is none of these.
    """
    order = _read_group_order(text, by)
    return order if descending is None else replace(order, descending=descending)


def _read_group_order(text: str, by: Field) -> GroupOrder:
    name = "count" if text.strip() == "runs" else text.strip()
    if name in ("group", "count", *BAD_ENDS):
        return best_groups_first(name, None)  # type: ignore[arg-type]
    call = _CALL.fullmatch(name)
    field = read_column(name) if call is None else read_metric(call[2] or call[3], headed=call[2] is None)
    if field == by:
        return best_groups_first("group", None)
    if field.section != "metrics":
        raise UsageError(
            f"Groups cannot be sorted by {text[:80]!r}.",
            next="Use count, failed, killed, lost, group, or mean, spread or best of a metric, such as"
            " mean(metrics.KEY).",
        )
    measure: Measure = call[1].lower() if call else "mean"  # type: ignore[assignment]
    return best_groups_first(measure, field)


def members(by: Field, value: str | None) -> Node:
    """Return the search for the runs of a group."""
    if value is None:
        return Missing(by)
    if by.section == "attributes" and BY_NAME[by.key].kind == "number":
        return Compare(by, "=", Number(float(value)))
    return Compare(by, "=", Text(value))


def group_metrics(
    store: Store,
    *,
    status: str | None = None,
    model: str | None = None,
    where: Search | None = None,
    most: int = 3,
) -> list[Field]:
    """Return the metrics that groups of these runs show where nobody chose: those that most of all have.

    The newest runs say little of that: groups are of all of them.
    """
    fold(store)
    chosen, bound = selection(status, model, where)
    mine = f"WITH chosen AS (SELECT runs.run_id, runs.kind FROM runs WHERE {chosen})"
    with store.reading() as tx:
        counts = tx.rows(
            f"{mine} SELECT key, count(*) AS runs FROM metrics JOIN chosen USING (run_id)"
            " WHERE NOT starts_with(key, ?) GROUP BY key",
            [*bound, SYSTEM],
        )
        wanted = tx.rows(
            f"{mine} SELECT DISTINCT value FROM params JOIN chosen USING (run_id)"
            " WHERE key = 'metric' AND kind = 'sweep'",
            bound,
        )
    keys = usual_of({row["key"]: row["runs"] for row in counts}, most, [row["value"] for row in wanted])
    return [Field("metrics", key) for key in keys]


def group_runs(
    store: Store,
    by: Field,
    shown: Sequence[Field],
    *,
    status: str | None = None,
    model: str | None = None,
    where: Search | None = None,
    order: GroupOrder | None = None,
    limit: int = 200,
    offset: int = 0,
) -> Groups:
    """Return one page of groups of the runs that are not in the trash and match.

    Args:
        store: the workspace's store.
        by: what the runs of a group share, as `read_group_by` reads it.
        shown: the metrics to sum up; of each, the value that its column shows (the last, min, max or best).
        status: only runs of this status.
        model: only runs of this model.
        where: only runs that this search matches.
        order: by the number of runs unless given; groups without the number come last.
        limit: groups at most.
        offset: groups to pass over.
    """
    fold(store)
    order = order or GroupOrder()
    metrics = list(dict.fromkeys([*shown, *([order.field] if order.field else [])]))
    sql, bound = _statement(by, metrics, selection(status, model, where), order)
    with store.reading() as tx:
        rows = tx.rows(sql, [*bound, limit, offset])
        total = rows[0]["total"] if rows else 0
        if not rows and offset:
            # The page lies behind the last group.
            first = tx.rows(sql, [*bound, 1, 0])
            total = first[0]["total"] if first else 0
    return Groups(
        tuple(
            Group(
                row["value"],
                row["runs"],
                row["failed"],
                row["killed"],
                row["lost"],
                {
                    field: Spread(row[f"mean{n}"], row[f"spread{n}"], row[f"best{n}"], row[f"count{n}"] or 0)
                    for n, field in enumerate(metrics)
                    if field in shown
                },
            )
            for row in rows
        ),
        int(total),
        tuple(end for end in BAD_ENDS if rows and rows[0][f"all_{end}"]),
    )


def _statement(
    by: Field, metrics: Sequence[Field], chosen: tuple[str, list[Any]], order: GroupOrder
) -> tuple[str, list[Any]]:
    """One pass over the runs, one over the metrics: rows of a group each, with `LIMIT ? OFFSET ?` unbound."""
    value, number, join, bound = _value(by)
    ends = ", ".join(f"count(*) FILTER (status = '{end.upper()}') AS {end}" for end in BAD_ENDS)
    sql = (
        f"WITH chosen AS (SELECT runs.run_id, runs.status, {value} AS value, {number} AS number"
        f" FROM runs {join} WHERE {chosen[0]}),"
        " totals AS (SELECT value, any_value(number) AS number, count(*) AS runs,"
        f" {ends} FROM chosen GROUP BY value)"
    )
    bound += chosen[1]
    if metrics:
        sums = []
        for n, field in enumerate(metrics):
            column = which_column(field)
            least = "min" if lower_is_better(field.key) else "max"
            one = f"FILTER (key = ? AND isfinite({column}))"
            sums.append(
                f"avg({column}) {one} AS mean{n}, {least}({column}) {one} AS best{n},"
                f" count({column}) {one} AS count{n},"
                f" CASE WHEN max(abs({column})) {one} < {LARGEST}"
                f" THEN stddev_samp(if(abs({column}) < {LARGEST}, {column}, NULL)) {one} END AS spread{n}"
            )
            bound += [field.key] * 5
        sql += (
            f", told AS (SELECT chosen.value, {', '.join(sums)} FROM metrics JOIN chosen USING (run_id)"
            f" WHERE key IN ({', '.join('?' * len(metrics))}) GROUP BY chosen.value)"
        )
        bound += [field.key for field in metrics]
    told = "LEFT JOIN told ON totals.value IS NOT DISTINCT FROM told.value" if metrics else ""
    of_all = ", ".join(f"sum({end}) OVER () AS all_{end}" for end in BAD_ENDS)
    sql += f" SELECT totals.*, told.* EXCLUDE (value), count(*) OVER () AS total, {of_all} FROM totals {told}"
    if not metrics:
        sql = sql.replace("told.* EXCLUDE (value), ", "")
    return f"{sql} ORDER BY {_order(order, metrics)} LIMIT ? OFFSET ?", bound


def _value(by: Field) -> tuple[str, str, str, list[Any]]:
    """Return SQL for the shared value as a text, for the number it is, the join it needs, and its key."""
    if by.section == "attributes":
        expression, _ = attribute_sql(by)
        number = expression if BY_NAME[by.key].kind == "number" else "CAST(NULL AS DOUBLE)"
        return f"CAST({expression} AS VARCHAR)", number, "", []
    number = "shared.number" if by.section == "params" else "CAST(NULL AS DOUBLE)"
    join = f"LEFT JOIN {by.section} AS shared ON shared.run_id = runs.run_id AND shared.key = ?"
    return "shared.value", number, join, [by.key]


def _order(order: GroupOrder, metrics: Sequence[Field]) -> str:
    direction = "DESC" if order.descending else "ASC"
    names = "totals.number {0} NULLS LAST, totals.value {0} NULLS LAST"
    if order.measure == "group":
        return names.format(direction)
    column: str | None = "runs" if order.measure == "count" else None
    if order.measure in BAD_ENDS:
        column = order.measure
    if column is None:
        assert order.field is not None
        column = f"{order.measure}{metrics.index(order.field)}"
    return f"{column} {direction} NULLS LAST, {names.format('ASC')}"
