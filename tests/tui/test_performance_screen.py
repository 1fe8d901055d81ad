"""Harm on screen: file by file with intervals, what is estimated said so, and the keys that judge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from piloting import HOSTILE, assert_drawn, press, ready, settle, shown, visit

from pilothouse.autopilot.harm_progress import harm_lock, say_progress
from pilothouse.processes import hold_alive
from pilothouse.store import dumps, open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.performance import PerformanceScreen
from pilothouse.tui.snapshots.performance import periods_of
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace
from steering import land, rows

NOW = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
SIZES = [(80, 24), (120, 36), (200, 50)]


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def value(middle: float, rows: int = 606) -> dict[str, Any]:
    return {"value": middle, "low": middle - 0.03, "high": middle + 0.03, "rows": rows}


def report(middle: float, estimated: bool) -> dict[str, Any]:
    groups = [
        {"column": "carrier", "value": name, "rows": 90 + n, "metric": 0.6 + n / 50, "low": 0.55, "high": 0.8}
        for n, name in enumerate(["AA", HOSTILE[0], "UA"])
    ]
    alert = {"name": "dear", "severity": "critical", "when": "cost > 9", "words": "cost > 9 (cost = 12)"}
    return {
        "harm": {
            "metric": "roc_auc", "method": "CBPE", "expected": value(0.73, 600), "estimated": value(middle),
            "realised": None if estimated else value(middle),
            "change": None if estimated else value(middle - 0.73),
            "groups": [] if estimated else groups, "business": {"cost": 12.0},
        },
        "alerts": [{**alert, "fired": not estimated}],
        "changes": [{"time": "2013-11-03", "before": 0.2, "after": 0.31}],
    }  # fmt: skip


VERDICTS = ("harmful", "benign", "no harm shown", "unknown", "not judged")


def keep(workspace: Workspace, names: list[str]) -> None:
    """Harm of every kind."""
    with open_store(workspace).transaction() as tx:
        tx.insert("model_versions", [
            {"model": "late", "version": 2, "run_id": "r", "dataset_version": "d", "recipe": "logistic",
             "created_at": NOW, "manifest_sha256": "ab", "metrics": "{}"}
        ])  # fmt: skip
        tx.insert("aliases", [{"model": "late", "alias": "champion", "version": 2}])
        for n, name in enumerate(names):
            verdict = VERDICTS[n % len(VERDICTS)]
            estimated, judged = verdict == "unknown", verdict != "not judged"
            middle = 0.66 + n / 50
            key = {"model": "late", "name": name, "sha256": f"{n:064d}"}
            at = NOW - timedelta(hours=n)
            tx.insert("arrivals", [
                {**key, "recorded_at": at, "rows": 606, "status": "ok", "findings": "[]"}
            ])  # fmt: skip
            tx.insert("harms", [
                {**key, "version": 2, "recorded_at": at, "metric": "roc_auc" if judged else "",
                 "verdict": verdict, "words": f"{name}: what was found, in a sentence.",
                 "value": middle if judged else None, "low": middle - 0.03 if judged else None,
                 "high": middle + 0.03 if judged else None, "expected": 0.73 if judged else None,
                 "estimated": estimated, "business": dumps({"cost": 12.0} if judged else {}),
                 "report": dumps(report(middle, estimated) if judged else {})}
            ])  # fmt: skip
        tx.insert("arrivals", [
            {"model": "late", "name": "next.csv", "sha256": "f" * 64, "recorded_at": NOW, "rows": 5,
             "status": "ok", "findings": "[]"}
        ])  # fmt: skip


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36", "200x50"])
async def test_it_is_drawn_as_it_was(empty: Workspace, in_utc: None, size: tuple[int, int]) -> None:
    keep(empty, [f"flights-2013-{12 - n:02}.csv" for n in range(5)])
    app = PilothouseApp(empty, now=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "h")
        await settle(pilot, lambda: "5 judged" in shown(app))
        await press(pilot, "j")
        await settle(pilot, lambda: "alert dear" in shown(app) or size[0] == 80)
        assert_drawn("performance", app)


async def test_what_is_being_judged_is_told_with_its_place(empty: Workspace) -> None:
    keep(empty, [f"flights-2013-{12 - n:02}.csv" for n in range(5)])
    with open_store(empty).transaction() as tx:
        tx.insert("arrivals", [
            {"model": "late", "name": f"{n}{HOSTILE[0]}", "sha256": f"{n}" * 64, "recorded_at": NOW,
             "rows": 5, "status": "ok", "findings": "[]"} for n in range(3)
        ])  # fmt: skip
    app = PilothouseApp(empty, now=lambda: NOW)
    with hold_alive(harm_lock(empty)) or pytest.fail("the lock is held"):
        say_progress(empty, "late", f"1{HOSTILE[0]}", 3, 8)
        async with app.run_test(size=(120, 36), notifications=True) as pilot:
            await settle(pilot, lambda: "3 of 8" in shown(app) and "1model [/foo]" in shown(app))
            await visit(pilot, "4")
            await settle(pilot, lambda: "judging harm: 3 of 8, 1model [/foo], " in shown(app))
            assert "▶ judged now" in shown(app)
            await press(pilot, "h")
            await settle(pilot, lambda: "▶ 3 of 8, 1model [/foo], " in shown(app))
            table, told = app.screen.query_one("#harms", Table), []
            for place in range(4):
                table.move_to(place)
                assert table.row is not None
                told.append(table.row.cells[1].partition(" s")[0])
            assert told[:3] == ["◌ waits, 3rd", "◌ waits, 2nd", "◌ waits, 1st"]
            assert table.row is not None and table.row.cells[0].startswith("1model")
            assert told[3].startswith("▶ judged")
            await press(pilot, "u")
            assert "it is being done: 3 of 8" in shown(app)


async def test_names_from_hell_are_only_drawn(empty: Workspace) -> None:
    keep(empty, HOSTILE)
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "3")
        await press(pilot, "h")
        await settle(pilot, lambda: "10 judged" in shown(app))
        for _ in HOSTILE:
            await press(pilot, "j")
        assert isinstance(app.screen, PerformanceScreen)
        assert "▲ estimated" in shown(app) or "carrier = " in shown(app)


async def test_what_is_estimated_says_what_it_is_blind_to(empty: Workspace) -> None:
    keep(empty, ["a.csv", "b.csv", "c.csv", "d.csv"])
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "4")
        await press(pilot, "h")
        await settle(pilot, lambda: "4 judged" in shown(app))
        app.screen.query_one("#harms", Table).move_to(4)
        await settle(pilot, lambda: "blind to concept" in shown(app))
        assert "Groups need labels" in shown(app) and "cannot be told" not in shown(app)


async def test_keys_that_do_nothing_say_why(empty: Workspace) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "4")
        await press(pilot, "h")
        await settle(pilot, lambda: "Nothing that landed was judged" in shown(app))
        await press(pilot, "u")
        assert "no version is live" in said(app)
        await press(pilot, "R")
        assert "no judged file" in said(app)
        await press(pilot, "o")
        assert "measured when you ask for it" in shown(app)
        await press(pilot, "escape")
        assert "Nothing that landed was judged" in shown(app)
        await press(pilot, "e")
        await settle(pilot, lambda: "no prediction of late" in said(app), 60)
        await press(pilot, "escape")
        assert not isinstance(app.screen, PerformanceScreen)


async def test_keys_judge_take_labels_and_measure(trained: Workspace) -> None:
    table = rows(200, seed=41)
    land(trained.root / "data", "turned.csv", [{**row, "y": 1 - row["y"]} for row in table])
    land(trained.root, "labels.csv", table[:50])
    app = PilothouseApp(trained)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "4")
        await press(pilot, "u")
        await settle(pilot, lambda: "judged" in said(app), 60)
        await press(pilot, "h")
        await settle(pilot, lambda: "◌ waits" in shown(app))
        await press(pilot, "u")
        await settle(pilot, lambda: "■ harmful" in shown(app), 60)
        assert "1 judged" in shown(app)
        await press(pilot, "L")
        await settle(pilot, lambda: "Take labels" in shown(app))
        await press(pilot, *"labels.csv", "enter")
        await settle(pilot, lambda: "50 new labels" in said(app), 60)


def test_periods_are_read_from_what_the_command_says() -> None:
    one = {"version": 3, "harm": {"metric": "rmse"}, "periods": [{"name": "a"}, {"name": "b"}]}
    found = periods_of({"versions": [one]})
    assert [(part["name"], part["version"], part["metric"]) for part in found] == [
        ("b", 3, "rmse"),
        ("a", 3, "rmse"),
    ]
    assert periods_of(None) == []


async def test_rows_are_filtered_and_enter_says_what_can_be_done(empty: Workspace, in_utc: None) -> None:
    keep(empty, [f"flights-2013-{12 - n:02}.csv" for n in range(5)])
    app = PilothouseApp(empty, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "h")
        await settle(pilot, lambda: "5 judged" in shown(app))
        await press(pilot, "enter")
        assert "u judges it" in said(app)
        await press(pilot, "slash", *"2013-12", "enter")
        assert app.screen.query_one("#harms", Table).total == 1
        await press(pilot, "enter")
        assert "Groups of it" in said(app)
        await press(pilot, "escape")
        assert app.screen.query_one("#harms", Table).total == 6
        assert isinstance(app.screen, PerformanceScreen)


async def test_the_palette_of_harm_leads_to_the_acts_of_data(empty: Workspace) -> None:
    app = PilothouseApp(empty, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "h")
        assert isinstance(app.screen, PerformanceScreen)
        found = {one.title: one for one in app.get_system_commands(app.screen)}
        await found["Data: drift map"].callback()  # type: ignore[misc]
        await settle(pilot, lambda: type(app.screen).__name__ == "DriftMapScreen")
