"""The watcher: judges every file that lands in a data folder, once, whatever is killed when.

It keeps nothing in memory that matters. What was judged stands in the store, in the same transaction as the
verdict, so at each start it looks for what arrived while it was off.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from pilothouse.autopilot.harm_queue import HarmQueue
from pilothouse.autopilot.midway import LeftError, midway
from pilothouse.autopilot.retraining import Retraining
from pilothouse.autopilot.status import write_status
from pilothouse.config import ModelConfig
from pilothouse.data.copies import original_of
from pilothouse.data.reading import data_files
from pilothouse.data.versions import fingerprint, list_dataset_versions
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.monitoring.checks import ERROR
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.keeping_verdicts import Verdict
from pilothouse.monitoring.patience import Progress
from pilothouse.monitoring.quality.telling import finding_lines
from pilothouse.monitoring.story import target_in_short
from pilothouse.monitoring.verdict_words import of_data
from pilothouse.monitoring.verdicts import ACCEPTED, COPY, list_arrivals
from pilothouse.registry.versions import champion
from pilothouse.store import open_store, record
from pilothouse.workspace import Workspace

SETTLED = 0.2
"""Seconds for which a file's size and time must stand still before it counts as whole."""
OPEN_SETTLED = 5.0
"""The same for a file of which the system said that it was written to, and not yet that it was closed."""
LOOK_EVERY = 2.0
"""Seconds after which the folder is looked at even without word of a change (network drives send none)."""

Tell = Callable[[str], None]
Look = tuple[int, int]
"""Size and time of change: enough to see that a file still grows, or is the one that was judged before."""


@dataclass(slots=True)
class _Seen:
    """A file as it was looked at last, and whether that state needs no judging any more."""

    look: Look
    since: float
    settled: bool = False


class Watcher:
    """Looks at the data folders of a workspace and judges what is new."""

    def __init__(self, workspace: Workspace, tell: Tell, progress: Progress | None = None) -> None:
        self._workspace = workspace
        self._progress = progress
        self._store = open_store(workspace)
        self._tell = tell
        self._wake = threading.Event()
        self._writers = _Writers(self._wake)
        self._stopped = False
        self._started_at = datetime.now(UTC)
        self._seen: dict[Path, _Seen] = {}
        self._retraining = Retraining(workspace, tell)
        self._harm = HarmQueue(workspace, tell)
        self._judged = 0
        self._last_file = ""
        self._troubles: list[str] = []
        self._names: tuple[str, ...] = ()

    def stop(self) -> None:
        """Let `run` return soon, also in the midst of a file, which is judged at the next start; safe to call
        from a signal handler."""
        self._stopped = True
        self._wake.set()

    def run(self, *, once: bool = False) -> int:
        """Judge what arrives until `stop` is called, or only what is there if `once`; return how many.

        Raises:
            NotFoundError: a data folder does not exist.
        """
        folders = self._folders()
        observer = Observer()
        for folder in folders:
            observer.schedule(self._writers, str(folder), recursive=False)
        with self._store.transaction() as tx:
            # As pilothouse.toml has them: a workspace that is moved keeps no path of where it was.
            record(tx, "watch", "watcher", "The watcher started.", {"folders": [*dict.fromkeys(self._names)]})
        observer.start()
        try:
            self._loop(once)
        finally:
            self._harm.close()
            observer.stop()
            observer.join(timeout=5)
        with self._store.transaction() as tx:
            record(tx, "watch", "watcher", "The watcher stopped.", {"judged": self._judged})
        return self._judged

    def _loop(self, once: bool) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                waiting = self._look()
            except LeftError:
                return
            self._say("idle")
            if once and not waiting:
                return
            if not waiting and not self._stopped:
                self._judge_harm()
            self._wake.wait(SETTLED if waiting else LOOK_EVERY)
            if not waiting and not self._stopped:
                # A file that is being written wakes us at its first byte.
                time.sleep(0.01)

    def _look(self) -> bool:
        """Look at every file once; return whether one was still being written."""
        waiting = False
        troubles: list[str] = []
        with _told_to(troubles):
            for model in self._workspace.config().models:
                with _told_to(troubles):
                    paths = data_files(self._workspace.data_folder(model))
                    for at, path in enumerate(paths, 1):
                        if self._stopped:
                            return False
                        # One bad file does not keep the others waiting.
                        with _told_to(troubles):
                            waiting |= self._look_at(model, path, (at, len(paths)))
                    self._retraining.advance(model)
        # Tried again at the next look, since nothing was marked as judged; told only when it is new.
        for trouble in troubles:
            if trouble not in self._troubles:
                self._tell(trouble)
        self._troubles = troubles
        return waiting

    def _judge_harm(self) -> None:
        """Let the harm of what landed be judged, now that no file waits for its verdict."""
        troubles: list[str] = []
        with _told_to(troubles):
            self._harm.advance(self._workspace.config().models)
        for trouble in troubles:
            if trouble not in self._troubles:
                self._tell(trouble)

    def _look_at(self, model: ModelConfig, path: Path, place: tuple[int, int]) -> bool:
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        look = (stat.st_size, stat.st_mtime_ns)
        seen = self._seen.get(path)
        now = time.monotonic()
        if seen is None or seen.look != look:
            self._seen[path] = _Seen(look, now)
            return True
        if seen.settled:
            return False
        if now - seen.since < (OPEN_SETTLED if self._writers.at(path) else SETTLED):
            return True
        progress = midway(path, place, lambda: self._stopped, self._say, self._progress)
        if not self._known(model, path, lambda share: progress(0.0, "reading")):
            self._say(f"judging {path.name}")
            verdict = judge_file(self._workspace, self._store, model, path, progress)
            self._judged += verdict.status != COPY
            self._last_file = path.name
            self._tell(in_one_line(path.name, verdict))
            if verdict.status == "held":
                for line in finding_lines(verdict.findings):
                    self._tell(line)
        seen.settled = True
        return False

    def _known(self, model: ModelConfig, path: Path, told: Callable[[float], None]) -> bool:
        """Whether these very bytes were judged before, or are a part of the reference themselves.

        What was judged as a copy is judged anew once it is none, and the other way round.
        """
        digest = fingerprint(path, told)
        arrived = [one for one in list_arrivals(self._store, model.name) if one.name == path.name]
        if arrived and arrived[0].sha256 != digest:
            # Other bytes were judged last under this name; what is known of these counts again then.
            return False
        status = arrived[0].status if arrived else None
        copied = original_of(self._store, model.name, path, digest)
        if copied:
            return status in (COPY, ACCEPTED)
        if status is not None and status != COPY:
            return True
        live = champion(self._store, model.name)
        if live is not None:
            datasets = [live.dataset_version]
        else:
            datasets = [dataset.version for dataset in list_dataset_versions(self._store, model.name)[:1]]
        return any(
            self._store.query(
                "SELECT 1 FROM dataset_files WHERE version = ? AND sha256 = ?", [dataset, digest]
            )
            for dataset in datasets
        )

    def _folders(self) -> tuple[Path, ...]:
        models = self._workspace.config().models
        self._names = tuple(model.data.folder for model in models)
        folders = tuple(dict.fromkeys(self._workspace.data_folder(model) for model in models))
        for folder in folders:
            if not folder.is_dir():
                raise NotFoundError(
                    f"The data folder {folder} does not exist.",
                    next="Make it, or change `folder` under [data] in pilothouse.toml.",
                )
        return folders

    def _say(self, state: str) -> None:
        # A full disk makes the status late; it does not end the watcher.
        with contextlib.suppress(OSError):
            write_status(
                self._workspace,
                self._started_at,
                self._names,
                state=state,
                judged=self._judged,
                last_file=self._last_file,
                error=" ".join(self._troubles),
            )


@contextlib.contextmanager
def _told_to(troubles: list[str]) -> Iterator[None]:
    """Put what goes wrong inside into words, and go on after it."""
    try:
        yield
    except PilothouseError as error:
        troubles.append(error.what)
    except OSError as error:
        troubles.append(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")


class _Writers(FileSystemEventHandler):
    """Wakes the watcher at every change, and knows which files somebody is in the middle of writing.

    Only Linux tells when a file is closed; elsewhere no file ever seems to be open.
    """

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake
        self._open: set[str] = set()
        self._closed_at: dict[str, int] = {}

    def at(self, path: Path) -> bool:
        """Whether somebody is writing `path`, as far as is known."""
        return str(path) in self._open

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return
        path = Path(os.fsdecode(event.src_path))
        if event.event_type == "closed":
            self._open.discard(str(path))
            self._closed_at[str(path)] = _size(path)
        elif sys.platform == "linux" and event.event_type == "modified" and not event.is_directory:
            # A new date or new permissions count as a change too; they are no writing.
            if _size(path) != self._closed_at.get(str(path)):
                self._open.add(str(path))
        elif event.event_type in ("deleted", "moved"):
            self._open.discard(str(path))
        self._wake.set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def in_one_line(name: str, verdict: Verdict) -> str:
    """Say what was found about a file, with the numbers it rests on; of a held one, that lines follow."""
    if verdict.status == "held":
        count = len([finding for finding in verdict.findings if finding.severity == ERROR])
        return f"■ {name} is held for {count} reason{'' if count == 1 else 's'}:"
    report = verdict.report
    if verdict.status == COPY:
        return f"○ {verdict.findings[0].message}"
    if report is None:
        return f"● {name} is sound; there is no reference yet to compare it with."
    drifted = [column.column for column in report.columns if column.drifted]
    share = f"{len(drifted)} of {len(report.columns)} columns moved ({report.share_drifted:.0%})"
    names = f": {', '.join(drifted[:6])}" if drifted else ""
    sign, word = of_data(report)
    waits = "; no labels yet" if any(one.rule == "labels" for one in verdict.findings) else ""
    target = f"; {told}" if (told := target_in_short(report)) else ""
    return f"{sign} {name}: {word}, {share}{names}{target}{waits}"
