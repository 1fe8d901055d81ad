"""How two sets of data files differ: files, rows, columns, and how each column is distributed.

Either side is a dataset version or files of the person's own. Whole is compared with whole, by the rule that
drift is told by, so that a difference is only called one where chance does not explain it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, Source, expand, read_through, reading, scan_sql
from pilothouse.data.schema import Schema, differences, fits
from pilothouse.data.versions import (
    DatasetVersion,
    dataset_paths,
    fingerprint,
    get_dataset_version,
    list_dataset_versions,
)
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.monitoring.columns import Profile
from pilothouse.monitoring.drift import compare_profiles
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.reference import profile_of
from pilothouse.monitoring.reports import ColumnDrift, column_from_tree
from pilothouse.monitoring.story import without_noise
from pilothouse.store import Store
from pilothouse.workspace import Workspace

_LATEST = re.compile(r"latest(?:~(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class SideFile:
    """One file of a side: its name, the hash of its bytes, its rows."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: what it is called, its files, schema and rows.

    A dataset version is `version`, and its sources are looked for when they are needed: files, rows and
    schema can be compared where the bytes are gone.
    """

    label: str
    files: tuple[SideFile, ...]
    schema: Schema
    sources: tuple[Source, ...] = ()
    version: DatasetVersion | None = None

    @property
    def rows(self) -> int:
        """Rows of all files together."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class DatasetDiff:
    """How the second side differs from the first.

    Attributes:
        a, b: what the sides are called.
        rows_a, rows_b: their rows.
        files_added, files_removed, files_changed, files_same: names; a changed file has other contents under
            the same name.
        schema: one sentence for each column that is new, gone, or of another type or kind.
        columns: each column that both have and that can be compared, the most moved first.
        target: the target's own, told apart; None if none was named.
        said: all of it in words, one line a fact.
        trouble: why distributions could not be compared; empty if they were, or need not be.
    """

    a: str
    b: str
    rows_a: int
    rows_b: int
    files_added: tuple[str, ...] = ()
    files_removed: tuple[str, ...] = ()
    files_changed: tuple[str, ...] = ()
    files_same: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    columns: tuple[ColumnDrift, ...] = ()
    target: ColumnDrift | None = None
    said: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def same(self) -> bool:
        """Whether both sides are the very same files."""
        return not (self.files_added or self.files_removed or self.files_changed)

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain values."""
        return {**asdict(self), "same": self.same}

    @staticmethod
    def from_dict(tree: dict[str, Any]) -> DatasetDiff:
        """Read what `to_dict` made, also once it was JSON."""
        values: dict[str, Any] = {
            key: tuple(item) if isinstance(item, list) else item for key, item in tree.items()
        }
        del values["same"]
        values["columns"] = tuple(column_from_tree(column) for column in tree["columns"])
        values["target"] = column_from_tree(tree["target"]) if tree["target"] else None
        return DatasetDiff(**values)


def diff_datasets(
    workspace: Workspace | None,
    store: Store | None,
    a: str | DatasetVersion,
    b: str | DatasetVersion,
    *,
    model: str | None = None,
    target: str | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
) -> DatasetDiff:
    """Compare two dataset versions, or files with either.

    Args:
        workspace, store: where versions are kept; None compares files only.
        a, b: a version, the start of its name, `latest`, `latest~1` (the one before it) and so on, or a file,
            folder or pattern. What is a version and a file alike is the version.
        model: whose `latest`; of all models by default.
        target: the column to tell apart.
        exclude: columns whose distribution is of no interest, such as ids.
        progress: called while it lasts; cancels by raising.

    Raises:
        NotFoundError: neither a version nor a file is called so.
        DataError: files of a side cannot be read, or disagree among themselves.
    """
    first = open_side(workspace, store, a, model, part_of(progress, 0, 0.2, "first"))
    second = open_side(workspace, store, b, model, part_of(progress, 0.2, 0.4, "second"))
    rest = part_of(progress, 0.4, 1, "")
    return diff_sides(workspace, store, first, second, target=target, exclude=exclude, progress=rest)


def open_side(
    workspace: Workspace | None,
    store: Store | None,
    what: str | DatasetVersion,
    model: str | None = None,
    progress: Progress | None = None,
) -> Side:
    """Find out what a side is; see `diff_datasets`. A file's every byte is hashed."""
    found = what if isinstance(what, DatasetVersion) else find_files(store, what, model)
    if isinstance(found, DatasetVersion):
        return Side(
            f"dataset {found.version}",
            tuple(SideFile(file.name, file.sha256, file.rows) for file in found.files),
            found.schema,
            version=found,
        )
    return _read_side(str(what), found, progress)


def find_files(store: Store | None, what: str, model: str | None = None) -> DatasetVersion | list[Path]:
    """Return the dataset version that a text names, or else the data files; nothing is read of them.

    Raises:
        NotFoundError: there is neither.
    """
    if (version := _version(store, what, model)) is not None:
        return version
    try:
        return expand(what)
    except DataError:
        if Path(what).exists():
            raise
        known = ", and no dataset version of that name" if store else ""
        raise NotFoundError(
            f"There is no file {what[:200]!r}{known}.",
            next="List dataset versions with `pilothouse data`.",
        ) from None


def _read_side(label: str, paths: Sequence[Path], progress: Progress | None) -> Side:
    with connect() as con:

        def work(steps: Steps) -> Side:
            files = []
            for path in paths:
                steps.next(f"fingerprint of {path.name}")
                sha256 = fingerprint(path)
                steps.next(f"rows of {path.name}")
                with reading(path):
                    files.append(SideFile(path.name, sha256, read_through(con, scan_sql(path))))
            steps.next("columns")
            return Side(label, tuple(files), infer_schema(paths, con), tuple(paths))

        return patiently(con, work, progress, steps=2 * len(paths) + 1)


def find_version(store: Store, text: str, model: str | None = None) -> DatasetVersion:
    """Return the dataset version that a text names: the start of its name, `latest`, `latest~1` and so on.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    if latest := _LATEST.fullmatch(text):
        known, back = list_dataset_versions(store, model), int(latest[1] or 0)
        if back >= len(known):
            count = f"are {len(known)} dataset versions" if len(known) != 1 else "is 1 dataset version"
            raise NotFoundError(
                f"There is no {text!r}: there {count}.", next="List them with `pilothouse data`."
            )
        return known[back]
    return get_dataset_version(store, text)


def _version(store: Store | None, text: str, model: str | None) -> DatasetVersion | None:
    if store is None:
        return None
    try:
        return find_version(store, text, model)
    except NotFoundError:
        # Several that start so are a question to the person, unless a file is called so.
        if not Path(text).exists() and re.fullmatch(r"[0-9a-f]{1,12}|latest(~\d{1,6})?", text):
            raise
        return None


def diff_sides(
    workspace: Workspace | None,
    store: Store | None,
    a: Side,
    b: Side,
    *,
    target: str | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
) -> DatasetDiff:
    """Compare two sides that were opened; see `diff_datasets`."""
    mine, theirs = ({file.name: file.sha256 for file in side.files} for side in (a, b))
    if (mine, a.rows) == (theirs, b.rows):
        alike = f"The same {_files(len(mine))}, {a.rows:,} rows."
        return DatasetDiff(a.label, b.label, a.rows, b.rows, files_same=tuple(mine), said=(alike,))
    added = tuple(name for name in theirs if name not in mine)
    removed = tuple(name for name in mine if name not in theirs)
    changed = tuple(name for name in mine if name in theirs and mine[name] != theirs[name])
    same = tuple(name for name in mine if name in theirs and name not in changed)
    schema = tuple(schema_in_words(a.schema, b.schema))
    said: list[str] = [_rows(a.rows, b.rows), _names(added, removed, changed, same)]
    said += schema or ["The columns and their types are alike."]
    columns: tuple[ColumnDrift, ...] = ()
    told: ColumnDrift | None = None
    trouble = ""
    try:
        columns, told = _distributions(workspace, store, a, b, target, exclude, progress)
        said.append(_verdict(columns, told))
    except PilothouseError as error:
        trouble = f"The distributions cannot be compared: {error.what}"
        said.append(trouble)
    return DatasetDiff(
        a.label, b.label, a.rows, b.rows, added, removed, changed, same, schema, columns, told, tuple(said),
        trouble,
    )  # fmt: skip


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _rows(before: int, now: int) -> str:
    change = now - before
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return f"{sign}{abs(change):,} rows: {now:,} against {before:,}."


def _names(added: Sequence[str], removed: Sequence[str], changed: Sequence[str], same: Sequence[str]) -> str:
    if not removed and not changed and len(same) == 1:
        return f"{same[0]} is in both; {len(added)} new: {some(added)}."
    if not removed and not changed:
        return f"All {_files(len(same))} are in both; {len(added)} new: {some(added)}."
    parts = [
        f"{len(names)} {word}: {some(names)}"
        for word, names in (("new", added), ("gone", removed), ("with other contents", changed))
        if names
    ]
    return f"{_files(len(same))} alike; {'; '.join(parts)}."


def some(names: Sequence[str], most: int = 4) -> str:
    """Name a few, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def schema_in_words(a: Schema, b: Schema) -> list[str]:
    """Say how the columns of two datasets differ: new, gone, or of another type or kind."""
    said = differences(a, b)
    for column in a.columns:
        match = b.column(column.name)
        if match is None:
            continue
        if match.type != column.type and not any(repr(column.name) in one for one in said):
            said.append(f"The column {column.name!r} is {match.type}, where it was {column.type}.")
        elif match.kind != column.kind:
            said.append(f"The column {column.name!r} is taken as {match.kind}, where it was {column.kind}.")
    return said


def _distributions(
    workspace: Workspace | None,
    store: Store | None,
    a: Side,
    b: Side,
    target: str | None,
    exclude: Sequence[str],
    progress: Progress | None,
) -> tuple[tuple[ColumnDrift, ...], ColumnDrift | None]:
    # What is of another type, or on one side only, is told already; the rest can be compared.
    alike = {
        column.name
        for column in a.schema.columns
        if (match := b.schema.column(column.name)) is not None and fits(column.type, match.type)
    }
    left = [*exclude, *(column.name for column in a.schema.columns if column.name not in alike)]
    reference = _profile(workspace, store, a, part_of(progress, 0, 0.5, a.label))
    current = profile_files(
        _sources(workspace, b),
        a.schema,
        edges_from=reference,
        exclude=left,
        progress=part_of(progress, 0.5, 1, b.label),
    )
    report = compare_profiles(reference, current, target=target if target in alike else None, exclude=left)
    columns = sorted(map(without_noise, report.columns), key=lambda one: (not one.drifted, -one.score))
    return tuple(columns), without_noise(report.target) if report.target is not None else None


def _profile(
    workspace: Workspace | None, store: Store | None, side: Side, progress: Progress | None
) -> Profile:
    if side.version is not None and workspace is not None and store is not None:
        return profile_of(workspace, store, side.version)
    return profile_files(side.sources, side.schema, progress=progress)


def _sources(workspace: Workspace | None, side: Side) -> Sequence[Source]:
    if side.version is not None and workspace is not None:
        return dataset_paths(workspace, side.version)
    return side.sources


def _verdict(columns: Sequence[ColumnDrift], target: ColumnDrift | None) -> str:
    moved = [column.column for column in columns if column.drifted]
    told = (
        f"{len(moved)} of {len(columns)} columns are distributed differently: {some(moved)}."
        if moved
        else f"None of {len(columns)} columns is distributed differently enough to count."
    )
    if target is not None:
        word = "moved" if target.drifted else "did not move enough to count"
        told += f" The target {target.column} {word}" + (f": {target.moved}." if target.moved else ".")
    return told
