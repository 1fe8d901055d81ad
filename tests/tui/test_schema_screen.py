"""The schema on screen: rules beside the newest file, edited, accepted, widened, remembered."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from piloting import assert_drawn, press, ready, settle, shown, visit
from textual.widgets import Input

from hostile import CONFIG
from making_data import write_text
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.quality.rules_kept import current_rules, rules_history
from pilothouse.store import list_events, open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.dialogs.rule import RuleDialog
from pilothouse.tui.screens.schema import SchemaScreen
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.workspace import Workspace, init_workspace

NOW = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
SIZES = [(80, 24), (120, 36)]
HOSTILE_COLUMN = "[red]b[/x] '"


def _text(first: int, count: int, low: float, levels: str) -> str:
    rows = [
        f"{at},{(at * 37 % 101) / 10 + low},{levels[at % len(levels)]},{at % 7},{at % 2}"
        for at in range(first, first + count)
    ]
    return "\n".join([f"id,x,k,{HOSTILE_COLUMN},y", *rows, ""])


@pytest.fixture
def ruled(tmp_path: Path) -> Workspace:
    """A dataset version, and after it a file that breaks what it suggests."""
    (tmp_path / "ws" / "data").mkdir(parents=True)
    workspace = init_workspace(tmp_path / "ws", CONFIG + 'id = "id"\n')
    data = workspace.root / "data"
    write_text(data / "a.csv", _text(0, 400, 0, "pq"))
    snapshot(workspace, open_store(workspace), workspace.config().model())
    write_text(data / "b [red].csv", _text(400, 300, -40, "pqr"))
    return workspace


async def opened(pilot, app: PilothouseApp) -> SchemaScreen:  # type: ignore[no-untyped-def]
    await ready(pilot)
    await visit(pilot, "4")
    await press(pilot, "s")
    await settle(pilot, lambda: "300 rows" in shown(app))
    assert isinstance(app.screen, SchemaScreen)
    return app.screen


async def waiting(pilot, until) -> None:  # type: ignore[no-untyped-def]
    """Wait while workers are at work."""
    for _ in range(2000):
        await pilot.pause(0.01)
        if until():
            return
    raise AssertionError(shown(pilot.app))


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x36"])
async def test_the_schema_is_drawn_as_it_was(ruled: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(ruled, now=lambda: NOW)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await opened(pilot, app)
        await press(pilot, "j")
        assert screen.current is not None and screen.current.column == "x"
        assert "row 1 has" in shown(app)
        assert_drawn("schema", app)


async def test_a_rule_is_edited_and_all_of_it_accepted_and_widened(ruled: Workspace) -> None:
    store = open_store(ruled)
    app = PilothouseApp(ruled, now=lambda: NOW)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(pilot, app)
        await press(pilot, "j", "e")
        assert isinstance(app.screen, RuleDialog)
        field = app.screen.query_one("#ask", Input)
        assert 'type = "number"' in field.value and "min = -10.0" in field.value
        field.value = "type = 'number', min = 99, max = 20"
        await press(pilot, "enter")
        assert "max 20.0 lies below min 99.0" in shown(app)
        field.value = "min = "
        await press(pilot, "enter")
        assert "cannot be read" in shown(app)
        assert current_rules(store, "late") is None
        field.value = "type = 'number', min = -5, max = 20"
        await press(pilot, "enter")
        await settle(pilot, lambda: "Schema, version 1" in shown(app) and "beside" in shown(app))
        rules = current_rules(store, "late")
        assert rules is not None and (rule := rules.column("x")) is not None
        assert (rule.min, rule.max, rule.max_missing) == (-5.0, 20.0, None)
        await press(pilot, "a")
        assert "version 1 is accepted already" in said(app)
        # Now it is broken, and widened by a key.
        await settle(pilot, lambda: screen.current is not None and screen.current.sign == "■")
        await press(pilot, "f")
        assert "Files may be like b [red].csv" in shown(app)
        await press(pilot, "tab", "enter")
        await settle(pilot, lambda: "Schema, version 2" in shown(app) and not screen.why_not("edit_rule"))
        await press(pilot, "l")
        assert "x.min: -5 → -40" in shown(app)
        newest, _ = rules_history(store, "late")
        assert "k.categories: + r" in newest.changed
        assert [event.kind for event in list_events(store)][:2] == ["schema", "schema"]
        await settle(pilot, lambda: "keeps all rules" in screen.why_not("adapt_schema"))
        await press(pilot, "f")
        assert "keeps all rules" in said(app)
        await press(pilot, "escape", "y")
        assert "min = -40.0" in app.clipboard
        await press(pilot, "escape")
        assert not isinstance(app.screen, SchemaScreen)


async def test_what_is_suggested_is_accepted_by_a_key_and_a_whole_file_has_rules(ruled: Workspace) -> None:
    store = open_store(ruled)
    app = PilothouseApp(ruled, now=lambda: NOW)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot, app)
        await press(pilot, "l")
        assert "Nobody has accepted a schema yet" in shown(app)
        await press(pilot, "l", "a", "enter")
        assert current_rules(store, "late") is None  # Cancel has the focus.
        await press(pilot, "a", "tab", "enter")
        await settle(pilot, lambda: "Schema, version 1" in shown(app))
        await press(pilot, "G", "enter")
        assert isinstance(app.screen, RuleDialog)
        app.screen.query_one("#ask", Input).value = "min_rows = 500"
        await press(pilot, "enter")
        await settle(pilot, lambda: "Schema, version 2" in shown(app) and "500 rows or more" in shown(app))
        await settle(pilot, lambda: "at least 500 are expected" in shown(app))


async def test_without_data_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "ws" / "data").mkdir(parents=True)
    workspace = init_workspace(tmp_path / "ws", CONFIG)
    app = PilothouseApp(workspace, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "s")
        await settle(pilot, lambda: "no data files" in said(app))
        await press(pilot, "e")
        assert "have not been read" in said(app)


async def test_what_is_measured_goes_on_when_the_screen_is_left_and_is_kept(ruled: Workspace) -> None:
    app = PilothouseApp(ruled, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await pilot.press("s")
        await waiting(pilot, lambda: "measuring the newest file" in shown(app))
        # The time stands there whole.
        assert re.search(r"measuring the newest file, \d+:\d\d", shown(app))
        await pilot.press("escape")
        assert not isinstance(app.screen, SchemaScreen)
        await settle(pilot)  # it goes on
        assert len(app.measuring._kept) == 1
        workers = set(app.workers)
        await press(pilot, "s")
        await settle(pilot, lambda: "300 rows" in shown(app))
        assert not any(worker.group == "beside" for worker in set(app.workers) - workers)
