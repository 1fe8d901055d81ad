"""Sweeps on screen: the dialog that says what they come to, the sweep itself, and hostile parameters."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from piloting import press, ready, settle, shown, visit
from textual.widgets import Input

import making_models
from pilothouse.errors import PilothouseError
from pilothouse.store import open_store
from pilothouse.tracking.runs import Run, list_runs
from pilothouse.tracking.tagging import tag_runs
from pilothouse.training.sweeps.launch import SweepOrder, start_sweep
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.results import Sweep, Trial, read_sweep
from pilothouse.training.watching import wait_for_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.dialogs.sweep import SweepDialog
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.screens.sweep import SweepScreen
from pilothouse.tui.screens.sweep_rows import by_what, scatter, score_series, sweep_words, trial_rows
from pilothouse.tui.snapshots.events import lately
from pilothouse.tui.snapshots.sweeps import Past, SweepWish, preview, split_space
from pilothouse.tui.widgets.choice import Choice
from pilothouse.workspace import Workspace
from ready_made import copied

HOSTILE_SPACE = ("na[/me]=1,2,3", 'other=[bold red]x[/],"\x1b[31mred, a\nb"')
SCRIPT = "import sys\nprint('loss:', len(sys.argv[2]) if sys.argv[2] == '2' else 0.5)\n"


@pytest.fixture
def swept(tmp_path: Path) -> Workspace:
    """A sweep of a script that has ended, with parameters from hell."""
    return Workspace(copied("swept", _swept, tmp_path / "ws"))


def _swept(root: Path) -> None:
    made, _ = making_models.workspace(root)
    (root / "data").mkdir()
    (root / "train.py").write_text(SCRIPT)
    plan = SweepPlan(HOSTILE_SPACE, "grid", metric="loss", jobs=2)
    run_id = start_sweep(made, SweepOrder(plan, command=(sys.executable, "train.py"), name="swe[/ep]"))
    assert wait_for_run(made, run_id, 60).status == "FINISHED"


async def test_a_sweep_is_opened_drawn_and_steered(swept: Workspace) -> None:
    app = PilothouseApp(swept)
    async with app.run_test(size=(150, 44), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "2")
        await settle(pilot, lambda: "swe[/ep]" in shown(app))
        await press(pilot, "G", "enter")
        await ready(pilot)
        assert isinstance(app.screen, SweepScreen)
        words = shown(app)
        assert "6 of 6 trials" in words and "★ best so far" in words and "loss 0.5000" in words
        assert "na[/me]" in words and "[bold red]x" in words and "\x1b[31mred" not in words
        await press(pilot, "p")
        assert "loss by na[/me]" in shown(app)
        await press(pilot, "p", "p")
        assert "by trial" in shown(app)
        # The data of a script is the script's own: nobody knows of a holdout.
        await press(pilot, "t")
        assert "An ordinary run" in shown(app) and "holdout" not in shown(app)
        await press(pilot, "escape", "S")
        assert "has ended already" in shown(app)
        await press(pilot, "R")
        assert "nothing is left" in shown(app)
        await press(pilot, "enter")
        await ready(pilot)
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "escape", "escape")
        assert not isinstance(app.screen, SweepScreen)


def test_trials_that_did_as_they_should_do_not_push_other_events_out_of_sight(swept: Workspace) -> None:
    store = open_store(swept)
    parts = {run.run_id for run in list_runs(store) if run.parent_run_id}
    told = [event.message for event in lately(store, 40)]
    assert len(parts) > 5
    assert "swe[/ep] started." in told
    assert not any(event.subject in parts for event in lately(store, 40) if "finished" in event.message)
    # What failed is told, though.
    failed = {run.name for run in list_runs(store, status="FAILED")}
    assert all(any(name in message for message in told) for name in failed)


async def test_the_dialog_says_what_a_sweep_comes_to(swept: Workspace) -> None:
    app = PilothouseApp(swept)
    before = len(list_runs(open_store(swept)))
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "2")
        await press(pilot, "W")
        dialog = app.screen
        assert isinstance(dialog, SweepDialog)
        dialog.query_one("#space", Input).value = "learning_rate=log(0..1)"
        await settle(pilot, lambda: "above 0" in shown(app))
        dialog.query_one("#space", Input).value = "learning_rate=log(0.01 .. 1) early_stopping=true,false"
        await settle(pilot, lambda: "20 trials" in shown(app))
        dialog.query_one("#trials", Input).value = "many"
        await settle(pilot, lambda: "no whole number" in shown(app))
        await press(pilot, "escape")
        assert app.screen is not dialog
    assert len(list_runs(open_store(swept))) == before, "nothing was started"


async def test_what_the_workspace_declares_stands_in_the_dialog(empty: Workspace) -> None:
    with empty.config_path.open("a") as config:
        config.write('\n[sweep]\nstrategy = "grid"\nworkers = 2\n[sweep.params]\nmax_iter = [50, 100, 200]\n')
    app = PilothouseApp(empty)
    async with app.run_test(size=(100, 40), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "2")
        await press(pilot, "W")
        dialog = app.screen
        assert isinstance(dialog, SweepDialog)
        assert dialog.query_one("#space", Input).value == "max_iter=50,100,200"
        assert dialog.query_one("#jobs", Input).value == "2"
        assert dialog.query_one("#strategy", Choice).value == "grid"
        await settle(pilot, lambda: "3 trials" in shown(app))


def test_a_preview_goes_by_earlier_runs_or_says_that_it_cannot_know(empty: Workspace) -> None:
    assert split_space(" lr=log(0.01 .. 1)  d=1,2 ") == ("lr=log(0.01 .. 1)", "d=1,2")
    wish = SweepWish("logistic", "C=0.1,1", "grid", jobs="2")
    assert "unknown" in preview(empty, "late", wish, Past({}))
    assert "0:10" in preview(empty, "late", wish, Past({"logistic": (10.0, 3)}))
    with pytest.raises(PilothouseError):
        preview(empty, "late", SweepWish("logistic", "D=0.1,1", "grid"), Past({}))


def trial(n: int, key: str, score: float | None) -> Trial:
    """A trial that ended as number n."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = Run(
        f"r{n}", key, "", "trial", "", "", "FINISHED", at, at + timedelta(seconds=n), 0, None, "", "", "",
        params={"x": str(n + 1)},
    )  # fmt: skip
    return Trial(key, run, score)


def test_scores_stand_over_the_numbers_that_the_table_gives_their_trials() -> None:
    # Two at once: the later one may end first. Number 1 has failed.
    trials = (trial(0, "2", 0.5), trial(1, "0", 0.9), trial(2, "1", None), trial(3, "10", 0.7))
    plan = SweepPlan(("x=0,1",), "grid", metric="loss")
    sweep = Sweep(trials[0].run, plan, "loss", True, 11, trials, trials[0])
    best, each = score_series(sweep)
    assert by_what(sweep) == "trial"
    assert each.points == ((0, 0.9), (2, 0.5), (10, 0.7))
    assert best.points == ((0, 0.9), (2, 0.5), (10, 0.5))
    assert {row.cells[1] for row in trial_rows(sweep)} == {"0", "1", "2", "10"}


def test_a_tag_that_names_no_trial_takes_none_away(swept: Workspace) -> None:
    store = open_store(swept)
    (sweep,) = [run for run in list_runs(store) if run.kind == "sweep"]
    before = read_sweep(store, sweep.run_id)
    for text in ("x@y", "[/]", "1@", "-1", ""):
        tag_runs(store, [before.trials[0].run.run_id], {"trial": text})
        found = read_sweep(store, sweep.run_id)
        assert [trial.key for trial in found.ranked()] == [trial.key for trial in before.ranked()], text
        assert score_series(found)[1].points == score_series(before)[1].points


def test_the_best_so_far_is_of_the_highest_rung() -> None:
    trials = (trial(0, "0@0", 0.9), trial(1, "1@0", 0.8), trial(2, "0@1", 0.7), trial(3, "1@1", 0.75))
    plan = SweepPlan(("x=log(1..100)",), "halving", 2, 2, "auc", full=4, resource="n")
    sweep = Sweep(trials[0].run, plan, "auc", False, 3, trials, trials[3])
    # Each label stands apart from what it is about.
    words = sweep_words(
        replace(sweep, resumes=trials[1].run, resumed_by=trials[2].run), trials[0].run.started_at, 60
    )
    assert f"\nresumes     {trials[1].run.name}" in words.plain
    assert f"\nresumed by  {trials[2].run.name}" in words.plain
    best, each = score_series(sweep)
    assert by_what(sweep) == "trials ended", "one number has scores on two rungs"
    assert [x for x, _ in each.points] == [1, 2, 3, 4]
    assert [y for _, y in best.points] == [0.9, 0.9, 0.7, 0.75]
    assert [y for _, y in each.points] == [0.9, 0.8, 0.7, 0.75]
    drawn = scatter(sweep, "x", 60, 12).plain
    assert drawn.count("●") == 3 and drawn.count("★") == 1 and "(log)" in drawn
    assert "room" in scatter(sweep, "x", 10, 2).plain


def test_a_sweep_that_ended_without_a_score_waits_for_none() -> None:
    trials = (trial(0, "0", None), trial(1, "1", None))
    plan = SweepPlan(("x=0,1",), "grid", metric="loss")
    sweep = Sweep(trials[0].run, plan, "loss", True, 2, trials, None)
    said = sweep_words(sweep, trials[0].run.started_at, 60).plain
    assert "none: no trial has a score" in said
    assert "yet" not in said and "Best of many" not in said
    going = replace(sweep, run=replace(sweep.run, status="RUNNING", ended_at=None))
    assert "no score yet" in sweep_words(going, trials[0].run.started_at, 60).plain
