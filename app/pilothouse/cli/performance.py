"""The command performance: what a version is worth on files that landed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from pilothouse.cli.held import expand_without_held
from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.cli.waiting import progress_line
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.performance.measuring import Value


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("--model", metavar="NAME", help="The model, where there are several.")
@click.option("--version", "ref", metavar="VERSION", help="Which version; by default what is live.")
@click.option("--metric", default="", metavar="NAME", help="Judge by this one.")
@click.option(
    "--chunk",
    type=click.Choice(["file", "day", "week", "month", "count"]),
    help="Show it part by part; by default by file, or by day of the prediction.",
)
@click.option(
    "--every",
    type=click.IntRange(30),
    default=500,
    show_default=True,
    help="Predictions in a part, with --chunk count.",
)
@click.option("--by", multiple=True, metavar="COLUMN", help="Form groups by this column; more than once.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 if the model is worse, or an alert fires or cannot be told.",
)
@workspace_option
@json_option
def performance(
    files: tuple[str, ...],
    model: str | None,
    ref: str | None,
    metric: str,
    chunk: str | None,
    every: int,
    by: tuple[str, ...],
    exit_code: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """What is a version worth? Realised where there are labels, estimated where not.

    On FILES, which may be folders or patterns; or without any, version by version, on what the server has
    answered, joined by id with the labels that came since (`pilothouse feedback`, POST /feedback, files of
    the data folder). Every figure has its 95% interval; groups stand worst first.
    """
    if not files:
        _of_log(workspace, model, ref, metric, chunk, every, by, exit_code, as_json)
        return
    if chunk == "count":
        raise UsageError(
            "--chunk count divides predictions, not files.", next="Use file, day, week or month."
        )
    from pilothouse.cli.performance_served import alerts_json, end_with
    from pilothouse.performance.alerts import figures_of, judge_alerts
    from pilothouse.performance.files import measure_files
    from pilothouse.registry.versions import CHAMPION, get_version
    from pilothouse.store import open_store

    store = open_store(workspace)
    config = workspace.config().model(model)
    version = get_version(store, ref or CHAMPION, config.name)
    sources = expand_without_held(store, config.name, files)
    with progress_line("Nothing is stored of it, and no file was changed.") as progress:
        found = measure_files(
            store, version, config, sources, metric=metric, chunk=chunk or "file", by=by, progress=progress
        )
    harm = found.harm

    def show() -> None:
        click.echo(printable(harm.words, 1000))
        for note in found.notes:
            say(f"▲ {printable(note, 300)}")
        rows = [
            ["holdout", *_cells(harm.expected)],
            ["these rows", *_cells(harm.realised)],
            [f"estimated ({harm.method})", *_cells(harm.estimated)],
        ]
        shown = [row for row in rows if row[1] != "–"]
        if shown:
            click.echo("")
            table([harm.metric, "value", "low", "high", "rows"], shown, right=(1, 2, 3, 4))
        if len(found.chunks) > 1:
            click.echo("")
            rows = [
                [printable(one.name), *_cells(one.metrics.get(harm.metric), one.rows)] for one in found.chunks
            ]
            table([found.chunk, harm.metric, "low", "high", "labels"], rows, right=(1, 2, 3, 4))
        if harm.groups:
            click.echo("")
            rows = [
                [
                    printable(one.name, 40),
                    number(one.metric),
                    number(one.low),
                    number(one.high),
                    f"{one.rows:,}",
                ]
                for one in harm.groups[:10]
            ]
            table(["groups, worst first", harm.metric, "low", "high", "rows"], rows, right=(1, 2, 3, 4))
        if harm.business:
            click.echo("")
            table(
                ["business", "value"],
                [[printable(k), number(v)] for k, v in harm.business.items()],
                right=(1,),
            )
        for change in found.changes:
            way = "grew" if change.worse else "fell"
            say(
                f"▲ The errors {way} for good about {change.time}: {change.before:.3f} to {change.after:.3f}."
            )
        if harm.realised and not found.changes:
            say("No lasting change of the errors was found (ADWIN).")

    alerts = judge_alerts(config, figures_of(harm, version))
    emit({**found.to_json(), "alerts": alerts_json(alerts)}, as_json, show)
    end_with(alerts, harm.verdict, found.troubles, exit_code)


def _of_log(
    workspace: Workspace,
    model: str | None,
    ref: str | None,
    metric: str,
    chunk: str | None,
    every: int,
    by: tuple[str, ...],
    exit_code: bool,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from pilothouse.cli.performance_served import alerts_json, end_with, show_outcomes
    from pilothouse.performance.alerts import Alert, figures_of, judge_alerts
    from pilothouse.registry.versions import champion, get_version
    from pilothouse.serving.outcomes import measure_log
    from pilothouse.store import open_store

    if chunk == "file":
        raise UsageError("Predictions come from no file.", next="Use --chunk day, week, month or count.")
    config = workspace.config().model(model)
    store = open_store(workspace)
    found = measure_log(
        store,
        config,
        version=ref or "",
        metric=metric,
        chunk=chunk or "day",
        every=every,
        by=by,
        tell=say if sys.stderr.isatty() or "PILOTHOUSE_PROGRESS" in os.environ else lambda text: None,
    )
    # What answers now, or else the version that answered last.
    live = champion(store, config.name)
    newest = next(
        (one for one in found.versions if live and one.version == live.version),
        next(iter(found.versions), None),
    )
    alerts: tuple[Alert, ...] = ()
    if newest is not None:
        version = get_version(store, str(newest.version), config.name)
        alerts = judge_alerts(config, figures_of(newest.harm, version))
    emit({**asdict(found), "alerts": alerts_json(alerts)}, as_json, lambda: show_outcomes(found))
    troubles = newest.troubles if newest else ()
    end_with(alerts, newest.harm.verdict if newest else "", troubles, exit_code)


def _cells(value: Value | None, rows: int | None = None) -> list[str]:
    if value is None:
        return ["–", "–", "–", f"{rows:,}" if rows is not None else "–"]
    return [number(value.value), number(value.low), number(value.high), f"{value.rows:,}"]


COMMANDS = [performance]
