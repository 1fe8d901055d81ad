"""What a sweep is to do, written in its run's folder before it starts and never changed after."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import write_atomic
from pilothouse.tracking.directions import lower_is_better
from pilothouse.training.recipes import Recipe
from pilothouse.training.sweeps.space import Space, parse_space
from pilothouse.training.sweeps.stopping import Limits
from pilothouse.training.sweeps.strategies import Strategy, make_strategy

PLAN_NAME = "sweep.json"
KIND = "sweep"
TRIAL_KIND = "trial"
TRIAL_TAG = "trial"  # tells people a trial's place in the plan; `places.py` knows it
BEST_TAG = "best_trial"
BEST_RUN_TAG = "best_run"
ROWS = "rows"
# In the order of liking: what a task's trials are compared by unless a metric is named.
DEFAULT_METRICS = {"classification": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A sweep's orders. The same plan always gives the same trials.

    Attributes:
        space: the parameters' values as they were written.
        strategy: `grid`, `random` or `halving`.
        trials: points to draw; None for a grid and for the default.
        eta: of halving: one trial of so many goes on to the next rung, from 2 to 10.
        metric: what trials are compared by; empty: that of the task in `DEFAULT_METRICS`, once the data is
            known.
        lower: whether less of the metric is better; None: as its name says.
        fixed: parameters that all trials share.
        resource: of halving: `rows`, or the parameter that counts iterations.
        full: the most of that parameter; 0 for rows.
        jobs: trials at once; 0: as many as there are processors, or workers' threads on a cluster.
        threads: for the numerical libraries of one trial.
        validation: share of the training rows that trials are scored on.
        seed: of the points that are drawn; None in an order: the configured one, or 0 where there is none.
        max_trials, max_time, patience, target: what ends the sweep early, as in `Limits`: so many trials, so
            many seconds since it began, so many trials without a better one, a score that good.
        register: fit the winner as an ordinary run at the end.
        cluster: address of a Dask scheduler; empty: this machine.
        code: files of a script's code, shipped to each trial, as `code_files` names them.
        resumes: the sweep that this one goes on with; empty: none.
    """

    space: tuple[str, ...]
    strategy: str = "random"
    trials: int | None = None
    eta: int = 3
    metric: str = ""
    lower: bool | None = None
    fixed: dict[str, Any] | None = None
    resource: str = ROWS
    full: float = 0.0
    jobs: int = 0
    threads: int = 1
    validation: float = 0.2
    seed: int | None = None
    max_trials: int | None = None
    max_time: float | None = None
    patience: int | None = None
    target: float | None = None
    register: bool = False
    cluster: str = ""
    code: tuple[str, ...] = ()
    resumes: str = ""

    @property
    def limits(self) -> Limits:
        """What ends the sweep early."""
        return Limits(self.max_trials, self.max_time, self.patience, self.target)

    def dimensions(self) -> Space:
        """The space, read."""
        return parse_space(self.space)

    def is_lower(self, metric: str) -> bool:
        """Whether less of `metric` is better."""
        return lower_is_better(metric) if self.lower is None else self.lower

    def make(self, metric: str) -> Strategy:
        """The strategy, once it is known what is compared."""
        return make_strategy(
            self.strategy,
            self.dimensions(),
            trials=self.trials,
            seed=self.seed or 0,
            eta=self.eta,
            lower=self.is_lower(metric),
        )


def write_plan(run_dir: Path, plan: SweepPlan) -> None:
    """Write `sweep.json` in the sweep's folder."""
    write_atomic(run_dir / PLAN_NAME, json.dumps(asdict(plan), indent=1, ensure_ascii=True))


def read_plan(run_dir: Path) -> SweepPlan:
    """Read `sweep.json`.

    Raises:
        PilothouseError: it is missing or is not what `write_plan` wrote.
    """
    path = run_dir / PLAN_NAME
    try:
        raw = json.loads(path.read_bytes())
        raw["space"], raw["code"] = tuple(raw["space"]), tuple(raw["code"])
        return SweepPlan(**raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PilothouseError(
            f"The plan of sweep {run_dir.name} cannot be read: {error}.", next="Start a new sweep."
        ) from None


def resource_of(recipe: Recipe, wish: str | None, params: dict[str, Any]) -> tuple[str, float]:
    """What successive halving gives more of from rung to rung, and the most of it (0 for rows).

    Args:
        recipe: of the trials.
        wish: `rows`, `iterations` or the name of the parameter; None: trees or boosting rounds where the
            recipe has them, else rows. A linear model's iterations end by themselves.
        params: the recipe's, with its defaults.

    Raises:
        UsageError: the recipe has no such resource.
    """
    counts = recipe.grows_by
    if wish is None:
        wish = counts if counts and recipe.name != "logistic" else ROWS
    if wish == ROWS:
        return ROWS, 0.0
    if counts and wish in ("iterations", counts):
        return counts, float(params[counts])
    raise UsageError(
        f"Recipe {recipe.name!r} cannot be given {wish!r} bit by bit.",
        next="Use --resource rows" + (f" or --resource {counts}." if counts else "."),
    )
