"""A workspace that only tracks runs: all about runs works, and the rest says that there is no model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from piloting import press, ready, settle, shown, visit

from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.data import DataScreen
from pilothouse.workspace import Workspace, find_workspace
from steering import pilothouse

WRONG = ("trains a", "to train", "Train a", "w watches", "not watched", "u judges", "promote a")
"""What cannot be done without a model."""


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    assert pilothouse("init", "w", cwd=tmp_path).code == 0
    return find_workspace(tmp_path / "w")


def test_runs_are_tracked_and_what_needs_a_model_says_so(place: Workspace) -> None:
    done = pilothouse("run", "--", sys.executable, "-c", "print('loss: 0.5')", cwd=place.root)
    assert done.code == 0, done.err
    (run,) = list_runs(open_store(place))
    assert run.metrics == {"loss": 0.5} and run.model == "" and run.dataset_version == ""
    doctor = pilothouse("doctor", cwd=place.root)
    assert doctor.code == 0 and "only tracks runs" in doctor.out
    for words in (["train"], ["data"], ["watch"], ["watch", "--once"], ["check", "x"], ["serve"]):
        said = pilothouse(*words, cwd=place.root)
        assert said.code == 1 and "has no model" in said.err and "[model]" in said.err, words


def test_nobody_is_told_to_train_what_is_not_there(place: Workspace) -> None:
    for words in (["runs"], ["models"], ["show", "latest"], ["compare", "1", "2"], ["promote", "1"]):
        said = pilothouse(*words, cwd=place.root)
        assert "pilothouse train" not in said.out + said.err, words
    assert "pilothouse run -- " in pilothouse("runs", cwd=place.root).err
    assert "[model]" in pilothouse("compare", "1", "2", cwd=place.root).err
    # With a model it is the way.
    with place.config_path.open("a") as config:
        config.write('[model]\nname = "m"\ntarget = "y"\n[data]\nfolder = "data"\n')
    for words in (["runs"], ["models"], ["compare", "1", "2"]):
        assert "pilothouse train" in pilothouse(*words, cwd=place.root).err, words


def test_init_takes_both_of_a_models_options_or_neither(tmp_path: Path) -> None:
    for words in (["--data", "x"], ["--target", "y"], ["--time", "t"]):
        said = pilothouse("init", "w", *words, cwd=tmp_path)
        assert (said.code == 2 and "--data" in said.err + said.out) or "--target" in said.err
        assert not (tmp_path / "w").exists()


async def test_every_screen_without_a_model(place: Workspace) -> None:
    app = PilothouseApp(place)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await ready(pilot)
        for key in "123456":
            await visit(pilot, key)
            if key in "1345":
                await settle(pilot, lambda: "pilothouse.toml" in shown(app))
            words = " ".join(shown(app).split())
            assert "Error" not in words
            for wrong in WRONG:
                assert wrong not in words, (key, wrong)
            assert "autonomy" not in words
            assert key in "1345" or "pilothouse.toml" not in words
        await press(pilot, "4", "w")
        assert "no model" in shown(app)
        await press(pilot, "escape")
        await visit(pilot, "2")
        await press(pilot, "t")
        assert "has no model" in shown(app)


@pytest.mark.parametrize("key", ["v", "h", "s", "F"])
async def test_a_screen_that_needs_a_model_reads_for_none(place: Workspace, key: str) -> None:
    app = PilothouseApp(place)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await pilot.press(key)
        await settle(pilot, lambda: not isinstance(app.screen, DataScreen))
        await ready(pilot)
        app.clear_notifications()
        await settle(pilot, lambda: "Add [model] with name and target" in shown(app))
        assert "reading" not in shown(app) and "Promote a" not in shown(app)
