"""What became of a run whose journal says no end: does its process live, or is it lost?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from pilothouse.processes import hold_alive, is_alive
from pilothouse.tracking.journal import Entry, Journal, Piece, read_piece
from pilothouse.tracking.replay import State, replay
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME, LOG_NAME

START_GRACE = 60.0
"""Seconds that a scheduled run may take until its process holds the liveness lock."""


def judge(folder: Path, state: State, piece: Piece) -> Piece | None:
    """Find out whether a run that `state` tells of up to the end of its journal still lives.

    If it died, its end is written into the journal and taken into `state`, as is a beginning that a power cut
    took back.

    Args:
        folder: of the run.
        state: what `piece` led to.
        piece: the last one of the journal, with nothing behind it.

    Returns:
        The piece with what was read besides, or None if the run cannot be told of yet.
    """
    alive = folder / ALIVE_NAME
    if state.status is None:
        if is_alive(alive) or _age(folder, JOURNAL_NAME) <= START_GRACE:
            return None
        # The marker came after the first line, so that line was there: a power cut took it back.
        begin(folder.name, state)
    if (
        state.ended
        or is_alive(alive)
        or (state.status != "RUNNING" and _age(folder, ALIVE_NAME) <= START_GRACE)
    ):
        return piece
    # On a full disk this waits for the next look.
    with contextlib.suppress(OSError):
        # Nobody can become the run while its end is written.
        lock = hold_alive(alive, patience=0.0)
        if lock is None:
            return piece
        with lock:
            rest = _read_on(folder, state, piece)
            if state.ended or rest.more:
                return rest
            _append_lost(folder, [*piece.entries, *rest.entries])
            return _read_on(folder, state, rest)
    return piece


def begin(run_id: str, state: State) -> None:
    """Give a run the beginning that its journal has not, before what `state` says already."""
    entry: Entry = {"kind": "start", "name": f"lost-{run_id[:8]}", "status": "RUNNING"}
    replay(state, [entry])


def _read_on(folder: Path, state: State, piece: Piece) -> Piece:
    rest = read_piece(folder / JOURNAL_NAME, piece.end)
    replay(state, rest.entries)
    return Piece([*piece.entries, *rest.entries], piece.start, rest.end, rest.more)


def _age(folder: Path, *names: str) -> float:
    times = [path.stat().st_mtime for path in (folder, *(folder / name for name in names)) if path.exists()]
    return time.time() - max(times, default=0.0)


def _append_lost(folder: Path, entries: Sequence[Entry]) -> None:
    # The last that it wrote is the last that is known of its life. A copy of the folder may have lost when
    # that was, but then the entries say it.
    files = [path for name in (JOURNAL_NAME, LOG_NAME) if (path := folder / name).exists()]
    told = [moment for entry in entries if isinstance(moment := entry.get("t"), float)]
    last = min(time.time(), max([path.stat().st_mtime for path in files] + told[-1:]))
    tail = last_lines(folder / LOG_NAME, 3)
    reason = "Its process died without a word." + (f" Last lines of its log:\n{tail}" if tail else "")
    writer = Journal(folder / JOURNAL_NAME)
    try:
        writer.append("end", status="LOST", exit_code=None, reason=reason, at=last)
    finally:
        writer.close()


def last_lines(path: Path, count: int) -> str:
    """Return the last `count` lines of a text file that may hold anything; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 8192))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])
