"""The rows of a comparison: facts, slices, code, environment, data. Every verdict is a sign and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.comparing.facts import is_judgeable
from pilothouse.comparing.findings import ALIKE, BETTER, UNDECIDED, WORSE
from pilothouse.comparing.wording import SIGNS, TITLES, between, change_words, figure, signed
from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.durations import duration
from pilothouse.tui.signs import run_state
from pilothouse.tui.text import number, safe, setting
from pilothouse.tui.widgets.rows import Column, Row

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison, Difference
    from pilothouse.comparing.findings import Code, DataChange, Interval, Judgement, Measured, Setting, Slices

NONE = "–"
TONES = {BETTER: "good", WORSE: "bad", UNDECIDED: "dim", ALIKE: "dim", "": "dim"}
SHORT = {
    BETTER: "better",
    WORSE: "worse",
    UNDECIDED: "no difference shown",
    ALIKE: "the same",
    "": "too few rows",
}


def says(interval: Interval | None, room: int) -> tuple[str, str]:
    """The verdict as sign and words, and its tone."""
    if interval is None:
        return "", ""
    words = interval.words if room >= ROOMY else SHORT[interval.verdict]
    return f"{SIGNS.get(interval.verdict, '?')} {words}", TONES[interval.verdict]


ROOMY = 160
"""Cells from which on everything is said in full."""


def heading(title: str, key: str) -> Row:
    """A line above the rows of one section."""
    return Row(f"section {key}", (safe(title, 80),), ("strong",))


def fact_columns(comparison: Comparison, chosen: int, room: int) -> tuple[Column, ...]:
    """The key, the baseline, each candidate with its change, and what is to be said of the chosen one."""
    most = 12 if room < 110 else 17 if room < 140 else 24
    columns = [Column("key", "", most=18 if room < 110 else 22 if room < 140 else 28)]
    for n, subject in enumerate(comparison.subjects):
        many = len(comparison.subjects) > 2
        sign = "◆ " if n == 0 else "▸ " if n == chosen and many else ""
        columns.append(Column(f"run{n}", sign + safe(subject.label, 40), "right", most=most))
        if n:
            columns.append(Column(f"change{n}", "change", "right", most=12))
    label = safe(comparison.subjects[chosen].label, 14) if len(comparison.subjects) > 2 else ""
    columns.append(Column("says", f"says of {label}" if label else "", most=42))
    columns.append(Column("interval", "95% interval", most=20))
    return tuple(columns)


def fact_rows(
    comparison: Comparison,
    judgement: Judgement | None,
    slices: Slices | None,
    chosen: int,
    only_differences: bool,
    room: int,
) -> list[Row]:
    """The facts; what was judged on the same rows comes first, instead of the runs' own metrics."""
    rows: list[Row] = []
    judged_keys: set[str] = set()
    if judgement is not None:
        rows.append(heading("on the same rows", "judgement"))
        for one in judgement.metrics:
            judged_keys.add(one.metric)
            rows.append(_measured(one, chosen, room))
        if slices is not None and (worst := _worst(slices, len(comparison.subjects))):
            rows.append(worst)
    shown = comparison.only_differences() if only_differences else comparison.rows
    section = ""
    for row in shown:
        if row.section == "metrics" and row.key in judged_keys:
            continue
        if row.section != section:
            section = row.section
            title = TITLES.get(section, section)
            if section == "metrics" and not comparison.same_rows:
                title = "other metrics" if judged_keys else "metrics, own rows"
            rows.append(heading(title, section))
        rows.append(_fact(row, comparison, chosen, room))
    return rows


def _measured(one: Measured, chosen: int, room: int) -> Row:
    cells, tones = [f"  {safe(one.metric, 60)}"], [""]
    for n, value in enumerate(one.values):
        cells.append(figure(value))
        tones.append("")
        if n:
            interval = one.intervals[n]
            cells.append(signed(interval.difference) if interval is not None else NONE)
            tones.append(says(interval, room)[1])
    interval = one.intervals[chosen]
    words, tone = says(interval, room)
    cells += [words, between(interval) if interval is not None else ""]
    tones += [tone, "dim"]
    return Row(f"judgement.{one.metric}", tuple(cells), tuple(tones), one)


def _worst(slices: Slices, count: int) -> Row | None:
    """Where each subject is worst, among the slices that have enough rows to say so."""
    sign = -1.0 if lower_is_better(slices.metric) else 1.0
    cells, columns = ["  worst slice"], []
    for n in range(count):
        found = [
            (sign * value, one.name, column.column, value)
            for column in slices.columns
            for one in column.slices
            if not one.small and (value := one.values[n]) is not None
        ]
        if not found:
            return None
        _, name, column_name, value = min(found)
        columns.append(column_name)
        cells.append(f"{safe(name, 20)} {figure(value, 2)}")
        if n:
            cells.append("")
    cells.append(f"{slices.metric} by {', '.join(dict.fromkeys(columns))}")
    return Row("judgement worst slice", tuple(cells))


def _fact(row: Difference, comparison: Comparison, chosen: int, room: int) -> Row:
    cells, tones = [f"  {safe(row.key, 60)}"], [""]
    words = ""
    fair = row.section == "metrics" and comparison.same_rows and is_judgeable(row.key)
    for n in range(len(comparison.subjects)):
        cells.append(_value(row, n))
        tones.append("" if row.differs else "dim")
        if n:
            delta = row.deltas[n]
            cells.append(change_words(row, n) if delta else "")
            tones.append("")
            if n == chosen and fair and delta:
                # A difference alone says nothing of better or worse: the rows may just be so.
                words = "no interval"
    cells += [words, ""]
    tones += ["dim", ""]
    return Row(f"{row.section}.{row.key}", tuple(cells), tuple(tones), row)


def _value(row: Difference, n: int) -> str:
    value = row.values[n]
    if row.key == "status":
        return run_state(str(value))[0]
    if row.key == "seconds":
        return duration(float(value)) if value is not None else NONE
    if row.section == "metrics":
        return number(value)
    if row.key == "dataset_version":
        return safe(str(value)[:12]) if value else NONE
    return setting(value)


def slice_columns(labels: list[str], metric: str) -> tuple[Column, ...]:
    """The slice, its rows, and each subject; a candidate with what is to be said of it."""
    columns = [Column("slice", safe(metric, 20), most=26), Column("rows", "rows", "right", most=9)]
    for n, label in enumerate(labels):
        columns.append(Column(f"v{n}", ("◆ " if n == 0 else "") + safe(label, 20), "right", most=16))
        if n:
            columns.append(Column(f"says{n}", "", most=42))
            columns.append(Column(f"in{n}", "change lies in", most=20))
    return tuple(columns)


WORST = 3
"""So many slices of a column are shown where not all are, besides those that differ."""


def slice_rows(slices: Slices, only_differences: bool, room: int) -> list[Row]:
    """The slices, the worst first and small ones, marked ``?``, last; or the worst and what differs."""
    rows: list[Row] = []
    for column in slices.columns:
        rows.append(heading(column.column, column.column))
        for place, one in enumerate(column.slices):
            told = [interval for interval in one.intervals if interval is not None]
            differs = any(found.verdict in (BETTER, WORSE) for found in told)
            if only_differences and place >= WORST and not differs:
                continue
            cells = [
                ("? " if one.small else "  ") + safe(one.name, 40),
                f"{one.rows:,}",
                figure(one.values[0]),
            ]
            tones = ["dim" if one.small else "", "dim", ""]
            for n in range(1, len(one.values)):
                interval = one.intervals[n]
                tone = TONES[interval.verdict] if interval is not None else ""
                cells += [
                    figure(one.values[n]),
                    says(interval, room)[0] if not one.small else "? too few to tell",
                    between(interval) if interval is not None else NONE,
                ]
                tones += ["", tone, "dim"]
            rows.append(Row(f"{column.column} = {one.name}", tuple(cells), tuple(tones), one))
    return rows


def code_rows(code: Code, labels: list[str]) -> list[Row]:
    """Where the code comes from, and the lines that differ."""
    rows = [heading("where it comes from", "origins")]
    rows += [
        Row(f"origin {n}", (f"  {'◆ ' if n == 0 else '  '}{safe(label, 30)}: {safe(said)}",))
        for n, (label, said) in enumerate(zip(labels, code.origins, strict=True))
    ]
    for m, change in enumerate(code.changes):
        rows.append(heading(change.label, f"{m} {change.label}"))
        rows.append(Row(f"said {m}", (f"  {safe(change.said)}",)))
        for file in change.files:
            text = f"  {file.change:<8} +{file.added} −{file.removed}  {safe(file.path, 200)}"
            rows.append(Row(f"file {m} {file.path}", (text,)))
        for n, line in enumerate(change.diff.splitlines()):
            tone = {"+": "good", "-": "bad", "@": "accent"}.get(line[:1], "")
            rows.append(Row(f"line {m} {n}", (f"  {safe(line.expandtabs(4), 400)}",), (tone,)))
        if change.cut:
            rows.append(Row(f"cut {m}", ("  … the rest is left out",), ("dim",)))
    return rows


def environment_columns(labels: list[str]) -> tuple[Column, ...]:
    """The fact, and each subject."""
    return (
        Column("key", "", most=30),
        *(Column(f"v{n}", ("◆ " if n == 0 else "") + safe(one, 20), most=40) for n, one in enumerate(labels)),
        Column("says", "", most=10),
    )


def environment_rows(settings: tuple[Setting, ...], only_differences: bool) -> list[Row]:
    """The facts of the environments."""
    rows: list[Row] = []
    section = ""
    for one in settings:
        if only_differences and not one.differs:
            continue
        if one.section != section:
            section = one.section
            rows.append(heading(section, section))
        tone = "" if one.differs else "dim"
        cells = (
            f"  {safe(one.key, 60)}",
            *(NONE if value is None else safe(value, 80) for value in one.values),
            "≠ differs" if one.differs else "",
        )
        tones = ("", *(tone for _ in one.values), "watch")
        rows.append(Row(f"{one.section}.{one.key}", cells, tones, one))
    return rows


DATA = (
    Column("column", "", most=24),
    Column("psi", "PSI", "right", most=8),
    Column("from", "counts from", "right", most=11),
    Column("says", "", most=10),
    Column("moved", "what moved", most=80, grow=True),
)


def data_rows(change: DataChange, only_differences: bool) -> list[Row]:
    """How each column moved between two dataset versions, the target first."""
    rows: list[Row] = []
    for one in (change.target, *change.columns):
        if one is None or (only_differences and not one.drifted):
            continue
        cells = (
            f"{safe(one.column, 60)}{' (target)' if one is change.target else ''}",
            figure(one.score, 3),
            figure(one.threshold, 3),
            "■ moved" if one.drifted else "● alike",
            safe(one.moved) or NONE,
        )
        tones = ("", "", "dim", "bad" if one.drifted else "good", "" if one.drifted else "dim")
        rows.append(Row(one.column, cells, tones, one))
    return rows
