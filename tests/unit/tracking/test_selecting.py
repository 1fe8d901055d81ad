"""Order and groups: the store's answer against plain Python."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.store import Store
from pilothouse.tracking.columns import column_text, columns_of, read_column, value_of
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.grouping import (
    Group,
    GroupOrder,
    can_group,
    group_runs,
    members,
    read_group_by,
    read_group_order,
)
from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.runs import Run, list_runs, read_page, read_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.search.matching import matches
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.search.search import Search
from pilothouse.tracking.selecting import NEWEST, Order, ids_between, page_and_count, page_of, selection
from unit.tracking.searching import attributes, field, metric_fields, stored_runs

WHOLE = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
fields = st.one_of(metric_fields, field("params"), field("tags"), attributes("text", "number", "time"))


def put(store: Store, tables: dict[str, list[dict[str, Any]]]) -> list[Run]:
    with store.transaction() as tx:
        tx.execute("DELETE FROM digests")
        for table, rows in tables.items():
            tx.execute(f"DELETE FROM {table}")
            tx.insert(table, rows)
        return read_runs(tx, "TRUE", [])


def by_hand(runs: list[Run], by: Field, descending: bool) -> list[str]:
    def rank(run: Run) -> Any:
        value = value_of(run, by)
        if by.section == "params" and value is not None:
            number = finite_number_of(value)
            return ((1, number, value) if descending else (0, number, value)) if number is not None else (
                (0, 0.0, value) if descending else (1, 0.0, value)
            )  # fmt: skip
        return value

    first = sorted(runs, key=lambda run: (-run.started_at.timestamp(), run.run_id))
    having = [
        run
        for run in first
        if (value := value_of(run, by)) is not None
        and not (isinstance(value, float) and not math.isfinite(value))
    ]
    ranked = sorted(having, key=rank, reverse=descending)
    return [run.run_id for run in ranked] + [run.run_id for run in first if run not in having]


@WHOLE
@given(
    tables=stored_runs(),
    orders=st.lists(st.tuples(fields, st.booleans()), min_size=1, max_size=6),
    cut=st.tuples(st.integers(1, 5), st.integers(0, 4)),
)
def test_the_store_orders_as_python_does(
    store: Store, tables: dict[str, Any], orders: list[tuple[Field, bool]], cut: tuple[int, int]
) -> None:
    runs = put(store, tables)
    with store.reading() as tx:
        chosen = selection(None, None, None)
        for by, descending in orders:
            order, expected = Order(by, descending), by_hand(runs, by, descending)
            page = page_of(tx, chosen, order, 100, 0)
            assert page == expected, column_text(by)
            page = page_of(tx, chosen, order, cut[0], cut[1], everything=True)
            assert page == expected[cut[1] : cut[1] + cut[0]], column_text(by)
            # A limit of one and an offset past the end, too: the count is of all that were chosen.
            counted = page_and_count(tx, chosen, order, cut[0], cut[1])
            assert counted == (expected[cut[1] : cut[1] + cut[0]], len(expected))
            if expected:
                ends = (expected[-1], expected[min(cut[1], len(expected) - 1)])
                assert ids_between(tx, chosen, order, ends) == expected[expected.index(ends[1]) :]


def test_by_how_long_they_took(store: Store) -> None:
    with store.transaction() as tx:
        for run_id, began, ended in (("a", 0, 10), ("b", 5, 8), ("c", 1, None)):
            row = {"run_id": run_id, "status": "FINISHED", "kind": "api"}
            row |= {"started_at": datetime(2026, 1, 1, 0, 0, began, tzinfo=UTC)}
            row |= {"ended_at": datetime(2026, 1, 1, 0, 0, ended, tzinfo=UTC) if ended else None}
            tx.insert("runs", [row])
    assert [run.run_id for run in list_runs(store, order=Order(read_column("took")))] == ["c", "a", "b"]


def test_a_range_whose_end_is_gone_is_refused(store: Store) -> None:
    with store.reading() as tx, pytest.raises(NotFoundError, match="end of the range"):
        ids_between(tx, selection(None, None, None), Order(read_column("name")), ("a", "b"))


# ------------------------------------------------------------ names of columns


@given(fields)
def test_a_column_is_read_as_it_is_written(by: Field) -> None:
    assert read_column(column_text(by)) == by


@given(st.lists(fields, min_size=1, max_size=4, unique=True))
def test_several_columns_are_read_from_between_commas(several: list[Field]) -> None:
    assert columns_of(", ".join(map(column_text, several))) == tuple(several)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("started_at", Field("attributes", "started")),
        ("run_id", Field("attributes", "run_id")),
        ("duration", Field("attributes", "took")),
        ("metrics.val/auc", Field("metrics", "val/auc")),
        ("best( metrics.auc )", Field("metrics", "auc", "best")),
        ("MAX(auc)", Field("metrics", "auc", "max")),
        ("param.a,b", Field("params", "a,b")),
        ("tags.f(x)", Field("tags", "f(x)")),
    ],
)
def test_columns_as_people_write_them(text: str, field: Field) -> None:
    assert read_column(text) == field


@pytest.mark.parametrize(
    "text", ["", "metrics", "metrics.", "best(params.lr)", "avg(metrics.a)", "statos", "max()"]
)
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="sorted"):
        read_column(text)


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_any_text_is_a_column_or_refused(text: str) -> None:
    try:
        columns_of(text)
    except UsageError as error:
        assert error.next


# ------------------------------------------------------------ groups


def group_by_hand(runs: list[Run], by: Field, metric: Field) -> dict[str | None, Group]:
    groups: dict[str | None, list[Run]] = {}
    for run in runs:
        value = value_of(run, by)
        groups.setdefault(None if value is None else str(value), []).append(run)
    told = {}
    for value, some in groups.items():
        numbers = [n for run in some if (n := value_of(run, metric)) is not None and math.isfinite(n)]
        told[value] = (
            len(some),
            tuple(sum(run.status == status for run in some) for status in ("FAILED", "KILLED", "LOST")),
            len(numbers),
            (min if lower_is_better(metric.key) else max)(numbers, default=None),
            statistics.mean(numbers) if numbers and max(map(abs, numbers)) < 1e150 else None,
            statistics.stdev(numbers) if len(numbers) > 1 and max(map(abs, numbers)) < 1e150 else None,
        )
    return told  # type: ignore[return-value]


@WHOLE
@given(
    tables=stored_runs(),
    by=st.one_of(field("params"), field("tags"), attributes("text", "number")).filter(can_group),
    metric=metric_fields,
)
def test_the_store_groups_as_python_does(
    store: Store, tables: dict[str, Any], by: Field, metric: Field
) -> None:
    runs = put(store, tables)
    expected = group_by_hand(runs, by, metric)
    found = group_runs(store, by, [metric])
    assert found.total == len(expected)
    assert {group.value for group in found.groups} == set(expected)
    for group in found.groups:
        count, ended, having, best, mean, spread = expected[group.value]  # type: ignore[misc]
        told = group.metrics[metric]
        assert (group.count, told.count, told.best) == (count, having, best)
        assert (group.failed, group.killed, group.lost) == ended
        if mean is not None:
            assert told.mean == pytest.approx(mean)
        assert told.spread == (None if spread is None else pytest.approx(spread))
        inside = [run for run in runs if matches(members(by, group.value), run)]
        assert len(inside) == count
        where = Search(members(by, group.value))
        assert len(list_runs(store, where=where)) == count


def test_the_best_of_a_group_goes_by_the_metrics_direction(store: Store) -> None:
    with store.transaction() as tx:
        for run_id, value in (("a", 0.1), ("b", 0.9)):
            row = {"run_id": run_id, "status": "FINISHED", "kind": "api"}
            tx.insert("runs", [{**row, "started_at": datetime(2026, 1, 1, tzinfo=UTC)}])
            tx.insert("params", [{"run_id": run_id, "key": "lr", "value": "1", "number": 1.0}])
            point = {"run_id": run_id, "last": value, "min": value, "max": value, "last_step": 0, "count": 1}
            tx.insert("metrics", [{**point, "key": key} for key in ("loss", "auc")])
    loss, auc = Field("metrics", "loss"), Field("metrics", "auc")
    (group,) = group_runs(store, Field("params", "lr"), [loss, auc]).groups
    assert (group.metrics[loss].best, group.metrics[auc].best) == (0.1, 0.9)


@WHOLE
@given(
    tables=stored_runs(),
    measure=st.sampled_from(["group", "count", "failed", "mean", "spread", "best"]),
    descending=st.booleans(),
)
def test_groups_are_ordered_by_any_measure(
    store: Store, tables: dict[str, Any], measure: Any, descending: bool
) -> None:
    put(store, tables)
    by, metric = Field("params", "a"), Field("metrics", "loss", "best")
    of_metric = measure in ("mean", "spread", "best")
    asked = GroupOrder(measure, metric if of_metric else None, descending)
    every = group_runs(store, by, [metric], order=asked).groups
    if measure != "group":
        values = [getattr(group.metrics[metric] if of_metric else group, measure) for group in every]
        known = [value for value in values if value is not None]
        assert values[: len(known)] == known
        assert known == sorted(known, reverse=descending)
    pages = [group_runs(store, by, [metric], order=asked, limit=1, offset=n) for n in range(len(every) + 1)]
    assert tuple(group for page in pages for group in page.groups) == every
    assert {page.total for page in pages} <= {len(every)}


@pytest.mark.parametrize("text", ["metrics.auc", "started", "took", "run_id", "nothing"])
def test_what_no_two_runs_share_is_no_group(text: str) -> None:
    with pytest.raises(UsageError):
        read_group_by(text)


def test_the_order_of_groups_as_people_write_it() -> None:
    by = read_group_by("params.lr")
    auc = Field("metrics", "auc")
    for text, measure, metric in (
        ("count", "count", None),
        ("params.lr", "group", None),
        ("mean(metrics.auc)", "mean", auc),
        ("spread(auc)", "spread", auc),
        ("best(metrics.auc)", "best", auc),
        ("mean(best(metrics.auc))", "mean", Field("metrics", "auc", "best")),
        ("metrics.auc", "mean", auc),
    ):
        assert read_group_order(text, by, True) == GroupOrder(measure, metric)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        read_group_order("params.other", by, True)


def test_hostile_values_are_groups_of_their_own(store: Store) -> None:
    with store.transaction() as tx:
        for n, text in enumerate(HOSTILE):
            text = text.replace("\x00", "")
            row = {"run_id": f"r{n}", "status": "FINISHED", "kind": "api", "name": text}
            tx.insert("runs", [{**row, "started_at": datetime(2026, 1, 1, tzinfo=UTC)}])
            tx.insert("tags", [{"run_id": f"r{n}", "key": text, "value": text}])
    for n, text in enumerate(HOSTILE):
        text = text.replace("\x00", "")
        groups = group_runs(store, Field("tags", text), []).groups
        assert [(group.value, group.count) for group in groups] == [(None, len(HOSTILE) - 1), (text, 1)]
        assert [run.run_id for run in list_runs(store, where=Search(members(Field("tags", text), text)))] == [
            f"r{n}"
        ]


def test_a_page_says_how_many_there_are(store: Store) -> None:
    with store.transaction() as tx:
        for n in range(9):
            began = datetime(2026, 1, 1, 0, 0, n, tzinfo=UTC)
            gone = began if n == 8 else None
            row = {"run_id": f"r{n}", "name": "odd" if n % 2 else "even", "status": "FINISHED", "kind": "api"}
            tx.insert("runs", [{**row, "started_at": began, "deleted_at": gone}])
    for text, total in (("", 8), ("name = odd", 4), ("name = none", 0)):
        where = parse(text)
        everything = list_runs(store, where=where)
        assert len(everything) == total
        for offset, limit in ((0, 100), (0, 4), (0, 3), (3, 3), (6, 3), (20, 5)):
            page = read_page(store, where, NEWEST, limit, offset)
            assert page.runs == tuple(everything[offset : offset + limit])
            assert (page.total, page.all_runs) == (total, 8)
