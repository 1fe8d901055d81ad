"""Runs as rows: which columns there are, what stands in them, and the words beside the table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.durations import duration
from pilothouse.tui.signs import TONE_STYLES, metric_rank, run_state
from pilothouse.tui.text import fit, line, moment, number, safe, setting, width
from pilothouse.tui.widgets.sparkline import bar

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

NOTE_LINES = 4
"""Lines of a note that are shown among other things."""


def run_words(run: Run, now: datetime, columns: int = 40) -> Content:
    """What is known of a run, beside or under the table."""
    state, tone = run_state(run.status, None)
    rows = [
        line(
            (safe(run.name, 40), "bold"), "  ", (state, TONE_STYLES[tone]), (f"  {safe(run.run_id)}", "$dim")
        ),
    ]
    if not run.ended and run.progress is not None:
        done = bar(run.progress, max(8, min(60, columns - 6)))
        rows.append(line((done, "$accent"), f" {run.progress * 100:3.0f}%"))
    if not run.ended and run.progress_text:
        rows.append(line(safe(run.progress_text, 120)))
    if run.reason:
        rows.append(
            line(("why      ", "$dim"), (safe(run.reason, 300), TONE_STYLES[tone] if run.ended else ""))
        )
    if note := run.tags.get("note"):
        rows += _note_lines(note)
    rows += _beside(columns, ("started", moment(run.started_at)), ("took", duration(run.seconds_until(now))))
    what = safe(run.recipe or run.command, 80)
    data = [("data", safe(run.dataset_version[:12]))] if run.dataset_version else []
    rows += _beside(columns, ("recipe", what), *data)
    return Content("\n").join(rows)


def _beside(columns: int, *told: tuple[str, str]) -> list[Content]:
    """What is told in one line, where that fits, and else in a line each: a number stays with its unit."""
    first, *more = told
    row = line((f"{first[0]:9}", "$dim"), first[1])
    whole = Content.assemble(row, *(line((f"  {name} ", "$dim"), value) for name, value in more))
    if whole.cell_length <= columns:
        return [whole]
    return [row, *(line((f"{name:9}", "$dim"), value) for name, value in more)]


def _note_lines(note: str) -> list[Content]:
    """The note as it was written, at most so many lines of it."""
    parts = note.strip("\n").split("\n")
    rows = [
        line(("note     " if n == 0 else " " * 9, "$dim"), safe(part, 200))
        for n, part in enumerate(parts[:NOTE_LINES])
    ]
    if (more := len(parts) - NOTE_LINES) > 0:
        rows.append(line((f"{'':9}… {more:,} more line{'s' * (more > 1)}: e shows all", "$dim")))
    return rows


def _pairs(title: str, pairs: list[tuple[str, str]], columns: int) -> list[Content]:
    if not pairs:
        return []
    left = min(26, max(width(key) for key, _ in pairs))
    right = min(24, max(width(value) for _, value in pairs))
    across = max(1, columns // (left + right + 5))
    rows = [line((title, "bold"), (f"  {len(pairs)}", "$dim"))]
    for start in range(0, len(pairs), across):
        parts: list[str | tuple[str, str]] = []
        for key, value in pairs[start : start + across]:
            parts += [(fit(key, left) + "  ", "$dim"), fit(value, right) + "   "]
        rows.append(line(*parts))
    return rows


def run_facts(run: Run, columns: int) -> Content:
    """Every metric, parameter and tag of a run, in as many columns as fit."""
    metrics = []
    for key in sorted(run.metrics, key=metric_rank):
        summary = run.summaries.get(key)
        best = None
        if summary is not None and summary.count > 1:
            best = summary.min if lower_is_better(key) else summary.max
        told = f"  best {number(best)}" if best is not None and best != run.metrics[key] else ""
        metrics.append((safe(key, 40), number(run.metrics[key]) + told))
    params = [(safe(key, 40), setting(value)) for key, value in run.params.items()]
    tags = [(safe(key, 40), safe(value, 60)) for key, value in run.tags.items()]
    rows = [
        *_pairs("metrics", metrics, columns),
        *_pairs("params", params, columns),
        *_pairs("tags", tags, columns),
    ]
    return Content("\n").join(rows) if rows else line(("no metrics, parameters or tags yet", "$dim"))


def curve_rank(key: str) -> tuple[bool, tuple[int, str]]:
    """Order of curves: what was measured on rows that the model did not learn from comes first."""
    low = key.lower()
    return (not any(word in low for word in ("valid", "holdout", "test")), metric_rank(key))
