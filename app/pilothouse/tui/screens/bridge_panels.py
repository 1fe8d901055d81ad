"""The panels of the Bridge and what stands in them; imported right after the frame has been painted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from pilothouse.config.next_steps import RUN_A_SCRIPT
from pilothouse.tracking.durations import duration
from pilothouse.tracking.usual import FACTS
from pilothouse.tui.screens.serving_words import milliseconds, rate_words
from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES, metric_rank, run_state
from pilothouse.tui.text import clock, line, number, safe, since, span
from pilothouse.tui.widgets.heatmap import HeatColumn, Heatmap
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.sparkline import bar
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.bridge import Bridge
    from pilothouse.tui.snapshots.data import Data
    from pilothouse.tui.snapshots.models import Models

ONE = (Column("sign", "", width=1), Column("words", "", most=400, grow=True))
WORKING = (
    Column("name", "", most=16),
    Column("bar", "", width=12),
    Column("share", "", "right", most=9),
    Column("took", "", "right", most=8),
    Column("text", "", most=200, grow=True),
)
LATELY = (Column("at", "", width=6), Column("kind", "", most=9), Column("words", "", most=400, grow=True))
LATELY_NARROW = (LATELY[0], LATELY[2])
SIGNS = {"bad": "■", "watch": "▲", "good": "●"}


def panels() -> Widget:
    """Live and Drift on the left; Needs you, Working and Lately on the right."""
    return Horizontal(
        Vertical(
            Panel("Live", Words(id="live-words"), id="live"),
            Panel("Drift", Heatmap(id="heatmap"), id="drift"),
            id="bridge-left",
        ),
        Vertical(
            Panel(
                "Needs you",
                Table(ONE, empty="● Nothing waits for you.", header=False, id="needs"),
                id="needs-panel",
            ),
            Panel(
                "Working",
                Table(WORKING, empty="Nothing is running.", header=False, id="working"),
                id="working-panel",
            ),
            Panel(
                "Lately",
                Table(
                    LATELY, empty="Nothing has happened yet.", header=False, newest_first=True, id="lately"
                ),
                id="lately-panel",
            ),
            id="bridge-right",
        ),
        id="bridge-body",
    )


def live_words(known: Bridge, now: datetime, cells: int) -> Content:
    """What is live, for how long, how good, and how its server does."""
    models = known.models
    live = models.version(models.live)
    if live is None:
        return Content("\n").join(_first_steps(known))
    period = next((one for one in models.periods if one.until is None), None)
    best = min((key for key in live.metrics if key not in FACTS), key=metric_rank, default=None)
    rows = [
        line(("champion  ", "$dim"), (f"v{live.version}", "bold $accent"), f"  {safe(live.recipe)}"),
        line(
            ("live for  ", "$dim"),
            span(since(period.since, now)) if period is not None else "–",
            (f"   data {safe(live.dataset_version[:8])}", "$dim"),
        ),
    ]
    if best is not None:
        rows.append(
            line(
                ("quality   ", "$dim"),
                f"{safe(best)} {number(live.metrics[best])}",
                ("  holdout", "$dim"),
            )
        )
    return Content("\n").join([*rows, *_server_lines(known, cells)])


def _first_steps(known: Bridge) -> list[Content]:
    if not known.data.model and not known.models.versions:
        runs = ("2", "$accent bold"), "  shows the runs"
        return [
            line(("This workspace only tracks runs.", "bold")),
            line(*runs) if known.runs else line((RUN_A_SCRIPT, "$accent"), "  makes a first one"),
            line(("?", "$accent bold"), "  shows every key"),
        ]
    if not known.runs:
        return [
            line(("Nothing is live yet.", "bold")),
            line(("t", "$accent bold"), "  trains a first model on ", safe(known.data.folder), "/"),
            line(("?", "$accent bold"), "  shows every key"),
        ]
    if not known.models.versions:
        return [
            line(("Nothing is live yet.", "bold")),
            line("A run that finishes makes a version."),
            line(("2", "$accent bold"), "  shows the runs"),
        ]
    return [
        line(("Nothing is live yet.", "bold")),
        line(("P", "$accent bold"), f"  promotes v{newest_version(known.models)}, showing its gates"),
        line(("3", "$accent bold"), "  shows all versions"),
    ]


def _server_lines(known: Bridge, cells: int) -> list[Content]:
    server = known.server
    if server is None:
        state = ("▲ lost", "$error") if known.lost is not None else ("□ stopped", "$warning")
        if known.starting:
            state = ("◌ starting …", "$accent")
        how = "" if known.starting else "   5 then s starts it" + (" again" if known.lost is not None else "")
        return [line(("server    ", "$dim"), state, (how, "$dim"))]
    each, shape = rate_words(server, max(8, cells - 26))
    version = f"v{server.version} answers" if server.version is not None else "no version answers"
    errors = (
        (f"● none of {server.requests:,} requests", "$success")
        if not server.errors
        else (f"■ {server.errors:,} of {server.requests:,}", "$error")
    )
    ready = server.state == "ready"
    return [
        line(
            ("server    ", "$dim"),
            (f"{'●' if ready else '◌'} {safe(server.state)}", "$success" if ready else "$accent"),
            f"  {version}",
            (f" :{server.port}", "$dim"),
        ),
        line(("requests  ", "$dim"), f"{each:<8}", (shape, "$accent")),
        line(
            ("latency   ", "$dim"),
            f"p50 {milliseconds(server.p50_ms)}  p99 {milliseconds(server.p99_ms)}",
        ),
        line(("errors    ", "$dim"), errors),
    ]


def need_rows(known: Bridge) -> list[Row]:
    """What waits for a person."""
    return [
        Row(f"{need.kind} {need.key}", (SIGNS[need.tone], safe(need.words)), (need.tone, ""), need)
        for need in known.needs
    ]


def lately_rows(known: Bridge, now: datetime, narrow: bool) -> list[Row]:
    """The newest events; without their kind where there is little room."""
    rows = []
    for one in known.events:
        at, kind, words = clock(one.at, now), safe(one.kind), safe(one.message)
        if narrow:
            rows.append(Row(str(one.seq), (at, words), ("dim", ""), one))
        else:
            rows.append(Row(str(one.seq), (at, kind, words), ("dim", "accent", ""), one))
    return rows


def heat_columns(data: Data) -> list[HeatColumn]:
    """The files that were compared, oldest first, as columns of the map."""
    from pilothouse.monitoring.verdict_words import of_data, target_moved
    from pilothouse.tui.snapshots.arrival_names import short_names

    judged = [file for file in reversed(data.files) if file.report is not None]
    # As on the map, which has all of them.
    labels = short_names([file.arrival.name for file in reversed(data.files)])
    targets = any(target_moved(file.report) for file in judged if file.report is not None)
    files = []
    for file in judged:
        report = file.report
        assert report is not None
        sign = of_data(report)[0]
        tone = SIGN_TONES[sign]
        # The target has a line of its own only where it moved.
        columns = [*report.columns, *([report.target] if targets and report.target else [])]
        scores = tuple((one.column, one.score if one.drifted else 0.0) for one in columns)
        files.append(HeatColumn(labels[file.arrival.name], sign, TONE_STYLES[tone], scores))
    return files


def working_rows(known: Bridge, now: datetime) -> list[Row]:
    """Runs that have not ended, and the watcher."""
    rows = []
    for run in known.working:
        state, tone = run_state(run.status, run.progress)
        took = duration(since(run.started_at, now))
        cells = (safe(run.name, 40), bar(run.progress, 12), state, took, safe(run.progress_text, 200))
        rows.append(Row(run.run_id, cells, ("", "accent", tone, "dim", "dim"), run))
    watcher = known.data.watcher
    if watcher is not None:
        last = f"last {watcher.last_file}" if watcher.last_file else ""
        told = ("watcher", f"● {safe(watcher.state, 10)}", f"{watcher.judged} judged", "", safe(last))
        rows.append(Row("watcher", told, ("", "good", "dim", "", "dim")))
    if (judging := known.data.judging) is not None:
        far = f"{judging.at:,} of {judging.of:,}"
        took = f"{known.data.seconds:,} s"
        share = bar((judging.at - 1) / judging.of if judging.of else None, 12)
        rows.append(
            Row("harm", ("harm", share, far, took, safe(judging.name, 60)), ("", "accent", "", "dim"))
        )
    return rows


def newest_version(known: Models) -> int:
    """The number of the newest version."""
    return max(one.version for one in known.versions)
