"""Dataset versions: immutable sets of data files, named by the hash of their contents.

Every byte is hashed, and kept in `objects/` under its own sha256 (`keeping.py`); a version is a list of names
and hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.choosing import labelled, told_twice, without_copies, without_held
from pilothouse.data.completing import Completed, complete
from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.keeping import Condition, KeptFile, condition, keep, object_path, require_sound
from pilothouse.data.keeping import fingerprint as fingerprint
from pilothouse.data.reading import DataError, DataFile, Source, reading, require_data_files, scan_sql
from pilothouse.data.schema import Schema
from pilothouse.errors import NotFoundError
from pilothouse.store import Store, record
from pilothouse.workspace import Workspace

LARGE = 200_000_000
"""Bytes of data files from which on it is told that they are being read."""

Tell = Callable[[str], None]
"""Called with a sentence for a person."""


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


def snapshot(
    workspace: Workspace,
    store: Store,
    model: ModelConfig,
    paths: Sequence[Path] | None = None,
    *,
    tell: Tell | None = None,
) -> DatasetVersion:
    """Make a dataset version of files as they are now; the same contents give the same version again.

    Args:
        workspace: where the bytes are kept.
        store: where the version is written.
        model: whose data it is.
        paths: the files; by default those of the model's data folder, without the ones that checks hold back
            and those that have no labels yet; labels that came by `pilothouse feedback` are joined.
        tell: hears what takes long, how many files are left out and why, and which ones were
            copied though links were asked for.

    Raises:
        DataError: there are no files, two have one name, one cannot be read or does not fit the others, or
            none has the target.
    """
    given = require_data_files(workspace.data_folder(model)) if paths is None else sorted(paths)
    taken = _take(workspace, model, given, tell)
    kept = sorted(one.file for one in taken)
    if paths is None:
        sound = without_held(store, model, kept)
        if (held := len(kept) - len(sound)) and tell is not None:
            count = "1 held file is" if held == 1 else f"{held} held files are"
            tell(f"{count} left out: `pilothouse check` says why.")
        kept = sound
    names = [file.name for file in kept]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"Two data files are called {twice[0]!r}.", next="Rename one of them.")
    types: dict[str, dict[str, str]] = {}
    completed: list[Completed] = []
    if paths is None:
        kept, waiting = labelled(store, model, kept, types)
        completed = [one for file in waiting if (one := complete(store, model, file)) is not None]
        kept = sorted([*kept, *(one.file for one in completed)])
        if tell is not None:
            for one in completed:
                tell(one.words)
        waiting = [file for file in waiting if file not in [one.original for one in completed]]
        if waiting and tell is not None:
            more = f" and {len(waiting) - 1} more are" if len(waiting) > 1 else " is"
            tell(f"{waiting[0].name}{more} left out: no labels yet, in the file or by `pilothouse feedback`.")
    kept, copies = without_copies(store, model, kept, given)
    if copies and tell is not None:
        more = f" and {len(copies) - 1} more" if len(copies) > 1 else ""
        tell(f"{copies[0][0]} is a copy of {copies[0][1]}{more}: each content is taken once.")
    if paths is None and tell is not None:
        for said in told_twice(store, model, kept):
            tell(said)
    content = "".join(f"{file.name}\0{file.path.name}\n" for file in kept)
    version = hashlib.sha256(f"{model.name}\n{content}".encode()).hexdigest()[:12]
    if found := _load(store, "version = ?", [version]):
        return found[0]
    schema = infer_schema(
        kept,
        found=[types.get(file.path.name) for file in kept],
        target=model.target if model.task == "classification" else None,
    )
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
    _write(store, made, taken, completed)
    return made


def _take(
    workspace: Workspace, model: ModelConfig, paths: Sequence[Path], tell: Tell | None
) -> list[KeptFile]:
    if tell is not None:
        size = sum(path.stat().st_size for path in paths if path.is_file())
        if size > LARGE:
            tell(f"Fingerprinting {size / 1e9:,.1f} GB of data files.")
    taken = [keep(workspace, path, model.data.keep) for path in paths]
    copied = [one for one in taken if one.why]
    if copied and tell is not None:
        tell(f"{_copied(copied)} A copy is as good, but for the disk it takes.")
    return taken


def _copied(kept: Sequence[KeptFile]) -> str:
    """Say which files were copied though links were asked for, and why."""
    more = f" and {len(kept) - 1} more were" if len(kept) > 1 else " was"
    return f"{kept[0].file.name}{more} copied, not linked: {kept[0].why}."


def _row_counts(files: Sequence[Source]) -> list[int]:
    counts = []
    with connect() as con:
        for file in files:
            with reading(file):
                counts.append(int(con.execute(f"SELECT count(*) FROM {scan_sql(file)}").fetchall()[0][0]))
    return counts


def _write(
    store: Store, made: DatasetVersion, taken: Sequence[KeptFile], completed: Sequence[Completed]
) -> None:
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
        words = f"Dataset version {made.version} of {len(made.files)} files, {made.rows:,} rows."
        told = {"version": made.version, "rows": made.rows, "files": [file.name for file in made.files]}
        if completed:
            words += " " + " ".join(one.words for one in completed)
            told["completed"] = {
                one.file.name: {"sha256": one.original.path.name, "rows": one.rows, "labelled": one.labelled}
                for one in completed
            }
        if linked := sum(one.how == "link" for one in taken):
            told["linked"] = linked
        if copied := [one for one in taken if one.why]:
            words += f" {_copied(copied)}"
            told["copied"] = {one.file.name: one.why for one in copied}
        record(tx, "dataset", made.model, words, told)


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

    What changed since its bytes were last looked at is hashed first, so that nobody reads other bytes than
    the version was made of.

    Raises:
        DataError: bytes of it are gone, or are others now.
    """
    files = [DataFile(file.name, object_path(workspace, file.sha256)) for file in dataset.files]
    require_sound(workspace, files, f"dataset version {dataset.version}")
    return files


def conditions(workspace: Workspace, datasets: Sequence[DatasetVersion]) -> dict[str, dict[str, Condition]]:
    """Return by version, then by file, how each file is kept and whether it is sound; each looked at once."""
    known: dict[str, Condition] = {}
    for sha256 in {file.sha256 for dataset in datasets for file in dataset.files}:
        known[sha256] = condition(workspace, sha256)
    return {
        dataset.version: {file.name: known[file.sha256] for file in dataset.files} for dataset in datasets
    }
