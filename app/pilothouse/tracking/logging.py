"""The logging API that a training script imports: `import pilothouse as ph`.

It writes a journal and nothing else, so that it costs a script next to nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.tracking.origin.observing import start_observer
from pilothouse.tracking.origin.usage import CPU, MEMORY, peak_memory
from pilothouse.tracking.writer import RunStart, RunWriter, attach_run, open_run
from pilothouse.workspace import find_workspace

RUN_DIR_VARIABLE = "PILOTHOUSE_RUN_DIR"


class ActiveRun:
    """A run that this process is, or is a part of. Use it as a context manager, or call `end`.

    Inside a run that Pilothouse started, it writes to that run, and the true end is the supervisor's to say.
    Elsewhere it makes a run of its own, which ends as the process does: an uncaught exception or
    `sys.exit(1)` is FAILED, a signal KILLED, a death without a word LOST. One thing Python tells nobody: a
    bare `raise SystemExit(1)` outside the `with` block looks like a good end.
    """

    def __init__(self, writer: RunWriter, supervised: bool) -> None:
        self._writer = writer
        self._supervised = supervised
        self._open = True
        self._observer = None if supervised else start_observer(writer.folder)
        self._began = time.monotonic(), time.process_time()

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._writer.run_id

    @property
    def artifacts(self) -> Path:
        """Folder for files that the run makes."""
        return self._writer.artifacts

    def log_param(self, key: str, value: Any) -> None:
        """Record one parameter."""
        self._writer.log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters."""
        self._writer.log_params(params)

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """Record one point of a metric; without a step it gets the next one."""
        self._writer.log_metrics({key: value}, step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record a point of several metrics."""
        self._writer.log_metrics(metrics, step)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags."""
        self._writer.set_tags(tags)

    def progress(self, fraction: float | None, text: str = "") -> None:
        """Say how far the run is, from 0 to 1."""
        self._writer.progress(fraction, text)

    def log_artifact(self, path: str | Path, name: str | None = None) -> Path:
        """Copy a file or folder into the run's artifacts and return the copy's path.

        Raises:
            NotFoundError: there is nothing at `path`.
            PilothouseError: `name` would leave the artifacts folder.
        """
        import shutil

        source = Path(path)
        if not source.exists():
            raise NotFoundError(f"There is no file {source} to keep as an artifact.")
        base = self._writer.artifacts.resolve()
        target = (base / (name or source.name)).resolve()
        if base not in target.parents:
            raise PilothouseError(f"The artifact name {name!r} leads out of the run's folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
        return target

    def end(self, status: str = "FINISHED", exit_code: int | None = 0, reason: str = "") -> None:
        """End the run. Calling it again does nothing."""
        global _current
        if not self._open:
            return
        self._open = False
        if self._supervised:
            self._writer.close()
        else:
            self._tell_usage()
            self._writer.end(status, exit_code, reason)
        if _current is self:
            _current = None

    def _tell_usage(self) -> None:
        """Record mean CPU and peak memory, which only the run itself knows if it was short."""
        if self._observer is None:
            return
        elapsed = max(1e-3, time.monotonic() - self._began[0])
        share = 100.0 * (time.process_time() - self._began[1]) / elapsed
        found = {CPU: round(share, 1)}
        if (peak := peak_memory()) is not None:
            found[MEMORY] = round(peak / 1e6, 1)
        self._writer.log_metrics(found)
        if hasattr(os, "waitpid"):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._observer, os.WNOHANG)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(*_status_of(error))


def _status_of(error: BaseException | None) -> tuple[str, int | None, str]:
    if error is None:
        return "FINISHED", 0, ""
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", 130, "Interrupted from the keyboard."
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        return ("FINISHED", 0, "") if code == 0 else ("FAILED", code, f"The script exited with {error.code}.")
    return "FAILED", 1, f"{type(error).__name__}: {error}"


_current: ActiveRun | None = None
_hooked = False


def start_run(
    *,
    name: str = "",
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    model: str = "",
) -> ActiveRun:
    """Start a run, or join the one that Pilothouse started this script for.

    Raises:
        NotFoundError: the current folder is not in a workspace; the message names `pilothouse init`.
        PilothouseError: a run of this process is still open.
    """
    global _current
    if _current is not None:
        raise PilothouseError(f"Run {_current.run_id} of this process is still open.", next="End it first.")
    folder = os.environ.get(RUN_DIR_VARIABLE)
    if folder:
        writer = attach_run(Path(folder))
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
        )
        writer = open_run(find_workspace(), start, hold=True)
        _end_with_the_process()
    _current = ActiveRun(writer, supervised=bool(folder))
    return _current


def active_run() -> ActiveRun:
    """Return the open run of this process, starting one if there is none."""
    return _current or start_run()


def _end_with_the_process() -> None:
    """Make an open run end as the process does, whatever the script forgot."""
    global _hooked
    if _hooked:
        return
    _hooked = True
    previous_hook = sys.excepthook
    failure: list[BaseException] = []

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        failure.append(error)
        previous_hook(kind, error, trace)

    real_exit = sys.exit

    def on_sys_exit(status: Any = None, /) -> Any:
        # atexit is not told the exit code; this is the only place that is.
        failure[:] = [SystemExit(status)]
        real_exit(status)

    def at_end() -> None:
        if _current is not None:
            _current.end(*_status_of(failure[-1] if failure else None))

    sys.excepthook = on_exception
    sys.exit = on_sys_exit
    atexit.register(at_end)
    if threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    ):

        def on_term(number: int, frame: FrameType | None) -> None:
            if _current is not None:
                _current.end("KILLED", 128 + number, "Stopped by a signal.")
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)

        signal.signal(signal.SIGTERM, on_term)
