"""A digest says what the tables say, whatever happens to the run, and lists do not change by it."""

from __future__ import annotations

import math

import pytest

from hostile import HOSTILE
from pilothouse.store import Store, Transaction
from pilothouse.tracking.digests import MetricSummary, Parts, keep_digests, parts_of
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import Run, get_run, list_runs
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.selecting import Order
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.trash import delete_runs, purge_runs
from pilothouse.tracking.writer import RunStart, attach_run, open_run
from pilothouse.workspace import Workspace

TEXTS = [text for text in HOSTILE if "\x00" not in text]
NUMBERS = [0.1, -0.0, 1e308, 5e-324, 1 / 3, 2.0**53 + 2, math.inf, -math.inf, math.nan]


def vars_of(value: float, count: int) -> dict[str, object]:
    return {"last": value, "min": None, "max": value, "last_step": 2**62, "count": count}


def parts(tx: Transaction, *run_ids: str) -> dict[str, Parts]:
    digests = tx.rows("SELECT * FROM digests WHERE run_id IN ?", [list(run_ids)])
    return parts_of(tx, run_ids, digests)


def kept(store: Store) -> set[str]:
    return {row["run_id"] for row in store.query("SELECT run_id FROM digests")}


def end(workspace: Workspace, **metrics: float) -> str:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING", params={"a": 1}), hold=True)
    writer.log_metrics(metrics)
    writer.end("FINISHED", 0)
    return writer.run_id


def test_a_digest_gives_back_exactly_what_the_tables_have(store: Store) -> None:
    with store.transaction() as tx:
        tx.insert("params", [{"run_id": "r", "key": text, "value": text, "number": None} for text in TEXTS])
        tx.insert("tags", [{"run_id": "r", "key": text, "value": text} for text in reversed(TEXTS)])
        tx.insert(
            "metrics",
            [{"run_id": "r", "key": f"{at}", **vars_of(value, at)} for at, value in enumerate(NUMBERS)]
            + [{"run_id": "r", "key": f"one {x}", **vars_of(x, 1), "min": x} for x in NUMBERS],
        )
        before = parts(tx, "r", "nothing")
        keep_digests(tx, ["r", "nothing"])
        assert tx.value("SELECT count(*) FROM digests") == 2
        after = parts(tx, "r", "nothing")
    assert repr(sorted(after.items())) == repr(sorted(before.items()))
    assert after["nothing"] == Parts()
    assert list(after["r"].params) == sorted(TEXTS)
    assert repr(after["r"].summaries["8"]) == repr(MetricSummary(math.nan, None, None, 2**62, 8))


def test_digests_lie_in_the_order_in_which_they_are_asked_for(store: Store) -> None:
    ids = [f"{number * 7919 % 5000:x}" for number in range(5000)]
    with store.transaction() as tx:
        tx.insert("params", [{"run_id": one, "key": "a", "value": "1", "number": 1.0} for one in ids])
        keep_digests(tx, ids[:2000])
        keep_digests(tx, ids)
    lie = store.query("SELECT run_id, params FROM digests ORDER BY rowid")
    assert [row["run_id"] for row in lie] == ids and {row["params"] for row in lie} == {'{"a":"1"}'}


def test_a_run_has_a_digest_once_it_has_ended_and_it_follows_every_change(
    workspace: Workspace, store: Store
) -> None:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    writer.log_metrics({"x": 1.0})
    assert get_run(store, writer.run_id).metrics == {"x": 1.0}
    tag_runs(store, [writer.run_id], {"note": "while it runs"})
    assert kept(store) == set()
    writer.end("FINISHED", 0)
    assert get_run(store, writer.run_id).tags == {"note": "while it runs"}
    assert kept(store) == {writer.run_id}
    tag_runs(store, [writer.run_id], {"note": None, "other": "after it"})
    assert list_runs(store)[0].tags == {"other": "after it"}
    late = attach_run(writer.folder)
    late.log_metrics({"x": 0.5, "y": 2.0})
    late.set_tags({"third": "late"})
    late.close()
    (workspace.active_dir / writer.run_id).touch()
    fold(store)
    run = list_runs(store)[0]
    assert run.metrics == {"x": 0.5, "y": 2.0}
    assert run.tags == {"other": "after it", "third": "late"}
    purge_runs(store, [writer.run_id])
    assert kept(store) == set()


def test_runs_without_a_digest_are_gathered(workspace: Workspace, store: Store) -> None:
    ids = [end(workspace, x=float(number)) for number in range(3)]
    with_digests = list_runs(store)
    with store.transaction() as tx:
        tx.execute("DELETE FROM digests WHERE run_id != ?", [ids[0]])
    assert list_runs(store) == with_digests


def by_hand(runs: list[Run], descending: bool) -> list[str]:
    """The order that a join of everything gives: the value, then the newest first; no number comes last."""
    newest_first = sorted(runs, key=lambda run: run.started_at, reverse=True)
    has = [run for run in newest_first if not math.isnan(run.metrics.get("x", math.nan))]
    ranked = sorted(has, key=lambda run: run.metrics["x"], reverse=descending)
    return [run.run_id for run in ranked] + [run.run_id for run in newest_first if run not in has]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("deleted", [0, 60, 100])
def test_the_best_by_a_metric_are_the_same_in_either_way_to_find_them(
    store: Store, descending: bool, deleted: int
) -> None:
    with store.transaction() as tx:
        tx.execute(
            "INSERT INTO runs (run_id, name, model, status, started_at, deleted_at, kind) "
            "SELECT 'r' || n, 'n', '', 'FINISHED', "
            "TIMESTAMP '2026-01-01' + to_seconds(CAST(n * 37 % 200 AS INTEGER)), "
            "if(n < ?, CAST('2026-01-02' AS TIMESTAMP), NULL), 'api' FROM range(200) AS numbers(n)",
            [deleted],
        )
        # Three runs in four have it; many have the same value; one has none that is a number.
        tx.execute(
            "INSERT INTO metrics "
            "SELECT 'r' || n, 'x', if(n = 150, CAST('NaN' AS DOUBLE), n // 7), 0, 0, 0, 1 "
            "FROM range(200) AS numbers(n) WHERE n % 4 > 0"
        )
    every = by_hand(list_runs(store, limit=1000), descending)
    assert len(every) == 200 - deleted
    for offset, limit in ((0, 1), (0, 10), (3, 40), (90, 10), (0, 120), (99, 80), (150, 30), (0, 1000)):
        page = list_runs(store, order=Order(Field("metrics", "x"), descending), limit=limit, offset=offset)
        assert [run.run_id for run in page] == every[offset : offset + limit], (offset, limit)


def test_pages_of_any_size_are_whole(workspace: Workspace, store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(
            "INSERT INTO runs (run_id, name, model, status, started_at, kind) "
            "SELECT 'r' || n, 'n', '', 'FINISHED', "
            "TIMESTAMP '2026-01-01' + to_seconds(CAST(n AS INTEGER)), 'api' FROM range(1200) AS numbers(n)"
        )
        tx.execute("INSERT INTO params SELECT run_id, 'a', run_id, NULL FROM runs")
    for limit in (1, 500, 501, 1200, 5000):
        runs = list_runs(store, limit=limit)
        assert [run.params["a"] for run in runs] == [f"r{1199 - at}" for at in range(min(limit, 1200))]
    assert delete_runs(store, [runs[0].run_id])[0].params == {"a": "r1199"}
