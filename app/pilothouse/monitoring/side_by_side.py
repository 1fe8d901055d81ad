"""One column, as it was in the reference and as it is in a file: what each holds, and both shapes.

Where the rows are at hand they are counted anew, into bars of equal width, so that the shapes can be seen;
where they are gone, the profile that was kept tells what it knows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.engine import connect
from pilothouse.data.features.definition import table_paths
from pilothouse.data.reading import DataError, Source, identifier, reading
from pilothouse.data.schema import Column, Schema
from pilothouse.data.versions import dataset_paths, get_dataset_version
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.describing import Description, describe_files
from pilothouse.monitoring.patience import Progress, Steps, part_of, patiently
from pilothouse.monitoring.profile import open_table
from pilothouse.monitoring.reference import profile_of, views_of
from pilothouse.monitoring.reports import ColumnDrift
from pilothouse.monitoring.story import told
from pilothouse.monitoring.verdicts import StoredReport
from pilothouse.monitoring.view_columns import made_of
from pilothouse.monitoring.wording import bin_labels
from pilothouse.store import Store
from pilothouse.workspace import Workspace

BARS = 12
"""Bars in which both shapes are drawn, of equal width where that shows them."""
TOO_MUCH = 0.9
"""A bar that holds this share of one side's values shows no shape: then bars widen as the values grow."""
EQUAL, WIDENING, AS_JUDGED = (
    "bars of equal width",
    "bars that widen with the values",
    "the bins it was judged on",
)


@dataclass(frozen=True, slots=True)
class ColumnBeforeNow:
    """One column on both sides.

    Attributes:
        drift: how it moved, from the stored report.
        said: that in a sentence; empty where it is noise.
        before, now: what each side holds; None where neither rows nor a profile are left.
        labels, before_counts, now_counts: both shapes; for numbers in bars of equal width where the rows
            could be read, or in bars that widen where those would show nothing, else in the bins of the
            report.
        equal_width: whether they are.
        bars: what they are, in words.
        notes: what could not be had, in sentences.
    """

    drift: ColumnDrift
    said: str
    before: Description | None
    now: Description | None
    labels: tuple[str, ...]
    before_counts: tuple[int, ...]
    now_counts: tuple[int, ...]
    equal_width: bool = False
    notes: tuple[str, ...] = ()
    bars: str = AS_JUDGED


def column_before_now(
    workspace: Workspace,
    store: Store,
    model: ModelConfig,
    stored: StoredReport,
    name: str,
    progress: Progress | None = None,
) -> ColumnBeforeNow:
    """Tell what a column held in the reference of a stored report, and what it holds in the file.

    Reads only that column, on both sides, in bounded memory.

    Args:
        workspace, store, model: where the report is kept.
        stored: the report.
        name: the column; the target too.
        progress: called while it lasts; cancels by raising.

    Raises:
        NotFoundError: the report has no such column.
    """
    report = stored.report
    columns = [*report.columns, *([report.target] if report.target else [])]
    drift = next((one for one in columns if one.column == name), None)
    if drift is None:
        why = next((note for note in report.notes if f"`{name}`" in note), "")
        raise NotFoundError(
            why or f"{name[:80]!r} was not compared in the report of {stored.subject}.",
            next=f"These were: {', '.join(one.column for one in columns[:12])}.",
        )
    kept, sources = _reference(workspace, store, model, stored.reference)
    mine = kept.column(name) if kept is not None else None
    if kept is not None and mine in kept.made:
        return _made_by_view(workspace, model, stored, drift, kept, progress)
    column = Column(name, mine.type if mine else _type_of(drift), drift.kind, False)
    notes: list[str] = []
    before = _described(sources, column, part_of(progress, 0, 0.4, "reference")) if sources else None
    if before is None and mine is not None:
        before = _from_profile(mine)
        notes.append("The reference's rows are gone; what its profile kept is shown.")
    elif before is None:
        notes.append(f"Nothing is left of {stored.reference} but what the report kept.")
    file = workspace.data_folder(model) / Path(stored.subject).name
    part = part_of(progress, 0.4, 0.8, stored.subject)
    now = _described((file,), column, part)
    if now is None and column.type == "integer":  # Not all are whole any more.
        column = replace(column, type="number")
        now = _described((file,), column, part)
    if now is None and drift.unreadable is None:
        notes.append(f"{stored.subject} cannot be read in {model.data.folder} any more.")
    elif now is not None and now.rows != report.n_current:
        notes.append(f"{stored.subject} had {report.n_current:,} rows when it was judged: it has changed.")
    shape = None
    if drift.kind == "numeric" and sources and before is not None and now is not None:
        shape = _shapes(sources, file, column, before, now, part_of(progress, 0.8, 1, "shapes"))
    labels, r, c, bars = shape or (drift.bins, drift.reference_counts, drift.current_counts, AS_JUDGED)
    return ColumnBeforeNow(drift, told(drift), before, now, labels, r, c, bars == EQUAL, tuple(notes), bars)


def _made_by_view(
    workspace: Workspace,
    model: ModelConfig,
    stored: StoredReport,
    drift: ColumnDrift,
    kept: Profile,
    progress: Progress | None,
) -> ColumnBeforeNow:
    """Tell of a feature that a view makes: what the profile kept, and what the view makes of the file now."""
    mine = kept.column(drift.column)
    assert mine is not None
    now: Description | None = None
    notes: list[str] = []
    try:
        definition = views_of(workspace.version_dir(model.name, _version(model, stored.reference) or 0))
        if definition is not None:
            file = workspace.data_folder(model) / Path(stored.subject).name
            schema = Schema(tuple(Column(one.name, one.type, one.kind, False) for one in kept.columns))
            tables = table_paths(workspace, definition.tables)
            with made_of(definition, tables, [file], schema, progress=progress) as (made, path):
                if any(one.name == drift.column for one in made.columns):
                    column = Column(drift.column, mine.type, mine.kind, False)
                    now = describe_files((path,), Schema((column,)))[0]
                notes += made.troubles.values()
    except DataError as error:
        notes.append(error.what)
    if now is not None and now.missing != drift.current_counts[-1]:
        notes.append("Its feature tables, or the file, have changed since it was judged: `now` is of today.")
    return ColumnBeforeNow(
        drift, told(drift), _from_profile(mine), now, drift.bins, drift.reference_counts,
        drift.current_counts, notes=tuple(notes),
    )  # fmt: skip


def _version(model: ModelConfig, label: str) -> int | None:
    """Return the number of the version that a report calls its reference; None if it is none."""
    found = re.fullmatch(rf"{re.escape(model.name)} v(\d+)", label)
    return int(found[1]) if found else None


def _type_of(drift: ColumnDrift) -> str:
    return {"numeric": "number", "boolean": "boolean"}.get(drift.kind, "text")


def _reference(
    workspace: Workspace, store: Store, model: ModelConfig, label: str
) -> tuple[Profile | None, tuple[Source, ...]]:
    """Return the profile and the files of what a report calls its reference; nothing of what is gone."""
    if found := re.fullmatch(r"dataset ([0-9a-f]+)", label):
        return _dataset(workspace, store, found[1])
    number = _version(model, label)
    if number is None:
        return None, ()
    profile = None
    try:
        path = workspace.version_dir(model.name, number) / "profile.json"
        profile = Profile.from_json(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, json.JSONDecodeError):
        pass  # A bundle that a script made may have no profile; its data may have one.
    rows = store.query(
        "SELECT dataset_version FROM model_versions WHERE model = ? AND version = ?", [model.name, number]
    )
    other, sources = _dataset(workspace, store, rows[0]["dataset_version"]) if rows else (None, ())
    return profile or other, sources


def _dataset(workspace: Workspace, store: Store, name: str) -> tuple[Profile | None, tuple[Source, ...]]:
    try:
        dataset = get_dataset_version(store, name)
        return profile_of(workspace, store, dataset), tuple(dataset_paths(workspace, dataset))
    except (NotFoundError, DataError):
        return None, ()


def _described(sources: tuple[Source, ...], column: Column, progress: Progress | None) -> Description | None:
    try:
        return describe_files(sources, Schema((column,)), progress)[0]
    except DataError:
        return None


def _from_profile(kept: ColumnProfile) -> Description:
    return Description(
        kept.name, kept.type, kept.kind, kept.rows, kept.missing, kept.infinite, distinct=kept.distinct,
        min=kept.min, max=kept.max, mean=kept.mean, std=kept.std, quantiles=kept.quantiles,
        top=tuple(zip(kept.levels[:10], kept.level_counts[:10], strict=True)),
    )  # fmt: skip


def _shapes(
    sources: tuple[Source, ...],
    file: Path,
    column: Column,
    before: Description,
    now: Description,
    progress: Progress | None,
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...], str] | None:
    """Count both sides into the same bars, from where most of either lies; the outer bars take what lies
    beyond. Also says what bars they are."""
    ends = [one.edges for one in (before, now) if len(one.edges) > 1]
    if not ends:
        return None
    low, high = min(edges[0] for edges in ends), max(edges[-1] for edges in ends)
    inner = round_edges(low, high, BARS)
    if not inner:
        return None
    bars = EQUAL
    r, c = (_counts(side, column, inner, progress) for side in (sources, (file,)))
    if any(max(side) >= TOO_MUCH * sum(side) for side in (r, c)) and (
        widening := widening_edges(before.quantiles, now.quantiles, BARS)
    ):
        inner, bars = widening, WIDENING
        r, c = (_counts(side, column, inner, progress) for side in (sources, (file,)))
    return (*bin_labels(inner), "(missing)"), (*r, before.missing), (*c, now.missing), bars


def widening_edges(before: Sequence[float], now: Sequence[float], bars: int) -> list[float]:
    """Return edges for values of very different sizes, at most `bars`: 1, 2, 5, 10, … or powers of ten where
    all but a few are above zero; else the quantiles of both sides, so that each side has its shape."""
    both = sorted({float(f"{value:.3g}") for value in (*before, *now) if math.isfinite(value)})
    if len(both) < 2:
        return []
    if both[0] <= 0:
        return both if len(both) <= bars else both[:: -(-len(both) // bars)]
    first, last = math.floor(math.log10(both[0])), math.ceil(math.log10(both[-1]))
    for steps in ((1, 2, 5), (1, 3), (1,)):
        edges = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
        inside = [edge for edge in edges if both[0] <= edge <= both[-1]]
        if 2 <= len(inside) <= bars:
            return inside
    return both if len(both) <= bars else []


def round_edges(low: float, high: float, bars: int) -> list[float]:
    """Return edges between bars of equal width: round numbers strictly between the ends, at most ``bars``;
    none where the ends are too close."""
    least = (high - low) / bars
    if not (math.isfinite(least) and least > 0):
        return []
    magnitude = 10.0 ** math.floor(math.log10(least))
    step = next(
        (of * magnitude for of in (1, 2, 2.5, 5) if of * magnitude >= least * (1 - 1e-9)), 10 * magnitude
    )
    first = math.floor(low / step) + 1
    edges = [float(f"{at * step:.12g}") for at in range(first, first + bars + 1)]
    inside = sorted({edge for edge in edges if low < edge < high})
    return inside if len(inside) > 1 else []


def _counts(
    sources: tuple[Source, ...], column: Column, inner: list[float], progress: Progress | None
) -> list[int]:
    value = f"CAST({identifier(column.name)} AS DOUBLE)"
    with connect() as con, reading(*sources):

        def work(steps: Steps) -> list[int]:
            table = open_table(con, sources, Schema((column,)), [column], steps=steps)
            steps.next("counting")
            found = con.execute(f"SELECT histogram({value}, ?::DOUBLE[]) FROM {table}", [inner]).fetchall()
            bars = found[0][0] or {}
            return [int(bars.get(edge, 0)) for edge in (*inner, float("inf"))]

        return patiently(con, work, progress, steps=2)
