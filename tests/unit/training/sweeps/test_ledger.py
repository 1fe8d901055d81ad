"""What a trial is judged by is what its run shows as the last value."""

from __future__ import annotations

import math

import pytest
from test_trial import script

from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import attach_run
from pilothouse.training.spec import RunSpec
from pilothouse.training.sweeps.ledger import Ledger
from pilothouse.training.sweeps.strategies import Planned
from pilothouse.training.sweeps.trial import Order, TrialResult, run_trial
from pilothouse.workspace import Workspace

LATE = b"""
print("step: 10, loss: 0.5")
print("step: 20, loss: 0.25")
print("step: 15, loss: 0.75")
"""


@pytest.mark.parametrize("itself", [False, True])
def test_a_late_point_of_an_older_step_is_no_score(workspace: Workspace, store: Store, itself: bool) -> None:
    ledger = Ledger(workspace, "sweep", RunSpec(None, command=("python",)), "loss", "s")
    order = Order(Planned("0", 0, {}), {})
    folder = ledger.begin(order)
    wanted = 0.25
    if itself:
        # The script logs by itself, too, and further than what it prints.
        writer = attach_run(folder)
        writer.log_metric("loss", 0.125, 30)
        writer.close()
        wanted = 0.125
    ended = ledger.end(run_trial(order, script(LATE)))
    assert ended is not None
    fold(store)
    assert (ended.score, get_run(store, ended.run_id).metrics["loss"]) == (wanted, wanted)


def test_what_a_recipe_scores_at_the_end_is_the_last(workspace: Workspace, store: Store) -> None:
    ledger = Ledger(workspace, "sweep", RunSpec(None, recipe="x"), "auc", "s")
    for key, final in (("0", 0.8), ("1", math.nan)):
        ledger.begin(Order(Planned(key, int(key), {}), {}))
        points = ((1, {"auc": 0.5}), (2, {"auc": 0.6}))
        ended = ledger.end(TrialResult(key, {"auc": final}, points))
        assert ended is not None
        fold(store)
        run = get_run(store, ended.run_id)
        if math.isnan(final):
            assert (ended.score, run.status) == (None, "FAILED")
            assert run.metrics["auc"] == 0.6
        else:
            assert ended.score == run.metrics["auc"] == 0.8


def test_a_trial_without_its_metric_says_what_was_not_read(workspace: Workspace, store: Store) -> None:
    ledger = Ledger(workspace, "sweep", RunSpec(None, command=("python",)), "RMSE", "s")
    order = Order(Planned("0", 0, {}), {})
    ledger.begin(order)
    ended = ledger.end(run_trial(order, script(b"print('RMSE = 1,234')")))
    assert ended is not None
    fold(store)
    run = get_run(store, ended.run_id)
    unread = "1 line looked like metrics and was not read, such as: RMSE = 1,234"
    assert run.reason == f"It gave no metric 'RMSE'; it gave none at all.\n{unread}"
    assert run.tags["metrics"] == unread
