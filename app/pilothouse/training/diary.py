"""A run's journal, written by someone who must not fall over when the disk is full."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.tracking.writer import JOURNAL_NAME, RunWriter, attach_run

BALLAST_NAME = ".ballast"
BALLAST = 64 * 1024  # bytes put aside so that a run's end can be told on a full disk
END_PATIENCE = 60.0  # seconds to keep trying to write how a run ended


class Diary:
    """Appends to a journal; counts what cannot be written, and is patient with the end."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / JOURNAL_NAME
        self._writer: RunWriter = attach_run(run_dir)
        self.lost = 0
        self._torn = False
        self._ballast = run_dir / BALLAST_NAME
        with contextlib.suppress(OSError):
            self._ballast.write_bytes(b"\0" * BALLAST)

    def metrics(self, values: Mapping[str, float], step: int | None) -> None:
        """Record one point of each metric."""
        self._try(lambda: self._writer.log_metrics(values, step))

    def tags(self, values: Mapping[str, str]) -> None:
        """Record tags."""
        self._try(lambda: self._writer.set_tags(values))

    def running(self) -> None:
        """Record that the run is under way."""
        self._try(lambda: self._writer.status("RUNNING"))

    def end(self, status: str, exit_code: int | None, reason: str) -> bool:
        """Record how the run ended; False if the disk would not take it."""
        with contextlib.suppress(OSError):
            self._ballast.unlink()
        if self.lost:
            lines = "line" if self.lost == 1 else "lines"
            reason = f"{reason}\n{self.lost:,} {lines} of the journal could not be written.".strip()
        until = time.monotonic() + END_PATIENCE
        try:
            while not self._write(lambda: self._writer.end(status, exit_code, reason)):
                if time.monotonic() > until:
                    return False
                time.sleep(0.5)
        except PilothouseError:
            # It was told before, and the first end stands.
            return True
        return True

    def _try(self, write: Callable[[], None]) -> None:
        try:
            self.lost += not self._write(write)
        except PilothouseError:
            # After the end, such as from a thread that looked up the run's origin for too long.
            self.lost += 1

    def _write(self, write: Callable[[], None]) -> bool:
        try:
            if self._torn:
                # A write cut short left part of a line: what comes next must stand on a line of its own.
                with self._path.open("ab", buffering=0) as journal:
                    journal.write(b"\n")
                self._torn = False
            write()
        except OSError:
            self._torn = True
            return False
        return True
