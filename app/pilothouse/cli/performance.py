"""The command performance: what a version is worth on files that landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import emit, json_option, number, printable, say, table, workspace_option
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.performance.measuring import Value


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--model", metavar="NAME", help="The model, where there are several.")
@click.option("--version", "ref", metavar="VERSION", help="Which version; by default what is live.")
@click.option("--metric", default="", metavar="NAME", help="Judge by this one.")
@click.option(
    "--chunk",
    type=click.Choice(["file", "day", "week", "month"]),
    default="file",
    show_default=True,
    help="Show it part by part.",
)
@click.option("--by", multiple=True, metavar="COLUMN", help="Form groups by this column; more than once.")
@workspace_option
@json_option
def performance(
    files: tuple[str, ...],
    model: str | None,
    ref: str | None,
    metric: str,
    chunk: str,
    by: tuple[str, ...],
    workspace: Workspace,
    as_json: bool,
) -> None:
    """What is a version worth on FILES? Realised where they have labels, estimated where not.

    A FILE may be a folder or a pattern. Every figure has its 95% interval; groups stand worst first.
    """
    from pilothouse.data.reading import expand
    from pilothouse.performance.files import measure_files
    from pilothouse.registry.versions import CHAMPION, get_version
    from pilothouse.store import open_store

    store = open_store(workspace)
    config = workspace.config().model(model)
    version = get_version(store, ref or CHAMPION, config.name)
    sources = list(dict.fromkeys(path for text in files for path in expand(text)))
    found = measure_files(store, version, config, sources, metric=metric, chunk=chunk, by=by)
    harm = found.harm

    def show() -> None:
        click.echo(printable(harm.words, 1000))
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
            table([chunk, harm.metric, "low", "high", "labels"], rows, right=(1, 2, 3, 4))
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
            table(["worst groups", harm.metric, "low", "high", "rows"], rows, right=(1, 2, 3, 4))
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

    emit(found.to_json(), as_json, show)


def _cells(value: Value | None, rows: int | None = None) -> list[str]:
    if value is None:
        return ["–", "–", "–", f"{rows:,}" if rows is not None else "–"]
    return [number(value.value), number(value.low), number(value.high), f"{value.rows:,}"]


COMMANDS = [performance]
