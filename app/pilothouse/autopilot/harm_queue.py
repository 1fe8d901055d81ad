"""The harm of what landed: a process of its own judges it while the watcher has nothing else to do.

What waits is derived from the store (arrivals without a row of harm, and files whose labels came since), so
whatever is killed when, each is judged exactly once; and the verdict on the next file never waits for it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.autopilot.harm_progress import harm_lock
from pilothouse.config import ModelConfig
from pilothouse.performance.harm_glances import SIGNS
from pilothouse.performance.harms_kept import KeptHarm, read_harm, waiting_for_harm
from pilothouse.performance.relabelling import short_of_labels
from pilothouse.processes import is_alive, python_command
from pilothouse.store import open_store
from pilothouse.workspace import Workspace

PAUSE = 60.0
"""Seconds before a judge that failed is started again."""
BETWEEN_LABELS = 30.0
"""Seconds at least between two looks at files whose labels come."""
_LAST_WORDS = 5.0


class HarmQueue:
    """Starts a judge when something waits and nobody judges, and tells what it found."""

    def __init__(self, workspace: Workspace, tell: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._store = open_store(workspace)
        self._tell = tell
        self._judge: subprocess.Popen[bytes] | None = None
        self._told_to = datetime.now(UTC)
        self._not_before = 0.0
        self._labels_not_before = 0.0
        self._nothing_at: tuple[int, ...] | None = None

    def advance(self, models: tuple[ModelConfig, ...]) -> None:
        """Do the next thing there is to do; it takes milliseconds."""
        if self._judge is not None:
            code = self._judge.poll()
            if code is None:
                return
            self._judge = None
            self._say_found()
            if code:
                self._not_before = time.monotonic() + PAUSE
                self._tell(f"▲ Judging the harm of what landed failed (exit code {code}); it is tried again.")
        if time.monotonic() < self._not_before or is_alive(harm_lock(self._workspace)):
            return
        # The store is asked only when something in it has changed: nothing waits for whoever has just looked.
        now = _look(self._workspace.store_path)
        if now == self._nothing_at:
            return
        if any(waiting_for_harm(self._store, model.name) for model in models):
            self._judge = _start(self._workspace)
        elif any(short_of_labels(self._store, model.name, since=True) for model in models):
            # Labels may come one by one; files are looked at again once a while.
            if time.monotonic() >= self._labels_not_before:
                self._labels_not_before = time.monotonic() + BETWEEN_LABELS
                self._judge = _start(self._workspace)
        else:
            self._nothing_at = now

    def close(self) -> None:
        """End the judge that runs; what it was at is judged the next time."""
        if self._judge is None:
            return
        self._judge.terminate()
        try:
            self._judge.wait(_LAST_WORDS)
        except subprocess.TimeoutExpired:
            self._judge.kill()
            self._judge.wait()
        self._judge = None

    def _say_found(self) -> None:
        found = [one for one in read_harm(self._store) if one.at > self._told_to]
        for one in sorted(found, key=lambda one: one.at):
            self._tell(harm_in_one_line(one))
            self._told_to = one.at


def harm_in_one_line(kept: KeptHarm) -> str:
    """Say whether an arrival hurts, with the numbers it rests on."""
    return f"{SIGNS.get(kept.verdict, '–')} {kept.name}: {kept.verdict}. {kept.words}"


def _look(path: Path) -> tuple[int, ...]:
    found: list[int] = []
    for one in (path, path.with_name(f"{path.name}.wal")):
        with contextlib.suppress(OSError):
            about = one.stat()
            found += (about.st_mtime_ns, about.st_size)
    return tuple(found)


def _start(workspace: Workspace) -> subprocess.Popen[bytes]:
    log = workspace.watch_dir / "harm.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            python_command("pilothouse.autopilot.harm_judge", str(workspace.root)),
            cwd=workspace.root,
            # Threads that spin while they wait would take the cores from the verdict on the next file.
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name != "nt",
        )


def be_nice() -> None:
    """Let everybody else go first."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
