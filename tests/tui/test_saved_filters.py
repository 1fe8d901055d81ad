"""Saved filters by keys: saved, used, replaced, deleted, and all of it undone."""

from __future__ import annotations

import pytest
from piloting import press, settle, shown, visit

from pilothouse.store import open_store
from pilothouse.tracking.search import list_filters, save_filter
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace


def saved(workspace: Workspace) -> dict[str, str]:
    return {one.name: one.text for one in list_filters(open_store(workspace))}


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_filters_are_saved_used_and_deleted(hostile: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await visit(pilot, "2")
        table = app.screen.query_one("#runs", Table)
        await press(pilot, "f")
        await settle(pilot, lambda: "No filters are saved yet" in shown(app))
        await press(pilot, "s")
        assert "nothing to save" in shown(app)
        await press(pilot, "escape", "slash")
        await pilot.press(*"failed")
        await settle(pilot, lambda: table.total == 3)
        await press(pilot, "enter", "f", "s")
        await pilot.press(*"bad")
        await press(pilot, "enter")
        assert saved(hostile) == {"bad": "failed"}
        await press(pilot, "escape")
        await settle(pilot, lambda: table.total == 10)
        await press(pilot, "f")
        assert "bad" in shown(app)
        await press(pilot, "enter")
        await settle(pilot, lambda: table.total == 3)
        assert app.screen.focused is table
        await press(pilot, "f", "D")
        assert "Delete this filter" in shown(app)
        await press(pilot, "enter")
        assert saved(hostile) == {"bad": "failed"}
        await press(pilot, "f", "D", "tab", "enter")
        assert saved(hostile) == {}
        await press(pilot, "z")
        assert saved(hostile) == {"bad": "failed"}
        await press(pilot, "z")
        assert saved(hostile) == {}


async def test_hostile_filters_are_drawn_and_used(hostile: Workspace) -> None:
    store = open_store(hostile)
    save_filter(store, "[bold red]x[/]", "'\x1b[31m' OR params.`\u202e` = '\n'")
    save_filter(store, "x" * 100, "x" * 3000)
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await visit(pilot, "2")
        for key in ("enter", "down"):
            await press(pilot, "f", key, "enter")
            await settle(pilot)
            assert "\x1b" not in shown(app) and "\u202e" not in shown(app)
