"""Artifacts on their way into the workspace: copied beside first, then renamed into place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.store import Store, record
from pilothouse.tracking.exchange.artifacts import copy_artifacts, find_artifacts, holds_any
from pilothouse.tracking.exchange.report import ImportReport
from pilothouse.tracking.exchange.source import Listed, Source, SourceRun, Unreadable

STAGING_PREFIX = ".import-"
"""Start of the name of a run's folder until its rows are stored; no run is called so."""


def stage(
    store: Store,
    source: Source,
    run: Listed | SourceRun,
    run_id: str,
    roots: Sequence[Path],
    report: ImportReport,
) -> Path | None:
    """Copy the artifacts of a run beside its place and return that folder, or None if there are none.

    Raises:
        OSError: they cannot be copied; nothing is left of them.
    """
    staging = store.workspace.runs_dir / f"{STAGING_PREFIX}{run_id}"
    shutil.rmtree(staging, ignore_errors=True)
    found = find_artifacts(run, source.artifact_folders(run.source_id), roots)
    if found.why_not:
        report.without_artifacts.append(Unreadable(run.source_id, found.why_not))
    if found.folder is None:
        return None
    try:
        count, size = copy_artifacts(found.folder, staging / "artifacts")
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    report.files += count
    report.bytes += size
    return staging if count else None


def not_copied(error: OSError) -> str:
    """Say why artifacts stay where they are."""
    return f"its artifacts cannot be copied: {error.strerror or error}"


def fill(
    store: Store,
    source: Source,
    known: Mapping[str, Listed],
    roots: Sequence[Path],
    report: ImportReport,
    actor: str | None,
) -> int:
    """Bring the artifacts of runs that are here without any, and return of how many; rows stay as is."""
    folders: dict[str, Path] = {}
    placed = 0
    try:
        for run_id, run in known.items():
            if holds_any(store.workspace.run_dir(run_id) / "artifacts"):
                continue
            try:
                staging = stage(store, source, run, run_id, roots, report)
            except OSError as error:
                report.without_artifacts.append(Unreadable(run.source_id, not_copied(error)))
                continue
            if staging is not None:
                folders[run_id] = staging
        if not folders:
            return 0
        with store.transaction() as tx:
            rows = tx.rows("SELECT run_id FROM runs WHERE run_id IN (SELECT unnest(?))", [list(folders)])
            for run_id in (row["run_id"] for row in rows):
                _put(folders[run_id] / "artifacts", store.workspace.run_dir(run_id) / "artifacts")
                placed += 1
            words = (
                f"Filled in the artifacts of {placed} run{'s' if placed != 1 else ''} from {report.source}."
            )
            record(tx, "import", "runs", words, {"source": report.source, "filled": placed}, actor)
    except OSError as error:
        raise not_placed(error) from None
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
    return placed


def not_placed(error: OSError) -> PilothouseError:
    """Say that the workspace cannot be written."""
    return PilothouseError(
        f"The artifacts cannot be put into the workspace: {error.strerror}.",
        untouched="Runs that were imported before this stay.",
        next="Make room or correct the permissions, then import again: it goes on where it stopped.",
    )


def place(staging: Path, folder: Path) -> Path:
    """Rename a staged folder to that of its run, and return that."""
    # What lies there is left of an import that was killed, or of this run before it ended.
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return staging.rename(folder)


def _put(staged: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
    staged.rename(folder)
