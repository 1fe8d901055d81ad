"""Which files of a folder a dataset version is made of: none that is held, lacks labels, or is a copy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.copies import ages
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, DataFile, identifier, reading, scan_sql, suffix_of
from pilothouse.data.types_found import file_types
from pilothouse.store import Store, loads


def without_copies(
    store: Store, model: ModelConfig, kept: list[DataFile], paths: Sequence[Path]
) -> tuple[list[DataFile], list[tuple[str, str]]]:
    """Leave out copies, which are the later ones; return the rest, and the names of copy and original.

    Args:
        store, model: know what landed when.
        kept: the files, by the hash of their bytes.
        paths: where they lie.
    """
    by_hash: dict[str, list[DataFile]] = {}
    for file in kept:
        by_hash.setdefault(file.path.name, []).append(file)
    named = {path.name: path for path in paths}
    copies: dict[str, str] = {}
    for sha256, alike in by_hash.items():
        if len(alike) > 1:
            age = ages(store, model.name, sha256, [named[file.name] for file in alike])
            first = min(age, key=age.__getitem__).name
            copies |= {file.name: first for file in alike if file.name != first}
    return [file for file in kept if file.name not in copies], sorted(copies.items())


def without_held(store: Store, model: ModelConfig, kept: list[DataFile]) -> list[DataFile]:
    """Return the files that no check holds back.

    Raises:
        DataError: all are held.
    """
    rows = store.query("SELECT name, sha256 FROM arrivals WHERE model = ? AND status = 'held'", [model.name])
    held = {(row["name"], row["sha256"]) for row in rows}
    left = [file for file in kept if (file.name, file.path.name) not in held]
    if not left:
        raise DataError(
            f"Every data file of {model.name} is held back by its checks.",
            next="See why with `pilothouse data`, repair the files, or accept one.",
        )
    return left


def told_twice(store: Store, model: ModelConfig, kept: list[DataFile]) -> list[str]:
    """Return what checks found of ids that lie in an earlier file, too, file by file."""
    rows = store.query("SELECT name, sha256, findings FROM arrivals WHERE model = ?", [model.name])
    found = {
        (row["name"], row["sha256"]): one["message"]
        for row in rows
        for one in loads(row["findings"]) or ()
        if one.get("rule") == "again"
    }
    there = [(file.name, found.get((file.name, file.path.name))) for file in kept]
    return [f"{name}: {said}" for name, said in there if said]


def labelled(
    store: Store, model: ModelConfig, kept: list[DataFile], types: dict[str, dict[str, str]]
) -> tuple[list[DataFile], list[DataFile]]:
    """Return the files that have a label, and those that have none yet; all, if none has any.

    What a version was made of, or a check has seen, is known. The types in any other are put into `types`, by
    hash, so that nobody has to look for them again.
    """
    used = store.query(
        "SELECT sha256 FROM dataset_files JOIN dataset_versions USING (version) WHERE model = ?", [model.name]
    )
    judged = store.query(
        "SELECT sha256, findings FROM arrivals WHERE model = ? ORDER BY recorded_at", [model.name]
    )
    known = {
        row["sha256"]: all(one.get("rule") != "labels" for one in loads(row["findings"]) or ())
        for row in judged
    }
    known |= {row["sha256"]: True for row in used}
    for file in kept:
        if file.path.name not in known:
            types[file.path.name], known[file.path.name] = _look_for_labels(file, model.target)
    waiting = [file for file in kept if not known[file.path.name]]
    if len(waiting) == len(kept):
        return kept, []
    return [file for file in kept if known[file.path.name]], waiting


def _look_for_labels(file: DataFile, target: str) -> tuple[dict[str, str], bool]:
    with connect() as con:
        types = file_types(con, file)
        if types.get(target, "empty") == "empty" or suffix_of(file.name) != ".parquet":
            return types, types.get(target, "empty") != "empty"
        with reading(file):
            rows = con.execute(f"SELECT count({identifier(target)}) FROM {scan_sql(file)}").fetchall()
        return types, bool(rows[0][0])
