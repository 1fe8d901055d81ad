"""The features that a version's views make, watched as its other inputs are.

What the version learned from went through its views when it was made, and its profile keeps what came of it.
A file that lands goes through the same SQL, with the slowly changing tables as they are now: those that the
server answers by.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pilothouse.data.engine import connect_alone
from pilothouse.data.features.definition import FeatureDefinition, table_paths
from pilothouse.data.features.over_files import MadeFile, make_over_files
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import Source
from pilothouse.data.schema import Column, Schema, type_in_words
from pilothouse.monitoring.checks import WARNING, Finding
from pilothouse.monitoring.columns import ColumnProfile, Profile, Unreadable
from pilothouse.monitoring.misfits import unreadable_profile
from pilothouse.monitoring.patience import Progress, patiently
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.reference import Reference
from pilothouse.monitoring.reports import DriftReport
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Viewed:
    """What the views made of a file, in the reference's bins, and why the others made nothing.

    `untold` has each feature that is not compared, and why; `troubles` each view that failed, and why. What
    that one makes is not there for the model to read, so it counts as moved, as does what cannot be read.
    """

    columns: tuple[ColumnProfile, ...] = ()
    untold: tuple[tuple[str, str], ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()

    def findings(self, name: str) -> tuple[Finding, ...]:
        """Return a finding for each view that failed on the file of this name."""
        return tuple(
            Finding(
                WARNING, "", f"The feature view {view} fails on {name}: {why}", "view",
                next="Without what it makes, the model cannot answer these rows: mend the table or the file.",
            )
            for view, why in self.troubles
        )  # fmt: skip

    def noted(self, report: DriftReport) -> DriftReport:
        """Return a report that says which features were not compared, and why; once for each reason."""
        reasons: dict[str, list[str]] = {}
        for name, why in self.untold:
            reasons.setdefault(why, []).append(name)
        notes = tuple(
            f"{', '.join(f'`{name}`' for name in names)} {'was' if len(names) == 1 else 'were'} not compared:"
            f" {why}"
            for why, names in reasons.items()
        )
        notes += tuple(f"The feature view {view} failed: {why}" for view, why in self.troubles)
        names = tuple(name for name, _ in self.untold if name not in report.left_out)
        return replace(report, left_out=(*report.left_out, *names), notes=(*report.notes, *notes))


def profile_views(
    definition: FeatureDefinition,
    tables: Mapping[str, Source],
    sources: Sequence[Source],
    schema: Schema,
    *,
    fine: int = 0,
) -> tuple[ColumnProfile, ...]:
    """Profile what views make of the files that a version learns from; of one that fails there is nothing.

    Raises:
        DataError: a file cannot be read.
    """
    with made_of(definition, tables, sources, schema) as (made, path):
        return profile_files([path], infer_schema([path]), fine=fine).columns if made.columns else ()


def view_file(
    workspace: Workspace,
    reference: Reference,
    path: Path,
    *,
    fine: int = 0,
    without: Collection[str] = (),
) -> Viewed:
    """Put a file through the views of what it is compared with.

    Args:
        workspace: where the tables lie.
        reference: with the views of its version, if that has any.
        path: the file.
        fine: see `profile_files`.
        without: columns of the file that cannot be read.

    Raises:
        DataError: the file cannot be read.
    """
    definition = reference.views
    if definition is None:
        return Viewed()
    kept = reference.profile.made
    if not kept:
        why = (
            f"feature views make {'it' if len(definition.outputs) == 1 else 'them'}, and the profile of"
            f" {reference.label} is from before these were kept in it. That of the next version has them."
        )
        return Viewed(untold=tuple((one.name, why) for one in definition.outputs))
    tables = table_paths(workspace, definition.tables)
    with made_of(definition, tables, [path], reference.schema, without=without) as (made, at):
        names = {one.name for one in made.columns}
        mine = [column for column in kept if column.name in names]
        found = (
            profile_files([at], _schema(mine), edges_from=Profile(0, tuple(mine)), fine=fine).columns
            if mine
            else ()
        )
    known = {column.name for column in kept}
    failed = {one.name for one in definition.outputs if one.view in made.troubles}
    found += tuple(_not_made(column, made.rows) for column in kept if column.name in failed)
    lost = tuple(
        (one.name, f"{reference.label} kept no profile of it.")
        for one in made.columns
        if one.name not in known
    )
    return Viewed(found, lost, tuple(made.troubles.items()))


@contextmanager
def made_of(
    definition: FeatureDefinition,
    tables: Mapping[str, Source],
    sources: Sequence[Source],
    schema: Schema,
    *,
    without: Collection[str] = (),
    progress: Progress | None = None,
) -> Iterator[tuple[MadeFile, Path]]:
    """Give the file of what views make of files, for as long as the block lasts; see `make_over_files`."""
    with tempfile.TemporaryDirectory(prefix="pilothouse-views-") as folder, connect_alone() as con:
        path = Path(folder) / "made.parquet"
        made = patiently(
            con,
            lambda _: make_over_files(con, definition, tables, sources, schema, path, without=without),
            progress,
        )
        yield made, path


def _not_made(column: ColumnProfile, rows: int) -> ColumnProfile:
    """Return the profile of a feature of so many rows that no view has made."""
    what = Unreadable("not made, since its view fails", type_in_words(column.type), "", 0, rows, 0.0)
    return unreadable_profile(column, rows, what)


def _schema(columns: Sequence[ColumnProfile]) -> Schema:
    return Schema(tuple(Column(one.name, one.type, one.kind, False) for one in columns))
