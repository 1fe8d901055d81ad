"""Makes the screenshots anew: lives through the demo, then walks through the screens while things happen.

Run it with `make screenshots`. It takes about three minutes and needs no terminal.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portable import portable
from textual.pilot import Pilot

from pilothouse.autopilot.harm_judge import judge_waiting
from pilothouse.autopilot.status import start_watcher
from pilothouse.demo.load import Load
from pilothouse.demo.processes import stop_everything
from pilothouse.demo.story import tell_story
from pilothouse.registry.deployments import promote
from pilothouse.serving.control import start_server
from pilothouse.serving.predictions import read_predictions
from pilothouse.store import open_store
from pilothouse.training.launch import start_training
from pilothouse.training.watching import wait_for_run
from pilothouse.training.sweeps.launch import SweepOrder, start_sweep
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.sweep import SweepScreen
from pilothouse.workspace import Workspace

HERE = Path(__file__).resolve().parent
SIZE = (120, 36)
PATIENCE = 120.0
WARM = 20.0
"""Seconds of traffic and training before the first picture."""


async def settle(pilot: Pilot[None], ready: Callable[[str], bool]) -> None:
    """Wait until the screen shows what it should."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while not ready(text_of(pilot)):
        if loop.time() > until:
            raise SystemExit(f"The screen does not show what it should:\n{text_of(pilot)}")
        await pilot.pause(0.1)
    # One more round of reading, so that every panel has had its turn.
    await pilot.pause(1.2)


def text_of(pilot: Pilot[None]) -> str:
    """Return what is on the screen, as text."""
    screen = pilot.app.screen
    lines = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


async def walk(workspace: Workspace, sweep: str) -> None:
    """Visit every screen and keep a picture of each; `sweep` is the id of one."""
    app = PilothouseApp(workspace)
    async with app.run_test(size=SIZE, notifications=True) as pilot:

        async def shoot(name: str, keys: list[str], *shows: str, never: str = "\0") -> None:
            if keys:
                await pilot.press(*keys)
            await settle(pilot, lambda text: all(word in text for word in shows) and never not in text)
            svg = app.export_screenshot(title="pilothouse")
            (HERE / f"{name}.svg").write_text(portable(svg), encoding="utf-8")
            print(name, flush=True)

        await pilot.pause(WARM)
        await shoot("bridge", [], "champion", "Drift")
        await pilot.press("2")
        await settle(pilot, lambda text: iterations(text) >= 480)
        await shoot("runs", [], "running", "log_loss  by step")
        await shoot("run", ["d"], "params", "log_loss")
        await shoot("log", ["l"], "Fitting")
        await pilot.press("escape", "escape")
        await pilot.press("slash", *"kind = 'recipe' finished", "enter")
        await settle(pilot, lambda text: "trial" not in text)
        await shoot("compare", ["j", "space", "j", "space", "c"], "better", never="% …")
        await pilot.press("escape")
        app.push_screen(SweepScreen(sweep))
        await shoot("sweep", [], "best", "learning_rate")
        await pilot.press("escape")
        await shoot("data", ["4", "tab", "j"], "drifted", "temp  enter")
        await shoot("drift_map", ["v"], "temp")
        await shoot("column", ["enter"], "median", "bars of equal width")
        await pilot.press("escape", "escape")
        await shoot("harm", ["h"], "roc_auc")
        await pilot.press("escape")
        await shoot("schema", ["s"], "nothing was found", never="measuring")
        await pilot.press("escape")
        await shoot("dataset_versions", ["D"], "used by  ", "● finished")
        await pilot.press("escape")
        # The training that went on all the while has made a version.
        await pilot.press("3")
        await settle(pilot, lambda text: "4 of late-arrivals" in text)
        await shoot("models", ["g"], "Version 4", "champion", "roc_auc")
        await shoot("promote", ["P"], "3 of 3 passed")
        await pilot.press("escape")
        store = open_store(workspace)
        await asyncio.to_thread(promote, workspace, store, "4", reason="it knows the whole year")
        await settle(pilot, lambda text: "v4 is live" in text)
        await shoot("rollback", ["ctrl+l"], "Roll back")
        await pilot.press("escape")
        await shoot("serving", ["5"], "requests", "v2 is kept warm")
        await pilot.press("6", "slash", *"late-arrivals", "enter")
        await shoot("events", [], "rollback")
        await pilot.press("escape")
        await shoot("help", ["4", "question_mark"], "On this screen")


def iterations(text: str) -> int:
    """Return how far the training is that the screen tells of."""
    found = re.search(r"Fitting: (\d+) of", text)
    return int(found[1]) if found else 0


def flights(workspace: Workspace) -> list[dict[str, Any]]:
    """Return rows that the server can be asked about: other flights of the kind that it has answered."""
    import duckdb

    asked = read_predictions(workspace, limit=1)[0]["features"]
    names = ", ".join(f'"{name}"' for name in asked)
    file = sorted((workspace.root / "data").glob("*.parquet"))[-1]
    query = f"SELECT {names} FROM read_parquet(?) USING SAMPLE 200 (reservoir, 7)"
    found = duckdb.execute(query, [str(file)])
    return [dict(zip(asked, map(plain, row), strict=True)) for row in found.fetchall()]


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return value if isinstance(value, int | float | str | None) else str(value)


def main() -> int:
    """Make a demo, keep it busy, and walk through it."""
    with tempfile.TemporaryDirectory(prefix="pilothouse-") as folder:
        root = Path(folder) / "demo"
        tell_story(root, print)
        workspace = Workspace(root)
        plan = SweepPlan(("learning_rate=log(0.03..0.3)", "max_leaf_nodes=7,15,31"), "random", trials=8)
        sweep = start_sweep(workspace, SweepOrder(plan=plan))
        wait_for_run(workspace, sweep, 600)
        list(judge_waiting(workspace, workspace.config().models))
        show(workspace, sweep)
    return 0


def show(workspace: Workspace, sweep: str) -> None:
    """Let it serve, watch and train, and take the pictures meanwhile."""
    status = start_server(workspace)
    assert status is not None
    start_watcher(workspace)
    run_id = start_training(
        workspace, recipe="hist_gradient_boosting", params={"learning_rate": 0.02, "max_iter": 1500}
    )
    try:
        with Load(status.port, flights(workspace), clients=2):
            asyncio.run(walk(workspace, sweep))
        wait_for_run(workspace, run_id, 300)
    finally:
        stop_everything(workspace)


if __name__ == "__main__":
    sys.exit(main())
