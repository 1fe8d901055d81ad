"""Files, columns and dataset versions as rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pilothouse.tui.signs import SIGN_TONES, verdict
from pilothouse.tui.snapshots.arrival_names import without_name
from pilothouse.tui.text import clock, number, safe
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import ColumnDrift
    from pilothouse.tui.snapshots.data import FileVerdict

FILES = (
    Column("name", "file", most=34),
    Column("verdict", "checks", most=10),
    Column("drift", "drift", most=14),
    Column("moved", "moved", "right", most=8),
    Column("target", "target", "right", most=9),
    Column("harm", "harm", most=16),
    Column("rows", "rows", "right", most=11),
    Column("changed", "what changed", most=240, grow=True),
    Column("at", "judged", width=6),
)
AGAINST = Column("reference", "against", most=30)
"""Told in a column where files were compared with different references; else once, over the list."""
FILES_NARROW = (
    Column("name", "file", most=24),
    Column("state", "state", most=14),
    Column("harm", "harm", width=4),
    Column("moved", "moved", "right", most=8),
    Column("changed", "what changed", most=240, grow=True),
)
COLUMNS_NARROW = (
    Column("column", "column", most=18),
    Column("moved", "what moved", most=200, grow=True),
)
COLUMNS = (
    Column("column", "column", most=20),
    Column("score", "effect", "right", most=8),
    Column("noise", "noise", "right", most=7),
    Column("moved", "what moved", most=200, grow=True),
    Column("missing", "missing", "right", most=11),
)
COLUMNS_VAST = (*COLUMNS, Column("kind", "kind", most=9))
VERSIONS = (
    Column("version", "version", most=12),
    Column("files", "files", "right", most=6),
    Column("rows", "rows", "right", most=11),
    Column("bytes", "size", "right", most=8),
    Column("at", "made", width=6),
)
EMPTY = "No file has been judged yet.\nu  judges what lies in the folder now,  w  watches what lands."
NOTHING_NEW = (
    "No file has landed yet: the folder has what the model learned from.\n"
    "w  watches what lands,  u  judges it once."
)


def file_row(file: FileVerdict, now: datetime, *, narrow: bool = False, judged: bool = False) -> Row:
    """One file with its verdicts; where there is little room, what its state is and what changed.

    ``judged``: its harm is being judged just now.
    """
    from pilothouse.monitoring.story import headline
    from pilothouse.monitoring.verdict_words import is_sound, of_column, of_data

    one, stored = file.arrival, file.report
    said, tone = ("□ gone", "dim") if file.gone else verdict(one.status)
    changed, changed_tone = "", "dim"
    if stored is None:
        drift, drift_tone, moved, target, target_tone, against = "– none", "dim", "–", "–", "dim", ""
        if one.findings:
            changed, changed_tone = without_name(one.findings[0].message, one.name), ""
    else:
        sign, word = of_data(stored)
        drift, drift_tone = f"{sign} {word}", SIGN_TONES[sign]
        moved = f"{len(stored.drifted)} of {len(stored.columns)}"
        changed, changed_tone = headline(stored), "dim" if is_sound(stored) else ""
        label = stored.target
        target, target_tone = (
            (f"{of_column(label)[0]} {label.score:.3f}", SIGN_TONES[of_column(label)[0]])
            if label
            else ("no labels" if any(found.rule == "labels" for found in one.findings) else "–", "dim")
        )
        against = stored.reference
    harm, harm_tone = ("▶ judged now", "accent") if judged else harm_cell(file)
    if narrow:
        compared = stored is not None and one.status == "ok" and not file.gone
        state, state_tone = (drift, drift_tone) if compared else (said, tone)
        row = (safe(one.name), state, harm.partition(" ")[0], moved, safe(changed, 240))
        return Row(one.name, row, ("dim" if file.gone else "", state_tone, harm_tone, "", changed_tone), file)
    cells = (
        safe(one.name),
        said,
        drift,
        moved,
        target,
        harm,
        number(one.rows) if one.rows else "–",
        safe(changed, 240),
        clock(one.at, now),
        safe(against),
    )
    tones = (
        "dim" if file.gone else "",
        tone,
        drift_tone,
        "",
        target_tone,
        harm_tone,
        "",
        changed_tone,
        "dim",
        "dim",
    )
    return Row(one.name, cells, tones, file)


def harm_cell(file: FileVerdict) -> tuple[str, str]:
    """What the live version was worth on the file, in a sign and a word; ``~`` for an estimate."""
    if file.harm is None:
        return "–", "dim"
    one = file.harm
    tone = SIGN_TONES.get(one.sign, "dim")
    return f"{one.sign} {'~' if one.estimated else ''}{safe(one.verdict, 14)}", tone


def column_row(one: ColumnDrift, is_target: bool, *, narrow: bool = False) -> Row:
    """One column of a report; where there is little room, only what moved."""
    from pilothouse.monitoring.story import shortly
    from pilothouse.monitoring.verdict_words import of_column
    from pilothouse.monitoring.wording import percent as share

    sign, word = of_column(one)
    tone, near = SIGN_TONES[sign], word == "near"
    name = f"{sign} {safe(one.column, 60)}" + (" (target)" if is_target else "")
    missing = (
        ""
        if not (one.missing_reference or one.missing_current)
        else f"{share(one.missing_reference)} → {share(one.missing_current)}"
    )
    words = shortly(one)
    if not one.drifted and words:
        words = f"small: {words}"  # what is told of a column that did not move is certain, but does not count
    elif near:
        words = f"below the {one.threshold:.2f} that counts"
    told = "" if one.drifted else "dim"
    if narrow:
        return Row(one.column, (name, safe(words)), (tone, told), one)
    cells = (name, f"{one.score:.3f}", f"{one.noise_floor:.3f}", safe(words), missing, safe(one.kind))
    return Row(
        one.column,
        cells,
        (tone, tone if one.drifted else "", "dim", told, "", "dim"),
        one,
    )
