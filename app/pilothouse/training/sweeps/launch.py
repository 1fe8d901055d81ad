"""Starting a sweep, and going on with one that was interrupted."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import fair_lock, no_room
from pilothouse.tracking.relatives import RESUMES_TAG
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.training.inputs import dataset_for, has_data, lay_out
from pilothouse.training.launch import find_recipe_name, spawn_run
from pilothouse.training.recipes import Recipe, check_params, find_recipe
from pilothouse.training.spec import DATA_NAME, RunSpec, available_threads, folder_of, read_spec
from pilothouse.training.sweeps.crew import TRIAL_DATA_NAME
from pilothouse.training.sweeps.plan import (
    KIND,
    ROWS,
    SweepPlan,
    read_plan,
    resource_of,
    write_plan,
)
from pilothouse.training.sweeps.space import check_space, parse_space
from pilothouse.training.sweeps.trial import VALIDATION
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.store import Store
    from pilothouse.training.sweeps.results import Sweep

_METRICS = {
    "classification": ("roc_auc", "pr_auc", "log_loss", "brier", "f1", "precision", "recall", "accuracy"),
    "regression": ("rmse", "mae", "r2"),
}


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """What a person asks for; see `SweepPlan` for what the plan's fields mean.

    Attributes:
        model: the model in `pilothouse.toml`; the only one by default.
        recipe: instead of the configured one.
        command: words of a script instead of a recipe.
        folder: where the command runs, as `Workspace.place_of` tells it.
        plan: the rest. Its `metric` may stand without `validation_`.
        resource: `rows`, `iterations`, or a parameter's name; None chooses.
        dataset_version: what to learn from; by default the data folder as it is now.
        name: of the sweep; two words by default.
    """

    plan: SweepPlan
    model: str | None = None
    recipe: str | None = None
    command: tuple[str, ...] = ()
    folder: str = "."
    resource: str | None = None
    dataset_version: str | None = None
    name: str | None = None


def start_sweep(workspace: Workspace, order: SweepOrder) -> str:
    """Check an order, start the sweep in processes of its own, and return its run's id.

    Raises:
        PilothouseError: the space, the recipe, the data or the cluster do not fit together; nothing was
            started.
    """
    plan, spec = checked(workspace, order)
    if plan.cluster:
        from pilothouse.training.sweeps.cluster import check_address

        check_address(plan.cluster)
    if error := no_room(workspace.root):
        raise error
    config = spec.model
    dataset = None
    if config is not None and (spec.recipe or order.dataset_version or has_data(workspace, config)):
        dataset = dataset_for(workspace, config, order.dataset_version)
        spec = replace(spec, dataset_version=dataset.version)
    return open_sweep(workspace, plan, spec, order.name or "", dataset)


def checked(workspace: Workspace, order: SweepOrder) -> tuple[SweepPlan, RunSpec]:
    """The plan and the run's orders, checked without reading any data; see `start_sweep`."""
    plan = order.plan
    space = parse_space(plan.space)
    models = workspace.config().models
    config = (
        workspace.config().model(order.model)
        if order.model or not order.command or len(models) == 1
        else None
    )
    command = order.command
    if not 0 < plan.validation < 1:
        raise UsageError(f"{plan.validation:g} is no share of the rows.", next="Give a number such as 0.2.")
    if command:
        plan = _script_plan(plan, order)
        folder_of(workspace, RunSpec(config, folder=order.folder))
        if plan.cluster:
            from pilothouse.training.sweeps.data import code_files

            plan = replace(plan, code=code_files(workspace, command, order.folder))
        recipe_name = ""
    else:
        assert config is not None
        recipe = find_recipe(order.recipe or config.training.recipe, config.task)
        configured = (
            dict(config.training.params)
            if config.training.command is None and recipe.name == find_recipe_name(config)
            else {}
        )
        plan = _recipe_plan(plan, order, recipe, config.task, configured)
        recipe_name = recipe.name
    fixed = plan.fixed or {}
    if both := [dimension.name for dimension in space if dimension.name in (order.plan.fixed or {})]:
        raise UsageError(f'Parameter "{both[0]}" is both searched and fixed.', next="Give it once.")
    configured_seed = config.training.seed if config else 0
    seed = configured_seed if plan.seed is None else plan.seed
    plan = replace(plan, seed=seed)
    plan.make(plan.metric)
    return plan, RunSpec(
        model=config,
        recipe=recipe_name,
        command=command,
        folder=order.folder if command else ".",
        params=dict(fixed),
        seed=config.training.seed if config else seed,
        threads=plan.threads,
        sweep=True,
    )


def _recipe_plan(
    plan: SweepPlan, order: SweepOrder, recipe: Recipe, task: str, configured: Mapping[str, Any]
) -> SweepPlan:
    check_space(parse_space(plan.space), recipe, task)
    searched = {dimension.name for dimension in parse_space(plan.space)}
    fixed = check_params(recipe, {**configured, **(plan.fixed or {})}, task)
    metric = plan.metric.removeprefix(VALIDATION)
    if metric and metric not in _METRICS[task]:
        raise UsageError(
            f"A trial of {recipe.name} gives no metric {metric[:60]!r}.",
            next=f"Choose one of {', '.join(_METRICS[task])}.",
        )
    plan = replace(
        plan,
        metric=VALIDATION + metric if metric else "",
        fixed={name: value for name, value in fixed.items() if name not in searched},
    )
    if plan.strategy == "halving":
        resource, full = resource_of(recipe, order.resource, fixed)
        if resource in searched:
            raise UsageError(
                f'Halving gives "{resource}" bit by bit, so it cannot be searched.',
                next="Leave it out, or add --resource rows.",
            )
        plan = replace(plan, resource=resource, full=full)
    elif order.resource:
        raise UsageError("A resource belongs to halving.", next="Add --strategy halving.")
    return plan


def _script_plan(plan: SweepPlan, order: SweepOrder) -> SweepPlan:
    if not plan.metric:
        raise UsageError(
            "What a script's trials are compared by is not known.",
            next="Add --metric with a name that it prints, as in --metric loss.",
        )
    if plan.register:
        raise UsageError(
            "Only a recipe's winner can be registered by the sweep.",
            next="Run the winner with `pilothouse run`; the script logs its own model.",
        )
    if plan.strategy != "halving":
        return plan
    name = order.resource
    if name in (None, ROWS, "iterations") or plan.full < 1:
        raise UsageError(
            "Halving over a script needs to know which parameter counts its work, and the most of it.",
            next="Add --resource epochs --max-resource 81.",
        )
    assert name is not None
    if any(dimension.name == name for dimension in parse_space(plan.space)):
        raise UsageError(
            f'Halving gives "{name}" bit by bit, so it cannot be searched.', next="Leave it out."
        )
    return replace(plan, resource=name)


def resume_sweep(
    workspace: Workspace, ref: str, *, jobs: int | None = None, cluster: str | None = None
) -> str:
    """Start a sweep that goes on with one that has ended early, by the very same plan; return its id.

    Trials that FINISHED or FAILED are not run again; those that were killed or lost are. A sweep that was
    gone on with already is gone on with where that one ended.

    Args:
        workspace: where.
        ref: the sweep.
        jobs, cluster: other workers than before. An empty cluster means this machine.

    Raises:
        UsageError: it is no sweep.
        PilothouseError: it still runs, nothing is left of it, or its cluster cannot be reached.
    """
    from pilothouse.store import open_store
    from pilothouse.training.sweeps.results import read_sweep

    store = open_store(workspace)
    # Two that go on with one sweep at once would run the same trials.
    with fair_lock(workspace.state_dir / "resume.lock"):
        sweep = read_sweep(store, ref)
        seen = set[str]()
        # A tag may be written by hand: a ring of them must end, too.
        while sweep.resumed_by is not None and sweep.run.run_id not in seen:
            seen.add(sweep.run.run_id)
            sweep = read_sweep(store, sweep.resumed_by.run_id)
        return _resume(workspace, store, sweep, jobs, cluster)


def _resume(workspace: Workspace, store: Store, sweep: Sweep, jobs: int | None, cluster: str | None) -> str:
    if not sweep.run.ended:
        raise PilothouseError(
            f"Sweep {sweep.run.name} is still under way.",
            next=f"Stop it first: `pilothouse stop {sweep.run.run_id}`.",
        )
    if sweep.metric and not sweep.plan.make(sweep.metric).due(sweep.outcomes):
        raise PilothouseError(
            f"Nothing is left of sweep {sweep.run.name}: all of its trials have ended.",
            untouched="Nothing was started.",
            next="Start a new sweep with a larger space.",
        )
    folder = workspace.run_dir(sweep.run.run_id)
    plan = replace(
        read_plan(folder),
        resumes=sweep.run.run_id,
        metric=sweep.metric,
        jobs=sweep.plan.jobs if jobs is None else jobs,
        cluster=sweep.plan.cluster if cluster is None else cluster,
        # What ended it early would end it again at once.
        max_trials=None,
        patience=None,
        target=None,
    )
    spec = read_spec(folder)
    if spec.command:
        folder_of(workspace, spec)
    plan = code_sent(workspace, plan, spec)
    # If it was killed, it left its rows, and each that goes on with it writes its own. Whoever has them open
    # still, on Windows, keeps them.
    with contextlib.suppress(OSError):
        (folder / TRIAL_DATA_NAME).unlink(missing_ok=True)
    dataset = None
    if spec.dataset_version:
        from pilothouse.data.versions import get_dataset_version

        dataset = get_dataset_version(store, spec.dataset_version)
    # Two runs of one name could not be told apart; with a full stop no trial is called so.
    name = f"{sweep.first}.{len(sweep.family) + 1}"
    return open_sweep(workspace, plan, spec, name, dataset)


def code_sent(workspace: Workspace, plan: SweepPlan, spec: RunSpec) -> SweepPlan:
    """Return a plan with the files that go to its cluster, if it has one.

    Raises:
        PilothouseError: nothing answers there, or the code is too much.
    """
    if not plan.cluster:
        return plan
    from pilothouse.training.sweeps.cluster import check_address
    from pilothouse.training.sweeps.data import code_files

    check_address(plan.cluster)
    if not spec.command or plan.code:
        return plan
    return replace(plan, code=code_files(workspace, spec.command, spec.folder))


def open_sweep(workspace: Workspace, plan: SweepPlan, spec: RunSpec, name: str, dataset: Any) -> str:
    """Start a sweep by a plan and orders that fit together, and return its run's id.

    Raises:
        PilothouseError: it could not be started.
    """
    tags = {RESUMES_TAG: plan.resumes} if plan.resumes else {}
    writer = open_run(
        workspace,
        RunStart(
            kind=KIND,
            name=name,
            model=spec.model.name if spec.model else "",
            recipe=spec.recipe,
            command=shlex.join(spec.command),
            dataset_version=spec.dataset_version,
            params={
                **spec.params,
                **_shown(plan.space),
                "strategy": plan.strategy,
                "trials": plan.make(plan.metric).total,
                "seed": plan.seed,
                **({"metric": plan.metric} if plan.metric else {}),
                **({"resource": plan.resource, "eta": plan.eta} if plan.strategy == "halving" else {}),
                **({"cluster": plan.cluster} if plan.cluster else {}),
            },
            tags=tags,
        ),
        hold=True,
    )

    def prepare() -> None:
        write_plan(writer.folder, plan)
        if dataset is not None and spec.command:
            lay_out(workspace, dataset, writer.folder / DATA_NAME)

    return spawn_run(workspace, writer, spec, prepare)


def _shown(space: Sequence[str]) -> dict[str, str]:
    """The space as parameters of the sweep: a name, and its values as they were written."""
    return {name.strip(): values.strip() for name, _, values in (text.partition("=") for text in space)}


def default_jobs(threads: int = 1) -> int:
    """How many trials run at once on this machine."""
    return max(1, available_threads() // threads)
