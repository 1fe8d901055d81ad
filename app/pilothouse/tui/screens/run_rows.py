"""Runs as rows: which columns there are, what stands in them, and the words beside the table."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tui.signs import TONE_STYLES, metric_rank, run_state
from pilothouse.tui.text import (
    clock,
    duration,
    fit,
    line,
    moment,
    number,
    safe,
    setting,
    signed,
    since,
    width,
)
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.sparkline import bar

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

SHORT = 6
"""Characters of a run's id that are shown; the id is random, so these tell runs apart."""


class Layout:
    """The metric and parameter columns, which only grow while one list is shown, so that pages agree."""

    def __init__(self, most_metrics: int, most_params: int) -> None:
        self.metrics: list[str] = []
        self.params: list[str] = []
        self._most = (most_metrics, most_params)

    def learn(self, runs: tuple[Run, ...]) -> None:
        """Add columns for what these runs have; parameters that differ come before those that do not."""
        metrics = {key for run in runs for key in run.metrics}
        for key in sorted(metrics - set(self.metrics), key=metric_rank):
            if len(self.metrics) < self._most[0]:
                self.metrics.append(key)
        self.metrics.sort(key=metric_rank)
        values: dict[str, Counter[str]] = {}
        for run in runs:
            for key, value in run.params.items():
                values.setdefault(key, Counter())[value] += 1
        for key in sorted(values, key=lambda k: (len(values[k]) < 2, -sum(values[k].values()), k)):
            if key not in self.params and len(self.params) < self._most[1]:
                self.params.append(key)

    def columns(self, order_by: str, descending: bool) -> tuple[Column, ...]:
        """The columns, with the mark of the order on one of them."""
        arrow = "▼" if descending else "▲"

        def column(key: str, label: str, align: str = "left", width: int = 0, most: int = 16) -> Column:
            mark = arrow if key == order_by else ""
            return Column(key, label, align, width, most, False, mark)

        return (
            column("run_id", "run", width=SHORT),
            column("name", "name", most=18),
            column("status", "status", width=10),
            column("started_at", "started", width=8),
            column("seconds", "took", "right", most=9),
            *(column(f"metrics.{key}", safe(key, 24), "right") for key in self.metrics),
            column("recipe", "recipe", most=24),
            *(column(f"params.{key}", safe(key, 24), "right") for key in self.params),
        )

    def sortable(self) -> list[str]:
        """What the rows can be ordered by, in the order of the columns."""
        fixed = ["started_at", *(f"metrics.{key}" for key in self.metrics), "name", "status", "recipe"]
        return [*fixed, *(f"params.{key}" for key in self.params)]


def run_row(run: Run, layout: Layout, now: datetime, baseline: Run | None = None) -> Row:
    """One run as a row; with a baseline the metrics of the others are changes to its own."""
    state, tone = run_state(run.status, run.progress)
    seconds = since(run.started_at, run.ended_at or now)
    values = [_metric(run, key, baseline) for key in layout.metrics]
    cells = (
        safe(run.run_id[:SHORT]),
        safe(run.name, 60),
        state,
        clock(run.started_at, now),
        duration(seconds),
        *(text for text, _ in values),
        safe(run.recipe or run.command, 60),
        *(setting(run.params.get(key)) for key in layout.params),
    )
    tones = ("dim", "", tone, "dim", "", *(value_tone for _, value_tone in values), "dim")
    return Row(run.run_id, cells, tones, run)


def _metric(run: Run, key: str, baseline: Run | None) -> tuple[str, str]:
    value = run.metrics.get(key)
    if baseline is None or baseline.run_id == run.run_id:
        return number(value), ""
    base = baseline.metrics.get(key)
    return (signed(value - base), "accent") if value is not None and base is not None else (number(value), "")


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
        rows.append(line(("note     ", "$dim"), safe(note, 200)))
    rows.append(
        line(
            ("started  ", "$dim"),
            moment(run.started_at),
            ("  took ", "$dim"),
            duration(since(run.started_at, run.ended_at or now)),
        )
    )
    what = safe(run.recipe or run.command, 80)
    data = f"  data {safe(run.dataset_version[:12])}" if run.dataset_version else ""
    rows.append(line(("recipe   ", "$dim"), what, (data, "$dim")))
    return Content("\n").join(rows)


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
