"""The process that stands behind a run: starts its child, keeps its output, ends it, and says how it ended.

`python -m pilothouse.training.supervisor <run_dir>`. It imports nothing heavy, so that it is light while
it waits. It holds the run's liveness lock for as long as it lives, and the child and its group die with it
(`guard.py`; not on Windows, and not what left the group).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from pilothouse.errors import PilothouseError
from pilothouse.processes import LivenessLock, hold_alive, write_atomic
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME, LOG_NAME
from pilothouse.training.child import (
    Child,
    command_of,
    environment_of,
    exit_code_of,
    verdict,
    why_not_started,
)
from pilothouse.training.diary import Diary
from pilothouse.training.inputs import changed_meanwhile
from pilothouse.training.lines import LineReader, Point
from pilothouse.training.listening import Listening
from pilothouse.training.metrics_tail import MetricsTail
from pilothouse.training.observer import Observer
from pilothouse.training.output import OutputLog, failure_reason
from pilothouse.training.points_kept import PointsKept
from pilothouse.training.spec import (
    DATA_NAME,
    GRACE,
    METRICS_NAME,
    PID_NAME,
    STOP_NAME,
    RunSpec,
    folder_of,
    read_spec,
    workspace_of,
)

LOOK = 0.2  # seconds between looks at the child, the stop file and the metrics file
NICE = 5  # training gives way to the screen and to the server
_LOCK_PATIENCE = 5.0
_OTHERS = "A process that it left behind went on printing, which was not kept."


class Supervisor:
    """One run, from start to end."""

    def __init__(self, run_dir: Path, spec: RunSpec, diary: Diary) -> None:
        self._run_dir = run_dir
        self._spec = spec
        self._diary = diary
        self._log = OutputLog(run_dir / LOG_NAME)
        self._told_log_problem = False
        self._points = PointsKept()
        # What a recipe prints is for people; it writes its metrics to the journal itself.
        self._lines = None if spec.ours else LineReader()
        self._metrics_file = MetricsTail(run_dir / METRICS_NAME)
        self._grace = GRACE
        self._stopper = ""
        self._deadline: float | None = None
        self._forced = False

    def stop(self, who: str, grace: float = GRACE) -> None:
        """Ask for the run's end; the loop sees to it."""
        if not self._stopper:
            self._stopper, self._grace = who, grace

    def run(self) -> int:
        """Run the child to its end, record it, and return 0 if the end could be recorded."""
        self._look_for_stop()
        if self._stopper:
            return self._finish("KILLED", None, f"Stopped by {self._stopper} before it began.")
        self._diary.running()
        argv = command_of(self._run_dir, self._spec)
        env = environment_of(self._run_dir, self._spec, os.environ)
        workspace = workspace_of(self._run_dir)
        try:
            # A sweep over a command looks, too, before there are any trials.
            there = folder_of(workspace, self._spec) if self._spec.command else workspace.root
        except PilothouseError as error:
            self._keep(f"{error.what}\n".encode("utf-8", "replace"))
            return self._finish("FAILED", 127, error.what)
        cwd = workspace.root if self._spec.ours else there
        observer = Observer(self._run_dir, self._spec, argv, env, self._diary)
        try:
            child = Child(argv, cwd=cwd, env=env, nice=NICE)
        except (OSError, ValueError) as error:
            why = why_not_started(error, argv, cwd)
            self._keep(f"{why}\n".encode("utf-8", "replace"))
            return self._finish("FAILED", 127, f"The command could not be started: {why}.")
        observer.watch(child.process.pid)
        self._watch(child, observer)
        observer.finish()
        if self._lines:
            self._record(self._lines.finish())
        for points in self._metrics_file.finish():
            self._record(points)
        for step, values in self._points.finish():
            self._diary.metrics(values, step)
        self._complain()
        code = child.process.returncode
        status, word = verdict(code, bool(self._stopper))
        if self._stopper:
            word = f"Stopped by {self._stopper}."
            if self._forced:
                word += f" It did not end within {self._grace:g} s and was killed."
        reason = word
        if status == "FAILED":
            reason = "\n".join(part for part in (word, failure_reason(self._log.tail)) if part)
            reason = reason or f"It ended with exit code {code} and printed nothing."
        self._look_at_data()
        return self._finish(status, exit_code_of(code), reason)

    def _watch(self, child: Child, observer: Observer) -> None:
        listening = Listening(child)
        looked = 0.0
        while not listening.over:
            self._keep(listening.hear(LOOK))
            now = time.monotonic()
            if now - looked >= LOOK:
                looked = now
                self._record(self._metrics_file.read())
                if not listening.ended:
                    self._look_for_stop()
                observer.look(now)
            self._press(child, now)
        if listening.others:
            self._diary.tags({"log": _OTHERS})

    def _press(self, child: Child, now: float) -> None:
        if not self._stopper:
            return
        if self._deadline is None:
            self._deadline = now + self._grace
            child.terminate()
        elif now >= self._deadline:
            self._forced = True
            child.kill()

    def _look_for_stop(self) -> None:
        path = self._run_dir / STOP_NAME
        if self._stopper or not path.exists():
            return
        try:
            wish = json.loads(path.read_bytes())
            self.stop(str(wish["who"])[:100], max(0.0, float(wish["grace"])))
        except (OSError, ValueError, KeyError, TypeError):
            self.stop("request")

    def _keep(self, data: bytes) -> None:
        # First the metrics: a metric that is to be seen in the log is kept, whenever this process is killed.
        if self._lines and data:
            self._record(self._lines.feed(data))
        self._log.write(data)
        if self._log.problem and not self._told_log_problem:
            self._told_log_problem = True
            self._diary.tags({"log": self._log.problem})

    def _look_at_data(self) -> None:
        """Say if a script may have read other bytes than its dataset version has; recipes see to it."""
        changed: list[str] = []
        with contextlib.suppress(PilothouseError):  # The run has ended all the same.
            changed = changed_meanwhile(workspace_of(self._run_dir), self._run_dir / DATA_NAME)
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            words = f"{changed[0]}{more} changed while it ran: its data are not those of its dataset version."
            self._keep(f"pilothouse: {words}\n".encode())
            self._diary.tags({"data_changed": words})

    def _record(self, points: list[Point]) -> None:
        for step, values in self._points.take(points):
            self._diary.metrics(values, step)

    def _complain(self) -> None:
        """Say once what of the output and the metrics file was not read, though it may have been meant so."""
        lines = self._lines.complaint() if self._lines else ""
        words = (lines, self._metrics_file.complaint(), self._points.complaint())
        if text := " | ".join(part for part in words if part):
            self._diary.tags({"metrics": text})

    def _finish(self, status: str, code: int | None, reason: str) -> int:
        self._log.close()
        if self._log.problem:
            reason = f"{reason}\n{self._log.problem}".strip()
        if self._diary.end(status, code, reason):
            return 0
        sys.stderr.write(
            f"Run {self._run_dir.name} ended as {status} ({code}), which could not be written.\n"
        )
        return 1


def _hold(path: Path) -> LivenessLock | None:
    # Someone who looks whether the run is alive holds the lock for a moment too.
    until = time.monotonic() + _LOCK_PATIENCE
    while (lock := hold_alive(path)) is None and time.monotonic() < until:
        time.sleep(0.01)
    return lock


def supervise(run_dir: Path) -> int:
    """Run the run that `run_dir` describes; 0 when its end is recorded, whatever that end was."""
    if not (run_dir / JOURNAL_NAME).is_file():
        raise PilothouseError(f"{run_dir} is not the folder of a run.")
    lock = _hold(run_dir / ALIVE_NAME)
    if lock is None:
        raise PilothouseError(f"Run {run_dir.name} is being run by another process.")
    with lock:
        diary = Diary(run_dir)
        with contextlib.suppress(OSError):
            write_atomic(run_dir / PID_NAME, str(os.getpid()))
        try:
            supervisor = Supervisor(run_dir, read_spec(run_dir), diary)
            _catch_signals(supervisor)
            return supervisor.run()
        except Exception as error:
            # Whatever is wrong here, the run must not seem to go on.
            diary.end("FAILED", None, f"The run's supervisor failed: {type(error).__name__}: {error}")
            raise


def _catch_signals(supervisor: Supervisor) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        supervisor.stop(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def main() -> int:
    """Entry of the supervisor's process."""
    try:
        return supervise(Path(sys.argv[1]).absolute())
    except PilothouseError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
