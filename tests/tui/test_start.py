"""What the terminal UI loads, and when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from piloting import ready, visit
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.parse import parse

from pilothouse.tui.app import PilothouseApp
from pilothouse.workspace import Workspace

HEAVY = ("pandas", "sklearn", "numpy", "scipy", "joblib", "starlette", "uvicorn", "watchdog")

FIRST_PAINT = """
import asyncio, sys
from pathlib import Path
from pilothouse.tui.app import PilothouseApp
from pilothouse.workspace import Workspace
loaded = []
display = PilothouseApp._display
def watched(self, screen, renderable):
    display(self, screen, renderable)
    if not loaded and renderable is not None:
        loaded.extend(sys.modules)
PilothouseApp._display = watched
async def main():
    # Wide, so that every key of the screen is drawn and has been asked whether it does anything.
    async with PilothouseApp(Workspace(Path(sys.argv[1]))).run_test(size=(200, 50)) as pilot:
        await pilot.pause()
asyncio.run(main())
print(*{name.partition('.')[0] for name in loaded})
"""

EVERY_SCREEN = """
import asyncio, sys
from pathlib import Path
from pilothouse.tui.app import PilothouseApp
from pilothouse.workspace import Workspace
async def main():
    app = PilothouseApp(Workspace(Path(sys.argv[1])))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "123456":
            await pilot.press(key)
            for _ in range(400):
                await pilot.pause(0.005)
                if app.screen._turn and not app.screen._polling:
                    break
asyncio.run(main())
print(*{name.partition('.')[0] for name in sys.modules})
"""


def modules_after(script: str, workspace: Workspace) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(workspace.root)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_nothing_heavy_is_loaded_before_the_first_paint(empty: Workspace) -> None:
    loaded = modules_after(FIRST_PAINT, empty)
    assert "textual" in loaded
    assert not loaded & {*HEAVY, "duckdb", "urllib3", "httpx", "plotext"}


def test_no_screen_loads_what_the_workers_and_the_server_need(hostile: Workspace) -> None:
    assert not modules_after(EVERY_SCREEN, hostile) & set(HEAVY)


async def test_the_styles_of_a_screen_are_parsed_once(
    empty: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []

    def watched(scope: str, css: str, read_from: tuple[str, str], **how: Any) -> Iterable[RuleSet]:
        parsed.append(read_from[0])
        return parse(scope, css, read_from, **how)

    monkeypatch.setattr(stylesheet, "parse", watched)
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        for key in "23456?":
            await visit(pilot, key)
    files = [path for path in parsed if path.endswith(".tcss")]
    assert len(files) > 6
    assert len(set(files)) == len(files)
