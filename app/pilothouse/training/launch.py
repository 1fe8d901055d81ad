"""Starting and stopping runs. Light: what is heavy happens in the run's own process."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import WINDOWS, is_alive, python_command, spawn_detached, write_atomic
from pilothouse.tracking.writer import ALIVE_NAME, RunStart, RunWriter, open_run
from pilothouse.training.arguments import read_arguments
from pilothouse.training.inputs import dataset_for, has_data, lay_out
from pilothouse.training.recipes import check_params, find_recipe
from pilothouse.training.spec import (
    DATA_NAME,
    GRACE,
    PID_NAME,
    STOP_NAME,
    RunSpec,
    available_threads,
    folder_of,
    write_spec,
)
from pilothouse.training.watching import wait_for_run
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion, Tell
    from pilothouse.tracking.runs import Run


SUPERVISOR_MODULE = "pilothouse.training.supervisor"
_SLACK = 5.0  # seconds a supervisor may take beyond the grace to end


def start_training(
    workspace: Workspace,
    *,
    model: str | None = None,
    recipe: str | None = None,
    params: Mapping[str, Any] | None = None,
    dataset_version: str | None = None,
    name: str | None = None,
    threads: int | None = None,
    tags: Mapping[str, str] | None = None,
    tell: Tell | None = None,
) -> str:
    """Start training a model in processes of its own and return the run's id.

    Args:
        workspace: where.
        model: the model in `pilothouse.toml`; the only one by default.
        recipe: a recipe instead of the configured recipe or command.
        params: laid over the configured ones, which count only for the configured recipe.
        dataset_version: what to learn from; by default the data folder as it is now.
        name: of the run; two words by default.
        threads: for numerical libraries; by default as many as there are processors.
        tags: of the run, from its start.
        tell: hears what takes long before the run begins, and how the data are kept if not as asked for.

    Takes as long as hashing and copying data files that are new. Nothing is started if anything is wrong.

    Raises:
        PilothouseError: the configuration, recipe, parameters, data or target do not fit together.
    """
    config = workspace.config().model(model)
    merged = {**config.training.params, **(params or {})}
    if recipe is None and config.training.command is not None:
        # What is declared is seen from where it is declared.
        declared = RunSpec(config, command=tuple(split_command(config.training.command)))
        dataset = dataset_for(workspace, config, dataset_version, tell)
        return _launch_command(workspace, declared, merged, dataset, name, threads, tags)
    chosen = find_recipe(recipe or config.training.recipe, config.task)
    if config.training.command is not None or chosen.name != find_recipe_name(config):
        merged = dict(params or {})
    checked = check_params(chosen, merged, config.task)
    dataset = dataset_for(workspace, config, dataset_version, tell)
    count = threads or available_threads()
    seed = config.training.seed
    writer = open_run(
        workspace,
        RunStart(
            kind="recipe",
            name=name or "",
            model=config.name,
            recipe=chosen.name,
            dataset_version=dataset.version,
            params={**checked, "seed": seed, "threads": count, "holdout": config.training.holdout},
            tags=tags or {},
        ),
        hold=True,
    )
    spec = RunSpec(
        model=config,
        recipe=chosen.name,
        params=dict(checked),
        dataset_version=dataset.version,
        seed=seed,
        threads=count,
    )
    return spawn_run(workspace, writer, spec)


def start_command(
    workspace: Workspace,
    argv: Sequence[str],
    *,
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    dataset_version: str | None = None,
    name: str | None = None,
    threads: int | None = None,
    folder: Path | None = None,
    tell: Tell | None = None,
) -> str:
    """Start a command of the user's as a run and return the run's id.

    It runs in `folder`, by default in the workspace's, and paths among its words are seen from there.
    `params` are recorded and added as `--name value`. The data folder is kept as a dataset version where the
    workspace has a model (the named or the only one) with data; the command finds it in PILOTHOUSE_DATA.
    `tell` hears what `start_training` tells.

    Raises:
        UsageError: there is no command.
        PilothouseError: the model, dataset version or data cannot be read, or the folder is not there.
    """
    config: ModelConfig | None = None
    models = workspace.config().models
    if model is not None or len(models) == 1:
        config = workspace.config().model(model)
    spec = RunSpec(config, command=tuple(argv), folder=workspace.place_of(folder or workspace.root))
    folder_of(workspace, spec)
    dataset = None
    if config is not None and (dataset_version or has_data(workspace, config)):
        dataset = dataset_for(workspace, config, dataset_version, tell)
    return _launch_command(workspace, spec, dict(params or {}), dataset, name, threads)


def stop_run(
    workspace: Workspace,
    run_id: str,
    *,
    grace: float = GRACE,
    who: str | None = None,
    timeout: float | None = None,
) -> Run:
    """Ask a run to end: TERM to all its processes, KILL after `grace` seconds. Return it as it then stands.

    Args:
        workspace: where.
        run_id: an id, the start of one, a name, or `latest`.
        grace: seconds between TERM and KILL.
        who: who stops it, for the reason; the current user by default.
        timeout: seconds to wait for the end; 0 only asks. By default as long as it can take.

    Raises:
        NotFoundError: there is no such run.
        PilothouseError: it has ended already, or its process is not ours to stop.
    """
    from pilothouse.store import open_store
    from pilothouse.store.events import current_actor
    from pilothouse.tracking.runs import get_run

    store = open_store(workspace)
    run = get_run(store, run_id)
    if run.ended:
        raise PilothouseError(
            f"Run {run.name} has ended already: {run.status}.", untouched="Nothing was changed."
        )
    folder = workspace.run_dir(run.run_id)
    if run.kind == "trial":
        raise PilothouseError(
            f"Run {run.name} is a trial, which ends with its sweep.",
            next=f"Stop the sweep: `pilothouse stop {run.parent_run_id}`.",
        )
    if run.kind == "api":
        raise PilothouseError(
            f"Run {run.name} is a process that Pilothouse did not start.",
            next="Stop it where it was started.",
        )
    write_atomic(folder / STOP_NAME, json.dumps({"grace": max(0.0, grace), "who": who or current_actor()}))
    ended = wait_for_run(workspace, run.run_id, grace + _SLACK if timeout is None else timeout)
    if not ended.ended and timeout is None:
        _kill_supervisor(folder)
        ended = wait_for_run(workspace, run.run_id, _SLACK)
    return ended


def split_command(text: str, key: str = "training.command") -> list[str]:
    """The words of a command; `key` is what it is called in errors.

    Raises:
        UsageError: it is empty or a quotation mark is left open.
    """
    try:
        words = shlex.split(text, posix=not WINDOWS)
    except ValueError as error:
        raise UsageError(f"{key} cannot be read: {error}.", next="Check its quotation marks.") from None
    if not words:
        raise UsageError(f"{key} is empty.", next='Write one, such as "python train.py".')
    return words


def find_recipe_name(config: ModelConfig) -> str:
    """The name of the configured recipe for the model's task; empty if there is no such recipe."""
    try:
        return find_recipe(config.training.recipe, config.task).name
    except UsageError:
        return ""


def _launch_command(
    workspace: Workspace,
    spec: RunSpec,
    params: dict[str, Any],
    dataset: DatasetVersion | None,
    name: str | None,
    threads: int | None,
    tags: Mapping[str, str] | None = None,
) -> str:
    argv, config = spec.command, spec.model
    if not argv or not argv[0]:
        raise UsageError(
            "There is no command to run.", next="Write it after --, as in `run -- python train.py`."
        )
    if any("\0" in word for word in argv):
        raise UsageError("A word of the command holds a zero byte.")
    bad = next(
        (
            key
            for key in params
            if not key or key.startswith("-") or any(c.isspace() or c == "=" for c in key)
        ),
        None,
    )
    if bad is not None:
        raise UsageError(f"{bad!r} cannot name a parameter.", next="Use letters, digits, '_' and '-'.")
    writer = open_run(
        workspace,
        RunStart(
            kind="script",
            name=name or "",
            model=config.name if config else "",
            command=shlex.join(argv),
            dataset_version=dataset.version if dataset else "",
            params={**read_arguments(argv), **params},
            tags=tags or {},
        ),
        hold=True,
    )
    spec = replace(
        spec,
        params=params,
        dataset_version=dataset.version if dataset else "",
        seed=config.training.seed if config else 0,
        threads=threads or available_threads(),
    )

    def show_data() -> None:
        if dataset is not None:
            lay_out(workspace, dataset, writer.folder / DATA_NAME)

    return spawn_run(workspace, writer, spec, show_data)


def spawn_run(
    workspace: Workspace, writer: RunWriter, spec: RunSpec, prepare: Callable[[], None] | None = None
) -> str:
    """Hand a run that is open to a supervisor of its own, and return its id.

    `prepare` puts into the run's folder what it needs besides; that may take long, so the writer should hold
    the run's lock meanwhile, or it reads LOST.

    Raises:
        PilothouseError: it could not be prepared or started; the run ends FAILED with the reason.
    """
    try:
        if prepare is not None:
            prepare()
        # Written last: a run may take a minute from the last change of its folder until somebody is it.
        write_spec(writer.folder, spec)
        spawn_detached(
            python_command(SUPERVISOR_MODULE, str(writer.folder.absolute())),
            cwd=workspace.root,
            log=writer.folder / "supervisor.log",
            # The workspace may hold a file that is called like a module.
            env={"PYTHONSAFEPATH": "1"},
        )
    except PilothouseError as error:
        _give_up(writer, error.what)
        raise
    except OSError as error:
        reason = f"It could not be started: {error.strerror or error}."
        _give_up(writer, reason)
        raise PilothouseError(
            reason, untouched="Nothing runs.", next="Try again when the cause is gone."
        ) from None
    # From here on the lock is the supervisor's, which waits for it.
    writer.close()
    return writer.run_id


def _give_up(writer: RunWriter, reason: str) -> None:
    """End a run that did not begin; where not even that can be written it reads LOST in the end."""
    try:
        with contextlib.suppress(OSError):
            writer.end("FAILED", None, reason)
    finally:
        writer.close()


def _kill_supervisor(folder: Path) -> None:
    """End a supervisor that does not answer. Its lock is held, so the id in its file is still its own."""
    if not is_alive(folder / ALIVE_NAME):
        return
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((folder / PID_NAME).read_text()), signal.SIGTERM if WINDOWS else signal.SIGKILL)
