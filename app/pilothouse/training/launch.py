"""Starting, stopping and watching runs. Light: what is heavy happens in the run's own process."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.config import ModelConfig
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.processes import WINDOWS, is_alive, python_command, spawn_detached, write_atomic
from pilothouse.tracking.journal import read_entries
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME, LOG_NAME, RunStart, RunWriter, open_run
from pilothouse.training.recipes import check_params, find_recipe
from pilothouse.training.spec import (
    DATA_NAME,
    GRACE,
    PID_NAME,
    STOP_NAME,
    RunSpec,
    available_threads,
    write_spec,
)
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.tracking.runs import Run

SUPERVISOR_MODULE = "pilothouse.training.supervisor"
LOOK = 0.05  # seconds between looks at a run that is waited for
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

    Takes as long as hashing and copying data files that are new. Nothing is started if anything is wrong.

    Raises:
        PilothouseError: the configuration, recipe, parameters, data or target do not fit together.
    """
    config = workspace.config().model(model)
    merged = {**config.training.params, **(params or {})}
    if recipe is None and config.training.command is not None:
        words = split_command(config.training.command)
        dataset = _dataset(workspace, config, dataset_version)
        return _launch_command(workspace, words, config, merged, dataset, name, threads)
    chosen = find_recipe(recipe or config.training.recipe, config.task)
    if chosen.name != find_recipe_name(config):
        merged = dict(params or {})
    checked = check_params(chosen, merged, config.task)
    dataset = _dataset(workspace, config, dataset_version)
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
        ),
    )
    spec = RunSpec(
        model=config,
        recipe=chosen.name,
        params=dict(checked),
        dataset_version=dataset.version,
        seed=seed,
        threads=count,
    )
    return _spawn(workspace, writer, spec)


def start_command(
    workspace: Workspace,
    argv: Sequence[str],
    *,
    model: str | None = None,
    params: Mapping[str, Any] | None = None,
    dataset_version: str | None = None,
    name: str | None = None,
    threads: int | None = None,
) -> str:
    """Start a command of the user's as a run, in the workspace's folder, and return the run's id.

    `params` are recorded and added as `--name value`. The data folder is kept as a dataset version where the
    workspace has a model (the named or the only one) with data; the command finds it in PILOTHOUSE_DATA.

    Raises:
        UsageError: there is no command.
        PilothouseError: the model, dataset version or data cannot be read.
    """
    config: ModelConfig | None = None
    models = workspace.config().models
    if model is not None or len(models) == 1:
        config = workspace.config().model(model)
    dataset = None
    if config is not None and (dataset_version or _has_data(workspace, config)):
        dataset = _dataset(workspace, config, dataset_version)
    return _launch_command(workspace, argv, config, dict(params or {}), dataset, name, threads)


def stop_run(
    workspace: Workspace,
    run_id: str,
    *,
    grace: float = GRACE,
    who: str = "a person",
    timeout: float | None = None,
) -> Run:
    """Ask a run to end: TERM to all its processes, KILL after `grace` seconds. Return it as it then stands.

    Raises:
        NotFoundError: there is no such run.
        PilothouseError: it has ended already, or its process is not ours to stop.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    store = open_store(workspace)
    run = get_run(store, run_id)
    if run.ended:
        raise PilothouseError(
            f"Run {run.name} has ended already: {run.status}.", untouched="Nothing was changed."
        )
    folder = workspace.run_dir(run.run_id)
    if run.kind == "api":
        raise PilothouseError(
            f"Run {run.name} is a process that Pilothouse did not start.",
            next="Stop it where it was started.",
        )
    write_atomic(folder / STOP_NAME, json.dumps({"grace": max(0.0, grace), "who": who}))
    ended = wait_for_run(workspace, run.run_id, grace + _SLACK if timeout is None else timeout)
    if not ended.ended and timeout is None:
        _kill_supervisor(folder)
        ended = wait_for_run(workspace, run.run_id, _SLACK)
    return ended


def wait_for_run(workspace: Workspace, run_id: str, timeout: float | None = None) -> Run:
    """Wait until a run has ended, at most `timeout` seconds, and return it as it then stands."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    folder = workspace.run_dir(run_id)
    until = None if timeout is None else time.monotonic() + timeout
    watch = RunWatch(folder)
    died_at: float | None = None
    while until is None or time.monotonic() < until:
        if watch.ended():
            break
        # A run that is gone without an end: ask the store, which says LOST, once a second.
        if is_alive(folder / ALIVE_NAME):
            died_at = None
        elif died_at is None:
            died_at = time.monotonic()
        elif time.monotonic() - died_at > 1:
            if get_run(open_store(workspace), run_id).ended:
                break
            died_at = None
        time.sleep(LOOK)
    return get_run(open_store(workspace), run_id)


class RunWatch:
    """Follows a run's journal without the store: cheap enough to ask many times a second."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / JOURNAL_NAME
        self._offset = 0
        self.fraction: float | None = None
        self.text = ""
        self.metrics: dict[str, float] = {}
        self.status = "SCHEDULED"

    def look(self) -> bool:
        """Read what is new; whether there was anything."""
        entries, self._offset = read_entries(self._journal, self._offset)
        for entry in entries:
            if entry["kind"] == "progress":
                self.fraction, self.text = entry.get("fraction"), str(entry.get("text", ""))
            elif entry["kind"] == "metrics" and isinstance(entry.get("values"), dict):
                self.metrics.update(entry["values"])
            elif entry["kind"] in ("status", "end") and self.status in ("SCHEDULED", "RUNNING"):
                self.status = str(entry.get("status"))
        return bool(entries)

    def ended(self) -> bool:
        """Whether the journal has the run's end."""
        self.look()
        return self.status not in ("SCHEDULED", "RUNNING")


def read_log(workspace: Workspace, run_id: str, offset: int = 0, limit: int = 1 << 20) -> tuple[str, int]:
    """Return a run's output from byte `offset` on, at most `limit` bytes, and the offset after it.

    A character cut in two by the limit, or by a writer still at it, waits for the next call.

    Raises:
        NotFoundError: there is no such run.
    """
    folder = workspace.run_dir(run_id)
    try:
        with (folder / LOG_NAME).open("rb") as file:
            file.seek(max(0, offset))
            data = file.read(limit)
    except FileNotFoundError:
        if not folder.is_dir():
            raise NotFoundError(
                f"There is no run {run_id!r}.", next="List them with `pilothouse runs`."
            ) from None
        return "", max(0, offset)
    for cut in range(1, min(4, len(data)) + 1):
        byte = data[-cut]
        if byte >= 0xC0:
            whole = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            # Only where more may come: a torn character at a log's end is garbage and is shown as such.
            if cut < whole and len(data) > cut:
                data = data[:-cut]
            break
        if byte < 0x80:
            break
    return data.decode("utf-8", "replace"), max(0, offset) + len(data)


def split_command(text: str) -> list[str]:
    """The words of `training.command`.

    Raises:
        UsageError: it is empty or a quotation mark is left open.
    """
    try:
        words = shlex.split(text, posix=not WINDOWS)
    except ValueError as error:
        raise UsageError(
            f"training.command cannot be read: {error}.", next="Check its quotation marks."
        ) from None
    if not words:
        raise UsageError("training.command is empty.", next='Write one, such as "python train.py".')
    return words


def find_recipe_name(config: ModelConfig) -> str:
    """The name of the configured recipe for the model's task; empty if there is no such recipe."""
    try:
        return find_recipe(config.training.recipe, config.task).name
    except UsageError:
        return ""


def _launch_command(
    workspace: Workspace,
    argv: Sequence[str],
    config: ModelConfig | None,
    params: dict[str, Any],
    dataset: DatasetVersion | None,
    name: str | None,
    threads: int | None,
) -> str:
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
    count = threads or available_threads()
    seed = config.training.seed if config else 0
    writer = open_run(
        workspace,
        RunStart(
            kind="script",
            name=name or "",
            model=config.name if config else "",
            command=shlex.join(argv),
            dataset_version=dataset.version if dataset else "",
            params=params,
        ),
    )
    spec = RunSpec(
        model=config,
        command=tuple(argv),
        params=params,
        dataset_version=dataset.version if dataset else "",
        seed=seed,
        threads=count,
    )
    if dataset is not None:
        _lay_out(workspace, dataset, writer.folder / DATA_NAME)
    return _spawn(workspace, writer, spec)


def _spawn(workspace: Workspace, writer: RunWriter, spec: RunSpec) -> str:
    """Hand a run that is open to a supervisor of its own."""
    try:
        write_spec(writer.folder, spec)
        spawn_detached(
            python_command(SUPERVISOR_MODULE, str(writer.folder)),
            cwd=workspace.root,
            log=writer.folder / "supervisor.log",
            # The workspace may hold a file that is called like a module.
            env={"PYTHONSAFEPATH": "1"},
        )
    except OSError as error:
        reason = f"Its process could not be started: {error.strerror or error}."
        writer.end("FAILED", None, reason)
        raise PilothouseError(
            reason, untouched="Nothing runs.", next="Try again when the cause is gone."
        ) from None
    writer.close()
    return writer.run_id


def _dataset(workspace: Workspace, config: ModelConfig, version: str | None) -> DatasetVersion:
    from pilothouse.data.versions import get_dataset_version, snapshot
    from pilothouse.store import open_store

    store = open_store(workspace)
    if version is None:
        return snapshot(workspace, store, config)
    found = get_dataset_version(store, version)
    if found.model != config.name:
        raise UsageError(
            f"Dataset version {found.version} belongs to model {found.model}, not to {config.name}.",
            next="List its versions with `pilothouse data`.",
        )
    return found


def _has_data(workspace: Workspace, config: ModelConfig) -> bool:
    from pilothouse.data.reading import data_files

    folder = workspace.data_folder(config)
    return folder.is_dir() and bool(data_files(folder))


def _lay_out(workspace: Workspace, dataset: DatasetVersion, folder: Path) -> None:
    """Show a dataset version as a folder of files with the names they had."""
    from pilothouse.data.versions import dataset_paths

    folder.mkdir()
    for source in dataset_paths(workspace, dataset):
        link = folder / Path(source.name).name
        try:
            link.symlink_to(os.path.relpath(source.path, folder))
        except OSError:
            # Windows lets not everyone make links.
            import shutil

            shutil.copyfile(source.path, link)


def _kill_supervisor(folder: Path) -> None:
    """End a supervisor that does not answer. Its lock is held, so the id in its file is still its own."""
    if not is_alive(folder / ALIVE_NAME):
        return
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((folder / PID_NAME).read_text()), signal.SIGTERM if WINDOWS else signal.SIGKILL)
