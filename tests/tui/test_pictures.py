"""Pictures among the artifacts: drawn for the room there is, and without Pillow a sentence that says how."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from piloting import press, ready, settle

from pilothouse.store import open_store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.widgets.file_view import FileView
from pilothouse.tui.widgets.picture import Picture
from pilothouse.workspace import Workspace


async def test_a_picture_is_drawn_anew_when_the_terminal_changes_its_size(empty: Workspace) -> None:
    image = pytest.importorskip("PIL.Image")
    run = open_run(empty, RunStart(kind="api", name="drawn", status="RUNNING"), hold=True)
    image.new("RGB", (2400, 100), (200, 30, 30)).save(run.artifacts / "wide.png")
    run.end("FINISHED", 0)
    fold(open_store(empty))
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await ready(pilot)
        app.push_screen(RunScreen(run.run_id, "artifacts"))
        await pilot.pause()
        picture = app.screen.query_one(Picture)

        def fits() -> bool:
            across = app.screen.query_one(FileView).room[0]
            return bool(picture._pixels) and len(picture._pixels[0]) == across

        await settle(pilot, fits)
        before = len(picture._pixels[0])
        await pilot.resize_terminal(180, 40)
        await settle(pilot, lambda: len(picture._pixels[0]) > before and fits())
        await pilot.resize_terminal(80, 24)
        await settle(pilot, lambda: len(picture._pixels[0]) < 180 and fits())
        await press(pilot, "o", "a")
        assert fits()


def test_without_pillow_it_is_said_how_to_see_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "plot.png"
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 40, 30) + b"\x08\x02"
    picture.write_bytes(head)
    # Python refuses to import what stands as None there, as where it was never installed.
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from pathlib import Path; from pilothouse.tui.snapshots.files import look_at\n"
        "look = look_at(Path(sys.argv[1]), 'plot.png')\n"
        "print(look.about); print(look.said); print(look.pixels)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(picture)], capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()
    assert "40 × 30 pixels" in told[0]
    assert "pip install 'pilothouse[images]'" in told[1]
    assert "y copies its path" in told[1]
    assert told[2] == "()"
