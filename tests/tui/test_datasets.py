"""Dataset versions on screen: what they are made of, who used them, and how two of them differ."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from piloting import assert_drawn, press, ready, settle, shown, visit

from hostile import CONFIG
from making_data import write_text
from pilothouse.data.versions import list_dataset_versions, snapshot
from pilothouse.store import open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.dataset_diff import DatasetDiffScreen
from pilothouse.tui.screens.datasets import DatasetsScreen
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace, init_workspace

NOW = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
HOSTILE_NAME = "[red]b[x] '; --.csv"


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def lines(first: int, count: int, shift: float, levels: str) -> str:
    rows = [
        f"{at},{(at * 37 % 100) / 10 + shift},{levels[at % len(levels)]},{at % 2}"
        for at in range(first, first + count)
    ]
    return "\n".join(["id,x,k,y", *rows, ""])


@pytest.fixture
def versioned(tmp_path: Path, in_utc: None) -> Workspace:
    """Three versions: one more file each time, the last of which moved. A run used the first."""
    (tmp_path / "ws" / "data").mkdir(parents=True)
    workspace = init_workspace(tmp_path / "ws", CONFIG + 'keep = "link"\nid = "id"\n')
    store, model, data = open_store(workspace), workspace.config().model(), workspace.root / "data"
    made = []
    for name, text in (
        ("a.csv", lines(0, 400, 0, "pq")),
        (HOSTILE_NAME, lines(400, 300, 0, "pq")),
        ("c.csv", lines(700, 700, 5, "pqr")),
    ):
        write_text(data / name, text)
        made.append(snapshot(workspace, store, model).version)
    with store.transaction() as tx:
        for n, version in enumerate(made):
            at = NOW - timedelta(hours=3 - n)
            tx.execute("UPDATE dataset_versions SET created_at = ? WHERE version = ?", [at, version])
        run = {
            "run_id": "0run0run0run", "name": "lucky-otter", "model": "late", "kind": "recipe",
            "status": "FINISHED", "started_at": NOW, "dataset_version": made[0],
        }  # fmt: skip
        tx.insert("runs", [run])
        tx.insert(
            "model_versions",
            [
                {
                    "model": "late", "version": 1, "run_id": "0run0run0run", "created_at": NOW,
                    "dataset_version": made[0],
                }
            ],
        )  # fmt: skip
        tx.insert("aliases", [{"model": "late", "alias": "champion", "version": 1}])
    return workspace


async def opened(pilot, app: PilothouseApp) -> DatasetsScreen:  # type: ignore[no-untyped-def]
    await ready(pilot)
    await visit(pilot, "4")
    await press(pilot, "D")
    await settle(pilot, lambda: "v1 live" in shown(app) and "schema" in shown(app))
    assert isinstance(app.screen, DatasetsScreen)
    return app.screen


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


async def test_versions_and_their_difference_are_drawn_on_a_small_terminal(versioned: Workspace) -> None:
    app = PilothouseApp(versioned, now=lambda: NOW)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot, app)
        await press(pilot, "j", "j")
        await settle(pilot, lambda: "lucky-otter" in shown(app))
        assert_drawn("datasets", app)
        await press(pilot, "k", "space", "g", "space")
        assert len(screen.marked) == 2
        await press(pilot, "c")
        await settle(pilot, lambda: "columns are distributed differently" in shown(app))
        assert_drawn("dataset-diff", app)


async def test_two_are_marked_and_compared_the_older_first(versioned: Workspace) -> None:
    names = [one.version for one in list_dataset_versions(open_store(versioned))]
    app = PilothouseApp(versioned, now=lambda: NOW)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(pilot, app)
        await press(pilot, "G")
        await settle(pilot, lambda: "lucky-otter" in shown(app))
        assert_drawn("datasets", app)
        await press(pilot, "g")
        assert screen.compared() == (names[1], names[0])
        await press(pilot, "space")
        assert screen.table.cursor == 1
        await press(pilot, "j")
        assert screen.compared() == (names[2], names[0])
        await press(pilot, "space", "k", "space")
        assert "two versions are marked already" in said(app)
        await press(pilot, "c")
        assert isinstance(app.screen, DatasetDiffScreen)
        await settle(pilot, lambda: "2 new" in shown(app))
        assert "[red]b[x]" in shown(app)
        assert_drawn("dataset-diff", app)
        table = app.screen.query_one("#diff-columns", Table)
        assert {"x", "k"} <= {row.key for row in (table._pages.get(0) or [])}
        await press(pilot, "y")
        assert "1,400 against 400" in app.clipboard
        await press(pilot, "escape")
        assert app.screen is screen
        await press(pilot, "escape")
        assert screen.marked == []
        await press(pilot, "G", "c")
        assert "oldest version" in said(app)
        await press(pilot, "enter")
        assert screen.focused is not screen.table
        await press(pilot, "escape", "escape")
        assert not isinstance(app.screen, DatasetsScreen)


async def test_an_edit_of_a_linked_file_is_told_while_one_looks(versioned: Workspace) -> None:
    app = PilothouseApp(versioned, now=lambda: NOW)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await opened(pilot, app)
        assert "■" not in shown(app)
        with (versioned.root / "data" / "a.csv").open("a") as file:
            file.write("\n")
        await settle(pilot, lambda: "■ edited" in shown(app))
        assert "Nothing reads a file that is not as it was" in shown(app)
        await press(pilot, "c")
        await settle(pilot, lambda: "no longer holds the bytes" in shown(app))


async def test_leaving_stops_what_is_being_compared(versioned: Workspace) -> None:
    app = PilothouseApp(versioned, now=lambda: NOW)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("c")
        await pilot.pause()
        diff = app.screen
        assert isinstance(diff, DatasetDiffScreen)
        assert "still being compared" in diff.why_not("differences")
        await pilot.press("escape")
        await settle(pilot, lambda: app.screen is screen)
        assert diff._stop is not None
        assert diff._stop.asked
