"""A run that this process is, or is a part of: what a script logs to."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.tracking.origin.observing import start_observer
from pilothouse.tracking.origin.usage import CPU, MEMORY, peak_memory
from pilothouse.tracking.process_end import goes_on, status_of
from pilothouse.tracking.statuses import ALSO_CALLED, ENDED
from pilothouse.tracking.writer import MetricPoint, RunWriter

How = tuple[str, int | None, str]
"""How a run ended: status, exit code, reason."""


class ActiveRun:
    """A run that is open in this process. Use it as a context manager, or call `end`.

    Inside a run that Pilothouse started, it writes to that run, and the true end is the supervisor's to say.
    Elsewhere it makes a run of its own, which ends as the process does: an uncaught exception or an exit with
    a code is FAILED, a signal KILLED, a death without a word LOST; or as its thread does, if that ends by an
    exception. Two things Python tells nobody: a bare `raise SystemExit(1)` outside the `with` block looks
    like a good end, and a `sys.exit(1)` that was caught like a bad one, unless the script logs after it. A
    process forked from this one may log to it, and never ends it. What was opened inside the `with` block, or
    inside the outermost run, and forgotten, ends with it and as it did; runs of other threads do not.

    Attributes:
        parent_run_id: the run that it was started as a part of, or empty.
        open: whether it has not ended, as far as this process knows.
        was_inherited: whether this process was forked from the one that the run belongs to.
    """

    def __init__(
        self,
        writer: RunWriter,
        *,
        supervised: bool,
        on_end: Callable[[ActiveRun, How, bool], None],
        parent: str = "",
    ) -> None:
        self.parent_run_id = parent
        self.was_inherited = False
        self.open = True
        self._writer = writer
        self._supervised = supervised
        self._on_end = on_end
        # Taken once, by whoever ends the run first: its thread, another one, the process or a signal.
        self._ended = threading.Lock()
        # A nested run is a part of this process, which is observed already.
        self._observer = None if supervised or parent else start_observer(writer.folder)
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
        self._log().log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; a later value replaces an earlier one."""
        self._log().log_params(params)

    def log_metric(
        self, key: str, value: float, step: int | None = None, *, at: datetime | float | None = None
    ) -> None:
        """Record one point of a metric.

        Args:
            key: its name.
            value: a number.
            step: without one it gets the next step of its metric.
            at: when it was measured (a time, or seconds since 1970); now by default.

        Raises:
            PilothouseError: the step is no whole number, or the run has ended.
        """
        if at is None:
            self._log().log_metric(key, value, step)
        else:
            self._log().log_metrics({key: value}, step, at)

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None, *, at: datetime | float | None = None
    ) -> None:
        """Record a point of several metrics, all at one step and time; see `log_metric`."""
        self._log().log_metrics(metrics, step, at)

    def log_batch(self, points: Iterable[MetricPoint]) -> None:
        """Record many points at once: tuples of key, value, step (or None), and a time if there is one."""
        self._log().log_points(points)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags; a later value replaces an earlier one."""
        self._log().set_tags(tags)

    def note(self, text: str) -> None:
        """Write the run's note, which stands in the place of an earlier one."""
        self._log().set_tags({"note": text})

    def progress(self, fraction: float | None, text: str = "") -> None:
        """Say how far the run is, from 0 to 1, and what it is doing."""
        self._log().progress(fraction, text)

    def log_artifact(self, path: str | Path, name: str | None = None) -> Path:
        """Copy a file or folder into the run's artifacts and return the copy's path.

        Where the workspace lies in that folder, its `.pilothouse`, which holds this very run, is left out.

        Args:
            path: what to copy.
            name: under which name, which may have slashes; its own by default.

        Raises:
            NotFoundError: there is nothing at `path`.
            PilothouseError: `name` would leave the artifacts folder, or the folder holds this very run.
        """
        import shutil

        source = Path(path)
        if not source.exists():
            raise NotFoundError(f"There is no file {source} to keep as an artifact.")
        target = self._place(name or source.absolute().name)
        if not source.is_dir():
            shutil.copy2(source, target)
            return target
        self._refuse_own(source, target)

        def left_out(folder: str, names: list[str]) -> list[str]:
            return [one for one in names if self._is_own(Path(folder, one), target)]

        shutil.copytree(source, target, dirs_exist_ok=True, ignore=left_out)
        return target

    def log_artifacts(self, folder: str | Path, name: str = "") -> list[Path]:
        """Copy everything in a folder into the run's artifacts, below `name` if it is given.

        Where that is the workspace, its `.pilothouse`, which holds this very run, is left out.

        Raises:
            NotFoundError: there is no such folder.
            PilothouseError: `name` would leave the artifacts folder, or the folder holds this very run.
        """
        source = Path(folder)
        if not source.is_dir():
            raise NotFoundError(f"There is no folder {source} to keep as artifacts.")
        artifacts = self._log().artifacts.resolve()
        self._refuse_own(source, artifacts)
        below = f"{name}/" if name else ""
        found = [path for path in sorted(source.iterdir()) if not self._is_own(path, artifacts)]
        return [self.log_artifact(path, below + path.name) for path in found]

    def log_text(self, text: str, name: str) -> Path:
        """Keep a text as an artifact, in UTF-8.

        Raises:
            PilothouseError: `name` would leave the artifacts folder.
        """
        target = self._place(name)
        target.write_text(text, encoding="utf-8", errors="surrogateescape")
        return target

    def log_dict(self, content: Mapping[str, Any] | list[Any], name: str) -> Path:
        """Keep plain data as a JSON artifact; what JSON has no word for is kept as its text.

        Raises:
            PilothouseError: `name` would leave the artifacts folder.
        """
        import json

        from pilothouse.jsontext import dumps

        return self.log_text(json.dumps(json.loads(dumps(content)), indent=1, ensure_ascii=False), name)

    def end(self, status: str = "FINISHED", exit_code: int | None = None, reason: str = "") -> None:
        """End the run. Calling it again does nothing.

        Args:
            status: FINISHED, FAILED or KILLED, in capitals or not.
            exit_code: of the process; by default 0 for what FINISHED, and not known otherwise.
            reason: why, in words.

        Raises:
            PilothouseError: it is no such status; the run goes on.
            OSError: the end cannot be written; the run then counts as lost once this process is gone.
        """
        how = _status(status)
        if exit_code is None and how == "FINISHED":
            exit_code = 0
        self._end((how, exit_code, reason), whole=False)

    def inherited(self) -> None:
        """Leave the end to the process that this one was forked from; what is logged here still counts."""
        self._supervised = self.was_inherited = True

    def _end(self, how: How, *, whole: bool) -> None:
        if not self._ended.acquire(blocking=False):
            return
        self.open = False
        try:
            if self._supervised:
                self._writer.close()
            else:
                # On a full disk the end may fit where that does not.
                with contextlib.suppress(OSError):
                    self._tell_usage()
                self._writer.end(*how)
        finally:
            self._on_end(self, how, whole)

    def _log(self) -> RunWriter:
        goes_on()
        return self._writer

    def _place(self, name: str) -> Path:
        base = self._log().artifacts.resolve()
        target = (base / name).resolve()
        if base not in target.parents:
            raise PilothouseError(f"The artifact name {name!r} leads out of the run's folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _is_own(self, path: Path, target: Path) -> bool:
        """Whether a folder of the state holds the place to copy to, so that it would be copied into itself.

        Asked of what a link leads to, since copying follows links.
        """
        if not path.is_dir():
            return False
        real = path.resolve()
        return real.is_relative_to(self._writer.folder.resolve().parents[1]) and target.is_relative_to(real)

    def _refuse_own(self, source: Path, target: Path) -> None:
        if self._is_own(source, target):
            raise PilothouseError(
                f"{source} cannot be kept as an artifact: this very run lies in it.",
                untouched="Nothing of it was copied.",
                next="Name the files or folders in it that are to be kept.",
            )

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
        self._end(status_of(error), whole=True)


def _status(status: str) -> str:
    """Return the status that a word for a run's end means: LOST is not for the run itself to say."""
    found = status.upper() if isinstance(status, str) else ""
    found = ALSO_CALLED.get(found, found)
    if found not in ENDED or found == "LOST":
        raise PilothouseError(
            f"A run does not end as {str(status)[:60]!r}.",
            untouched="It has not ended.",
            next="End it as FINISHED, FAILED or KILLED.",
        )
    return found
