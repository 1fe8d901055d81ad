"""A run's place in its sweep's plan hangs on no tag that a script or a person can set."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest

from hostile import HOSTILE
from pilothouse.store import Store
from pilothouse.tracking import beginnings
from pilothouse.tracking.relatives import RESUMES_TAG
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.writer import RunStart, attach_run, open_run
from pilothouse.training.spec import RunSpec
from pilothouse.training.sweeps.ledger import Ledger
from pilothouse.training.sweeps.plan import KIND, TRIAL_TAG, SweepPlan, write_plan
from pilothouse.training.sweeps.results import Sweep, best_trial, read_sweep
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, TrialResult
from pilothouse.workspace import Workspace

LR = (0.1, 0.2, 0.3)
PLAN = SweepPlan(("lr=0.1,0.2,0.3",), "grid", metric="loss")


@dataclass
class Made:
    """A sweep whose trials run when the test says so, each with a script that has tags for itself."""

    workspace: Workspace
    store: Store
    run_id: str
    ledger: Ledger

    def run(self, number: int, loss: float, tag: str = "0") -> str:
        planned = Planned(str(number), number, {"lr": LR[number]})
        folder = self.ledger.begin(Order(planned, {"lr": LR[number]}))
        script = attach_run(folder)
        script.set_tags({TRIAL_TAG: tag})
        script.close()
        self.ledger.end(TrialResult(str(number), {"loss": loss}))
        return folder.name

    def read(self) -> Sweep:
        return read_sweep(self.store, self.run_id)


@pytest.fixture
def made(workspace: Workspace, store: Store) -> Made:
    sweep = open_run(workspace, RunStart(kind=KIND, name="s", status="RUNNING"), hold=True)
    write_plan(sweep.folder, PLAN)
    ledger = Ledger(workspace, sweep.run_id, RunSpec(None, command=("python", "t.py")), "loss", "s")
    sweep.end("FINISHED", 0)
    return Made(workspace, store, sweep.run_id, ledger)


@pytest.mark.parametrize("tags", [("0", "0", "0"), ("2", "0", "1"), ("99", "x@y", ""), HOSTILE[:3]])
def test_a_scripts_own_tag_makes_no_other_trial_of_its_run(made: Made, tags: tuple[str, ...]) -> None:
    runs = [made.run(number, loss, tags[number]) for number, loss in enumerate((0.9, 0.1, 0.5))]
    found = made.read()
    assert [(trial.key, trial.run.run_id) for trial in found.trials] == list(zip("012", runs, strict=True))
    assert found.outcomes == {"0": 0.9, "1": 0.1, "2": 0.5}
    best = best_trial(found)
    assert (best["trial"], best["run_id"], best["params"], best["score"]) == ("1", runs[1], {"lr": 0.2}, 0.1)
    assert not PLAN.make("loss").due(found.outcomes), "a resumed sweep runs none of them again"


def test_a_tag_that_a_person_gives_moves_no_trial(made: Made) -> None:
    runs = [made.run(number, loss) for number, loss in enumerate((0.9, 0.1, 0.5))]
    for text in ("first try", "[/]", "1@", "-1", ""):
        tag_runs(made.store, [runs[1]], {TRIAL_TAG: text})
        best = made.read().best
        assert best is not None and (best.key, best.run.run_id) == ("1", runs[1])


def test_of_two_runs_of_a_trial_the_later_one_counts_everywhere(made: Made) -> None:
    made.run(0, 0.2)
    made.run(1, 0.3)
    later = made.run(0, 0.1)
    found = made.read()
    assert found.best is not None and (found.best.run.run_id, found.best.score) == (later, 0.1)
    assert found.outcomes["0"] == 0.1 and found.ranked()[0] is found.best
    # What was stopped or lost says nothing of a trial that has ended.
    made.ledger.begin(Order(Planned("0", 0, {"lr": 0.1}), {"lr": 0.1}))
    made.ledger.give_up("KILLED", "Stopped with its sweep.")
    found = made.read()
    assert found.best is not None and found.best.run.run_id == later
    assert found.ranked()[0] is found.best and len(found.ranked()) == 2


def test_without_its_folder_a_trial_is_what_its_tag_says(made: Made) -> None:
    run_id = made.run(2, 0.5, "1")
    assert [trial.key for trial in made.read().trials] == ["2"]
    shutil.rmtree(made.workspace.run_dir(run_id))
    beginnings._begun_with.cache_clear()
    assert [trial.key for trial in made.read().trials] == ["1"]


def test_a_run_that_only_says_so_goes_on_with_no_sweep(made: Made, workspace: Workspace) -> None:
    other = open_run(workspace, RunStart("script", tags={RESUMES_TAG: made.run_id}), hold=True)
    other.end("FINISHED", 0)
    assert made.read().resumed_by is None
    second = open_run(workspace, RunStart(KIND, tags={RESUMES_TAG: made.run_id}), hold=True)
    second.end("FINISHED", 0)
    found = made.read().resumed_by
    assert found is not None and found.run_id == second.run_id
