"""What the sweep's screen shows: rows of trials, words on the whole, curves, and a scatter of a parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from pilothouse.tracking.durations import duration
from pilothouse.tracking.time_left import time_left
from pilothouse.training.sweeps.strategies import better
from pilothouse.tui.signs import TONE_STYLES, run_state
from pilothouse.tui.text import line, number, safe, setting
from pilothouse.tui.widgets.curves import Series, look
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.sparkline import bar

if TYPE_CHECKING:
    from pilothouse.training.sweeps.results import Sweep, Trial

MOST_PARAMS = 8
_LABEL = 9  # cells left of a scatter


def searched(sweep: Sweep) -> list[str]:
    """The parameters that differ between trials, in the order in which they were written."""
    names = [dimension.name for dimension in sweep.plan.dimensions()]
    return names + ([sweep.plan.resource] if sweep.plan.full else [])


def trial_columns(sweep: Sweep) -> tuple[Column, ...]:
    """Place, trial, score, what was tried, status, time."""
    names = searched(sweep)[:MOST_PARAMS]
    order = "▲" if sweep.lower else "▼"
    return (
        Column("place", "#", "right", width=3),
        Column("trial", "trial", "right", most=8),
        Column("score", safe(sweep.metric or "score", 24), "right", most=24, mark=order),
        *(Column(f"p{n}", safe(name, 20), "right", most=20) for n, name in enumerate(names)),
        Column("status", "status", most=12),
        Column("took", "took", "right", most=8),
        Column("why", "", most=60, grow=True),
    )  # fmt: skip


def trial_rows(sweep: Sweep) -> tuple[Row, ...]:
    """The trials, the best first."""
    names = searched(sweep)[:MOST_PARAMS]
    rows = []
    for place, trial in enumerate(sweep.ranked(), 1):
        state, tone = run_state(trial.run.status)
        best = sweep.best is not None and sweep.best.run.run_id == trial.run.run_id
        why = trial.run.reason.split("\n", 1)[0] if trial.score is None else "★ best so far" if best else ""
        cells = (
            str(place) if trial.score is not None else "",
            safe(trial.key, 12),
            number(trial.score),
            *(safe(trial.run.params.get(name, "–"), 20) for name in names),
            state,
            duration(trial.run.seconds) if trial.run.ended else "…",
            safe(why, 100),
        )
        strong = "strong" if best else ""
        tones = ("dim", "", strong, *("" for _ in names), tone, "dim", "good" if best else "dim")
        rows.append(Row(trial.run.run_id, cells, tones, trial))
    return tuple(rows)


def sweep_words(sweep: Sweep, now: datetime, cells: int) -> Content:
    """The bar over the whole, what runs, the best so far, and what to make of it."""
    run, done = sweep.run, len(sweep.outcomes)
    state, tone = run_state(run.status)
    running = sum(not trial.run.ended for trial in sweep.trials)
    failed = sum(score is None for score in sweep.outcomes.values())
    seconds = run.seconds_until(now)
    share = done / sweep.total if sweep.total else 0.0
    parts: list[str | tuple[str, str]] = [
        (state, TONE_STYLES[tone]),
        (f"   {bar(share, max(8, min(30, cells - 34)))}", "$accent"),
        f"  {done:,} of {sweep.total:,} trials",
        "\n",
        (f"{running} running   {failed} failed   {duration(seconds)}", "$dim"),
    ]
    if not run.ended and (left := time_left(run.progress_text)):
        parts += [(f"   {left}", "$dim")]
    best = sweep.best
    parts += ["\n", ("best        ", "$dim")]
    if best is None or best.score is None:
        parts += [("none: no trial has a score" if run.ended else "no score yet", "$dim")]
    else:
        score, trial = f"{safe(sweep.metric, 40)} {number(best.score)}", safe(best.key, 12)
        parts += [(score, "bold")]
        if len(score) + len(trial) + 20 <= cells:
            parts += [f"  trial {trial}"]
        else:
            parts += ["\n", (f"  {'trial':<24}  ", "$dim"), trial]
        for name in searched(sweep):
            parts += ["\n", (f"  {safe(name, 24):<24}  ", "$dim"), safe(best.run.params.get(name, "–"), 40)]
    for other, label in ((sweep.resumes, "resumes"), (sweep.resumed_by, "resumed by")):
        if other is not None:
            parts += [
                "\n",
                (f"{label:<12}", "$dim"),
                safe(other.name, 60),
                (f"  {safe(other.run_id)}", "$dim"),
            ]
    for tag, label in (
        ("stopped_early", "ended early"),
        ("cluster_versions", "beware"),
        ("winner", "winner"),
    ):
        if run.tags.get(tag):
            parts += [
                "\n",
                (f"{label:<12}", "$dim"),
                (safe(run.tags[tag], 300), "$warning" if tag != "winner" else ""),
            ]
    if run.status == "FAILED" and run.reason:
        parts += ["\n", (safe(run.reason, 300), "$error")]
    then = (
        "t trains it and judges it on the holdout" if run.recipe else "t runs it again, as a run of its own"
    )
    if best is not None or not run.ended:
        parts += ["\n", (f"Best of many: optimistic. {then}.", "$dim")]
    return line(*parts)  # fmt: skip


def in_order(sweep: Sweep) -> list[Trial]:
    """The trials with a score in the order in which they ended."""
    ended = [trial for trial in sweep.trials if trial.score is not None and trial.run.ended_at is not None]
    return sorted(ended, key=lambda trial: (trial.run.ended_at, trial.key))


def by_what(sweep: Sweep) -> str:
    """What scores are drawn over: the trials' own numbers, or how many trials had ended where halving runs
    one number on several rungs."""
    return "trials ended" if any("@" in trial.key for trial in sweep.trials) else "trial"


def score_series(sweep: Sweep) -> list[Series]:
    """The score `by_what`, and the best so far over it: of the highest rung, which has the most training."""
    scores, best = [], []
    so_far: float | None = None
    top = 0
    trials = in_order(sweep)
    places = list(range(1, len(trials) + 1))
    if by_what(sweep) == "trial":
        places = [int(trial.key) for trial in trials]
    for n, trial in sorted(zip(places, trials, strict=True), key=lambda one: one[0]):
        score, rung = trial.score, int(trial.key.partition("@")[2] or 0)
        assert score is not None
        if so_far is None or rung > top or (rung == top and better(score, so_far, sweep.lower)):
            so_far, top = score, rung
        scores.append((float(n), score))
        best.append((float(n), so_far))
    (first, sign), (second, other) = look(0), look(2)
    return [
        Series("best so far", tuple(best), second, other, lower=sweep.lower),
        Series("each trial", tuple(scores), first, sign, lower=sweep.lower, quiet=True),
    ]


def scatter(sweep: Sweep, name: str, across: int, down: int) -> Content:
    """One parameter against the score: a sign for each trial, ★ for the best; digits where several meet.

    Args:
        sweep: with its trials.
        name: of the parameter.
        across, down: cells.
    """
    points = [(trial, trial.run.params.get(name, "")) for trial in in_order(sweep)]
    points = [(trial, value) for trial, value in points if value != ""]
    if len(points) < 2 or across < 24 or down < 5:
        return line(("Two trials with a score are needed, and a little room.", "$dim"))
    texts = [value for _, value in points]
    xs, ticks = _places(texts, _logarithmic(sweep, name))
    ys = [trial.score or 0.0 for trial, _ in points]
    low, high = min(ys), max(ys)
    width, height = across - _LABEL - 1, down - 2
    grid = [[0] * width for _ in range(height)]
    star: tuple[int, int] | None = None
    for (trial, _), x, y in zip(points, xs, ys, strict=True):
        column = min(width - 1, round(x * (width - 1)))
        row = round((1 - (y - low) / (high - low)) * (height - 1)) if high > low else height // 2
        grid[row][column] += 1
        if sweep.best is not None and trial.run.run_id == sweep.best.run.run_id:
            star = row, column
    parts: list[str | tuple[str, str]] = []
    for row, counts in enumerate(grid):
        label = number(high) if row == 0 else number(low) if row == height - 1 else ""
        parts += [(f"{label:>{_LABEL}}│", "$dim")]
        for column, count in enumerate(counts):
            if (row, column) == star:
                parts += [("★", "$success bold")]
            else:
                parts += [" " if not count else ("●" if count == 1 else str(min(count, 9)), "$accent")]
        parts += ["\n"]
    parts += [(" " * _LABEL + "└" + "─" * width, "$dim"), "\n", (_under(ticks, width), "$dim")]
    return line(*parts)


def _logarithmic(sweep: Sweep, name: str) -> bool:
    return any(one.name == name and one.kind == "log" for one in sweep.plan.dimensions())


def _places(texts: Sequence[str], by_log: bool) -> tuple[list[float], tuple[str, str]]:
    """Where each value stands, from 0 to 1, and what to write at both ends; words stand by their name."""
    try:
        values = [float(text) for text in texts]
    except ValueError:
        values = [math.nan]
    if all(math.isfinite(value) for value in values):
        scaled = [math.log(value) for value in values] if by_log and min(values) > 0 else values
        low, high = min(scaled), max(scaled)
        ends = setting(min(values)), setting(max(values)) + (" (log)" if by_log else "")
        return [(value - low) / (high - low) if high > low else 0.5 for value in scaled], ends
    words = sorted(set(texts))
    last = max(1, len(words) - 1)
    return [words.index(text) / last for text in texts], (safe(words[0], 20), safe(words[-1], 20))


def _under(ticks: tuple[str, str], width: int) -> str:
    first, last = ticks
    return " " * (_LABEL + 1) + first + " " * max(1, width - len(first) - len(last)) + last
