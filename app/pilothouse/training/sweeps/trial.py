"""One trial: a pure function of its order and the data, run in a worker of joblib, here or on a cluster.

Nothing here touches the workspace's store. What a trial needs is in its order or in the data that is shipped
once; what it found comes back in its result.
"""

from __future__ import annotations

import io
import math
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.training.lines import Point
from pilothouse.training.sweeps.plan import ROWS
from pilothouse.training.sweeps.strategies import Planned

VALIDATION = "validation_"  # before a metric's name: it is of other rows than the holdout's metrics
THRESHOLD = 0.5  # by which a trial is judged; the winner's own is chosen when it is fitted


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RecipeData:
    """The rows that trials learn from and are scored on: the training side only, never the holdout.

    Attributes:
        inputs: a frame of shape (n, features).
        target: shape (n,).
        fit, validation: positions of rows, disjoint; in the order of time where there is one.
        by_time: whether they are.
        recipe, task, features, classes: as the training run has them.
        threads: for the numerical libraries of one trial.
        seed: of the estimators, and of the rows drawn where there is no time.
    """

    inputs: Any
    target: Any
    fit: Any
    validation: Any
    by_time: bool
    recipe: str
    task: str
    features: Any
    classes: tuple[Any, ...]
    threads: int
    seed: int


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ScriptData:
    """A command, and where its files and data are.

    Attributes:
        command: its words.
        code: bytes by path, seen from where the files are sent from.
        here: the workspace's folder, where workers share the disk. Empty: they do not, and the command runs
            in a temporary folder that holds the code.
        data: the folder with the data where the disk is shared, else empty.
        files: the data's bytes by name where it is not shared.
        threads, seed: for the environment.
        folder: where the command runs: a path, or where the disk is not shared one below the code.
    """

    command: tuple[str, ...]
    code: dict[str, bytes]
    here: str
    data: str
    files: dict[str, bytes]
    threads: int
    seed: int
    folder: str = "."


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker gets for one trial besides the data: the plan's entry, and what of the resource.

    Attributes:
        planned: the trial.
        params: all of its parameters, with the shared ones and the resource.
        rows: share of the rows to fit.
        run_dir: folder of the trial's run where the disk is shared; a script's own logging goes there.
        void: not to be run, since the sweep was stopped before it began.
    """

    planned: Planned
    params: dict[str, Any]
    rows: float = 1.0
    run_dir: str = ""
    void: bool = False


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial found.

    Attributes:
        key: of the plan's entry.
        metrics: on the validation rows, or the last values that a script said.
        points: curves, as step and values.
        log: what it printed.
        error: why it failed; empty: it did not.
        exit_code: of a script.
        host: where it ran.
        seconds: how long it took there.
        lost: nobody knows what became of it, and it is not the trial's fault.
        unread: what a script said that looked like metrics and was not read, in words.
    """

    key: str
    metrics: dict[str, float] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    log: str = ""
    error: str = ""
    exit_code: int | None = None
    host: str = ""
    seconds: float = 0.0
    lost: bool = False
    unread: str = ""


def begin_batch(batch: Any, begin: Callable[[Order], Order]) -> Order:
    """Begin the one order in a batch of joblib's, on its way to a worker; return it as it is sent."""
    ((function, (order, *rest), named),) = batch.items
    order = begin(order)
    batch.items[0] = (function, (order, *rest), named)
    return order


def run_trial(order: Order, data: RecipeData | ScriptData) -> TrialResult:
    """Run one trial. Whatever goes wrong in it is in its result: one bad trial must not end the others."""
    import platform

    if order.void:
        return TrialResult(order.planned.key)
    began = time.monotonic()
    from pilothouse.training.sweeps.script import run_script

    try:
        result = run_script(order, data) if isinstance(data, ScriptData) else _recipe(order, data)
    except PilothouseError as error:
        result = TrialResult(order.planned.key, error=str(error))
    except Exception as error:  # noqa: BLE001 - told as the trial's reason, with its traceback in the log
        lines = traceback.format_exc()
        result = TrialResult(order.planned.key, log=lines, error=f"{type(error).__name__}: {error}"[:500])
    return replace(result, host=f"{platform.node()}:{os.getpid()}", seconds=time.monotonic() - began)


def _recipe(order: Order, data: RecipeData) -> TrialResult:
    from threadpoolctl import threadpool_limits

    from pilothouse.training.curve import Curve
    from pilothouse.training.estimators import build_estimator, grow
    from pilothouse.training.preprocessing import build_preprocessor, without_empty
    from pilothouse.training.recipes import find_recipe

    recipe = find_recipe(data.recipe, data.task)
    told = io.StringIO()
    points: list[Point] = []
    rows = _rows(data, order.rows)
    if data.classes and len(set(data.target[rows].tolist())) < 2:
        raise PilothouseError(f"The {len(rows):,} rows of this trial hold one class only.")
    with threadpool_limits(data.threads):
        features = without_empty(data.features, data.inputs.iloc[rows])
        prepare = build_preprocessor(features, recipe.name)
        x = prepare.fit_transform(data.inputs.iloc[rows])
        held = prepare.transform(data.inputs.iloc[data.validation])
        estimator = build_estimator(
            recipe, data.task, order.params, features, seed=data.seed, threads=data.threads
        )
        target, held_target = data.target[rows], data.target[data.validation]
        curve = Curve({"train": (x, target), "holdout": (held, held_target)}, data.classes, data.seed)

        def on_step(done: int, total: int, losses: dict[str, float]) -> None:
            if losses:
                # `grow` names the rows that it is scored on the holdout; here they are the validation rows.
                points.append((done, {k.replace("holdout_", VALIDATION): v for k, v in losses.items()}))

        told.write(f"Fitting {recipe.name} on {len(rows):,} rows, {data.threads} threads.\n")
        grow(estimator, recipe, x, target, curve, on_step)
        metrics = _score(estimator, held, held_target, data.classes)
    told.write("  ".join(f"{key} {value:.4g}" for key, value in metrics.items()) + "\n")
    named = {f"{VALIDATION}{key}": value for key, value in metrics.items()}
    return TrialResult(order.planned.key, named, tuple(points), told.getvalue())


def _rows(data: RecipeData, share: float) -> Any:
    """The rows of a share: the most recent ones where there is a time, else drawn by the seed."""
    import numpy as np

    count = max(2, math.ceil(len(data.fit) * share))
    if count >= len(data.fit):
        return data.fit
    if data.by_time:
        return data.fit[-count:]
    draw = np.random.default_rng(data.seed)
    return np.sort(draw.permutation(data.fit)[:count])


def _score(estimator: Any, held: Any, target: Any, classes: tuple[Any, ...]) -> dict[str, float]:
    from pilothouse.registry.scoring import binary_metrics, multiclass_metrics, regression_metrics
    from pilothouse.training.curve import codes_of

    if not classes:
        return regression_metrics(target, estimator.predict(held))
    probability = estimator.predict_proba(held)
    codes = codes_of(target, classes)
    if probability.shape[1] < len(classes):
        # Few rows may lack a class: its probability is 0.
        import numpy as np

        full = np.zeros((len(codes), len(classes)))
        full[:, [classes.index(value) for value in estimator.classes_.tolist()]] = probability
        probability = full
    if len(classes) == 2:
        return binary_metrics(codes == 1, probability[:, 1], THRESHOLD)
    return multiclass_metrics(codes, probability)


def params_of(planned: Planned, fixed: dict[str, Any], resource: str, full: float) -> dict[str, Any]:
    """All parameters of a trial: the shared ones, its own, and its part of a counted resource.

    A point that sets the resource itself is scaled from there.
    """
    params = {**fixed, **planned.params}
    if resource != ROWS and planned.share < 1:
        most = params.get(resource, full)
        params[resource] = max(
            1, math.ceil(float(most if isinstance(most, int | float) else full) * planned.share)
        )
    elif resource != ROWS and resource not in params and full:
        params[resource] = int(full) if full == int(full) else full
    return params
