"""Dataset versions: immutable sets of data files, named by the hash of their contents.

Every byte is hashed, and kept in `objects/` under its own sha256; a version is a list of names and hashes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.reading import (
    DataError,
    DataFile,
    Source,
    connect,
    reading,
    require_data_files,
    scan_sql,
)
from pilothouse.data.schema import Schema, infer_schema
from pilothouse.errors import NotFoundError
from pilothouse.store import Store, record
from pilothouse.workspace import Workspace

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """One file of a version: the name it had, the hash and number of its bytes, its rows."""

    name: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """An immutable set of data files of one model."""

    version: str
    model: str
    created_at: datetime
    rows: int
    bytes: int
    files: tuple[DatasetFile, ...]
    schema: Schema


def fingerprint(path: Path) -> str:
    """Return the sha256 of every byte of a file.

    Raises:
        DataError: the file cannot be read, or its name is not UTF-8 text, which no store could keep.
    """
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = path.name.encode("utf-8", "backslashreplace").decode()
        raise DataError(
            f"The name of the data file {shown} is not UTF-8 text.",
            untouched="Nothing was taken from it.",
            next="Rename it.",
        ) from None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def object_path(workspace: Workspace, sha256: str) -> Path:
    """Return where the bytes with this hash are kept."""
    return workspace.objects_dir / sha256


def keep(workspace: Workspace, path: Path) -> DataFile:
    """Copy a file into the objects, unless its bytes are there already.

    Returns:
        the object's file under the name it had; the object's own name is the hash.

    Raises:
        DataError: it cannot be read, the copy cannot be written, or it changed meanwhile.
    """
    digest = fingerprint(path)
    kept = object_path(workspace, digest)
    if not kept.exists():
        _copy(path, kept, digest)
    # Whoever tidies up leaves alone what is young, even if no version refers to it yet.
    with contextlib.suppress(OSError):
        os.utime(kept)
    return DataFile(path.name, kept)


def _copy(path: Path, kept: Path, digest: str) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=kept.parent, prefix=".", suffix=".tmp")
    copied = hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as target, path.open("rb") as source:
            while block := source.read(_BLOCK):
                copied.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        if copied.hexdigest() != digest:
            raise DataError(
                f"{path.name} changed while it was being read.",
                untouched="No dataset version was made.",
                next="Wait until it is written, then try once more.",
            )
        Path(name).chmod(0o444)
        Path(name).replace(kept)
    except OSError as error:
        raise DataError(
            f"{path.name} could not be copied into the workspace: {error.strerror}.",
            untouched="No dataset version was made; the file itself is as it was.",
            next="Make room or correct the permissions, then try once more.",
        ) from None
    finally:
        Path(name).unlink(missing_ok=True)


def snapshot(
    workspace: Workspace, store: Store, model: ModelConfig, paths: Sequence[Path] | None = None
) -> DatasetVersion:
    """Make a dataset version of files as they are now; the same contents give the same version again.

    Args:
        workspace: where the bytes are kept.
        store: where the version is written.
        model: whose data it is.
        paths: the files; by default those of the model's data folder, without the ones that checks hold back.

    Raises:
        DataError: there are no files, two have one name, one cannot be read or does not fit the others, or
            none has the target.
    """
    given = require_data_files(workspace.data_folder(model)) if paths is None else sorted(paths)
    kept = sorted(keep(workspace, path) for path in given)
    if paths is None:
        kept = _without_held(store, model, kept)
    names = [file.name for file in kept]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"Two data files are called {twice[0]!r}.", next="Rename one of them.")
    content = "".join(f"{file.name}\0{file.path.name}\n" for file in kept)
    version = hashlib.sha256(f"{model.name}\n{content}".encode()).hexdigest()[:12]
    if found := _load(store, "version = ?", [version]):
        return found[0]
    schema = infer_schema(kept)
    if schema.column(model.target) is None:
        raise DataError(
            f"No data file has the target column {model.target!r}.",
            untouched="No dataset version was made.",
            next=f"Correct target in pilothouse.toml; the files have: {', '.join(schema.names())[:500]}.",
        )
    files = tuple(
        DatasetFile(file.name, file.path.name, file.path.stat().st_size, rows)
        for file, rows in zip(kept, _row_counts(kept), strict=True)
    )
    if not any(file.rows for file in files):
        raise DataError(
            f"No data file of {model.name} has any rows.",
            untouched="No dataset version was made.",
            next="Put some rows under the headers.",
        )
    made = DatasetVersion(
        version,
        model.name,
        datetime.now(UTC),
        sum(file.rows for file in files),
        sum(file.bytes for file in files),
        files,
        schema,
    )
    _write(store, made)
    return made


def _without_held(store: Store, model: ModelConfig, kept: list[DataFile]) -> list[DataFile]:
    rows = store.query("SELECT name, sha256 FROM arrivals WHERE model = ? AND status = 'held'", [model.name])
    held = {(row["name"], row["sha256"]) for row in rows}
    left = [file for file in kept if (file.name, file.path.name) not in held]
    if not left:
        raise DataError(
            f"Every data file of {model.name} is held back by its checks.",
            next="See why with `pilothouse data`, repair the files, or accept one.",
        )
    return left


def _row_counts(files: Sequence[Source]) -> list[int]:
    counts = []
    with connect() as con:
        for file in files:
            with reading(file):
                counts.append(int(con.execute(f"SELECT count(*) FROM {scan_sql(file)}").fetchall()[0][0]))
    return counts


def _write(store: Store, made: DatasetVersion) -> None:
    with store.transaction() as tx:
        if tx.row("SELECT version FROM dataset_versions WHERE version = ?", [made.version]):
            return  # Another process made the same one meanwhile.
        if gone := [
            file.name for file in made.files if not object_path(store.workspace, file.sha256).exists()
        ]:
            raise DataError(
                f"The copy of {gone[0]} was removed meanwhile.",
                untouched="No dataset version was made.",
                next="Try once more.",
            )
        tx.insert(
            "dataset_versions",
            [
                {
                    "version": made.version,
                    "model": made.model,
                    "created_at": made.created_at,
                    "rows": made.rows,
                    "bytes": made.bytes,
                    "schema": made.schema.to_json(),
                    "profile": None,
                }
            ],
        )
        tx.insert(
            "dataset_files",
            [
                {
                    "version": made.version,
                    "name": file.name,
                    "sha256": file.sha256,
                    "bytes": file.bytes,
                    "rows": file.rows,
                }
                for file in made.files
            ],
        )
        record(
            tx,
            "dataset",
            made.model,
            f"Dataset version {made.version} of {len(made.files)} files, {made.rows:,} rows.",
            {"version": made.version, "rows": made.rows, "files": [file.name for file in made.files]},
        )


def _load(store: Store, where: str, params: list[Any]) -> list[DatasetVersion]:
    with store.reading() as tx:
        heads = tx.rows(
            "SELECT version, model, created_at, rows, bytes, schema FROM dataset_versions "
            f"WHERE {where} ORDER BY created_at DESC, version",
            params,
        )
        files: dict[str, list[DatasetFile]] = {head["version"]: [] for head in heads}
        for row in tx.rows(
            "SELECT version, name, sha256, bytes, rows FROM dataset_files "
            f"WHERE version IN (SELECT version FROM dataset_versions WHERE {where}) ORDER BY name",
            params,
        ):
            files[row.pop("version")].append(DatasetFile(**row))
    return [
        DatasetVersion(
            **{**head, "schema": Schema.from_json(head["schema"]), "files": tuple(files[head["version"]])}
        )
        for head in heads
    ]


def list_dataset_versions(store: Store, model: str | None = None) -> list[DatasetVersion]:
    """List the versions of one model, or of all, newest first."""
    return _load(store, "? IS NULL OR model = ?", [model, model])


def get_dataset_version(store: Store, prefix: str) -> DatasetVersion:
    """Return the version whose name starts so.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    found = _load(store, "starts_with(version, ?)", [prefix]) if prefix else []
    if len(found) != 1:
        what = "No dataset version starts" if not found else f"{len(found)} dataset versions start"
        raise NotFoundError(f"{what} with {prefix[:80]!r}.", next="List them with `pilothouse data`.")
    return found[0]


def dataset_paths(workspace: Workspace, dataset: DatasetVersion) -> list[DataFile]:
    """Return the files of a version for reading: each one's name and where its bytes are.

    Raises:
        DataError: bytes of it are gone.
    """
    files = [DataFile(file.name, object_path(workspace, file.sha256)) for file in dataset.files]
    gone = [file.name for file in files if not file.path.is_file()]
    if gone:
        raise DataError(
            f"{len(gone)} files of dataset version {dataset.version} are gone from the workspace: {gone[0]}.",
            next="Restore .pilothouse/objects from a backup.",
        )
    return files
