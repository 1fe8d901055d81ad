"""Import, export, clean up, back up, restore: from the palette, through their dialogs, to the disk."""

from __future__ import annotations

import json
import os
import shlex
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from piloting import press, settle, shown, visit
from textual.pilot import Pilot
from textual.widgets import Button, Input

from pilothouse.errors import PilothouseError
from pilothouse.store import list_events, open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.commands import Stop, run_errand
from pilothouse.tui.widgets.table import Table
from pilothouse.upkeep.backup import back_up
from pilothouse.workspace import Workspace

PATIENCE = 20.0


async def choose(pilot: Pilot[Any], words: str, until: str) -> None:
    """Find a command in the palette by its words, and wait for what it shows."""
    await pilot.press("colon", *(_key(char) for char in words))
    await settle(pilot, lambda: "Palette:" in shown(pilot.app))  # type: ignore[arg-type]
    await pilot.press("enter")
    await settle(pilot, lambda: until in shown(pilot.app), timeout=PATIENCE)  # type: ignore[arg-type]


async def type_over(pilot: Pilot[Any], text: str) -> None:
    field = pilot.app.screen.focused
    field.value = ""  # type: ignore[union-attr]
    await pilot.press(*(_key(char) for char in text))


def _key(char: str) -> str:
    names = {"/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", " ": "space"}
    return names.get(char, char)


async def test_the_runs_of_a_filter_are_exported_and_imported_again(
    hostile: Workspace, tmp_path: Path
) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await visit(pilot, "2")
        table = app.screen.query_one("#runs", Table)
        await press(pilot, "slash")
        await pilot.press(*"failed")
        await settle(pilot, lambda: table.total == 3)
        await press(pilot, "enter")
        await choose(pilot, "export runs", "Export runs")
        assert "failed" in shown(app)
        await type_over(pilot, str(tmp_path / "out.json"))
        await press(pilot, "enter")
        await settle(pilot, lambda: "Exported 3 runs" in shown(app), timeout=PATIENCE)
        assert len(json.loads((tmp_path / "out.json").read_text())) == 3
        await choose(pilot, "export runs", "Export runs")
        await type_over(pilot, str(tmp_path / "out.json"))
        await press(pilot, "enter")
        await settle(pilot, lambda: "exists" in shown(app), timeout=PATIENCE)
        await choose(pilot, "export runs", "Export runs")
        await press(pilot, "shift+tab", "left", "tab")
        assert "mlflow-runs" in shown(app)
        await type_over(pilot, str(tmp_path / "store"))
        await press(pilot, "enter")
        await settle(pilot, lambda: (tmp_path / "store" / "mlflow.db").exists(), timeout=PATIENCE)
        await settle(pilot, lambda: type(app.screen).__name__ == "RunsScreen", timeout=PATIENCE)
        await choose(pilot, "import from", "Import from MLflow")
        await press(pilot, "enter")
        assert "Which path?" in shown(app)
        await type_over(pilot, str(tmp_path / "store" / "mlflow.db"))
        await press(pilot, "enter")
        await settle(pilot, lambda: "Imported" in shown(app), timeout=PATIENCE)


async def test_a_store_that_is_none_is_told_in_words(empty: Workspace) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await visit(pilot, "2")
        await choose(pilot, "import from", "Import from MLflow")
        await pilot.press(*"nowhere", "enter")
        await settle(pilot, lambda: "There is no" in shown(app) and "nowhere" in shown(app), timeout=20)


async def test_leftovers_are_shown_before_they_are_removed(empty: Workspace) -> None:
    stray = empty.state_dir / "objects" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x" * 5000)
    old = time.time() - 7200
    os.utime(stray, (old, old))
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await visit(pilot, "2")
        await choose(pilot, "clean up", "1 leftover,")
        assert "5.0 kB" in shown(app) and "cannot be undone" in shown(app)
        assert isinstance(app.screen.focused, Button) and app.screen.focused.id == "cancel"
        assert stray.exists()
        await press(pilot, "tab", "enter")
        await settle(pilot, lambda: "Removed 1" in shown(app), timeout=PATIENCE)
        assert not stray.exists()
        await choose(pilot, "clean up", "There is nothing to clean up")


async def test_a_backup_is_written(empty: Workspace, tmp_path: Path) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await choose(pilot, "back up", "The whole workspace")
        await type_over(pilot, str(tmp_path / "saved.tar.gz"))
        await press(pilot, "enter")
        await settle(pilot, lambda: "Backed up to" in shown(app), timeout=PATIENCE)
    with tarfile.open(tmp_path / "saved.tar.gz") as tar:
        assert len(tar.getnames()) > 2


async def test_a_backup_becomes_a_new_workspace_and_never_an_old_one(
    empty: Workspace, tmp_path: Path
) -> None:
    file, folder = tmp_path / "saved.tar.gz", tmp_path / "again"
    back_up(empty, file)
    before = empty.config_path.read_bytes()
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await choose(pilot, "restore a", "Restore a backup")
        await press(pilot, "enter")
        assert "Which file?" in shown(app)
        await type_over(pilot, str(tmp_path / "nothing.tar.gz"))
        await press(pilot, "enter")
        assert "There is no file" in shown(app)
        await type_over(pilot, str(file))
        assert app.screen.query_one("#folder", Input).value == str(tmp_path / "saved")
        await press(pilot, "tab")
        await type_over(pilot, str(empty.root))
        await press(pilot, "enter")
        assert "never written over" in " ".join(shown(app).split())
        await type_over(pilot, str(folder))
        await press(pilot, "enter")
        await settle(pilot, lambda: "is opened by" in shown(app), timeout=PATIENCE)
        await press(pilot, "tab", "enter")
        assert shlex.split(app.clipboard)[-2:] == ["--workspace", str(folder)]
    assert empty.config_path.read_bytes() == before == Workspace(folder).config_path.read_bytes()
    assert [one.kind for one in list_events(open_store(Workspace(folder)), kind="restore")] == ["restore"]


async def test_a_file_that_is_no_backup_is_told_in_words(empty: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes.tar").write_text("notes")
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await choose(pilot, "restore a", "Restore a backup")
        await type_over(pilot, str(tmp_path / "notes.tar"))
        await press(pilot, "enter")
        await settle(pilot, lambda: "is not a whole backup" in shown(app), timeout=PATIENCE)
    assert not (tmp_path / "notes").exists()


def test_an_errand_that_is_stopped_says_so(empty: Workspace) -> None:
    with pytest.raises(PilothouseError, match="was stopped"):
        run_errand(empty, ["watch", "--json"], lambda words: None, Stop(asked=True))
