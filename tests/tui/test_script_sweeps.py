"""Sweeps over a script from the keyboard, where there is no model: typed, declared, refused in words."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from piloting import press, ready, settle, shown, visit
from textual.pilot import Pilot
from textual.widgets import Input

from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.training.sweeps.results import read_sweep
from pilothouse.training.watching import wait_for_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.dialogs.sweep import SweepDialog
from pilothouse.tui.screens.sweep import SweepScreen
from pilothouse.tui.snapshots.sweeps import Past, SweepWish, order_of, preview
from pilothouse.tui.snapshots.training import OWN_COMMAND
from pilothouse.tui.widgets.choice import Choice
from pilothouse.workspace import Workspace, init_workspace

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
for name in ("x", "epochs", "off"):
    parser.add_argument("--" + name, type=int, default=0)
given = parser.parse_args()
print("fit:", abs(given.x - 3) + given.off - given.epochs / 100)
"""
COMMAND = f"'{sys.executable}' train.py"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    (tmp_path / "train.py").write_text(SCRIPT)
    return init_workspace(tmp_path, "")


async def opened(pilot: Pilot[Any]) -> SweepDialog:
    await ready(pilot)  # type: ignore[arg-type]
    await visit(pilot, "2")
    await press(pilot, "W")
    dialog = pilot.app.screen
    assert isinstance(dialog, SweepDialog), shown(pilot.app)  # type: ignore[arg-type]
    return dialog


def fill(dialog: SweepDialog, **values: str) -> None:
    for name, value in values.items():
        field = dialog.query_one(f"#{name}", Input)
        assert field.display, f"{name} can be filled in"
        field.value = value


async def started(pilot: Pilot[Any], workspace: Workspace) -> str:
    await press(pilot, "enter")
    await settle(pilot, lambda: isinstance(pilot.app.screen, SweepScreen), timeout=60)
    (sweep,) = [run for run in list_runs(open_store(workspace)) if run.kind == "sweep"]
    assert wait_for_run(workspace, sweep.run_id, 60).status == "FINISHED"
    return sweep.run_id


async def test_a_grid_over_a_script(place: Workspace) -> None:
    app = PilothouseApp(place)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        dialog = await opened(pilot)
        assert app.focused is dialog.query_one("#command"), "it is what is to be said first"
        assert not dialog.query_one("#recipe").display, "there is none to choose"
        fill(dialog, command=COMMAND, space="x=1,2,3", fixed="off=10")
        await press(pilot, "tab", "right")
        assert dialog.query_one("#strategy", Choice).value == "grid"
        assert not dialog.query_one("#trials").display and not dialog.query_one("#resource").display
        await press(pilot, "enter")
        assert app.screen is dialog and "Name a metric that it prints" in shown(app)
        fill(dialog, metric="fit")
        dialog.query_one("#better", Choice).choose("less")
        run_id = await started(pilot, place)
        await settle(pilot, lambda: "★ best so far" in shown(app), timeout=20)
    found = read_sweep(open_store(place), run_id)
    assert found.best is not None and found.best.score == 10.0 and found.best.run.params["x"] == "3"
    assert {trial.run.params["off"] for trial in found.trials} == {"10"}


async def test_halving_over_a_script_at_the_smallest_size(place: Workspace) -> None:
    app = PilothouseApp(place)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        dialog = await opened(pilot)
        fill(dialog, command=COMMAND, space="x=1,2,3,4", metric="fit")
        await press(pilot, "tab", "right", "right")
        assert dialog.query_one("#strategy", Choice).value == "halving"
        await settle(pilot, lambda: "Such as resource epochs, at most 81." in shown(app))
        for label in ("command", "fixed", "trials", "resource", "at most", "better", "cluster", "Start"):
            assert label in shown(app), "all of it is in sight"
        fill(dialog, resource="epochs", most="nine")
        await settle(pilot, lambda: "no number of 1 or more" in shown(app))
        fill(dialog, most="9")
        dialog.query_one("#better", Choice).choose("less")
        run_id = await started(pilot, place)
    found = read_sweep(open_store(place), run_id)
    assert (found.plan.resource, found.plan.full, found.plan.lower) == ("epochs", 9.0, True)
    assert found.best is not None and found.best.run.params == {"x": "3", "epochs": "9"}


async def test_what_is_declared_stands_in_the_dialog(place: Workspace) -> None:
    place.config_path.write_text(
        f'[sweep]\ncommand = "{COMMAND}"\nstrategy = "halving"\nmetric = "fit"\nminimize = true\n'
        'resource = "epochs"\nmax_resource = 9\nfix = { off = 1, note = "two words" }\nworkers = 2\n'
        "[sweep.params]\nx = [2, 3, 4]\n"
    )
    app = PilothouseApp(place)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        dialog = await opened(pilot)
        assert app.focused is dialog.query_one("#space")
        await settle(pilot, lambda: "by fit, less is better" in " ".join(shown(app).split()))
        order = order_of(place, "", dialog.wish())
    plan = order.plan
    assert order.command == (sys.executable, "train.py") and order.resource == "epochs"
    assert (plan.space, plan.strategy, plan.metric, plan.jobs) == (("x=2,3,4",), "halving", "fit", 2)
    assert (plan.fixed, plan.full, plan.lower) == ({"off": 1, "note": "two words"}, 9.0, True)


def test_a_command_that_is_typed_runs_where_the_screen_was_started(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.root / "sub").mkdir()
    typed = SweepWish(OWN_COMMAND, "x=1,2", "grid", metric="fit", command=COMMAND)
    monkeypatch.chdir(place.root / "sub")
    assert order_of(place, "", typed).folder == "sub"
    assert preview(place, "", typed, Past({})).startswith("2 trials by fit, more is better, in sub, ")
    # What is declared is seen from where it is declared.
    place.config_path.write_text(f'[sweep]\ncommand = "{COMMAND}"\n')
    assert order_of(place, "", typed).folder == "."
    assert order_of(place, "", replace(typed, command="sh x")).folder == "sub"
    monkeypatch.chdir("/")
    assert order_of(place, "", replace(typed, command="sh x")).folder == "."
