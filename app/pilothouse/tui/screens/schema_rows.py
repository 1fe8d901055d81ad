"""Rules as rows, and the one under the cursor, or the history of all, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.content import Content

from pilothouse.monitoring.quality.rules import WARN
from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES
from pilothouse.tui.text import clock, line, safe
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.monitoring.quality.beside import RuleLine
    from pilothouse.monitoring.quality.rules_kept import KeptRules
    from pilothouse.tui.snapshots.schema import SchemaNow

ALL = (
    Column("sign", "", width=1),
    Column("column", "column", most=20),
    Column("missing", "missing", "right", most=7),
    Column("values", "values", most=44),
    Column("found", "in the newest file", most=60, grow=True),
    Column("type", "type", most=9),
    Column("had", "in the reference", most=50),
    Column("on_fail", "if not", most=6),
)
NARROW = (
    ALL[0],
    Column("column", "column", most=14),
    Column("values", "values", most=30),
    Column("found", "in the newest file", most=60, grow=True),
)
"""What there is room for on a small screen; the panel below tells the rest."""
BROAD = tuple(one for one in ALL if one.key != "had")
WHOLE = "a file"
"""The key of the row for a file as a whole."""


def beside_file(columns: Sequence[Column], name: str) -> tuple[Column, ...]:
    """Return the columns for a file that was chosen, in place of the newest."""
    return tuple(replace(one, label=f"in {safe(name, 40)}") if one.key == "found" else one for one in columns)


def rule_row(one: RuleLine, columns: Sequence[Column], *, suggested: bool) -> Row:
    """One column: what is asked, and what the newest file has; what is only suggested warns."""
    cells = {
        "sign": one.sign,
        "column": safe(one.column, 60),
        "missing": one.missing,
        "values": safe(one.values, 80),
        "found": safe(one.found, 80),
        "type": one.type,
        "had": safe(one.had, 80),
        "on_fail": WARN if suggested else one.on_fail,
    }
    tone = SIGN_TONES.get(one.sign, "")
    tones = {
        "sign": tone, "found": "" if one.sign == "●" else tone, "type": "dim", "had": "dim", "on_fail": "dim"
    }  # fmt: skip
    key = f"column {one.column}"
    return Row(key, tuple(cells[c.key] for c in columns), tuple(tones.get(c.key, "") for c in columns), one)


def whole_row(known: SchemaNow, rows: int | None, sign: str, columns: Sequence[Column]) -> Row:
    """The file as a whole."""
    cells = {
        "sign": sign, "column": "(a file)", "values": known.whole or "nothing is asked",
        "found": "" if rows is None else f"{rows:,} rows",
        "on_fail": WARN if known.rules.accepted is None else known.rules.dataset.on_fail,
    }  # fmt: skip
    tones = {"sign": SIGN_TONES.get(sign, ""), "column": "dim", "on_fail": "dim"}
    return Row(
        WHOLE, tuple(cells.get(c.key, "") for c in columns), tuple(tones.get(c.key, "") for c in columns)
    )


def rule_content(
    known: SchemaNow, one: RuleLine | None, file: str, findings: Sequence[dict[str, Any]], *, named: str = ""
) -> Content:
    """What is asked of the column under the cursor, what there is, and what was found in the file beside it:
    the newest, unless one is ``named``."""
    from pilothouse.monitoring.quality.rules_text import rule_line

    name = one.column if one else ""
    rows = [line((safe(one.column, 80) if one else "A file as a whole", "bold"))]
    for found in findings:
        sign, tone = {"error": ("■", "bad"), "note": ("○", "dim")}.get(found["severity"], ("▲", "watch"))
        rows.append(line((f"{sign} ", TONE_STYLES[tone]), safe(found["message"], 300)))
        for example in found["examples"]:
            value = "nothing" if example["value"] is None else repr(example["value"])
            rows.append(line((f"    row {example['row']:,} has ", "$dim"), safe(value, 80)))
        if found["next"]:
            rows.append(line(("  → ", "$dim"), safe(found["next"], 300)))
    if not findings and file:
        rows.append(line(("● ", "$success"), f"nothing was found here in {safe(file, 80)}"))
    rows.append(Content(""))
    asked = rule_line(known.rules, name)
    rows.append(line(("asked       ", "$dim"), safe(asked or "nothing", 2000)))
    on_fail = one.on_fail if one is not None else known.rules.dataset.on_fail
    if known.rules.accepted is None and on_fail != WARN and asked:
        rows.append(line(("if not      ", "$dim"), "warns; holds the file back once this is accepted"))
    if one is not None:
        rows.append(line(("reference   ", "$dim"), safe(one.had or "–", 200)))
        rows.append(line(("this file   " if named else "newest      ", "$dim"), safe(one.found or "–", 200)))
    return Content("\n").join(rows)


def history_content(history: Sequence[KeptRules], now: datetime) -> Content:
    """Who accepted what, newest first."""
    if not history:
        return line("Nobody has accepted a schema yet; what is suggested only warns.   a accepts it")
    rows = []
    for kept in history:
        rows.append(
            line(
                (f"version {kept.number}", "bold"),
                (f"   {clock(kept.at, now)}   ", "$dim"),
                safe(kept.actor, 40),
                (f"   {safe(kept.note, 200)}" if kept.note else "", "$dim"),
            )
        )
        rows += [line(("  · ", "$dim"), safe(said, 300)) for said in kept.changed]
    return Content("\n").join(rows)
