"""Files, columns and dataset versions as rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pilothouse.tui.signs import drifted, verdict
from pilothouse.tui.text import clock, number, percent, safe, size
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.drift import ColumnDrift
    from pilothouse.tui.snapshots.data import FileVerdict

FILES = (
    Column("name", "file", most=34),
    Column("verdict", "checks", most=10),
    Column("drift", "drift", most=12),
    Column("moved", "moved", "right", most=8),
    Column("target", "target", "right", most=9),
    Column("rows", "rows", "right", most=11),
    Column("at", "judged", width=6),
    Column("reference", "against", most=30),
)
COLUMNS = (
    Column("column", "column", most=20),
    Column("score", "effect", "right", most=8),
    Column("noise", "noise", "right", most=7),
    Column("moved", "what moved", most=200, grow=True),
    Column("missing", "missing", "right", most=11),
    Column("kind", "kind", most=9),
)
VERSIONS = (
    Column("version", "version", most=12),
    Column("files", "files", "right", most=6),
    Column("rows", "rows", "right", most=11),
    Column("bytes", "size", "right", most=8),
    Column("at", "made", width=6),
)
EMPTY = "No file has been judged yet.\nu  judges what lies in the folder now,  w  watches what lands."


def file_row(file: FileVerdict, now: datetime) -> Row:
    """One file with its verdicts."""
    one, stored = file.arrival, file.report
    said, tone = verdict(one.status)
    if stored is None:
        drift, drift_tone, moved, target, target_tone, against = "– none", "dim", "–", "–", "dim", ""
    else:
        sign, drift_tone = drifted(stored.dataset_drift, bool(stored.report.drifted))
        word = "drifted" if stored.dataset_drift else "some" if stored.report.drifted else "steady"
        drift = f"{sign} {word}"
        moved = f"{len(stored.report.drifted)} of {len(stored.report.columns)}"
        label = stored.report.target
        target, target_tone = (
            (f"{drifted(label.drifted)[0]} {label.score:.3f}", drifted(label.drifted)[1])
            if label
            else ("–", "dim")
        )
        against = stored.reference
    cells = (
        safe(one.name),
        said,
        drift,
        moved,
        target,
        number(one.rows),
        clock(one.at, now),
        safe(against),
    )
    return Row(one.name, cells, ("", tone, drift_tone, "", target_tone, "", "dim", "dim"), file)


def column_row(one: ColumnDrift, is_target: bool) -> Row:
    """One column of a report."""
    near = not one.drifted and one.score > one.noise_floor and one.score > 0.05
    sign, tone = drifted(one.drifted, near)
    name = f"{sign} {safe(one.column, 60)}" + (" (target)" if is_target else "")
    missing = (
        ""
        if not (one.missing_reference or one.missing_current)
        else f"{percent(one.missing_reference)} → {percent(one.missing_current)}"
    )
    words = one.moved or ("below the 0.10 that counts" if near else "")
    cells = (name, f"{one.score:.3f}", f"{one.noise_floor:.3f}", safe(words), missing, safe(one.kind))
    return Row(
        one.column,
        cells,
        (tone, tone if one.drifted else "", "dim", "" if one.drifted else "dim", "", "dim"),
        one,
    )


def version_row(one: DatasetVersion, now: datetime) -> Row:
    """One dataset version."""
    cells = (
        safe(one.version),
        number(len(one.files)),
        number(one.rows),
        size(one.bytes),
        clock(one.created_at, now),
    )
    return Row(one.version, cells, ("", "", "", "dim", "dim"), one)
