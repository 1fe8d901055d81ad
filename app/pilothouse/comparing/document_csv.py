"""A comparison as one CSV table: a line for each value of each subject, numbers as numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from pilothouse.comparing.facts import Comparison
from pilothouse.comparing.findings import Findings, Interval
from pilothouse.tracking.spreadsheets import no_formula

HEADER = (
    "section", "part", "key", "subject", "value", "baseline", "difference", "low", "high", "verdict", "rows",
    "note",
)  # fmt: skip


def to_csv(comparison: Comparison, findings: Findings) -> str:
    """Return the comparison as CSV text, with a header.

    Texts that a spreadsheet would take for a formula begin with an apostrophe; numbers are never touched.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    for line in (*_facts(comparison), *_findings(comparison, findings)):
        table.writerow([_cell(line.get(name)) for name in HEADER])
    return out.getvalue()


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = "".join(c if c.isprintable() else " " if c in "\n\r\t" else "�" for c in str(value))
    return no_formula(text)


def _facts(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for row in comparison.rows:
        for n, subject in enumerate(comparison.subjects):
            yield {
                "section": row.section,
                "key": row.key,
                "subject": subject.label,
                "value": row.values[n],
                "baseline": row.values[0],
                "difference": row.deltas[n],
                "note": "differs" if row.differs else "alike",
            }


def _interval(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {}
    return {
        "difference": interval.difference,
        "low": interval.low,
        "high": interval.high,
        "verdict": interval.words,
    }


def _findings(comparison: Comparison, findings: Findings) -> Iterator[dict[str, Any]]:
    labels = [one.label for one in comparison.subjects]
    if (found := findings.judgement) is not None:
        for one in found.metrics:
            for n, label in enumerate(labels):
                yield {
                    "section": "judgement", "key": one.metric, "subject": label, "value": one.values[n],
                    "baseline": one.values[0], "rows": found.rows, **_interval(one.intervals[n]),
                }  # fmt: skip
        for note in (f"Judged on {found.where}.", *found.notes):
            yield {"section": "judgement", "key": "note", "rows": found.rows, "note": note}
        for label, why in found.left_out:
            yield {"section": "judgement", "key": "left out", "subject": label, "note": why}
    for name, why in (findings.untold or {}).items():
        yield {"section": name, "key": "left out", "note": why}
    if findings.slices is not None:
        for column in findings.slices.columns:
            for part in column.slices:
                for n, label in enumerate(labels):
                    yield {
                        "section": "slices", "part": f"{column.column}: {part.name}",
                        "key": findings.slices.metric, "subject": label, "value": part.values[n],
                        "baseline": part.values[0], "rows": part.rows, **_interval(part.intervals[n]),
                        "note": "few rows" if part.small else f"{column.level:.4%} interval",
                    }  # fmt: skip
    for curve in findings.curves or ():
        for label, points in zip(labels, curve.points, strict=True):
            for x, y in points:
                yield {
                    "section": "curves", "part": curve.name, "key": x, "subject": label, "value": y,
                    "note": f"{curve.y} by {curve.x}" + (f", {curve.note}" if curve.note else ""),
                }  # fmt: skip
    yield from _made_of(labels, findings)


def _made_of(labels: list[str], findings: Findings) -> Iterator[dict[str, Any]]:
    for setting in findings.environment or ():
        for label, value in zip(labels, setting.values, strict=True):
            yield {
                "section": "environment", "part": setting.section, "key": setting.key, "subject": label,
                "value": value, "baseline": setting.values[0],
                "note": "differs" if setting.differs else "alike",
            }  # fmt: skip
    if findings.code is not None:
        for label, origin in zip(labels, findings.code.origins, strict=True):
            yield {"section": "code", "key": "origin", "subject": label, "value": origin}
        for change in findings.code.changes:
            yield {"section": "code", "key": "change", "subject": change.label, "value": change.said}
            for file in change.files:
                yield {
                    "section": "code", "part": "file", "key": file.path, "subject": change.label,
                    "value": file.change, "note": f"{file.added} lines more, {file.removed} lines less",
                }  # fmt: skip
    if findings.data is not None:
        for label, version in zip(labels, findings.data.versions, strict=True):
            yield {"section": "data", "key": "version", "subject": label, "value": version}
        for data in findings.data.changes:
            for said in data.said:
                yield {"section": "data", "key": "change", "subject": data.label, "value": said}
            for moved in (data.target, *data.columns):
                if moved is not None:
                    yield {
                        "section": "data", "part": "column", "key": moved.column, "subject": data.label,
                        "value": moved.score, "verdict": "moved" if moved.drifted else "alike",
                        "note": f"PSI, counts from {moved.threshold:.4g}. {moved.moved}".strip(),
                    }  # fmt: skip
