"""A workspace that only tracks runs: all about runs works, and the rest says that there is no model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from piloting import press, ready, shown, visit

from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tui.app import PilothouseApp
from pilothouse.workspace import Workspace, find_workspace
from steering import pilothouse


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


def test_init_takes_both_of_a_models_options_or_neither(tmp_path: Path) -> None:
    for words in (["--data", "x"], ["--target", "y"], ["--time", "t"]):
        said = pilothouse("init", "w", *words, cwd=tmp_path)
        assert (said.code == 2 and "--data" in said.err + said.out) or "--target" in said.err
        assert not (tmp_path / "w").exists()


async def test_every_screen_without_a_model(place: Workspace) -> None:
    app = PilothouseApp(place)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await ready(pilot)
        for key in "123456":
            await visit(pilot, key)
            assert "Error" not in shown(app)
        await visit(pilot, "2")
        await press(pilot, "t")
        assert "has no model" in shown(app)
