"""The logging API that a training script imports: `import pilothouse as ph`.

It writes a journal and nothing else, so that it costs a script next to nothing.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.tracking import contexts
from pilothouse.tracking.active import ActiveRun, How
from pilothouse.tracking.joining import RUN_DIR_VARIABLE, claim, give_name
from pilothouse.tracking.process_end import end_at_signals, end_with_the_process
from pilothouse.tracking.writer import RunStart, RunWriter, attach_run, open_run
from pilothouse.workspace import Workspace, find_workspace

_one_at_a_time = threading.Lock()
"""Held while the run is started that nobody asked for: threads that log at once are to have one."""


_scripts_own: list[ActiveRun] = []
"""The run that Pilothouse started this script for, if the script logged to it without starting any."""


def _new_lock() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def start_run(
    *,
    name: str = "",
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    model: str = "",
    nested: bool = False,
    run_id: str = "",
) -> ActiveRun:
    """Start a run, join the one that Pilothouse started this script for, or go on with one that ended.

    A run belongs to the thread that starts it, or the task of asyncio: others may have runs of their own at
    the same time. In a script that Pilothouse started, the first run that is asked for is the script's own;
    every other one is a part of it. So it is in a process forked from one with an open run (a worker of a
    pool, say), for that run.

    Args:
        name: two words by default. The script's own run takes it if `pilothouse run` was given no name, and
            keeps it as the tag `script_name` otherwise.
        params: recorded at its start.
        tags: recorded at its start.
        model: the model that it trains, if it trains one.
        nested: inside an open run, start one that is a part of it: of the innermost one of this thread, or
            else of the one that is open in the process.
        run_id: go on with this run (its id, the start of it, or its name) instead of starting one.

    Raises:
        NotFoundError: the current folder is not in a workspace (the message names `pilothouse init`), or
            there is no run `run_id`.
        PilothouseError: a run of this thread is open and `nested` was not asked for; or it was, and several
            threads have runs and this one has none; or `run_id` cannot be gone on with.
    """
    around = _around(nested)
    folder = os.environ.get(RUN_DIR_VARIABLE)
    if run_id:
        writer = _resume(find_workspace(), run_id)
        writer.log_params(params or {})
        writer.set_tags(tags or {})
        # It was no part of another before, and what goes on with it is to be recorded.
        return _opened(writer, around)
    parent = around.run_id if around is not None else ""
    if folder and around is None:
        if not nested and claim(Path(folder)):
            return _join(Path(folder), name, params, tags)
        parent = Path(folder).name
        around = next((run for run in contexts.all_open() if run.run_id == parent), None)
    return _opened(_open(name, model, params, tags, parent), around, parent=parent)


def start_apart(tags: Mapping[str, str]) -> ActiveRun:
    """Start a run that only this thread logs to, whatever else is open."""
    return _opened(_open("", "", None, tags, ""), None, shared=False)


def current_run() -> ActiveRun | None:
    """Return the innermost open run of this thread, else the one of the process, if it is plain which."""
    return contexts.innermost() or contexts.of_the_process()


def active_run() -> ActiveRun:
    """Return the innermost open run of this thread, else that of the process, starting one if there is none.

    In a forked process without a run of its own it is the one of the process that it was forked from. In a
    script that Pilothouse started it is the script's run.

    Raises:
        PilothouseError: several threads have runs of their own, and this one has none.
    """
    run = contexts.innermost() or contexts.of_the_process()
    if run is not None:
        return run
    with _one_at_a_time:
        run = contexts.of_the_process()
        if run is not None:
            return run
        if folder := os.environ.get(RUN_DIR_VARIABLE):
            return _attached(folder)
        if contexts.how_many() > 1:
            raise _no_telling()
        return start_run()


def open_runs() -> tuple[ActiveRun, ...]:
    """Return the open runs of this process in the order of opening, and first what a fork inherited."""
    return contexts.all_open()


def end_run(status: str = "FINISHED", exit_code: int | None = None, reason: str = "") -> None:
    """End the innermost open run of this thread as `ActiveRun.end` does; without one, do nothing."""
    run = contexts.innermost()
    if run is None:
        # A notebook may run each cell in a task of its own.
        mine = contexts.opened_by(threading.current_thread())
        run = mine[0] if mine else None
    if run is not None and not run.was_inherited:
        run.end(status, exit_code, reason)


def _around(nested: bool) -> ActiveRun | None:
    """Return the run that a new one is a part of, or None.

    Raises:
        PilothouseError: it is not to be a part of one, and this thread has one; or there is no telling which.
    """
    here = contexts.open_here()
    own = [run for run in here if not run.was_inherited]
    if own and not nested:
        raise PilothouseError(
            f"Run {own[-1].run_id} of this thread is still open.",
            next="End it first, or start a part of it with nested=True.",
        )
    if here:
        return here[-1]
    around = contexts.of_the_process()
    if around is None and nested and contexts.how_many() > 1 and RUN_DIR_VARIABLE not in os.environ:
        raise _no_telling()
    return around if around is not None and (nested or around.was_inherited) else None


def _no_telling() -> PilothouseError:
    return PilothouseError(
        f"{contexts.how_many()} runs are open in this process, and none of them is this thread's.",
        untouched="They are as they were, and nothing was logged.",
        next="Log by the run itself (run.log_metric), start a run in this thread, or start the thread's work"
        " with contextvars.copy_context().run.",
    )


def _open(
    name: str, model: str, params: Mapping[str, Any] | None, tags: Mapping[str, str] | None, parent: str
) -> RunWriter:
    start = RunStart(
        kind="api",
        name=name,
        model=model,
        command=" ".join(sys.argv)[:500],
        status="RUNNING",
        params=params or {},
        tags=tags or {},
        parent_run_id=parent,
    )
    return open_run(find_workspace(), start, hold=True)


def _attached(folder: str) -> ActiveRun:
    """Return the script's run for logging; nobody has opened it, so that it is in nobody's way."""
    if not _scripts_own or not _scripts_own[0].open:
        _scripts_own[:] = [ActiveRun(attach_run(Path(folder)), supervised=True, on_end=_close)]
    return _scripts_own[0]


def _join(
    folder: Path, name: str, params: Mapping[str, Any] | None, tags: Mapping[str, str] | None
) -> ActiveRun:
    writer = attach_run(folder)
    # Its own end is the supervisor's to say, but threads may start parts of it, and cannot hear signals.
    end_at_signals(_end_all)
    give_name(writer, name)
    writer.log_params(params or {})
    writer.set_tags(tags or {})
    return _opened(writer, None, supervised=True)


def _opened(
    writer: RunWriter,
    around: ActiveRun | None,
    *,
    parent: str = "",
    supervised: bool = False,
    shared: bool = True,
) -> ActiveRun:
    if not supervised:
        end_with_the_process(_end_all, _end_of_thread)
    run = ActiveRun(writer, supervised=supervised, on_end=_close, parent=parent)
    contexts.keep_open(run, around, shared=shared)
    return run


def _resume(workspace: Workspace, ref: str) -> RunWriter:
    # Only who resumes a run has to look it up, so only they load DuckDB.
    from pilothouse.tracking.resuming import resume_run

    return resume_run(workspace, ref)


def _close(run: ActiveRun, how: How, whole: bool) -> None:
    _end_each(contexts.let_go(run, whole=whole), how)


def _end_all(status: str, exit_code: int | None, reason: str) -> None:
    _end_each(contexts.all_open()[::-1], (status, exit_code, reason))


def _end_of_thread(status: str, exit_code: int | None, reason: str) -> None:
    _end_each(contexts.opened_by(threading.current_thread()), (status, exit_code, reason))


def _end_each(runs: Sequence[ActiveRun], how: How) -> None:
    """End runs in this order, each whatever became of those before it.

    Raises:
        OSError: the end of one of them cannot be written.
    """
    with contextlib.ExitStack() as ends:
        # What was put on the stack last is done first.
        for run in reversed(runs):
            if not run.was_inherited:
                ends.callback(run.end, *how)
