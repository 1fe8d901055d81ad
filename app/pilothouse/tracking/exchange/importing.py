"""Taking runs over from a foreign store: each whole or not at all, and only once.

A run's id is made from the id it had there, so whoever imports it again finds it; one that was exported from
this very workspace is here already. Rows go in by some hundred
runs, in one transaction with their event; artifacts are copied beside first and renamed into place. A run
that had not ended is taken over anew once it has; what a person did to it here meanwhile stays. A run that is
here without artifacts gets them as soon as they can be had.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilothouse.store import Store, Transaction, record
from pilothouse.tracking.digests import keep_digests
from pilothouse.tracking.exchange.report import ImportReport
from pilothouse.tracking.exchange.rows import UNFINISHED_TAG, milliseconds, rows_of
from pilothouse.tracking.exchange.source import Listed, Source, SourceRun, Unreadable
from pilothouse.tracking.exchange.staging import fill, not_copied, not_placed, place, stage
from pilothouse.tracking.folding import fold
from pilothouse.tracking.names import is_run_id, run_id_of

BATCH_RUNS = 500
BATCH_POINTS = 200_000

_TABLES = ("runs", "params", "tags", "metrics", "metric_points")


@dataclass(slots=True)
class _Batch:
    """Rows of some runs, and the staging folders of their artifacts."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in _TABLES})
    folders: dict[str, Path] = field(default_factory=dict)
    renewed: int = 0


def import_runs(
    store: Store,
    source: Source,
    *,
    artifacts: bool = True,
    artifact_roots: Sequence[Path] = (),
    actor: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import every run of a store that is not here yet, and artifacts that did not come with theirs.

    Args:
        store: of the workspace that takes them over.
        source: the store to read; it is not changed.
        artifacts: whether to copy artifacts.
        artifact_roots: further folders below which artifacts may lie.
        actor: who imports.
        on_progress: called with how many runs were looked at, and how many there are.

    Raises:
        PilothouseError: the store cannot be read, or the disk is full; what was imported until then stays.
    """
    report = ImportReport(source.label)
    listed = source.listed()
    report.deleted = source.deleted
    report.unreadable += [one for one in listed if isinstance(one, Unreadable)]
    every = [one for one in listed if isinstance(one, Listed)]
    here = _exported_from_here(store, every)
    runs = [one for one in every if one.source_id not in here]
    report.known += len(here)
    roots = [source.folder.resolve(), *(path.resolve() for path in artifact_roots)] if artifacts else []
    for start in range(0, len(runs), BATCH_RUNS):
        some = runs[start : start + BATCH_RUNS]
        fresh, known = _apart(store, some)
        batch = _Batch()
        try:
            for run in source.read(fresh):
                _add(store, source, run, here, roots, batch, report)
                if len(batch.rows["metric_points"]) >= BATCH_POINTS:
                    _write(store, batch, report, actor)
                    batch = _Batch()
            _write(store, batch, report, actor)
        finally:
            for folder in batch.folders.values():
                shutil.rmtree(folder, ignore_errors=True)
        filled = fill(store, source, known, roots, report, actor) if roots else 0
        report.filled += filled
        report.known += len(known) - filled
        if on_progress is not None:
            on_progress(start + len(some), len(runs))
    return report


def _exported_from_here(store: Store, listed: Sequence[Listed]) -> dict[str, str]:
    """Return the runs that were exported from this workspace and are still in it: ids there and here.

    An export keeps the id, as the run's own or, if it had come from MLflow, as a tag; and so does the export
    of another workspace that imported it. Since anybody may write a tag, the run has to have begun in the
    same millisecond, too.
    """
    named = [(run, name) for run in listed for name in (run.exported_id, run.source_id) if is_run_id(name)]
    if not named:
        return {}
    fold(store)
    rows = store.query(
        "SELECT run_id, started_at FROM runs WHERE started_at IS NOT NULL"
        " AND run_id IN (SELECT unnest(?::VARCHAR[]))",
        [[name for _, name in named]],
    )
    began = {row["run_id"]: milliseconds(row["started_at"]) for row in rows}
    return {
        run.source_id: name
        for run, name in named
        if run.started is not None and began.get(name) == run.started
    }


def _apart(store: Store, listed: Sequence[Listed]) -> tuple[list[Listed], dict[str, Listed]]:
    """Return the runs that are to come, new or ended since they came unfinished; and the others, by id."""
    ids = {run_id_of(f"mlflow:{run.source_id}"): run for run in listed}
    rows = store.query(
        "SELECT runs.run_id, tags.value FROM runs"
        " LEFT JOIN tags ON tags.run_id = runs.run_id AND tags.key = ?"
        " WHERE runs.run_id IN (SELECT unnest(?))",
        [UNFINISHED_TAG, list(ids)],
    )
    known = {row["run_id"] for row in rows if row["value"] in (None, ids[row["run_id"]].status)}
    fresh = [run for run_id, run in ids.items() if run_id not in known]
    return fresh, {run_id: run for run_id, run in ids.items() if run_id in known}


def _add(
    store: Store,
    source: Source,
    run: SourceRun | Unreadable,
    here: Mapping[str, str],
    roots: Sequence[Path],
    batch: _Batch,
    report: ImportReport,
) -> None:
    if isinstance(run, Unreadable):
        report.unreadable.append(run)
        return
    run_id = run_id_of(f"mlflow:{run.source_id}")
    try:
        rows = dict(rows_of(run, run_id, here))
    except (ValueError, OverflowError) as error:
        report.unreadable.append(Unreadable(run.source_id, f"it holds a value of the wrong kind: {error}"))
        return
    if roots:
        try:
            staging = stage(store, source, run, run_id, roots, report)
        except OSError as error:
            report.unreadable.append(Unreadable(run.source_id, not_copied(error)))
            return
        if staging is not None:
            batch.folders[run_id] = staging
    for table, more in rows.items():
        batch.rows[table] += more


def _write(store: Store, batch: _Batch, report: ImportReport, actor: str | None) -> None:
    """Store a batch: its folders are in place before its rows are seen, and go again if these are refused."""
    ids = [row["run_id"] for row in batch.rows["runs"]]
    if not ids:
        return
    placed: list[Path] = []
    try:
        with store.transaction() as tx:
            before = {
                row["run_id"]
                for row in tx.rows("SELECT run_id FROM runs WHERE run_id IN (SELECT unnest(?))", [ids])
            }
            _replace(tx, batch, sorted(before))
            words = f"Imported {len(ids)} run{'s' if len(ids) > 1 else ''} from {report.source}."
            record(tx, "import", "runs", words, {"source": report.source, "runs": len(ids)}, actor)
            for run_id, staging in batch.folders.items():
                placed.append(place(staging, store.workspace.run_dir(run_id)))
    except BaseException as error:
        for folder in placed:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise not_placed(error) from None
        raise
    batch.folders.clear()
    report.renewed += len(before)
    report.imported += len(ids) - len(before)


def _replace(tx: Transaction, batch: _Batch, before: Sequence[str]) -> None:
    if before:
        _keep_what_was_done_here(tx, batch, before)
    for table in _TABLES:
        if before:
            tx.execute(f"DELETE FROM {table} WHERE run_id IN (SELECT unnest(?))", [list(before)])
        tx.insert(table, batch.rows[table])
    keep_digests(tx, [row["run_id"] for row in batch.rows["runs"]])


def _keep_what_was_done_here(tx: Transaction, batch: _Batch, before: Sequence[str]) -> None:
    """Keep tags that a person may have written, and a run in the trash there."""
    ids = [list(before)]
    tags = tx.rows(
        "SELECT run_id, key, value FROM tags WHERE run_id IN (SELECT unnest(?))"
        " AND NOT starts_with(key, 'mlflow.')",
        ids,
    )
    ours = {(tag["run_id"], tag["key"]) for tag in tags}
    batch.rows["tags"] = [tag for tag in batch.rows["tags"] if (tag["run_id"], tag["key"]) not in ours] + tags
    found = tx.rows("SELECT run_id, deleted_at FROM runs WHERE run_id IN (SELECT unnest(?))", ids)
    deleted = {row["run_id"]: row["deleted_at"] for row in found}
    batch.rows["runs"] = [{**row, "deleted_at": deleted.get(row["run_id"])} for row in batch.rows["runs"]]
