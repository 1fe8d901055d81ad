from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pilothouse.store import Store, Transaction
from pilothouse.tracking import points as reading
from pilothouse.tracking.exchange import tables
from pilothouse.tracking.exchange.exporting import export_runs
from pilothouse.tracking.exchange.selecting import select_runs
from pilothouse.tracking.runs import metric_history
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace

MOST = 10


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows each transaction gave, where ten points are many."""
    for module in (reading, tables):
        monkeypatch.setattr(module, "MOST_POINTS", MOST)
    counts: list[int] = []
    real = Transaction.fetched

    def counted(tx: Transaction, sql: str, params: Sequence[Any] = ()) -> Any:
        found = real(tx, sql, params)
        if "FROM metric_points" in sql:
            counts.append(len(found.rows))
        return found

    monkeypatch.setattr(Transaction, "fetched", counted)
    return counts


def make(workspace: Workspace, **points: int) -> str:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    for key, count in points.items():
        for step in reversed(range(count)):
            writer.log_metrics({key: step / 8}, step)
    writer.end("FINISHED", 0)
    return writer.run_id


def told(workspace: Workspace) -> list[tuple[str, str, int, float]]:
    """Make runs with few points, none, many in many metrics, and many in one; return their points."""
    runs = [{"a": 3}, {"a": 4, "b": 2}, {}, {"a": 9, "b": 7, "c": 1, "d": 2}, {"a": 25}, {"b": 1}, {"c": 1}]
    return [
        (run_id, key, step, step / 8)
        for run_id, run in [(make(workspace, **run), run) for run in runs]
        for key, count in run.items()
        for step in range(count)
    ]


def test_no_more_points_are_read_at_once_than_memory_is_meant_for(
    workspace: Workspace, store: Store, tmp_path: Path, at_once: list[int]
) -> None:
    expected = told(workspace)
    ids = select_runs(store)
    for ending in ("json", "csv", "parquet"):
        export_runs(store, ids, str(tmp_path / f"a.{ending}"), format=ending, history=True)
    export_runs(store, ids, str(tmp_path / "mlf"), format="mlflow")
    assert {run_id: metric_history(store, run_id) for run_id in ids}
    # One metric alone may have more, and is read alone.
    assert {count for count in at_once if count > MOST} == {25}
    assert len(at_once) < 60

    runs = json.loads((tmp_path / "a.json").read_text())
    assert [run["run_id"] for run in runs] == ids
    assert expected == [
        (run["run_id"], key, step, value)
        for run in runs
        for key, points in run["history"].items()
        for step, value, _ in points
    ]
    with (tmp_path / "a.csv").open() as file:
        assert expected == [
            (row["run_id"], row["key"], int(row["step"]), float(row["value"])) for row in csv.DictReader(file)
        ]
    with closing(duckdb.connect()) as con:
        found = con.execute(f"SELECT run_id, key, step, value FROM '{tmp_path}/a.parquet'").fetchall()
    assert found == expected
    with closing(sqlite3.connect(tmp_path / "mlf" / "mlflow.db")) as con:
        found = con.execute("SELECT run_uuid, key, step, value FROM metrics ORDER BY rowid").fetchall()
        lasts = con.execute("SELECT run_uuid, key, step, value FROM latest_metrics ORDER BY rowid").fetchall()
    assert found == expected
    assert lasts == list({one[:2]: one for one in expected}.values())


def test_the_metrics_that_are_asked_for_alone_are_read(
    workspace: Workspace, store: Store, at_once: list[int]
) -> None:
    run_id = make(workspace, a=3, b=4, c=25)
    assert [[point.step for point in points] for points in metric_history(store, run_id, ["b"]).values()] == [
        [0, 1, 2, 3]
    ]
    assert at_once == [4]
