"""Commands that start, stop and watch runs: train, run, stop, logs."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.log_printing import LogPrinter
from pilothouse.cli.options import emit, json_option, number, printable, say, workspace_option
from pilothouse.tracking.durations import duration
from pilothouse.tracking.statuses import TOLD
from pilothouse.workspace import Workspace, current_folder

if TYPE_CHECKING:
    from pilothouse.registry.versions import ModelVersion
    from pilothouse.tracking.runs import Run

_QUIET = 2.0  # seconds between progress lines where they cannot be written over each other
_MAIN = ("roc_auc", "pr_auc", "log_loss", "brier", "f1", "accuracy", "rmse", "mae", "r2", "p99_ms")
_OWN = 10  # metrics of a script


def _param_option(text: str) -> Callable[[Any], Any]:
    return click.option("--param", "-p", "pairs", multiple=True, metavar="NAME=VALUE", help=text)


def _start_options(command: Any) -> Any:
    for option in (
        click.option(
            "--follow/--detach", default=True, help="Stay and watch (the default), or return at once."
        ),
        click.option("--threads", type=click.IntRange(1, 256), help="Threads; by default one a processor."),
        click.option("--name", help="A name for the run; two words by default."),
        click.option(
            "--dataset", metavar="VERSION", help="A dataset version; by default the data as it is now."
        ),
        click.option("--model", help="The model, where the workspace has several."),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--recipe", help="A recipe instead of the configured one.")
@_param_option("A hyperparameter; repeatable. A configured command gets it behind it, as --NAME VALUE.")
@_start_options
@workspace_option
@json_option
def train(
    recipe: str | None,
    pairs: tuple[str, ...],
    model: str | None,
    dataset: str | None,
    name: str | None,
    threads: int | None,
    follow: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Train a model on the data folder, in a process that outlives this terminal."""
    from pilothouse.training.launch import start_training
    from pilothouse.training.recipes import parse_param

    run_id = start_training(
        workspace,
        model=model,
        recipe=recipe,
        params=dict(parse_param(pair) for pair in pairs),
        dataset_version=dataset,
        name=name,
        threads=threads,
        tell=say,
    )
    _started(workspace, run_id, follow, as_json, with_output=False)


@click.command(context_settings={"allow_interspersed_args": False})
@_param_option("Kept as a parameter, and put behind the COMMAND as --NAME VALUE; repeatable.")
@_start_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND...")
@workspace_option
@json_option
def run(
    pairs: tuple[str, ...],
    command: tuple[str, ...],
    model: str | None,
    dataset: str | None,
    name: str | None,
    threads: int | None,
    follow: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Run a COMMAND of your own as a run: its output is kept, and lines that tell metrics become metrics.

    Such as `loss: 0.31`, `Epoch 1/3 | train loss 0.52`, `{'auc': 0.93}`, or as Keras, XGBoost and logs print.
    It runs in the folder where you are, wherever in or outside of the workspace that is.
    It finds the data in the folder PILOTHOUSE_DATA and may write metrics as JSON to PILOTHOUSE_METRICS.
    Options of `pilothouse run` stand before the COMMAND; what stands behind it is the command's own.
    """
    from pilothouse.training.child import flags_of
    from pilothouse.training.launch import start_command
    from pilothouse.training.recipes import parse_param

    params = dict(parse_param(pair) for pair in pairs)
    run_id = start_command(
        workspace,
        command,
        model=model,
        params=params,
        dataset_version=dataset,
        name=name,
        threads=threads,
        folder=current_folder(),
        tell=say,
    )
    behind = shlex.join(flags_of(params))
    _started(workspace, run_id, follow, as_json, with_output=True, behind=behind)


@click.command()
@click.argument("run")
@click.option("--grace", default=10.0, show_default=True, help="Seconds it has to end by itself.")
@workspace_option
@json_option
def stop(run: str, grace: float, workspace: Workspace, as_json: bool) -> None:
    """Stop a RUN: its processes are asked to end, and killed if they do not."""
    from pilothouse.errors import PilothouseError
    from pilothouse.training.launch import stop_run

    found = stop_run(workspace, _run_id(workspace, run), grace=grace)
    emit(found.to_json(), as_json, lambda: say(_sentence(workspace, found)))
    if not found.ended:
        raise PilothouseError(
            f"Run {found.name} has not ended yet.", next="Look again with `pilothouse runs`."
        )


@click.command()
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@workspace_option
@json_option
def logs(run: str, follow: bool, workspace: Workspace, as_json: bool) -> None:
    """Print the output of a RUN."""
    from pilothouse.training.watching import is_recorded, read_log

    run_id = _run_id(workspace, run)
    if as_json:
        parts, offset = [], 0
        while True:
            text, offset = read_log(workspace, run_id, offset)
            if not text:
                break
            parts.append(text)
        emit({"run_id": run_id, "log": "".join(parts)}, True, lambda: None)
        return
    if follow:
        follow_run(workspace, run_id, with_output=True)
    else:
        log = LogPrinter(workspace, run_id)
        if log.show():
            log.end()
    if not is_recorded(workspace, run_id):
        say("What it prints is not recorded: start it with `pilothouse run -- COMMAND` to keep that.")


def _run_id(workspace: Workspace, ref: str) -> str:
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    return get_run(open_store(workspace), ref).run_id


def _started(
    workspace: Workspace, run_id: str, follow: bool, as_json: bool, with_output: bool, behind: str = ""
) -> None:
    """Follow a run that was just started, or say its id and leave; `behind` was put behind its command."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    if not follow:
        found = get_run(open_store(workspace), run_id)
        emit(found.to_json(), as_json, lambda: click.echo(run_id))
        return
    flags = f" with {behind} behind its command" if behind else ""
    say(f"Run {run_id} started{flags}. Ctrl-C leaves it to itself.")
    found = follow_run(workspace, run_id, with_output=with_output and not as_json)
    # Where the output was shown, it alone is what goes into a file or pipe.
    tell = say if with_output else click.echo

    def summary() -> None:
        say(_sentence(workspace, found))
        if told := found.tags.get("metrics"):
            say(told)
        main = [key for key in _MAIN if key in found.metrics]
        # A recipe has many that nobody asked for; a script has what its author thought worth printing.
        for key in main if found.recipe else list(dict.fromkeys([*main, *found.metrics]))[:_OWN]:
            tell(f"{printable(key, 40):<10} {number(found.metrics[key])}")
        if warned := _warning(workspace, found):
            say(f"▲ {warned}")

    emit(found.to_json(), as_json, summary)
    if found.status != "FINISHED":
        click.get_current_context().exit(1)


def _warning(workspace: Workspace, run: Run) -> str:
    """What to beware of in the version that a run made."""
    from pilothouse.registry.suspects import leak_suspects, warning

    version = _version(workspace, run) if "leak" in run.tags else None
    return "" if version is None else warning(leak_suspects(version))


def _version(workspace: Workspace, run: Run) -> ModelVersion | None:
    """The version that was made of a run; a tag `version` may be a script's own."""
    from pilothouse.registry.versions import version_of
    from pilothouse.store import open_store

    return version_of(open_store(workspace), run.run_id) if run.model else None


def follow_run(workspace: Workspace, run_id: str, *, with_output: bool) -> Run:
    """Show a run until it ends; Ctrl-C leaves with 130 and lets it go on."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run
    from pilothouse.training.watching import watch_run

    line = _ProgressLine()
    log = LogPrinter(workspace, run_id)
    try:
        for watch in watch_run(workspace, run_id):
            if with_output:
                log.show()
            else:
                line.show(watch.fraction, watch.text)
    except KeyboardInterrupt:
        line.clear()
        log.end()
        say(f"Left it: run {run_id} goes on. `pilothouse logs {run_id} --follow` comes back to it.")
        click.get_current_context().exit(130)
    line.clear()
    if with_output:
        log.show()
        log.end()
    return get_run(open_store(workspace), run_id)


class _ProgressLine:
    """One line that is written over on a terminal; elsewhere a new line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown = ""
        self._at = 0.0

    def show(self, fraction: float | None, text: str) -> None:
        line = printable(text, 90)
        if fraction is not None:
            line = f"{fraction:4.0%} {line}"
        if not line or line == self._shown:
            return
        now = time.monotonic()
        if self._terminal:
            click.echo(f"\r{line}\x1b[K", err=True, nl=False)
        elif now - self._at >= _QUIET:
            click.echo(line, err=True)
        else:
            return
        self._shown, self._at = line, now

    def clear(self) -> None:
        if self._terminal and self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)


def _sentence(workspace: Workspace, run: Run) -> str:
    version = _version(workspace, run) if run.status == "FINISHED" else None
    made = f" and made {version.model} v{version.version}" if version is not None else ""
    ended = f"{TOLD.get(run.status, 'goes on')} after {duration(run.seconds)}"
    what = f"Run {run.name} ({run.run_id}) {ended}{made}."
    return f"{what} {run.reason}".rstrip().replace("\n", " | ")


COMMANDS = (train, run, stop, logs)
