"""Files compared with files or with a saved profile, anywhere: no workspace is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, Source, expand, reading, scan_sql
from pilothouse.data.schema import Column, Schema
from pilothouse.errors import UsageError
from pilothouse.monitoring.columns import Profile
from pilothouse.monitoring.distances import NAMED, Points, points_of_values
from pilothouse.monitoring.drift import PointsOf, compare_profiles, is_comparable
from pilothouse.monitoring.misfits import Readable, find_misfits
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.profile import (
    FINE_BINS,
    MOST_VALUES,
    finite_values,
    open_table,
    profile_files,
    profile_table,
)
from pilothouse.monitoring.reference import Reference
from pilothouse.monitoring.reports import DriftReport

_MAYBE_EMPTY = 64 * 1024
"""Bytes of a file that may have a header and no rows: larger ones are not looked at for that."""
FINE_OF_FILES = 2_000
"""Bins that stand for values beyond `MOST_VALUES` rows."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to compare: see `compare_profiles`."""

    share: float = 0.3
    target: str | None = None
    exclude: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def on_points(self) -> bool:
        """Whether a test needs values, or fine bins in their place."""
        return any(NAMED[test].on_points for test in self.tests)


def open_reference(
    text: str, wishes: Wishes, progress: Progress | None = None, *, to_save: bool = False
) -> Reference:
    """Read a reference once: data files (a file, a folder, a pattern), or a profile that was saved (`.json`).

    With `to_save` the profile has fine bins, so that it serves a test on values later.

    Raises:
        DataError: nothing is there, it cannot be read, or it has no rows.
        UsageError: a column that was named is not in it.
    """
    if Path(text).suffix.lower() == ".json" and Path(text).is_file():
        reference = Reference(text, _saved(Path(text)))
    else:
        sources = expand(text)
        schema = schema_of(sources, part_of(progress, 0, 0.2, ""))
        require_columns(schema.names(), *wishes.exclude, wishes.target)
        values: dict[str, Any] = {}
        fine = FINE_OF_FILES if wishes.on_points else FINE_BINS if to_save else 0
        profile = profile_files(
            sources, schema, exclude=wishes.exclude, fine=fine, keep=values if wishes.on_points else None,
            ids=True, progress=part_of(progress, 0.2, 1, "reference"),
        )  # fmt: skip
        reference = Reference(text, profile, values, tuple(sources), wishes.target)
    require_columns([column.name for column in reference.profile.columns], wishes.target)
    if reference.profile.rows == 0:
        raise _no_rows(text)
    return reference


def _no_rows(name: str) -> DataError:
    return DataError(
        f"{name} has no rows: there is nothing to compare.", next="Write it again with its rows."
    )


def schema_of(
    sources: Sequence[Source], progress: Progress | None = None, *, target: str | None = None
) -> Schema:
    """Infer a schema, patiently."""
    with connect() as con:
        part = part_of(progress, 0, 1, "looking at the columns")
        return patiently(con, lambda steps: infer_schema(sources, con, target=target), part)


def _saved(path: Path) -> Profile:
    try:
        return Profile.from_json(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path} is no profile of Pilothouse.",
            next="Save one with `pilothouse drift … --save-profile FILE`, or name data files.",
        ) from None


def require_columns(names: Sequence[str], *wanted: str | None) -> None:
    """Raise UsageError if a column that is wanted is not among the names."""
    for name in wanted:
        if name is not None and name not in names:
            raise UsageError(
                f"The reference has no column {name!r}.", next=f"It has: {', '.join(names)[:500]}."
            )


def compare_files(
    reference: Reference,
    sources: Sequence[Source],
    wishes: Wishes,
    progress: Progress | None = None,
    *,
    among: int = 1,
) -> DriftReport:
    """Compare files, as one dataset, with a reference.

    Raises:
        DataError: a file cannot be read or does not fit the reference's columns, or there are no rows.
    """
    with connect() as con, reading(*sources):
        columns = compared_columns(reference, wishes)

        def work(steps: Steps) -> DriftReport:
            readable = find_misfits(con, sources, reference.schema, columns)
            refuse_all(readable)
            table = open_table(
                con, sources, readable.schema, readable.columns, steps=steps, found=readable.types
            )
            report = compare_table(con, reference, table, readable, wishes, steps, among)
            notes = (*strangers(reference, readable, wishes), *untold(reference, readable, wishes))
            return replace(report, notes=(*notes, *report.notes))

        report = patiently(con, work, progress, steps=3 + len(columns))
    if report.n_current == 0:
        raise _no_rows(_named(sources))
    return report


def without_empty(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Leave out files without a single row where there are others, and say so, a sentence for each."""
    with connect() as con:
        empty = [path for path in paths if _is_empty(con, path)] if len(paths) > 1 else []
    if len(empty) == len(paths):
        return list(paths), []
    said = [f"{path.name} has no rows: left out." for path in empty]
    return [path for path in paths if path not in empty], said


def _is_empty(con: duckdb.DuckDBPyConnection, path: Path) -> bool:
    if (size := path.stat().st_size) == 0 or size > _MAYBE_EMPTY:
        return size == 0
    try:
        with reading(path):
            return con.execute(f"SELECT 1 FROM {scan_sql(path)} LIMIT 1").fetchone() is None
    except DataError:
        return False  # what is wrong with it is told by whoever reads it


def refuse_all(readable: Readable) -> None:
    """Raise DataError if no column at all can be read as what the reference has: it is of other data."""
    if readable.said and not readable.columns:
        raise DataError(next(iter(readable.said.values())), next="Compare files that have the same columns.")


def untold(reference: Reference, readable: Readable, wishes: Wishes) -> list[str]:
    """Say which columns cannot be read that would not have been compared either."""
    names = [
        column.name
        for column in reference.profile.columns
        if column.name != wishes.target and not is_comparable(column)
    ]
    return [f"{said} It was not compared." for name, said in readable.said.items() if name in names]


def _named(sources: Sequence[Source]) -> str:
    first = sources[0] if isinstance(sources[0], Path) else Path(sources[0][0])
    return first.name if len(sources) == 1 else f"{first.name} with {len(sources) - 1} more"


def compared_columns(reference: Reference, wishes: Wishes) -> list[Column]:
    """Return the columns of the reference that are to be compared."""
    return [column for column in reference.schema.columns if column.name not in wishes.exclude]


def compare_table(
    con: duckdb.DuckDBPyConnection,
    reference: Reference,
    table: str,
    readable: Readable,
    wishes: Wishes,
    steps: Steps | None = None,
    among: int = 1,
) -> DriftReport:
    """Compare a relation that has those of the reference's columns that can be read; see
    `compare_profiles`."""
    profile = profile_table(con, table, readable.columns, reference.profile, int(wishes.on_points), steps)
    others = readable.profiles(reference.profile.columns, profile.rows)
    profile = replace(profile, columns=(*profile.columns, *others))
    return compare_profiles(
        reference.profile, profile, wishes.share, target=wishes.target, exclude=wishes.exclude,
        tests=wishes.tests, points=_points(con, reference, table, profile), among=among,
    )  # fmt: skip


def _points(con: duckdb.DuckDBPyConnection, reference: Reference, table: str, current: Profile) -> PointsOf:
    def points(name: str) -> Points | None:
        if name not in reference.values or current.rows > MOST_VALUES:
            return None
        before, now = reference.values[name], finite_values(con, table, name)
        return points_of_values(before, now) if len(before) and len(now) else None

    return points


def strangers(reference: Reference, readable: Readable, wishes: Wishes) -> list[str]:
    """Say which columns only one of the two has; a missing one counts as all missing, but the target."""
    names = [column.name for column in reference.profile.columns]
    found = list(dict.fromkeys(name for types in readable.types for name in types))
    said = []
    spared = (*wishes.exclude, wishes.target)
    if lost := [name for name in names if name not in found and name not in spared]:
        said.append(f"There is no column {_list(lost)}: compared as if every value were missing.")
    if new := [name for name in found if name not in names and name not in wishes.exclude]:
        said.append(f"The reference has no column {_list(new)}: not compared.")
    return said


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
