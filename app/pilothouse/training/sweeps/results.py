"""Reading a sweep: its plan, its trials, the best so far."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import write_atomic
from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.relatives import read_resumptions
from pilothouse.tracking.runs import Run, get_run, read_runs
from pilothouse.tracking.statuses import BY_ITSELF
from pilothouse.training.sweeps.places import key_of
from pilothouse.training.sweeps.plan import KIND, TRIAL_KIND, SweepPlan, read_plan
from pilothouse.training.sweeps.strategies import Outcome, best_of, is_score, rung_of
from pilothouse.training.sweeps.trial import params_of

BEST_NAME = "best.json"


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: its run, and its score if it has one."""

    key: str
    run: Run
    score: Outcome

    def to_json(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "trial": self.key,
            "run_id": self.run.run_id,
            "name": self.run.name,
            "status": self.run.status,
            "score": self.score,
            "seconds": self.run.seconds,
            "params": self.run.params,
            "metrics": self.run.metrics,
            "reason": self.run.reason,
            "worker": self.run.tags.get("worker", ""),
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as it stands.

    Attributes:
        run: the sweep's own run.
        plan: its orders.
        metric: what is compared; empty while the data is being read.
        lower: whether less of it is better.
        total: trials planned.
        trials: all of them that began, of this sweep and of those it resumes, in the order of their start.
        best: the best so far.
        family: ids of this sweep and of those that it resumes, the latest first.
        first: name of the first of them.
        resumes, resumed_by: its neighbours among the sweeps that go on with each other.
    """

    run: Run
    plan: SweepPlan
    metric: str
    lower: bool
    total: int
    trials: tuple[Trial, ...]
    best: Trial | None
    family: tuple[str, ...] = ()
    first: str = ""
    resumes: Run | None = None
    resumed_by: Run | None = None

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Scores by the plan's keys, of what has truly ended: what was killed or lost is run again."""
        return {key: trial.score for key, trial in _counted(self.trials).items()}

    @property
    def honesty(self) -> str:
        """What to make of the best."""
        return honesty(self.run.recipe)

    def ranked(self) -> list[Trial]:
        """The run of each trial that counts, or its latest: the best first, then those without a score."""
        shown = {trial.key: trial for trial in self.trials} | _counted(self.trials)
        sign = 1.0 if self.lower else -1.0

        def order(trial: Trial) -> tuple[int, int, float]:
            return (0, -rung_of(trial.key), sign * trial.score) if trial.score is not None else (1, 0, 0.0)

        return sorted(shown.values(), key=order)

    def to_json(self) -> dict[str, Any]:
        """For other programs."""
        ranked = self.ranked()
        counts: dict[str, int] = {}
        for trial in ranked:
            counts[trial.run.status] = counts.get(trial.run.status, 0) + 1
        return {
            **self.run.to_json(),
            "metric": self.metric,
            "lower_is_better": self.lower,
            "total": self.total,
            "counts": counts,
            # Runs of trials that were interrupted: each trial counts once, by its latest.
            "run_again": len(self.trials) - len(ranked),
            "best": self.best.to_json() if self.best else None,
            "trials": [trial.to_json() for trial in ranked],
            "honesty": self.honesty,
        }


def honesty(recipe: str) -> str:
    """What to make of the best of a recipe's trials, or of those of a script, whose data only it knows."""
    if recipe:
        return (
            "The best of many trials looks better on the validation rows than it is. Only a run of the"
            " winner, judged on the holdout that no trial saw, says how good it is."
        )
    return (
        "The best of many trials looks better than it is: it was chosen for its score. Only data that no"
        " trial was scored on say how good it is."
    )


def read_sweep(store: Store, ref: str) -> Sweep:
    """The sweep that `ref` names (an id, the start of one, a name) as it stands.

    Raises:
        NotFoundError: there is no such run.
        UsageError: the run is no sweep.
        PilothouseError: its plan cannot be read.
    """
    run = get_run(store, ref)
    if run.kind != KIND:
        raise UsageError(f"Run {run.name} is no sweep.", next="Start one with `pilothouse sweep`.")
    workspace = store.workspace
    plan = read_plan(workspace.run_dir(run.run_id))
    family = [run.run_id]
    before = plan.resumes
    while before and before not in family:
        family.append(before)
        before = read_plan(workspace.run_dir(before)).resumes
    fold(store)
    marks = ", ".join("?" * len(family))
    with store.reading() as tx:
        runs = read_runs(
            tx,
            f"parent_run_id IN ({marks}) AND kind = ? AND deleted_at IS NULL",
            [*family, TRIAL_KIND],
        )
        resumes, resumed_by = read_resumptions(tx, run)
        first = run if len(family) == 1 else next(iter(read_runs(tx, "runs.run_id = ?", family[-1:])), run)
    runs.sort(key=lambda found: (found.started_at, found.run_id))
    metric = run.params.get("metric", plan.metric)
    trials = tuple(
        Trial(key, found, _score(found, metric))
        for found in runs
        if (key := key_of(workspace, found)) is not None
    )
    lower = plan.is_lower(metric)
    counted = _counted(trials)
    best = best_of({key: trial.score for key, trial in counted.items()}, lower)
    return Sweep(
        run=run,
        plan=plan,
        metric=metric,
        lower=lower,
        total=plan.make(metric).total,
        trials=trials,
        best=counted[best] if best is not None else None,
        family=tuple(family),
        first=first.name,
        resumes=resumes,
        resumed_by=resumed_by,
    )


def _counted(trials: Iterable[Trial]) -> dict[str, Trial]:
    """The run of each trial that counts: the latest that has truly ended; nothing else says its outcome."""
    return {trial.key: trial for trial in trials if trial.run.status in BY_ITSELF}


def _score(run: Run, metric: str) -> Outcome:
    value = run.metrics.get(metric)
    return value if run.status == "FINISHED" and is_score(value) else None


def best_trial(found: Sweep) -> dict[str, Any]:
    """The best trial of a sweep, as its trials' runs say: see `describe_best`.

    Raises:
        PilothouseError: no trial has had a score yet.
    """
    if found.best is None:
        raise PilothouseError("No trial of this sweep has a score yet.", next="Wait for one.")
    return describe_best(found.plan, found.metric, found.best.key, found.best.run.run_id, found.best.score)


def describe_best(plan: SweepPlan, metric: str, key: str, run_id: str, score: Outcome) -> dict[str, Any]:
    """A trial as `trial`, `run_id`, `metric`, `score`, and `params` with all of the resource."""
    return {
        "trial": key,
        "run_id": run_id,
        "metric": metric,
        "score": score,
        "params": params_of(plan.make(metric).whole(key), dict(plan.fixed or {}), plan.resource, plan.full),
    }


def write_best(run_dir: Path, best: dict[str, Any]) -> None:
    """Keep the best so far among the artifacts, for people; who goes on from it asks `best_trial`."""
    write_atomic(run_dir / "artifacts" / BEST_NAME, json.dumps(best, indent=1, default=str))
