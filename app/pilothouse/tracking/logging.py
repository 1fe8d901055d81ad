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
    if run_id:
        writer, supervised = _resume(find_workspace(), run_id), False
        writer.log_params(params or {})
        writer.set_tags(tags or {})
    elif folder and not _open:
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
            parent_run_id=_open[-1].run_id if _open else "",
        )
        writer, supervised = open_run(find_workspace(), start, hold=True), False
    if not supervised:
        end_with_the_process(_end_all)
    parent = _open[-1].run_id if _open else ""
    run = ActiveRun(writer, supervised=supervised, on_end=_close, parent=parent)
    _open.append(run)
    return run


def active_run() -> ActiveRun:
    """Return the innermost open run of this process, starting one if there is none."""
    return _open[-1] if _open else start_run()


def open_runs() -> tuple[ActiveRun, ...]:
    """Return the open runs of this process, the innermost last."""
    return tuple(_open)


def end_run(status: str = "FINISHED", exit_code: int | None = 0, reason: str = "") -> None:
    """End the innermost open run; without one, do nothing."""
    if _open:
        _open[-1].end(status, exit_code, reason)


def _resume(workspace: Workspace, ref: str) -> RunWriter:
    # Only who resumes a run has to look it up, so only they load DuckDB.
    from pilothouse.tracking.resuming import resume_run

    return resume_run(workspace, ref)


def _close(run: ActiveRun) -> None:
    # What was started inside it and forgotten ends with it.
    while run in _open:
        last = _open.pop()
        if last is not run:
            last.end()


def _end_all(status: str, exit_code: int | None, reason: str) -> None:
    while _open:
        _open[-1].end(status, exit_code, reason)
