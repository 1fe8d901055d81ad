"""Sweeps as real runs: they end, are stopped, are killed, and go on."""

from __future__ import annotations

import json
import os
import signal
import tarfile

import pytest

from pilothouse.cli.main import main
from pilothouse.errors import PilothouseError
from pilothouse.processes import is_alive
from pilothouse.registry.versions import list_versions
from pilothouse.store import Store, open_store
from pilothouse.store.events import list_events
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.writer import ALIVE_NAME
from pilothouse.training.launch import stop_run
from pilothouse.training.spec import PID_NAME
from pilothouse.training.sweeps.crew import TRIAL_DATA_NAME
from pilothouse.training.sweeps.launch import SweepOrder, resume_sweep, start_sweep
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.training.sweeps.results import BEST_NAME, Sweep, best_trial, read_sweep
from pilothouse.training.watching import wait_for_run
from pilothouse.upkeep.backup import back_up
from pilothouse.upkeep.leftovers import find_leftovers
from pilothouse.workspace import Workspace
from waiting import wait_until

# Waits at its second half of points until the test says that it may go on.
SCRIPT = """
import argparse, os, pathlib, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--epochs", type=int, default=0)
x = parser.parse_args().x
while x >= 4 and not pathlib.Path("go").exists():
    time.sleep(0.01)
if x == 3:
    sys.exit("no luck")
print("loss:", "nan" if x == 2 else abs(x - 5))
"""


def script_sweep(workspace: Workspace, name: str | None = None, **changes: object) -> str:
    (workspace.root / "train.py").write_text(SCRIPT)
    plan = {"space": ("x=0,1,2,3,4,5,6,7",), "strategy": "grid", "metric": "loss", "jobs": 2, **changes}
    order = SweepOrder(SweepPlan(**plan), command=("python", "train.py"), name=name)  # type: ignore[arg-type]
    return start_sweep(workspace, order)


def halfway(store: Store, sweep_id: str) -> Sweep:
    """The sweep once its first four trials have ended and others are under way."""

    def look() -> Sweep | None:
        found = read_sweep(store, sweep_id)
        under_way = [trial for trial in found.trials if trial.run.status == "RUNNING"]
        return found if len(found.outcomes) == 4 and len(under_way) == 2 else None

    found = wait_until(look, 60)
    assert found is not None
    return found


def test_a_killed_sweep_goes_on_and_every_trial_finishes_once(workspace: Workspace, store: Store) -> None:
    first = script_sweep(workspace)
    halfway(store, first)
    pid = int((workspace.run_dir(first) / PID_NAME).read_text())
    # The supervisor too: nobody is left to tidy up.
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(workspace.run_dir(first) / ALIVE_NAME))

    def lost() -> bool:
        fold(store)
        return [trial.run.status for trial in read_sweep(store, first).trials].count("LOST") == 2

    wait_until(lost, 30)
    assert get_run(store, first).status == "LOST"
    # All rows that it learned from lie there still.
    left = workspace.run_dir(first) / TRIAL_DATA_NAME
    assert left.relative_to(workspace.root).as_posix() in [
        one.path for one in find_leftovers(workspace, grace=0)
    ]
    with tarfile.open(back_up(workspace, workspace.root.parent / "kept.tar").path) as tar:
        assert not [name for name in tar.getnames() if "trial-data" in name]
    second = resume_sweep(workspace, first[:8])
    with pytest.raises(PilothouseError, match="under way"):
        resume_sweep(workspace, first)
    assert not left.exists()
    (workspace.root / "go").touch()
    assert wait_for_run(workspace, second, 60).status == "FINISHED"
    sweep = read_sweep(store, second)
    finished = sorted(trial.run.params["x"] for trial in sweep.trials if trial.run.status == "FINISHED")
    assert finished == ["0", "1", "4", "5", "6", "7"], "each once, over both"
    failed = {
        trial.run.params["x"]: trial.run.reason for trial in sweep.trials if trial.run.status == "FAILED"
    }
    assert sorted(failed) == ["2", "3"] and "diverged" in failed["2"] and "no luck" in failed["3"]
    assert sweep.best is not None and sweep.best.run.params["x"] == "5" and sweep.best.score == 0.0
    assert sweep.run.tags["resumes"] == first and len(sweep.outcomes) == sweep.total == 8
    with pytest.raises(PilothouseError, match="Nothing is left"):
        resume_sweep(workspace, first)
    messages = [event.message for event in list_events(store, limit=200) if event.kind == "sweep"]
    assert any("started" in text for text in messages) and any("best so far" in text for text in messages)
    assert any("ended" in text for text in messages)


def test_a_stopped_sweep_ends_its_trials_and_keeps_the_best(
    workspace: Workspace, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = script_sweep(workspace, name="stop [/me]")
    before = halfway(store, sweep_id)
    running = next(trial for trial in before.trials if trial.run.status == "RUNNING")
    with pytest.raises(PilothouseError, match="ends with its sweep"):
        stop_run(workspace, running.run.run_id)
    with pytest.raises(PilothouseError, match="under way"):
        resume_sweep(workspace, sweep_id)
    assert " left" in before.run.progress_text
    assert stop_run(workspace, sweep_id).status == "KILLED"
    sweep = read_sweep(store, sweep_id)
    assert sweep.run.progress_text == "4 of 8 trials, best loss 4.0000 (trial 1)"
    statuses = sorted(trial.run.status for trial in sweep.trials)
    assert statuses == ["FAILED", "FAILED", "FINISHED", "FINISHED", "KILLED", "KILLED"]
    assert best_trial(sweep)["params"] == {"x": 1}
    assert sweep.best is not None and sweep.best.score == 4.0
    capsys.readouterr()
    (workspace.root / "go").touch()
    code = main(["sweep", "--resume", sweep_id, "--json", "--workspace", str(workspace.root)])
    told = json.loads(capsys.readouterr().out)
    assert code == 0 and told["best"]["score"] == 0.0
    assert "holdout" not in told["honesty"] and "validation" not in told["honesty"], "a script has none"
    assert (told["counts"], told["run_again"]) == ({"FINISHED": 6, "FAILED": 2}, 2)
    # One says which the other is, and their names tell that they belong together.
    first, second = get_run(store, sweep_id), get_run(store, told["run_id"])
    assert (first.name, second.name) == ("stop [/me]", "stop [/me].2")
    for one, key, other in ((first, "resumed_by", second), (second, "resumes", first)):
        assert main(["show", one.run_id, "--json", "--workspace", str(workspace.root)]) == 0
        assert json.loads(capsys.readouterr().out)[key]["run_id"] == other.run_id
        assert main(["show", one.run_id, "--workspace", str(workspace.root)]) == 0
        assert f"  {other.run_id}  {other.name}" in capsys.readouterr().out


def test_the_best_of_before_stays_the_best_if_nothing_beats_it(workspace: Workspace, store: Store) -> None:
    first = script_sweep(workspace, space=("x=1,0",), max_trials=1, jobs=1)
    assert wait_for_run(workspace, first, 60).status == "FINISHED"
    assert best_trial(read_sweep(store, first))["params"] == {"x": 1}
    second = resume_sweep(workspace, first)
    assert wait_for_run(workspace, second, 60).status == "FINISHED"
    found = read_sweep(store, second)
    best, tags = best_trial(found), found.run.tags
    assert best["params"] == {"x": 1} and best["score"] == 4.0
    assert (tags["best_trial"], tags["best_run"]) == (best["trial"], best["run_id"])


def test_the_best_is_what_the_trials_say_if_a_kill_left_an_older_one_written(
    workspace: Workspace, store: Store
) -> None:
    first = script_sweep(workspace, space=("x=0,1,-3",), max_trials=2, jobs=1)
    assert wait_for_run(workspace, first, 60).status == "FINISHED"
    sweep = read_sweep(store, first)
    # As if it had been killed when the second trial had ended and was not yet kept as the best.
    kept = workspace.run_dir(first) / "artifacts" / BEST_NAME
    kept.write_text(json.dumps({"trial": "0", "run_id": sweep.trials[0].run.run_id, "params": {"x": 0}}))
    tag_runs(store, [first], {"best_trial": "0", "best_run": sweep.trials[0].run.run_id})
    assert best_trial(sweep)["params"] == {"x": 1}
    second = resume_sweep(workspace, first)
    assert wait_for_run(workspace, second, 60).status == "FINISHED"
    best = json.loads((workspace.run_dir(second) / "artifacts" / BEST_NAME).read_bytes())
    assert best == best_trial(read_sweep(store, second))
    assert (best["params"], best["run_id"]) == ({"x": 1}, sweep.trials[1].run.run_id)
    tags = get_run(store, second).tags
    assert (tags["best_trial"], tags["best_run"]) == ("1", best["run_id"])


def test_halving_over_a_script_gives_more_to_the_best(workspace: Workspace, store: Store) -> None:
    (workspace.root / "train.py").write_text(SCRIPT)
    (workspace.root / "go").touch()
    order = SweepOrder(
        plan=SweepPlan(("x=0,1,4,5",), "halving", 4, 2, "loss", full=40, jobs=2),
        command=("python", "train.py"),
        resource="epochs",
    )
    sweep_id = start_sweep(workspace, order)
    assert wait_for_run(workspace, sweep_id, 60).status == "FINISHED"
    sweep = read_sweep(store, sweep_id)
    rungs = {trial.key.split("@")[1]: trial.run.params["epochs"] for trial in sweep.trials}
    assert rungs == {"0": "10", "1": "20", "2": "40"} and len(sweep.trials) == 7
    assert sweep.best is not None and sweep.best.run.params["x"] == "5" and sweep.best.key.endswith("@2")


def test_a_worker_that_dies_costs_its_trial_only(workspace: Workspace, store: Store) -> None:
    # The script kills the worker that runs it, as want of memory would.
    script_sweep(workspace, space=("x=0,1,2",))
    script = (
        "import os, signal, sys\nif '6' in sys.argv: os.kill(os.getppid(), signal.SIGKILL)\nprint('loss: 1')"
    )
    (workspace.root / "train.py").write_text(script)
    order = SweepOrder(
        plan=SweepPlan(("x=5,6,7,8",), "grid", metric="loss", jobs=2), command=("python", "train.py")
    )
    sweep_id = start_sweep(workspace, order)
    assert wait_for_run(workspace, sweep_id, 90).status == "FINISHED"
    latest = {trial.key: trial for trial in read_sweep(store, sweep_id).trials}
    assert [latest[key].run.status for key in "0123"] == ["FINISHED", "FAILED", "FINISHED", "FINISHED"]
    assert "died" in latest["1"].run.reason


def test_a_recipes_winner_is_judged_on_rows_that_no_trial_saw(
    fresh: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sweep", "logistic", "-p", "C=log(0.01..10)", "--trials", "4", "--patience", "3", "--json"]
    code = main([*arguments, "--strategy", "halving", "--register", "--workspace", str(fresh.root)])
    told = json.loads(capsys.readouterr().out)
    assert code == 0, told["reason"]
    store = open_store(fresh)
    winner = get_run(store, told["tags"]["winner"])
    (version,) = list_versions(store)
    assert version.run_id == winner.run_id and winner.tags["sweep"] == told["run_id"]
    assert float(winner.params["C"]) == float(told["best"]["params"]["C"])
    assert told["metric"] == "validation_roc_auc" and told["metric"] not in winner.metrics
    assert all("roc_auc" not in trial["metrics"] for trial in told["trials"]), (
        "no trial is judged on the holdout"
    )
    assert "optimis" in told["honesty"] or "looks better" in told["honesty"]


def test_what_cannot_be_swept_is_refused_before_anything_starts(fresh: Workspace) -> None:
    for words, code in [
        (["-p", "C=log(0..1)", "logistic"], 2),
        (["-p", "nonsense=1,2", "logistic"], 2),
        (["logistic"], 2),
        (["-p", "C=1,2", "logistic", "--metric", "beauty"], 2),
        (["-p", "C=1,2", "--fix", "C=3", "logistic"], 2),
        (["-p", "C=1,2", "nosuchrecipe"], 2),
        (["-p", "x=1,2", "--", "python", "train.py"], 2),
        (["-p", "C=1,2", "logistic", "--cluster", "somewhere"], 2),
        (["-p", "C=1,2", "logistic", "--cluster", "tcp://127.0.0.1:9"], 1),
        (["-p", "max_iter=1,2", "hist_gradient_boosting", "--strategy", "halving"], 2),
        (["--resume", "nosuch"], 1),
    ]:
        assert main(["sweep", "--workspace", str(fresh.root), *words]) == code, words
    assert not fresh.runs_dir.exists() or not list(fresh.runs_dir.iterdir())


def test_a_dry_run_says_what_there_would_be(fresh: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "logistic", "-p", "C=0.1,1,10", "--strategy", "grid", "--dry-run", "--json"]
    assert main([*words, "--workspace", str(fresh.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == 3 and [row["params"]["C"] for row in told["first"]] == [0.1, 1, 10]
