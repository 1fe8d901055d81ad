"""The command that runs many trials: sweep."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.errors import UsageError
from pilothouse.tracking.durations import duration
from pilothouse.tracking.statuses import TOLD
from pilothouse.workspace import Workspace, current_folder

if TYPE_CHECKING:
    from pilothouse.training.sweeps.results import Sweep

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SHOWN = 10
_WITH_RESUME = {"resume", "jobs", "cluster", "follow", "workspace", "as_json"}


class _Duration(click.ParamType):  # type: ignore[type-arg]
    """`90`, `90s`, `15m`, `2h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip())
        if not found or not float(found[1]):
            self.fail(f"{value!r} is no duration; write 90s, 15m or 2h.", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


def _options(command: Any) -> Any:
    for option in (
        click.option("--follow/--detach", default=True, help="Stay and watch (the default), or return."),
        click.option("--dry-run", is_flag=True, help="Say which trials there would be, and start nothing."),
        click.option("--resume", metavar="SWEEP", help="Go on with a sweep that ended early."),
        click.option("--cluster", metavar="TCP://…", help="Run the trials on this Dask cluster."),
        click.option("--register", is_flag=True, help="Train the winner at the end, as `train` would."),
        click.option("--target", type=float, metavar="VALUE", help="Stop at a score this good."),
        click.option("--patience", type=click.IntRange(1), help="Stop after N trials without a better one."),
        click.option("--max-time", type=_Duration(), help="Stop after this long: 90s, 15m, 2h."),
        click.option("--max-trials", type=click.IntRange(1), help="Stop after N trials."),
        click.option(
            "--validation", default=0.2, show_default=True, help="Share of the training rows to score on."
        ),
        click.option("--seed", type=int, help="Of the draw; by default the configured one."),
        click.option("--max-resource", type=float, metavar="N", help="Halving a script: the most of it."),
        click.option("--resource", help="Halving: rows, iterations, or a script's parameter."),
        click.option("--eta", default=3, show_default=True, help="Halving: one of so many goes on."),
        click.option("--minimize/--maximize", "minimize", default=None, help="By default as the name says."),
        click.option("--metric", help="What trials are compared by: roc_auc, log_loss or rmse by default."),
        click.option("--threads", type=click.IntRange(1, 256), default=1, help="Threads of one trial."),
        click.option("--jobs", type=click.IntRange(1), help="Trials at once; by default all processors."),
        click.option("--trials", type=click.IntRange(1), help="Points to draw; 20 by default."),
        click.option(
            "--strategy",
            type=click.Choice(("grid", "random", "halving")),
            help="grid: all points; random (the default); halving: many short trials, the best go on.",
        ),
        click.option(
            "--fix", "fixed", multiple=True, metavar="NAME=VALUE", help="The same in all trials; repeatable."
        ),
        click.option(
            "--param",
            "-p",
            "space",
            multiple=True,
            metavar="NAME=VALUES",
            help="a,b,c or log(0.001..1) or uniform(0..1) or int(2..8); repeatable.",
        ),
        click.option("--name", help="A name for the sweep; two words by default."),
        click.option("--dataset", metavar="VERSION", help="A dataset version; by default the data as it is."),
        click.option("--model", help="The model, where the workspace has several."),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE | -- COMMAND...]")
@workspace_option
@json_option
@click.pass_context
def sweep(
    ctx: click.Context,
    words: tuple[str, ...],
    space: tuple[str, ...],
    fixed: tuple[str, ...],
    strategy: str | None,
    trials: int | None,
    jobs: int | None,
    threads: int,
    metric: str | None,
    minimize: bool | None,
    eta: int,
    resource: str | None,
    max_resource: float | None,
    seed: int | None,
    validation: float,
    max_trials: int | None,
    max_time: float | None,
    patience: int | None,
    target: float | None,
    register: bool,
    cluster: str | None,
    resume: str | None,
    dry_run: bool,
    follow: bool,
    model: str | None,
    dataset: str | None,
    name: str | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Try many parameters of a RECIPE, or of a COMMAND of your own after --, and keep the best.

    Each trial is a run, a part of the sweep's. Trials of a recipe are scored on rows cut from the training
    side, the latest ones where there is a time; no trial sees the holdout. The best of many trials looks
    better there than it is: only the winner, trained anew by --register and judged on the holdout, says how
    good it is. A command gets its parameters as --name value and prints its metric as `name: value`. It
    runs in the folder where you are; one that is declared runs in the workspace's.

    What is not given is taken from [sweep] in pilothouse.toml: strategy, params, fix, trials, workers,
    metric, minimize, patience, command, resource, max_resource. With its params declared, `pilothouse sweep`
    alone is enough; where there is no model, the command is needed too.

    On a cluster the data and the code are sent along: nothing but Pilothouse has to be there.
    """
    from pilothouse.training.recipes import parse_param
    from pilothouse.training.sweeps.configured import (
        configured_command,
        configured_space,
        configured_sweep,
    )
    from pilothouse.training.sweeps.launch import SweepOrder, checked, resume_sweep, start_sweep
    from pilothouse.training.sweeps.plan import SweepPlan

    if resume is not None:
        _refuse_besides_resume(ctx)
        run_id = resume_sweep(workspace, resume, jobs=jobs, cluster=cluster)
        _watch(ctx, workspace, run_id, follow, as_json)
        return
    config, declared = configured_sweep(workspace.config(), model)
    command, recipe = (
        _what(workspace, words) if words else (configured_command(workspace.config(), model), None)
    )
    space = space or configured_space(workspace, config, declared)
    searched = {text.partition("=")[0].strip() for text in space}
    # What is declared of a recipe or a script is said of no other one.
    fix = {} if words else {name: value for name, value in config.fix.items() if name not in searched}
    counted = not words and (strategy or config.strategy) == "halving"
    order = SweepOrder(
        plan=SweepPlan(
            space=space,
            strategy=strategy or config.strategy,
            trials=trials or (None if (strategy or config.strategy) == "grid" else config.trials),
            eta=eta,
            metric=metric or config.metric or "",
            lower=config.minimize if minimize is None and not metric else minimize,
            fixed=fix | dict(parse_param(pair) for pair in fixed),
            full=max_resource or (config.max_resource if counted and command else None) or 0.0,
            jobs=jobs or config.workers or 0,
            threads=threads,
            validation=validation,
            seed=seed,
            max_trials=max_trials,
            max_time=max_time,
            patience=patience or config.patience,
            target=target,
            register=register,
            cluster=cluster or "",
        ),
        model=model,
        recipe=recipe,
        command=command,
        # What is declared is seen from where it is declared.
        folder=workspace.place_of(current_folder()) if words and command else ".",
        resource=resource or (config.resource if counted else None),
        dataset_version=dataset,
        name=name,
    )
    if dry_run:
        _preview(checked(workspace, order)[0], as_json)
        return
    _watch(ctx, workspace, start_sweep(workspace, order), follow, as_json)


def _refuse_besides_resume(ctx: click.Context) -> None:
    """Refuse what was typed and would be passed over: whoever types `--dry-run` must not start anything.

    Raises:
        UsageError: there is such an option or word; it is named.
    """
    typed = [
        "/".join([one.opts[0], *one.secondary_opts]) if isinstance(one, click.Option) else "words of its own"
        for one in ctx.command.params
        if one.name not in _WITH_RESUME
        and ctx.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise UsageError(
            f"A sweep is resumed by its own plan, without {', '.join(typed)}.",
            untouched="Nothing was started.",
            next="Give only --resume, --jobs and --cluster.",
        )


def _what(workspace: Workspace, words: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """A command, or the name of a recipe, which is one word; where there is no model, there is no recipe."""
    from pilothouse.training.recipes import RECIPES

    one = len(words) == 1 and bool(workspace.config().models)
    if one and (words[0] in RECIPES or words[0].isidentifier()):
        return (), words[0]
    return words, None


def _preview(plan: Any, as_json: bool) -> None:
    strategy = plan.make(plan.metric)
    first = [{"trial": planned.key, "params": planned.params} for planned in strategy.due({})]
    told = {"trials": strategy.total, "work": strategy.work, "strategy": plan.strategy, "first": first}

    def text() -> None:
        say(f"{strategy.total} trials, as much work as {strategy.work:.3g} full ones. Nothing was started.")
        if first:
            names = list(first[0]["params"])
            table(("trial", *names), [(row["trial"], *row["params"].values()) for row in first[:50]])

    emit(told, as_json, text)


def _watch(ctx: click.Context, workspace: Workspace, run_id: str, follow: bool, as_json: bool) -> None:
    from pilothouse.cli.training import follow_run
    from pilothouse.store import open_store
    from pilothouse.training.sweeps.results import read_sweep

    store = open_store(workspace)
    if follow:
        begun = read_sweep(store, run_id)
        before = f" and goes on with {printable(begun.resumes.name, 60)}" if begun.resumes else ""
        say(f"Sweep {printable(begun.run.name, 60)} ({run_id}) started{before}.")
        say(f"Ctrl-C leaves it to itself; `pilothouse stop {run_id}` ends it.")
        follow_run(workspace, run_id, with_output=False)
    found = read_sweep(store, run_id)
    if not follow:
        emit(found.to_json(), as_json, lambda: click.echo(run_id))
        return
    emit(found.to_json(), as_json, lambda: _show(found))
    if found.run.status != "FINISHED":
        ctx.exit(1)


def _show(found: Sweep) -> None:
    """The best trials, and what to make of them."""
    run = found.run
    early = run.tags.get("stopped_early", "")
    versions = run.tags.get("cluster_versions", "")
    ended = TOLD.get(run.status, "goes on")
    what = f"Sweep {run.name} {ended} after {duration(run.seconds)}. {early} {run.reason}"
    say(" ".join(what.split()))
    if versions:
        say(f"Beware: {versions}")
    told = found.to_json()
    counts, again = told["counts"], told["run_again"]
    if counts:
        words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        more = (
            f" {again} that had been interrupted {'was' if again == 1 else 'were'} run again."
            if again
            else ""
        )
        say(f"{words} of {found.total}.{more}")
    ranked = found.ranked()
    names = sorted({dimension.name for dimension in found.plan.dimensions()})
    table(
        ("trial", "run", "status", found.metric or "score", "took", *names),
        [
            (
                trial.key,
                trial.run.run_id[:6],
                trial.run.status,
                number(trial.score),
                duration(trial.run.seconds),
                *(printable(trial.run.params.get(name, ""), 20) for name in names),
            )
            for trial in ranked[:_SHOWN]
        ],
        right=(3, 4),
    )
    if len(ranked) > _SHOWN:
        say(f"and {len(ranked) - _SHOWN} more: --json has them all.")
    if found.best is not None:
        say(found.honesty)
        if winner := run.tags.get("winner"):
            say(f"The winner's run is {winner}: `pilothouse show {winner}`.")
        elif found.run.recipe:
            say(f"Train it: `{train_command(found)}`")
    if run.ended and found.outcomes and len(found.outcomes) < found.total:
        say(f"Go on with it: `pilothouse sweep --resume {run.run_id}`")


def train_command(found: Sweep) -> str:
    """The command that trains the winner."""
    from pilothouse.training.sweeps.results import best_trial

    words = ["pilothouse", "train", "--recipe", found.run.recipe, "--dataset", found.run.dataset_version]
    params = best_trial(found)["params"] if found.best is not None else {}
    for name, value in params.items():
        words += ["--param", f"{name}={'none' if value is None else value}"]
    return shlex.join(words)


COMMANDS = (sweep,)
