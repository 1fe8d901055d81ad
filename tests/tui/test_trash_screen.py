"""The trash by keys: what is in it, restored, purged after a question, and what may not be purged."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from piloting import press, ready, settle, shown, visit
from textual.widgets import Button

from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tracking.trash import delete_runs, list_deleted
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.trash import TrashScreen
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.workspace import Workspace


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_runs_are_restored_and_purged(hostile: Workspace, size: tuple[int, int]) -> None:
    store = open_store(hostile)
    ids = [run.run_id for run in list_runs(store)]
    delete_runs(store, ids[:4])
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "T")
        await ready(pilot)
        trash = app.screen
        assert isinstance(trash, TrashScreen)
        await settle(pilot, lambda: trash.table.total == 4)
        assert "purging frees" in shown(app) and "63 points, 3 files" in shown(app)
        assert "\x1b" not in shown(app)
        await press(pilot, "r")
        await settle(pilot, lambda: trash.table.total == 3)
        await press(pilot, "z")
        await settle(pilot, lambda: trash.table.total == 4)
        await press(pilot, "g", "space", "space", "X")
        assert "Purge 2 runs" in shown(app) and "cannot be undone" in shown(app) and "Freed" in shown(app)
        assert isinstance(app.screen.focused, Button) and app.screen.focused.id == "cancel"
        await press(pilot, "enter")
        assert len(list_deleted(store)) == 4
        gone = list(trash.marked)
        await press(pilot, "X", "tab", "enter")
        await settle(pilot, lambda: trash.table.total == 2)
        assert not any(hostile.run_dir(run_id).exists() for run_id in gone)
        await press(pilot, "z")
        await press(pilot, "d")
        await ready(pilot)
        await press(pilot, "escape", "escape")
        assert type(app.screen).__name__ == "RunsScreen"
    assert [event.kind for event in list_events(store)].count("purge") == 1


async def test_a_run_that_made_a_version_is_not_purged(hostile: Workspace) -> None:
    store = open_store(hostile)
    ids = [run.run_id for run in list_runs(store)][:2]
    with store.transaction() as tx:
        row = {"model": "late", "version": 3, "run_id": ids[0], "created_at": datetime.now(UTC)}
        tx.insert("model_versions", [row])
    delete_runs(store, ids)
    app = PilothouseApp(hostile)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "T")
        await ready(pilot)
        trash = app.screen
        assert isinstance(trash, TrashScreen)
        await settle(pilot, lambda: "late v3" in shown(app))
        trash.table.move_to_key(ids[0])
        await press(pilot, "X")
        assert "lineage and holdout are needed" in app.screen.query_one(StatusLine).said
        await press(pilot, "g", "space", "space", "X")
        assert "Not purged: 1 run" in shown(app)
        await press(pilot, "tab", "enter")
        await settle(pilot, lambda: trash.table.total == 1)
    assert [run.run_id for run in list_deleted(store)] == [ids[0]]


async def test_an_empty_trash_says_so(empty: Workspace) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "T")
        await ready(pilot)
        await settle(pilot, lambda: "The trash is empty" in shown(app))
        await press(pilot, "r")
        assert "the trash is empty" in app.screen.query_one(StatusLine).said
