"""Promoting, rolling back, training, judging, serving: by keys alone, on real models and real processes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator

import pytest
from piloting import press, ready, settle, shown, visit
from textual.widgets import Button

import making_models
from pilothouse.processes import fair_lock, is_alive
from pilothouse.registry.history import history
from pilothouse.registry.versions import champion
from pilothouse.serving.control import stop_server
from pilothouse.serving.status import server_status
from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.workspace import Workspace

SIZE = (120, 40)
PATIENCE = 90.0


@pytest.fixture
def served(steered: Workspace) -> Iterator[Workspace]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = steered.config_path.read_text()
    steered.config_path.write_text(f"{text}\n[serving]\nport = {port}\n")
    yield steered
    stop_server(steered)


async def test_a_rollback_says_its_effect_and_happens_at_once(steered: Workspace) -> None:
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "3")
        assert "v2 is live" in shown(app)
        await press(pilot, "ctrl+l")
        words = shown(app)
        assert "v2 (logistic) has been live for" in words
        assert "v1 (logistic) was live before" in words
        assert "v1 answers every request" in words
        await press(pilot, *"too slow [/]", "enter")
        assert isinstance(app.screen.focused, Button) and app.screen.focused.id == "do"
        await press(pilot, "enter")
        await settle(pilot, lambda: "v1 is live" in shown(app))
        assert "too slow [/]" in shown(app)
    newest = history(open_store(steered), "late")[0]
    assert (newest.kind, newest.to_version, newest.reason) == ("rollback", 1, "too slow [/]")


async def test_a_promotion_shows_its_gates_before_it_happens(steered: Workspace) -> None:
    text = steered.config_path.read_text()
    steered.config_path.write_text(f"{text}\n[gates]\nroc_auc = {{ min = 0.5 }}\n")
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "3")
        await pilot.press("P")
        await settle(pilot, lambda: "1 of 1 passed" in shown(app), timeout=PATIENCE)
        assert "roc_auc at least 0.5" in shown(app)
        await press(pilot, *"better", "enter", "enter")
        await settle(pilot, lambda: "v3 is live" in shown(app), timeout=PATIENCE)
    live = champion(open_store(steered), "late")
    assert live is not None and live.version == 3


async def test_past_a_failed_gate_only_with_a_reason(steered: Workspace) -> None:
    text = steered.config_path.read_text()
    steered.config_path.write_text(f"{text}\n[gates]\nroc_auc = {{ min = 0.9999 }}\n")
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "3")
        await pilot.press("P")
        await settle(pilot, lambda: "1 of 1 failed" in shown(app), timeout=PATIENCE)
        await press(pilot, "enter", "enter")
        assert "say why" in shown(app)
        await press(pilot, "escape")
    live = champion(open_store(steered), "late")
    assert live is not None and live.version == 2


async def test_the_server_is_started_asked_and_stopped_by_keys(served: Workspace) -> None:
    app = PilothouseApp(served)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "5")
        assert "□ stopped" in shown(app)
        await pilot.press("s")
        await settle(pilot, lambda: "● ready" in shown(app), timeout=PATIENCE)
        await pilot.press("i")
        await settle(pilot, lambda: "Try a prediction" in shown(app))
        await press(pilot, "enter")
        await settle(pilot, lambda: "probability" in shown(app), timeout=PATIENCE)
        await press(pilot, "escape")
        await settle(pilot, lambda: "1 newest" in shown(app))
        await press(pilot, "S", "tab", "enter")
        await settle(pilot, lambda: "□ stopped" in shown(app), timeout=PATIENCE)
    assert server_status(served) is None


async def test_a_training_is_started_by_keys_and_shown_live(empty: Workspace) -> None:
    table = making_models.flights(400)
    making_models.holdout(empty.root / "data" / "flights.parquet", table)
    app = PilothouseApp(empty)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        # What is typed at once are parameters, and enter is enough.
        await press(pilot, "t", *"max_iter=zero", "enter")
        assert "max_iter" in shown(app) and "Train" in shown(app)
        await press(pilot, "escape", "t", *"max_iter=7", "enter")
        await settle(pilot, lambda: "● finished" in shown(app), timeout=PATIENCE)
    runs = list_runs(open_store(empty))
    assert [(run.status, run.params["max_iter"]) for run in runs] == [("FINISHED", "7")]


async def test_files_are_judged_by_a_key(steered: Workspace) -> None:
    (steered.root / "data" / "other.csv").write_text("twice,twice\n1,2\n")
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "4")
        await pilot.press("u")
        await settle(pilot, lambda: "■ held" in shown(app) and "judged." in shown(app), timeout=PATIENCE)
        await press(pilot, "a", *"it is fine", "enter")
        await settle(pilot, lambda: "● accepted" in shown(app))
        await press(pilot, "a")
        assert "Take the acceptance back" in shown(app)
        await press(pilot, *"no hurry", "enter")
        await settle(pilot, lambda: "■ held" in shown(app) and "● accepted" not in shown(app))
    said = [event.message for event in list_events(open_store(steered), 5)]
    assert said[:2] == [
        "other.csv is held again, its acceptance was taken back: no hurry",
        "other.csv was accepted in spite of its checks: it is fine",
    ]


async def test_judging_the_folder_that_takes_long_says_so_and_is_stopped(steered: Workspace) -> None:
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "4")
        await settle(pilot, lambda: "not watched" in shown(app), timeout=PATIENCE)
        # While somebody else has the store, it takes long.
        with fair_lock(steered.state_dir / "store.lock"):
            await pilot.press("u")
            async with asyncio.timeout(PATIENCE):  # A screen on which something works never settles.
                while "Stop" not in shown(app):
                    await pilot.pause(0.05)
            assert "Judging the files of the folder" in shown(app)
            await pilot.press("right", "enter")
            async with asyncio.timeout(PATIENCE):
                while "was stopped" not in shown(app):
                    await pilot.pause(0.05)
        assert not is_alive(steered.watch_dir / "alive")


async def test_an_error_of_a_command_is_told_in_its_words(steered: Workspace) -> None:
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "3")
        await press(pilot, "ctrl+l", "enter")
        (steered.version_dir("late", 1) / "manifest.json").chmod(0o644)
        (steered.version_dir("late", 1) / "manifest.json").write_text(json.dumps({"[/x]": "changed"}))
        await press(pilot, "enter")
        assert isinstance(app.screen, PilothouseScreen)
        await settle(pilot, lambda: "■" in shown(app).split("\n")[-2])
        assert "v2 is live" in shown(app)
        await ready(pilot)
