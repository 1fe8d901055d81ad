"""Watching runs that other processes do: their progress, their end, their output."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.processes import is_alive
from pilothouse.tracking.journal import read_pieces
from pilothouse.tracking.last_values import LastValues
from pilothouse.tracking.replay import State, replay
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME, LOG_NAME
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

LOOK = 0.05  # seconds between looks
_DOUBT = 1.0  # seconds without a living process before the store is asked


class RunWatch:
    """Follows a run's journal without the store: cheap enough to ask many times a second."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / JOURNAL_NAME
        self._offset = 0
        self._state = State()
        self._last = LastValues()

    def look(self) -> bool:
        """Read what is new; whether there was anything."""
        state, found = self._state, False
        for piece in read_pieces(self._journal, self._offset):
            self._offset = piece.end
            found = found or bool(piece.entries)
            replay(state, piece.entries)
            self._last.take((key, step, value) for key, step, value, _ in state.points)
            # Nobody asks for more than the last of them.
            state.points.clear()
            state.turns.clear()
        return found

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric, as the store has it."""
        return self._last.values

    @property
    def status(self) -> str:
        """As of the last look."""
        return self._state.status or "SCHEDULED"

    @property
    def fraction(self) -> float | None:
        """How far the run is, from 0 to 1; None if it does not say."""
        done: float | None = self._state.row.get("progress")
        return done

    @property
    def text(self) -> str:
        """What the run is doing, in its own words."""
        return str(self._state.row.get("progress_text", ""))

    @property
    def ended(self) -> bool:
        """Whether the journal had the run's end at the last look, and nobody went on with it."""
        return self._state.ended


def watch_run(workspace: Workspace, run_id: str, timeout: float | None = None) -> Iterator[RunWatch]:
    """Look at a run again and again until it has ended or `timeout` seconds are over.

    A run whose process is gone without an end is folded into the store, which makes it LOST. Where the store
    has an end and the journal has none, nothing more comes: the run was imported, or its folder is gone.
    """
    folder = workspace.run_dir(run_id)
    until = None if timeout is None else time.monotonic() + timeout
    watch = RunWatch(folder)
    died_at: float | None = None
    while True:
        watch.look()
        yield watch
        now = time.monotonic()
        if watch.ended or (until is not None and now > until):
            return
        if is_alive(folder / ALIVE_NAME):
            died_at = None
        elif died_at is None and (folder / JOURNAL_NAME).exists():
            died_at = now
        elif died_at is None or now - died_at > _DOUBT:
            died_at = now
            # If it is LOST its journal says so now, unless there is none.
            if _is_over(workspace, run_id) and not watch.look():
                return
        time.sleep(LOOK)


def _is_over(workspace: Workspace, run_id: str) -> bool:
    """Whether the store, told of all journals, has an end of a run, or knows no such run."""
    from pilothouse.store import open_store
    from pilothouse.tracking.folding import fold
    from pilothouse.tracking.statuses import ENDED

    store = open_store(workspace)
    fold(store)
    with store.reading() as tx:
        row = tx.row("SELECT status FROM runs WHERE run_id = ?", [run_id])
    return row is None or row["status"] in ENDED


def wait_for_run(workspace: Workspace, run_id: str, timeout: float | None = None) -> Run:
    """Wait until a run has ended, at most `timeout` seconds, and return it as it then stands."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import get_run

    for _ in watch_run(workspace, run_id, timeout):
        pass
    return get_run(open_store(workspace), run_id)


def read_log(workspace: Workspace, run_id: str, offset: int = 0, limit: int = 1 << 20) -> tuple[str, int]:
    """Return a run's output from byte `offset` on, at most `limit` bytes, and the offset after it.

    A character that the limit, or a writer still at it, cuts in two waits for the next call. Empty where none
    was kept, as of an imported run: whether there is such a run is not asked here.
    """
    folder = workspace.run_dir(run_id)
    offset = max(0, offset)
    try:
        with (folder / LOG_NAME).open("rb") as file:
            file.seek(offset)
            data = file.read(limit)
    except FileNotFoundError:
        return "", offset
    # A torn character that stands alone is not waited for: at a log's end nothing more may come.
    cut = _torn(data)
    if cut < len(data):
        data = data[: len(data) - cut]
    return data.decode("utf-8", "replace"), offset + len(data)


def is_recorded(workspace: Workspace, run_id: str) -> bool:
    """Say whether what a run prints is kept: nobody reads along with a program that only logs."""
    return (workspace.run_dir(run_id) / LOG_NAME).exists()


def _torn(data: bytes) -> int:
    """How many bytes at the end begin a UTF-8 character without finishing it."""
    for count in range(1, min(3, len(data)) + 1):
        byte = data[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if count < length else 0
        if byte < 0x80:
            break
    return 0
