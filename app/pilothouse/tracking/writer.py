"""Writing a run: a folder, a journal, and a marker that tells readers to look. Needs no DuckDB."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.processes import LivenessLock, hold_alive
from pilothouse.tracking.figures import MOST_STEP, exit_code, fraction, whole_step
from pilothouse.tracking.journal import Journal
from pilothouse.tracking.names import new_run_id, new_run_name
from pilothouse.workspace import Workspace

JOURNAL_NAME = "journal.jsonl"
ALIVE_NAME = "alive"
LOG_NAME = "output.log"
_POINTS_A_LINE = 1000

MetricPoint = tuple[str, float, int | None] | tuple[str, float, int | None, datetime | float | None]
"""Key, value, step (None: the next), and when it was measured if not now."""


@dataclass(frozen=True, slots=True)
class RunStart:
    """What is known of a run before it begins.

    Attributes:
        kind: `recipe`, `script` (a command of the user's), `api` (a process that called `start_run`), `sweep`
            or `trial`. The store knows `import`, too: what was taken over from MLflow has no journal.
        status: SCHEDULED if another process will run it, RUNNING if this one does.
        parent_run_id: the run that this one is a part of, such as a trial of its sweep.
    """

    kind: str
    name: str = ""
    model: str = ""
    recipe: str = ""
    command: str = ""
    dataset_version: str = ""
    status: str = "SCHEDULED"
    parent_run_id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class RunWriter:
    """The writing end of one run. Several processes may hold one for the same run."""

    def __init__(self, folder: Path, journal: Journal, alive: LivenessLock | None = None) -> None:
        self.folder = folder
        self.run_id = folder.name
        self._journal = journal
        self._alive = alive

    @property
    def artifacts(self) -> Path:
        """Folder for files that the run makes."""
        return self.folder / "artifacts"

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; a later value replaces an earlier one."""
        if params:
            self._journal.append("params", values=dict(params))

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """Record one point of one metric, measured now. Without a step, it gets the next one of its own.

        Raises:
            PilothouseError: the step is no whole number.
        """
        self._journal.append_point(str(key), float(value), None if step is None else _whole(step))

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None, at: datetime | float | None = None
    ) -> None:
        """Record one point of each metric. Without a step, each gets the next one of its own.

        `at` says when it was measured (a time, or seconds since 1970); now by default.

        Raises:
            PilothouseError: the step is no whole number.
        """
        if step is not None:
            step = _whole(step)
        values = {str(key): float(value) for key, value in metrics.items()}
        if values and at is None:
            self._journal.append("metrics", step=step, values=values)
        elif values:
            self._journal.append("metrics", step=step, values=values, at=_seconds(at))

    def log_points(self, points: Iterable[MetricPoint]) -> None:
        """Record many points: tuples of key, value, step (or None) and, if it is known, a time.

        Raises:
            PilothouseError: a step is no whole number; then none of the points is recorded.
        """
        rows = [
            [str(key), float(value), None if step is None else _whole(step), *(_seconds(at) for at in rest)]
            for key, value, step, *rest in points
        ]
        for start in range(0, len(rows), _POINTS_A_LINE):
            self._journal.append("points", values=rows[start : start + _POINTS_A_LINE])

    def sync(self) -> None:
        """Force what was written so far to the disk, so that it survives a power cut."""
        self._journal.sync()

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags; a later value replaces an earlier one."""
        if tags:
            self._journal.append("tags", values={str(key): str(value) for key, value in tags.items()})

    def rename(self, name: str) -> None:
        """Record that the run is called otherwise from now on."""
        self._journal.append("name", name=str(name))

    def progress(self, done: float | None, text: str = "") -> None:
        """Say how far the run is, from 0 to 1 (None if unknown), and what it is doing.

        Raises:
            PilothouseError: it is no number.
        """
        try:
            done = None if done is None else fraction(done)
        except ValueError as error:
            raise PilothouseError(str(error), untouched="Nothing was logged.") from None
        self._journal.append("progress", fraction=done, text=text)

    def status(self, status: str) -> None:
        """Record that the run is now SCHEDULED or RUNNING."""
        self._journal.append("status", status=status)

    def resume(self) -> None:
        """Record that the run, which had ended, goes on."""
        self._journal.append("resume", status="RUNNING")

    def end(self, status: str, code: int | None = None, reason: str = "") -> None:
        """Record how the run ended, safe against a power cut, and let go of it."""
        self._journal.append("end", status=status, exit_code=exit_code(code), reason=reason)
        self._journal.sync()
        self.close()

    def close(self) -> None:
        """Let go of the journal and of the liveness lock, if this writer has it."""
        with contextlib.suppress(OSError):
            self._journal.close()
        if self._alive is not None:
            # Nobody takes a marker away whose run's lock is held.
            self._alive.release()
            return
        # A reader that saw the run's end before this may have taken the marker away meanwhile. Where the
        # folder is gone, or nothing has ever been marked, there is nobody to tell.
        with contextlib.suppress(OSError):
            if self.folder.is_dir():
                (self.folder.absolute().parent.parent / "active" / self.run_id).touch()


def open_run(workspace: Workspace, start: RunStart, *, hold: bool = False) -> RunWriter:
    """Make a new run and return its writer.

    Args:
        workspace: where the run is kept.
        start: what is known of it.
        hold: take the run's liveness lock, because this very process is the run.
    """
    if workspace.read_only:
        raise workspace.refusal()
    run_id = new_run_id()
    folder = workspace.run_dir(run_id)
    (folder / "artifacts").mkdir(parents=True)
    alive = hold_alive(folder / ALIVE_NAME) if hold else None
    journal = Journal(folder / JOURNAL_NAME)
    about = asdict(start)
    # Two words that nobody chose may give way to a name that a script has for itself.
    about["named"] = bool(start.name)
    about["name"] = start.name or new_run_name()
    # An entry has a kind of its own.
    journal.append("start", run_kind=about.pop("kind"), **about)
    # The marker comes last: a run exists for readers once its first line is there.
    workspace.active_dir.mkdir(parents=True, exist_ok=True)
    (workspace.active_dir / run_id).touch()
    return RunWriter(folder, journal, alive)


def reopen_run(
    workspace: Workspace, run_id: str, check: Callable[[], None] = lambda: None
) -> RunWriter | None:
    """Open a run that ended, or was lost, for going on; None if a living process is it.

    `check` is called when it counts as alive already, before it goes on; if that raises, it does not.
    """
    if workspace.read_only:
        raise workspace.refusal()
    folder = workspace.run_dir(run_id)
    alive = hold_alive(folder / ALIVE_NAME)
    if alive is None:
        return None
    try:
        check()
    except BaseException:
        alive.release()
        raise
    writer = RunWriter(folder, Journal(folder / JOURNAL_NAME), alive)
    writer.resume()
    # As at its start, the marker comes last.
    workspace.active_dir.mkdir(parents=True, exist_ok=True)
    (workspace.active_dir / run_id).touch()
    return writer


def _whole(step: Any) -> int:
    # Nearly every step is a plain small number, and every point of a metric passes here.
    if type(step) is int and -MOST_STEP <= step <= MOST_STEP:
        return step
    try:
        return whole_step(step)
    except ValueError as error:
        raise PilothouseError(str(error), untouched="Nothing was logged.") from None


def _seconds(at: datetime | float | None) -> float | None:
    # A time without a zone is one of this place, as everywhere in Python.
    return at.timestamp() if isinstance(at, datetime) else at


def attach_run(folder: Path, *, hold: bool = False) -> RunWriter:
    """Return a writer for a run that exists.

    Raises:
        NotFoundError: there is no journal in `folder`, or `hold` was asked and a living process is the run.
    """
    if not (folder / JOURNAL_NAME).is_file():
        raise NotFoundError(f"{folder} is not the folder of a run: it has no {JOURNAL_NAME}.")
    alive = hold_alive(folder / ALIVE_NAME) if hold else None
    if hold and alive is None:
        raise NotFoundError(f"Run {folder.name} is being run by another process.")
    return RunWriter(folder, Journal(folder / JOURNAL_NAME), alive)
