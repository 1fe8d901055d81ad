"""Writing runs out: whole at its place, or nothing there."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import refuse_to_replace
from pilothouse.store import Store, record_outside
from pilothouse.tracking.exchange.mlflow_writing import DATABASE_NAME, write_mlflow
from pilothouse.tracking.exchange.tables import Table, write_csv, write_json, write_parquet

FORMATS = ("csv", "json", "parquet", "mlflow")
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        format: one of FORMATS.
        dest: the file or folder.
        runs: how many.
        files, bytes: artifacts that were copied.
        uri: what MLflow's client takes, or empty.
    """

    format: str
    dest: str
    runs: int
    files: int = 0
    bytes: int = 0
    uri: str = ""


def format_of(dest: str, named: str | None) -> str:
    """Return the format: the one that is named, else what the destination's ending says.

    Raises:
        UsageError: neither says anything, or the format has no single file to print.
    """
    chosen = named or {".csv": "csv", ".json": "json", ".parquet": "parquet"}.get(Path(dest).suffix.lower())
    if chosen is None and dest == STANDARD_OUTPUT:
        chosen = "json"
    if chosen is None:
        raise UsageError(
            f"What {dest[:120]} should be cannot be told from its name.",
            next=f"Add --format with one of {', '.join(FORMATS)}.",
        )
    if dest == STANDARD_OUTPUT and chosen not in ("csv", "json"):
        raise UsageError(f"{chosen} cannot be printed.", next="Name a file or folder.")
    return chosen


def export_runs(
    store: Store,
    run_ids: Sequence[str],
    dest: str,
    *,
    format: str,
    history: bool = False,
    artifacts: bool = True,
    force: bool = False,
    actor: str | None = None,
) -> ExportReport:
    """Write runs to a file, to standard output (`-`), or as an MLflow store to a new folder.

    Args:
        store: where the runs are read.
        run_ids: which runs, in this order.
        dest: the file, `-`, or for mlflow a folder that does not exist or is empty.
        format: one of FORMATS.
        history: write each metric's points too (JSON), or instead of the runs (CSV, Parquet).
        artifacts: copy artifacts into an MLflow store.
        force: replace a file that exists.
        actor: who exports.

    Raises:
        PilothouseError: the destination exists, or cannot be written.
    """
    if dest == STANDARD_OUTPUT:
        if format == "csv":
            write_csv(Table(store, run_ids, history=history), sys.stdout)
        else:
            write_json(store, run_ids, sys.stdout, history=history)
        return ExportReport(format, dest, len(run_ids))
    # What is written names this place, and is read from elsewhere: without `..` and links in it.
    path = Path(os.path.realpath(dest))
    if format == "mlflow":
        with _new_folder(path) as folder:
            files, size = write_mlflow(store, run_ids, folder, final=path, artifacts=artifacts)
        uri = f"sqlite:///{(path / DATABASE_NAME).as_posix()}"
        report = ExportReport(format, str(path), len(run_ids), files, size, uri)
    else:
        with _new_file(path, force) as file:
            if format == "parquet":
                write_parquet(Table(store, run_ids, history=history), file)
            else:
                with file.open("w", encoding="utf-8", newline="") as text:
                    if format == "csv":
                        write_csv(Table(store, run_ids, history=history), text)
                    else:
                        write_json(store, run_ids, text, history=history)
        report = ExportReport(format, str(path), len(run_ids))
    words = f"Exported {len(run_ids)} run{'s' if len(run_ids) > 1 else ''} as {format} to {path.name}."
    record_outside(store, "export", "runs", words, {"runs": len(run_ids), "format": format}, actor)
    return report


@contextlib.contextmanager
def _new_file(path: Path, force: bool) -> Iterator[Path]:
    refuse_to_replace(path, force=force)
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as beside:
            file = Path(beside) / path.name
            yield file
            file.replace(path)


@contextlib.contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise PilothouseError(
            f"{path} exists already and is not empty.",
            untouched="It was not changed.",
            next="Name a new folder: an MLflow store is written whole.",
        )
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=".export-"))
        try:
            yield folder
            folder.chmod(0o755)
            folder.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PilothouseError(
            f"{path} cannot be written: {error.strerror or error}.",
            untouched="Nothing was left there.",
            next="Make room, correct the permissions or name another place.",
        ) from None
