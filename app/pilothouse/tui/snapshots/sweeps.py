"""Sweeps: what one may search, one as it stands, and what is done with it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.training import OWN_COMMAND

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig, SweepConfig
    from pilothouse.training.sweeps.launch import SweepOrder
    from pilothouse.training.sweeps.results import Sweep
    from pilothouse.tui.snapshots.training import Offer
    from pilothouse.workspace import Workspace

BETTER = ("by name", "less", "more")
"""Which way a metric is better; the first goes by its name."""
_LOWER = {"less": True, "more": False}
_BETWEEN = re.compile(r"\s+(?=[^\s=(),\"]+\s*=)")


@dataclass(frozen=True, slots=True)
class SweepWish:
    """What was typed into the dialog; empty words mean the default.

    `better` is one of BETTER; `command`, `most` and `better` count for a script only, `resource` and `most`
    for halving.
    """

    recipe: str
    space: str
    strategy: str
    trials: str = ""
    jobs: str = ""
    metric: str = ""
    patience: str = ""
    cluster: str = ""
    command: str = ""
    fixed: str = ""
    resource: str = ""
    most: str = ""
    better: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """How long finished runs of each recipe or command took: its name -> (median seconds, how many)."""

    took: dict[str, tuple[float, int]]

    def of(self, name: str) -> tuple[float, int] | None:
        """Of a recipe, or of a command whatever stood behind it; the most runs count."""
        same = [told for known, told in self.took.items() if known == name or known.startswith(f"{name} ")]
        return max(same, key=lambda told: told[1], default=None)


def may_sweep(workspace: Workspace, model: str) -> Offer:
    """Return what a sweep may run: a model's recipes, and any command; a command alone without a model.

    Raises:
        PilothouseError: the configuration cannot be read.
    """
    from pilothouse.tui.snapshots.training import Offer, offers

    known = _known(workspace, model)
    if known is None:
        return Offer((OWN_COMMAND,), OWN_COMMAND, {}, "", lambda recipe, params: None)
    offer = offers(workspace, known)
    sweep = workspace.config().model(known).sweep
    return replace(
        offer,
        recipes=(*(name for name in offer.recipes if name != OWN_COMMAND), OWN_COMMAND),
        recipe=OWN_COMMAND if sweep.command is not None else offer.recipe,
    )


def _known(workspace: Workspace, model: str) -> str | None:
    """The model's name, where the configuration knows it: versions may outlive their model's table."""
    return model if any(one.name == model for one in workspace.config().models) else None


def declared(workspace: Workspace, model: str, recipe: str) -> SweepWish:
    """Return what `[sweep]` declares, as it would be typed.

    Raises:
        ConfigError: it cannot be read; the line is named.
    """
    from pilothouse.training.sweeps.configured import configured_space, configured_sweep

    told, config = configured_sweep(workspace.config(), _known(workspace, model))
    counts = {"trials": told.trials, "jobs": told.workers, "patience": told.patience}
    return SweepWish(
        recipe=recipe,
        space=" ".join(configured_space(workspace, told, config)),
        strategy=told.strategy,
        metric=told.metric or "",
        command=_declared_command(told, config),
        fixed=" ".join(shlex.quote(f"{name}={value}") for name, value in told.fix.items()),
        resource=told.resource or "",
        better=BETTER[0] if told.minimize is None else BETTER[1] if told.minimize else BETTER[2],
        most=f"{told.max_resource:.15g}" if told.max_resource is not None else "",
        **{name: str(count) for name, count in counts.items() if count is not None},
    )


def split_space(text: str) -> tuple[str, ...]:
    """``lr=log(0.01 .. 1) depth=int(2..8)`` as one text a parameter."""
    return tuple(part for part in _BETWEEN.split(text.strip()) if part)


def past(workspace: Workspace, model: str) -> Past:
    """Return what is known of how long one run takes."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import list_runs

    took: dict[str, list[float]] = {}
    for run in list_runs(open_store(workspace), status="FINISHED", model=model, limit=200):
        if run.kind in ("recipe", "trial", "script"):
            took.setdefault(run.recipe or run.command, []).append(run.seconds)
    return Past({name: (sorted(found)[len(found) // 2], len(found)) for name, found in took.items()})


def order_of(workspace: Workspace, model: str, wish: SweepWish) -> SweepOrder:
    """Return the order that a wish stands for.

    Raises:
        PilothouseError: a number is none, or something that a script needs is not said.
    """
    from pilothouse.training.launch import split_command
    from pilothouse.training.sweeps.launch import SweepOrder
    from pilothouse.training.sweeps.plan import SweepPlan

    own, halving = wish.recipe == OWN_COMMAND, wish.strategy == "halving"
    if own:
        _check_script(wish, halving)
    plan = SweepPlan(
        space=split_space(wish.space),
        strategy=wish.strategy,
        trials=_count("trials", wish.trials) if wish.strategy != "grid" else None,
        jobs=_count("jobs", wish.jobs) or 0,
        metric=wish.metric.strip(),
        lower=_LOWER.get(wish.better) if own else None,
        fixed=_fixed(wish.fixed),
        full=_most(wish.most) if own and halving else 0.0,
        patience=_count("patience", wish.patience),
        cluster=wish.cluster.strip(),
    )
    return SweepOrder(
        plan,
        model=_known(workspace, model),
        recipe=None if own else wish.recipe,
        command=tuple(split_command(wish.command, "The command")) if own else (),
        folder=place_of_command(workspace, model, wish.command) if own else ".",
        resource=wish.resource.strip() or None if halving else None,
    )


def place_of_command(workspace: Workspace, model: str, command: str) -> str:
    """Where a command runs: one that is declared in the workspace's folder, since it is seen from there; one
    that was typed where the screen was started, if that is in the workspace."""
    from pilothouse.training.sweeps.configured import configured_sweep
    from pilothouse.tui.snapshots.training import place_here

    told = _declared_command(*configured_sweep(workspace.config(), _known(workspace, model)))
    return "." if command.strip() == told.strip() else place_here(workspace)


def _declared_command(sweep: SweepConfig, model: ModelConfig | None) -> str:
    return sweep.command or (model.training.command if model is not None else None) or ""


def _check_script(wish: SweepWish, halving: bool) -> None:
    from pilothouse.errors import UsageError

    if not wish.command.strip():
        raise UsageError("Which command?", next="Write one, such as python train.py.")
    if not wish.metric.strip():
        raise UsageError(
            "What are its trials compared by?", next="Name a metric that it prints, such as loss."
        )
    if halving and not (wish.resource.strip() and wish.most.strip()):
        raise UsageError(
            "Which of its parameters counts its work, and what is the most of it?",
            next="Such as resource epochs, at most 81.",
        )


def _fixed(text: str) -> dict[str, Any]:
    """``batch=32 'note=two words'``, read as `--fix` reads them."""
    from pilothouse.errors import UsageError
    from pilothouse.training.recipes import parse_param

    try:
        return dict(parse_param(part) for part in shlex.split(text))
    except ValueError as error:
        raise UsageError(f"fixed: {error}.", next="Close the quotation marks.") from None


def _count(name: str, text: str) -> int | None:
    from pilothouse.errors import UsageError

    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 100_000:
        raise UsageError(f"{name}: {text[:40]} is no whole number of 1 or more.")
    return int(text)


def _most(text: str) -> float:
    from pilothouse.errors import UsageError
    from pilothouse.tracking.numerals import finite_number_of

    number = finite_number_of(text)
    if number is None or number < 1:
        raise UsageError(f"at most: {text[:40]} is no number of 1 or more.")
    return number


def preview(workspace: Workspace, model: str, wish: SweepWish, known: Past) -> str:
    """Say how many trials a wish makes, and about how long they take.

    Raises:
        PilothouseError: it cannot be done; the text says why.
    """
    from pilothouse.tracking.durations import duration
    from pilothouse.training.sweeps.launch import checked, default_jobs

    order = order_of(workspace, model, wish)
    # Whether the cluster is there is asked when the sweep starts: typing must not wait for it.
    plan, spec = checked(workspace, replace(order, plan=replace(order.plan, cluster="")))
    strategy = plan.make(plan.metric)
    words = f"{strategy.total:,} trials"
    if plan.strategy == "halving":
        words += f", as much work as {strategy.work:.3g} full ones"
    if spec.command:
        words += f" by {plan.metric}, {'less' if plan.is_lower(plan.metric) else 'more'} is better"
        words += f", in {spec.folder}" if spec.folder != "." else ""
    jobs = plan.jobs or default_jobs(plan.threads)
    found = known.of(spec.recipe or shlex.join(spec.command))
    if wish.cluster.strip():
        return f"{words}. How long they take depends on the cluster."
    if found is None:
        return f"{words}, {jobs} at once. No run of it has finished yet: how long is unknown."
    seconds = strategy.work * found[0] / min(jobs, strategy.total)
    runs = "1 earlier run" if found[1] == 1 else f"{found[1]} earlier runs"
    return f"{words}, {jobs} at once: about {duration(seconds)}, going by {runs}."


def start(workspace: Workspace, model: str, wish: SweepWish) -> str:
    """Start the sweep and return its run's id."""
    from pilothouse.training.sweeps.launch import start_sweep

    return start_sweep(workspace, order_of(workspace, model, wish))


def sweep_now(workspace: Workspace, run_id: str) -> Sweep:
    """Return a sweep as it stands."""
    from pilothouse.store import open_store
    from pilothouse.training.sweeps.results import read_sweep

    return read_sweep(open_store(workspace), run_id)


def resume(workspace: Workspace, run_id: str) -> str:
    """Go on with a sweep that ended early; return the id of the new one."""
    from pilothouse.training.sweeps.launch import resume_sweep

    return resume_sweep(workspace, run_id)


def winner(workspace: Workspace, run_id: str) -> str:
    """Train the best trial's parameters as an ordinary run; return its id."""
    from pilothouse.training.sweeps.winner import train_winner

    return train_winner(workspace, run_id)
