"""The store and plain Python must give the same answer to every search."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.store import Store
from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.runs import read_runs
from pilothouse.tracking.search.matching import matches
from pilothouse.tracking.search.nodes import Compare, Field, Node, Not, Number, Text
from pilothouse.tracking.search.rendering import render
from pilothouse.tracking.search.sql import condition
from unit.tracking.searching import NOW, NUMBERS, searches, stored_runs


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


SIGNS = ("=", "!=", "<", "<=", ">", ">=")
WRITTEN = ("", "0", "0.1", " 1 ", "1e300", "nan", "inf", "seven", "7.0")


@pytest.mark.parametrize("section", ["metrics", "params"])
def test_every_number_is_compared_with_every_other(store: Store, section: str) -> None:
    """Not left to chance: one run for each number, and one that has none."""
    runs, told = [], []
    for at, value in enumerate(NUMBERS if section == "metrics" else WRITTEN):
        runs.append({"run_id": f"r{at}", "status": "FINISHED", "kind": "api"})
        if section == "metrics":
            row: dict[str, Any] = {"last": value, "min": value, "max": value, "last_step": 0, "count": 1}
        else:
            row = {"value": value, "number": finite_number_of(str(value))}
        told.append({"run_id": f"r{at}", "key": "loss", **row})
    runs.append({"run_id": "without", "status": "FINISHED", "kind": "api"})
    fields = (
        [Field("metrics", "loss", which) for which in ("last", "min", "max", "best")]
        if section == "metrics"
        else [Field("params", "loss")]
    )
    values = [Number(number) for number in NUMBERS]
    if section == "params":
        values += [Text(text) for text in WRITTEN]
    with store.transaction() as tx:
        tx.insert("runs", [{**run, "started_at": NOW - timedelta(hours=1)} for run in runs])
        tx.insert(section, told)
        every = read_runs(tx, "TRUE", [])
        for node in (Compare(field, sign, value) for field in fields for sign in SIGNS for value in values):
            sql, bound = condition(node, NOW)
            found = {row["run_id"] for row in tx.rows(f"SELECT run_id FROM runs WHERE {sql}", bound)}
            assert found == {run.run_id for run in every if matches(node, run, NOW)}, render(node)
