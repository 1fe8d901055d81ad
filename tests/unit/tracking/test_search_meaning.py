"""The store and plain Python must give the same answer to every search."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.store import Store
from pilothouse.tracking.runs import read_runs
from pilothouse.tracking.search.matching import matches
from pilothouse.tracking.search.nodes import Node, Not
from pilothouse.tracking.search.rendering import render
from pilothouse.tracking.search.sql import condition
from unit.tracking.searching import NOW, searches, stored_runs


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tables=stored_runs(), asked=st.lists(searches, min_size=1, max_size=6))
def test_the_store_answers_as_python_does(
    store: Store, tables: dict[str, list[dict[str, Any]]], asked: list[Node]
) -> None:
    with store.transaction() as tx:
        for table, rows in tables.items():
            tx.execute(f"DELETE FROM {table}")
            tx.insert(table, rows)
        runs = read_runs(tx, "TRUE", [])
        assert len(runs) == len(tables["runs"])
        for node in (*asked, *map(Not, asked)):
            sql, bound = condition(node, NOW)
            found = {row["run_id"] for row in tx.rows(f"SELECT run_id FROM runs WHERE {sql}", bound)}
            expected = {run.run_id for run in runs if matches(node, run, NOW)}
            assert found == expected, (render(node), sql)
