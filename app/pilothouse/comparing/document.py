"""A comparison as a document that can be read without Pilothouse: Markdown, CSV, JSON.

Names come from outside. In Markdown none of them can start a column, a link, HTML or a code block; in CSV
none can be taken for a formula by a spreadsheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pilothouse.comparing.document_csv import to_csv
from pilothouse.comparing.document_curves import HEADERS, SAID, curve_rows, left_out
from pilothouse.comparing.facts import Comparison
from pilothouse.comparing.findings import Findings
from pilothouse.comparing.wording import (
    NONE,
    TITLES,
    between,
    fact,
    figure,
    headlines,
    judged_on,
    on_which_rows,
    signed,
    slice_words,
)
from pilothouse.errors import UsageError
from pilothouse.jsontext import dumps

_SPECIAL = re.compile(r"[\\`*<>\[\]|~&#!{}]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def writer_for(path: Path) -> Callable[[Comparison, Findings], str]:
    """Return what writes the document that a file's name asks for.

    Raises:
        UsageError: the name ends in none of .md, .csv, .json.
    """
    writers = {".md": to_markdown, ".csv": to_csv, ".json": to_json}
    found = writers.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"{path.name!r} does not say which kind of document it is to be.",
            untouched="Nothing was written.",
            next="Let it end in .md, .csv or .json.",
        )
    return found


def tree_of(comparison: Comparison, findings: Findings) -> dict[str, Any]:
    """Return all of it as plain values."""
    return {**comparison.to_json(), **findings.to_json()}


def to_json(comparison: Comparison, findings: Findings) -> str:
    """Return all of it as JSON text."""
    return dumps(tree_of(comparison, findings)) + "\n"


def escaped(value: object, limit: int = 300) -> str:
    """Return text as one line that Markdown shows as it is."""
    text = "".join(c if c.isprintable() else " " if c in "\n\r\t" else "�" for c in str(value))
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return _SPECIAL.sub(lambda found: "\\" + found[0], text).strip() or NONE


def _table(
    headers: Sequence[object], rows: Sequence[Sequence[object]], right: Sequence[int] = ()
) -> list[str]:
    lines = [
        "| " + " | ".join(escaped(cell) for cell in headers) + " |",
        "|" + "|".join("--:" if n in right else "---" for n in range(len(headers))) + "|",
    ]
    lines += ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]


def to_markdown(comparison: Comparison, findings: Findings) -> str:
    """Return the comparison as a Markdown document; facts that are alike are counted, not listed."""
    labels = [one.label for one in comparison.subjects]
    out = [f"# {escaped(labels[0])} against {', '.join(escaped(label) for label in labels[1:])}", ""]
    out += [
        f"The baseline is {escaped(labels[0])}; every change is a candidate's value less the baseline's.",
        "",
    ]
    rows = []
    for one in comparison.subjects:
        run, version = one.run, one.version
        rows.append(
            [one.label, run.run_id or NONE, version.label if version else NONE,
             ", ".join(version.aliases) or NONE if version else NONE, run.recipe or NONE,
             run.dataset_version or NONE, run.status.lower(), f"{run.started_at:%Y-%m-%d %H:%M} UTC"]
        )  # fmt: skip
    out += _table(["", "run", "version", "called", "recipe", "data", "status", "started"], rows)
    out += _judgement(findings, labels)
    out += _facts(comparison, labels)
    out += _curves(comparison, findings, labels)
    out += _slices(findings, labels)
    out += _data(findings)
    out += _code(findings, labels)
    out += _environment(findings, labels)
    return "\n".join(out).rstrip() + "\n"


def _judgement(findings: Findings, labels: Sequence[str]) -> list[str]:
    found = findings.judgement
    out = ["## Judged on the same rows", ""]
    if found is None:
        why = (findings.untold or {}).get("judgement")
        return [*out, escaped(why) if why else "This was not asked for.", ""]
    for said in headlines(found, labels):
        out += [escaped(said, 1000), ""]
    out += [escaped(judged_on(found), 1000), ""]
    rows = []
    for one in found.metrics:
        for n, label in enumerate(labels[1:], start=1):
            interval = one.intervals[n]
            if interval is not None:
                rows.append(
                    [one.metric, label, figure(one.values[0]), figure(one.values[n]),
                     signed(interval.difference), between(interval), interval.words]
                )  # fmt: skip
    level = f"{found.level:.0%} interval"
    out += _table(["metric", "", labels[0], "value", "change", level, "says"], rows, right=(2, 3, 4))
    out += [f"- {escaped(note, 1000)}" for note in found.notes]
    out += [f"- {escaped(label)} was not judged: {escaped(why, 1000)}" for label, why in found.left_out]
    return [*out, ""]


def _facts(comparison: Comparison, labels: Sequence[str]) -> list[str]:
    shown = comparison.only_differences()
    out = ["## What else differs", ""]
    if (why := on_which_rows(comparison)) and any(row.section == "metrics" for row in shown):
        out += [why, ""]
    rows = []
    for row in shown:
        cells = [fact(row, n) for n in range(len(labels))]
        rows.append([TITLES.get(row.section, row.section), row.key, *cells])
    out += _table(["", "", *labels], rows, right=range(2, 2 + len(labels))) if rows else ["Nothing.", ""]
    return [*out, f"{len(comparison.rows) - len(shown)} of {len(comparison.rows)} facts are alike.", ""]


def _curves(comparison: Comparison, findings: Findings, labels: Sequence[str]) -> list[str]:
    last = {row.key: row.values for row in comparison.rows if row.section == "metrics"}
    rows = curve_rows(findings.curves or (), labels, last)
    if not rows:
        return []
    out = ["## Curves", "", SAID, "", *_table(HEADERS, rows, right=(4, 5, 6, 7))]
    if more := left_out(findings.curves or ()):
        out += [f"{more} more curves are in the JSON document.", ""]
    return out


def _slices(findings: Findings, labels: Sequence[str]) -> list[str]:
    found = findings.slices
    if found is None:
        return []
    out = [f"## {escaped(found.metric)} by slices", ""]
    for column in found.columns:
        out += [f"### {escaped(column.column)}, {escaped(column.how)}", ""]
        rows = []
        for one in column.slices:
            cells: list[object] = [
                ("? " if one.small else "") + one.name,
                f"{one.rows:,}",
                figure(one.values[0]),
            ]
            for n in range(1, len(labels)):
                interval = one.intervals[n]
                cells += [
                    figure(one.values[n]),
                    between(interval) if interval is not None else NONE,
                    slice_words(one, n),
                ]
            rows.append(cells)
        heads = [part for label in labels[1:] for part in (label, "change lies in", "says")]
        out += _table([column.column, "rows", labels[0], *heads], rows, right=(1, 2))
    return [*out, *(f"- {escaped(note, 1000)}" for note in found.notes), ""]


def _data(findings: Findings) -> list[str]:
    if findings.data is None:
        return []
    out = ["## Data", ""]
    for change in findings.data.changes:
        out += [f"### {escaped(change.label)}", ""]
        out += [f"- {escaped(said, 1000)}" for said in change.said]
        moved = [one for one in (change.target, *change.columns) if one is not None]
        if moved:
            rows = [
                [one.column, one.kind, figure(one.score, 3), figure(one.threshold, 3),
                 "moved" if one.drifted else "alike", one.moved or NONE]
                for one in moved
            ]  # fmt: skip
            out += [
                "",
                *_table(["column", "kind", "PSI", "counts from", "says", "what moved"], rows, right=(2, 3)),
            ]
        out += [""]
    return out


def _code(findings: Findings, labels: Sequence[str]) -> list[str]:
    if findings.code is None:
        return []
    out = ["## Code", ""]
    out += [
        f"- {escaped(label)}: {escaped(origin)}"
        for label, origin in zip(labels, findings.code.origins, strict=True)
    ]
    for change in findings.code.changes:
        out += ["", f"**{escaped(change.label)}**: {escaped(change.said, 1000)}", ""]
        if change.files:
            rows = [[one.path, one.change, f"+{one.added} −{one.removed}"] for one in change.files]
            out += _table(["file", "", "lines"], rows)
        if change.diff:
            ticks = max((len(run) for run in re.findall("`+", change.diff)), default=0)
            fence = "`" * max(3, ticks + 1)
            clean = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in change.diff)
            out += [f"{fence}diff", clean, fence]
            out += ["The rest of the diff is left out."] if change.cut else []
    return [*out, ""]


def _environment(findings: Findings, labels: Sequence[str]) -> list[str]:
    if findings.environment is None:
        return []
    rows = [
        [one.section, one.key, *(NONE if value is None else value for value in one.values)]
        for one in findings.environment
        if one.differs
    ]
    alike = sum(not one.differs for one in findings.environment)
    out = ["## Environment", ""]
    out += _table(["", "", *labels], rows) if rows else []
    return [*out, f"{alike} of {len(findings.environment)} facts are alike.", ""]
