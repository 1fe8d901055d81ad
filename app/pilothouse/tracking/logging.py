"""The logging API that a training script imports: `import pilothouse as ph`.

It writes a journal and nothing else, so that it costs a script next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.tracking.active import ActiveRun
from pilothouse.tracking.process_end import end_with_the_process
from pilothouse.tracking.writer import RunStart, RunWriter, attach_run, open_run
from pilothouse.workspace import Workspace, find_workspace

RUN_DIR_VARIABLE = "PILOTHOUSE_RUN_DIR"

_open: list[ActiveRun] = []
"""Open runs of this process, the innermost last."""
_inherited: list[ActiveRun] = []
"""Open runs of the process that this one was forked from: logged to, and never ended, from here."""


def _leave_to_the_parent() -> None:
    for run in _open:
        run.inherited()
    _inherited.extend(_open)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_the_parent)


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

    In a process forked from one with an open run (a worker of a pool, say) it is a part of that run.

    Args:
        name: two words by default.
        params: recorded at its start.
        tags: recorded at its start.
        model: the model that it trains, if it trains one.
        nested: inside an open run, start one that is a part of it.
        run_id: go on with this run (its id, the start of it, or its name) instead of starting one.

    Raises:
        NotFoundError: the current folder is not in a workspace (the message names `pilothouse init`), or
            there is no run `run_id`.
        PilothouseError: a run of this process is open and `nested` was not asked for, or `run_id` cannot be
            gone on with.
    """
    if _open and not nested:
        raise PilothouseError(
            f"Run {_open[-1].run_id} of this process is still open.",
            next="End it first, or start a part of it with nested=True.",
        )
    folder = os.environ.get(RUN_DIR_VARIABLE)
    around = [*_inherited, *_open]
    parent = around[-1].run_id if around else ""
    if run_id:
        writer, supervised = _resume(find_workspace(), run_id), False
        writer.log_params(params or {})
        writer.set_tags(tags or {})
    elif folder and not around:
        writer, supervised = attach_run(Path(folder)), True
        writer.log_params(params or {})
        writer.set_tags(tags or {})
    else:
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
        writer, supervised = open_run(find_workspace(), start, hold=True), False
    if not supervised:
        end_with_the_process(_end_all)
    run = ActiveRun(writer, supervised=supervised, on_end=_close, parent=parent)
    _open.append(run)
    return run


def active_run() -> ActiveRun:
    """Return the innermost open run of this process, starting one if there is none.

    In a forked process without a run of its own it is the one of the process that it was forked from.
    """
    return _open[-1] if _open else _inherited[-1] if _inherited else start_run()


def open_runs() -> tuple[ActiveRun, ...]:
    """Return the runs that this process may log to, the innermost last, and first what a fork inherited."""
    return (*_inherited, *_open)


def end_run(status: str = "FINISHED", exit_code: int | None = 0, reason: str = "") -> None:
    """End the innermost open run; without one, do nothing."""
    if _open:
        _open[-1].end(status, exit_code, reason)


def _resume(workspace: Workspace, ref: str) -> RunWriter:
    # Only who resumes a run has to look it up, so only they load DuckDB.
    from pilothouse.tracking.resuming import resume_run

    return resume_run(workspace, ref)


def _close(run: ActiveRun) -> None:
    if run in _inherited:
        _inherited.remove(run)
    # What was started inside it and forgotten ends with it.
    while run in _open:
        last = _open.pop()
        if last is not run:
            last.end()


def _end_all(status: str, exit_code: int | None, reason: str) -> None:
    while _open:
        _open[-1].end(status, exit_code, reason)
