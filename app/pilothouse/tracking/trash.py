"""The trash: runs put aside, taken back, or removed for good.

A run in the trash is only hidden. Purging removes its rows and its folder; what happened to it stays in the
events.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.processes import is_alive
from pilothouse.store import Store, Transaction, record
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import Run, get_run, read_runs
from pilothouse.tracking.statuses import ENDED
from pilothouse.tracking.writer import ALIVE_NAME

PURGED_PREFIX = ".purged-"
"""Start of the name that a run's folder gets before it is removed; no run is called so."""

_PATIENCE = 0.5
"""Seconds that a process may take to let go of a run whose end it has told."""
_TABLES = ("runs", "params", "tags", "metrics", "metric_points", "digests")


def list_deleted(store: Store, *, limit: int = 1000) -> list[Run]:
    """Return the runs in the trash, the last one deleted first."""
    fold(store)
    with store.reading() as tx:
        return read_runs(tx, "deleted_at IS NOT NULL ORDER BY deleted_at DESC, run_id LIMIT ?", [limit])


@dataclass(frozen=True, slots=True)
class Trashed:
    """A run in the trash and what purging it would remove.

    Attributes:
        run: the run.
        points: values of its metrics.
        files: files in its folder.
        bytes: what removing them frees.
        version: the newest model version that it made, for which it cannot be purged; empty if there is none.
    """

    run: Run
    points: int
    files: int
    bytes: int
    version: str

    def to_json(self) -> dict[str, Any]:
        """Return the run with what it holds."""
        at = self.run.deleted_at
        return {
            **self.run.to_json(),
            "deleted_at": at.isoformat() if at else None,
            "points": self.points,
            "files": self.files,
            "bytes": self.bytes,
            "version": self.version,
        }


def list_trashed(store: Store, *, limit: int = 1000) -> list[Trashed]:
    """Return what is in the trash with what each run holds, the last one deleted first."""
    runs = list_deleted(store, limit=limit)
    with store.reading() as tx:
        made = kept_for_versions(tx, [run.run_id for run in runs])
    trashed = []
    for run in runs:
        sizes = []
        for path in store.workspace.run_dir(run.run_id).rglob("*"):
            # Somebody else may purge it just now.
            with suppress(OSError):
                if path.is_file() or path.is_symlink():
                    sizes.append(path.lstat().st_size)
        points = sum(summary.count for summary in run.summaries.values())
        trashed.append(Trashed(run, points, len(sizes), sum(sizes), made.get(run.run_id, "")))
    return trashed


def delete_runs(store: Store, refs: Sequence[str], *, actor: str | None = None) -> list[Run]:
    """Put runs into the trash, all of them or none; those that lie there already stay there.

    Raises:
        NotFoundError: one of them does not exist, or names several.
        PilothouseError: one of them is still running, or goes on just now.
    """
    found = _find(store, refs, prefer_deleted=False)
    _wait_for_ends(store, found)
    with store.transaction() as tx:
        now = _now(tx, found)
        _refuse_active(store, now, "Nothing was deleted.")
        fresh = [run for run in now if run.deleted_at is None]
        _set_deleted(tx, fresh, datetime.now(UTC))
        if fresh:
            _tell(tx, fresh, "delete", "put into the trash", actor)
    return fresh


def restore_runs(store: Store, refs: Sequence[str], *, actor: str | None = None) -> list[Run]:
    """Take runs back out of the trash, all of them or none; a run that is not there stays as it is.

    Raises:
        NotFoundError: one of them does not exist, or names several.
    """
    found = _find(store, refs, prefer_deleted=True)
    with store.transaction() as tx:
        back = [run for run in _now(tx, found) if run.deleted_at is not None]
        _set_deleted(tx, back, None)
        if back:
            _tell(tx, back, "restore", "taken back out of the trash", actor)
    return back


def purge_runs(store: Store, refs: Sequence[str], *, actor: str | None = None) -> list[Run]:
    """Remove runs for good, with their folders; all of them or none. They need not be in the trash before.

    Raises:
        NotFoundError: one of them does not exist, or names several.
        PilothouseError: one of them is still running, or goes on just now, or a model version was made by it.
    """
    found = _find(store, refs, prefer_deleted=True)
    _wait_for_ends(store, found)
    with store.transaction() as tx:
        now = _now(tx, found)
        _refuse_active(store, now, "Nothing was purged.")
        ids = [run.run_id for run in now]
        made = kept_for_versions(tx, ids)
        if made:
            run = next(run for run in now if run.run_id in made)
            raise PilothouseError(
                f"Run {run.name} ({run.run_id}) cannot be purged: {made[run.run_id]} was made by it, and its "
                "lineage and holdout are needed.",
                untouched="Nothing was purged.",
                next="Leave it in the trash, where it is in nobody's way.",
            )
        for table in _TABLES:
            tx.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [ids])
        if now:
            _tell(tx, now, "purge", "purged", actor)
        # Before the commit: whoever reads journals next must not take a purged run for a new one.
        for run_id in ids:
            (store.workspace.active_dir / run_id).unlink(missing_ok=True)
    # Only after the commit: a folder without a row is found by `gc`, a row without a folder has lost its log.
    for run_id in ids:
        folder = store.workspace.run_dir(run_id)
        if folder.is_dir():
            shutil.rmtree(folder.rename(folder.with_name(PURGED_PREFIX + run_id)), ignore_errors=True)
    return now


def kept_for_versions(tx: Transaction, run_ids: Sequence[str]) -> dict[str, str]:
    """Return those of these runs that model versions were made by, each with the newest such version."""
    rows = tx.rows(
        "SELECT run_id, model, version FROM model_versions WHERE list_contains(?, run_id) ORDER BY version",
        [list(run_ids)],
    )
    return {row["run_id"]: f"{row['model']} v{row['version']}" for row in rows}


def _find(store: Store, refs: Sequence[str], *, prefer_deleted: bool) -> list[Run]:
    """Resolve references, whole ids all at once; each run comes once, in the order asked for."""
    fold(store)
    with store.reading() as tx:
        whole = {run.run_id: run for run in read_runs(tx, "list_contains(?, runs.run_id)", [list(refs)])}
    found = [whole.get(ref) or _find_one(store, ref, prefer_deleted) for ref in dict.fromkeys(refs)]
    return list({run.run_id: run for run in found}.values())


def _find_one(store: Store, ref: str, prefer_deleted: bool) -> Run:
    if prefer_deleted:
        with store.reading() as tx:
            rows = read_runs(
                tx,
                "deleted_at IS NOT NULL AND (starts_with(runs.run_id, ?) OR name = ?) LIMIT 20",
                [ref.lower() or "-", ref],
            )
        if len(rows) > 1:
            some = ", ".join(f"{run.run_id} ({run.name})" for run in rows[:5])
            raise NotFoundError(
                f"{ref[:80]!r} names {len(rows)} runs in the trash: {some}.", next="Give more of the id."
            )
        if rows:
            return rows[0]
    return get_run(store, ref)


def _now(tx: Transaction, runs: Sequence[Run]) -> list[Run]:
    """Read runs again, inside the transaction that changes them."""
    ids = [run.run_id for run in runs]
    now = {run.run_id: run for run in read_runs(tx, "list_contains(?, runs.run_id)", [ids])}
    return [now[run_id] for run_id in ids if run_id in now]


def _wait_for_ends(store: Store, runs: Sequence[Run]) -> None:
    """Wait a little for processes that have told the end of their runs, but not let go of them yet."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and any(run.status in ENDED and _is_held(store, run) for run in runs):
        time.sleep(0.01)


def _refuse_active(store: Store, runs: Sequence[Run], untouched: str) -> None:
    """Raise if a run has not ended, or a script goes on with it, which no row may tell of yet.

    To be asked inside the transaction: who goes on with a run looks into the store when it is held already.
    """
    for run in runs:
        if run.status not in ENDED:
            raise PilothouseError(
                f"Run {run.name} ({run.run_id}) has not ended: {run.status}.",
                untouched=untouched,
                next=f"Stop it with `pilothouse stop {run.run_id}`.",
            )
        if _is_held(store, run):
            raise PilothouseError(
                f"Run {run.name} ({run.run_id}) goes on: a process is it just now.",
                untouched=untouched,
                next="Try again when it has ended.",
            )


def _is_held(store: Store, run: Run) -> bool:
    # Nobody goes on with any other kind, and there may be very many.
    return run.kind == "api" and is_alive(store.workspace.run_dir(run.run_id) / ALIVE_NAME)


def _set_deleted(tx: Transaction, runs: Sequence[Run], at: datetime | None) -> None:
    tx.execute(
        "UPDATE runs SET deleted_at = ? WHERE list_contains(?, run_id)", [at, [run.run_id for run in runs]]
    )


def _tell(tx: Transaction, runs: Sequence[Run], kind: str, what: str, actor: str | None) -> None:
    one = len(runs) == 1
    subject = runs[0].run_id if one else "runs"
    message = f"{runs[0].name} was {what}." if one else f"{len(runs)} runs were {what}."
    record(tx, kind, subject, message, {"runs": [[run.run_id, run.name] for run in runs]}, actor)
