"""Facts about runs side by side, and how they are written."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pilothouse.cli.main import main
from pilothouse.comparing.facts import compare_runs
from pilothouse.comparing.wording import change_words, fact
from pilothouse.jsontext import loads
from pilothouse.store import Store
from pilothouse.tracking.digests import keep_digests
from pilothouse.workspace import Workspace

BEGAN = datetime(2026, 1, 1)


def add(store: Store, name: str, seconds: float, **metrics: float) -> None:
    with store.transaction() as tx:
        took = timedelta(seconds=seconds)
        row = {"run_id": name, "name": name, "status": "FINISHED"}
        tx.insert("runs", [{**row, "started_at": BEGAN, "ended_at": BEGAN + took}])
        for key, value in metrics.items():
            about = {"run_id": name, "key": key, "last": value, "min": value, "max": value}
            tx.insert("metrics", [{**about, "last_step": 0, "count": 1}])
        keep_digests(tx, [name])


def test_a_duration_is_told_as_the_list_of_runs_tells_it(store: Store) -> None:
    for name, seconds in (("a", 0.0129), ("b", 0.1114), ("c", 0.57), ("d", 61.25)):
        add(store, name, seconds)
    (row,) = [one for one in compare_runs(store, "abcd").rows if one.key == "seconds"]
    assert (row.values, row.differs) == ((0.012, 0.111, 0.57, 61.25), True)
    assert [fact(row, n) for n in range(4)] == [
        "12 ms",
        "111 ms (+99 ms)",
        "570 ms (+558 ms)",
        "1:01 (+1:01)",
    ]
    (row,) = [one for one in compare_runs(store, "ba").rows if one.key == "seconds"]
    assert change_words(row, 1) == "−99 ms"


def test_small_values_are_told_apart(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(store, "tiny1", 0.1, lr=3e-6, loss=3.3e-7)
    add(store, "tiny2", 0.1, lr=1.2e-4, loss=1.33e-5)
    monkeypatch.chdir(workspace.root)
    assert main(["compare", "tiny1", "tiny2", "--no-intervals"]) == 0
    told = capsys.readouterr().out
    assert "3.00e-06" in told
    assert "0.00012 (+0.00012)" in told
    assert "1.33e-05 (+1.30e-05)" in told
    assert main(["compare", "tiny1", "tiny2", "--no-intervals", "--json"]) == 0
    rows = {row["key"]: row["values"] for row in loads(capsys.readouterr().out)["rows"]}
    assert rows["lr"] == [3e-6, 1.2e-4]
