"""From journals to the store: each entry exactly once, and the truth about runs that died."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.processes import hold_alive, is_alive
from pilothouse.store import RefusedError, Store, Transaction, record
from pilothouse.tracking.digests import keep_digests
from pilothouse.tracking.fates import begin, judge
from pilothouse.tracking.journal import Piece, read_piece
from pilothouse.tracking.names import is_run_id
from pilothouse.tracking.replay import State, replay, text_of
from pilothouse.tracking.statuses import ENDED
from pilothouse.tracking.storing import DOUBT_TAG, write_changes
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME
from pilothouse.workspace import Workspace

_AT_ONCE = 64 << 10
"""Bytes of a journal that are read while others wait for the store; what is behind is read aside before."""
_ASIDE = 2
"""Journals of which a piece is read ahead while nobody waits; it bounds the memory."""
_NARROWER = (_AT_ONCE, 4096, 1)
"""Bytes in which a journal is tried that the store refuses; with the last it is a single line."""
_SPOILT = (RefusedError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the content of a journal could raise, as against a full disk or a store that somebody holds."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A run of which something was new: its status now, and how many entries there were."""

    run_id: str
    status: str
    new: int


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at a run's journal led to: how far it was read, whether it goes on, the run's status."""

    run_id: str
    end: int
    more: bool
    status: str | None
    new: int = 0
    gone: bool = False


def fold(store: Store) -> list[Folded]:
    """Bring every active run's journal into the store; return the runs that changed.

    So whoever lists runs writes, too. The offset up to which a journal was read is kept in the same
    transaction as its rows, so an entry counts once whoever is killed when. A run without an end whose
    liveness lock is free becomes LOST. A long journal is taken in pieces, between which others have their
    turn; what is wrong in one never keeps another from being read.

    Where the workspace may only be read nothing is folded; see `unread_runs`.
    """
    if store.read_only:
        return []
    workspace = store.workspace
    found: dict[str, Folded] = {}
    # As long as they are now: a writer may be faster than its reader.
    sizes: dict[str, int] = {}
    ahead: dict[str, Piece] = {}
    behind: list[str] | None = None
    while behind or (behind is None and any(_marked(workspace))):
        try:
            looks = _fold_all(store, behind, ahead)
        except _SPOILT:
            looks = list(_fold_each(store, list(_marked(workspace)) if behind is None else behind))
        for look in looks:
            if look.new and look.status is not None:
                known = found.get(look.run_id)
                found[look.run_id] = Folded(look.run_id, look.status, look.new + (known.new if known else 0))
        _take_markers(workspace, looks)
        behind, ahead = [], {}
        for look in looks:
            journal = workspace.runs_dir / look.run_id / JOURNAL_NAME
            if look.more and look.end < sizes.setdefault(look.run_id, _size(journal)):
                behind.append(look.run_id)
                if len(ahead) < _ASIDE:
                    ahead[look.run_id] = read_piece(journal, look.end)
    return list(found.values())


def unread_runs(store: Store) -> int:
    """Return how many runs have points, or an end, that the store does not know."""
    marked = list(_marked(store.workspace))
    if not marked:
        return 0
    with store.reading() as tx:
        known = _known(tx, marked)
    return sum(_is_behind(store.workspace.runs_dir / run_id, known.get(run_id)) for run_id in marked)


def _is_behind(folder: Path, known: Mapping[str, Any] | None) -> bool:
    if known is None or _size(folder / JOURNAL_NAME) > known["journal_offset"]:
        return True
    return known["status"] not in ENDED and not is_alive(folder / ALIVE_NAME)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _marked(workspace: Workspace) -> Iterator[str]:
    # Anything may lie there, such as what a file manager leaves in every folder.
    with contextlib.suppress(FileNotFoundError):
        yield from sorted(path.name for path in workspace.active_dir.iterdir() if is_run_id(path.name))


def _fold_all(store: Store, run_ids: list[str] | None, ahead: Mapping[str, Piece]) -> list[_Look]:
    """Fold these runs (None: all that are marked) in one transaction."""
    with store.transaction() as tx:
        # Looked at in here: a run that was purged a moment ago has no marker any more.
        wanted = list(_marked(store.workspace)) if run_ids is None else run_ids
        known = _known(tx, wanted)
        looks = [
            _fold_one(tx, store.workspace, run_id, known.get(run_id), ahead.get(run_id), _AT_ONCE)
            for run_id in wanted
        ]
        keep_digests(tx, [look.run_id for look in looks if look.new and look.status in ENDED])
    return looks


def _fold_each(store: Store, run_ids: Iterable[str]) -> Iterator[_Look]:
    """Fold each run in a transaction of its own: one of them has what the store refuses."""
    for run_id in run_ids:
        for limit in _NARROWER:
            try:
                with store.transaction() as tx:
                    known = _known(tx, [run_id]).get(run_id)
                    look = _fold_one(tx, store.workspace, run_id, known, None, limit)
                    keep_digests(tx, [run_id] if look.new and look.status in ENDED else [])
                yield look
                break
            except _SPOILT as error:
                refused = error
        else:
            yield _pass_over(store, run_id, refused)


def _known(tx: Transaction, run_ids: list[str]) -> dict[str, dict[str, Any]]:
    rows = tx.rows(
        "SELECT run_id, journal_offset, status, name FROM runs WHERE list_contains(?, run_id)", [run_ids]
    )
    return {row["run_id"]: row for row in rows}


def _fold_one(
    tx: Transaction,
    workspace: Workspace,
    run_id: str,
    known: Mapping[str, Any] | None,
    piece: Piece | None,
    limit: int,
) -> _Look:
    """Read what is new of one run, judge whether it lives, and write what changed."""
    folder = workspace.runs_dir / run_id
    # After a power cut the journal may be shorter than what was read of it.
    offset = min(int(known["journal_offset"]), _size(folder / JOURNAL_NAME)) if known else 0
    state = State(known["status"] if known else None, at=time.time())
    if not folder.is_dir():
        return _without_folder(tx, run_id, known, state)
    if piece is None or piece.start != offset:
        piece = read_piece(folder / JOURNAL_NAME, offset, limit)
    replay(state, piece.entries)
    if piece.more:
        if state.status is None:
            begin(run_id, state)
    else:
        judged = judge(folder, state, piece)
        if judged is None:
            return _Look(run_id, offset, more=False, status=None)
        piece = judged
    new = len(piece.entries)
    if new or state.turns or piece.end > offset:
        write_changes(tx, run_id, known["name"] if known else None, state, piece.end)
    return _Look(run_id, piece.end, piece.more, state.status, new)


def _without_folder(tx: Transaction, run_id: str, known: Mapping[str, Any] | None, state: State) -> _Look:
    """A purged run is not to come back; one that somebody removed by hand is lost."""
    if known is None or state.ended:
        return _Look(run_id, 0, more=False, status=state.status, gone=True)
    offset = int(known["journal_offset"])
    replay(state, [{"kind": "end", "status": "LOST", "reason": "Its folder is gone."}])
    write_changes(tx, run_id, known["name"], state, offset)
    return _Look(run_id, offset, more=False, status=state.status, new=1, gone=True)


def _pass_over(store: Store, run_id: str, error: Exception) -> _Look:
    """Leave out the next line of a journal, which the store refuses, and say so."""
    what = error.what if isinstance(error, PilothouseError) else f"{type(error).__name__}: {error}"
    with store.transaction() as tx:
        known = _known(tx, [run_id]).get(run_id)
        offset = int(known["journal_offset"]) if known else 0
        piece = read_piece(store.workspace.runs_dir / run_id / JOURNAL_NAME, offset, 1)
        if piece.end == offset:
            raise error
        state = State(known["status"] if known else None, at=time.time())
        if known is None:
            begin(run_id, state)
        name = known["name"] if known else state.row["name"]
        state.tags[DOUBT_TAG] = text_of(f"A line of its journal could not be kept. {what}"[:500])
        write_changes(tx, run_id, known["name"] if known else None, state, piece.end)
        record(tx, "run", run_id, f"{name}: a line of its journal could not be kept.", {"error": what[:500]})
        keep_digests(tx, [run_id] if state.ended else [])
    return _Look(run_id, piece.end, piece.more, state.status, new=1)


def _take_markers(workspace: Workspace, looks: Iterable[_Look]) -> None:
    """Take away the markers of runs that have ended and are all in the store.

    Only after the commit: a marker without news costs a look, a lost marker would cost a run. Only under the
    run's liveness lock: nobody goes on with it meanwhile.
    """
    for look in looks:
        marker = workspace.active_dir / look.run_id
        if look.gone:
            marker.unlink(missing_ok=True)
        elif look.status in ENDED and not look.more:
            folder = workspace.runs_dir / look.run_id
            # On a full disk, or where the folder goes just now, the next look does it.
            with contextlib.suppress(OSError):
                lock = hold_alive(folder / ALIVE_NAME, patience=0.0) if folder.is_dir() else None
                if lock is not None:
                    with lock:
                        if read_piece(folder / JOURNAL_NAME, look.end, 1).end == look.end:
                            marker.unlink(missing_ok=True)
