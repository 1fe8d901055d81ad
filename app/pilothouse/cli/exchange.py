"""Commands that move runs in and out: import, export."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.workspace import Workspace

_SHOWN = 10


@click.command("import")
@click.argument("store_path", metavar="PATH_OR_URI")
@click.option("--no-artifacts", is_flag=True, help="Leave the runs' files where they are.")
@click.option(
    "--artifacts",
    "roots",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A further folder below which artifacts may lie; by default only that of the store.",
)
@workspace_option
@json_option
def import_command(
    store_path: str, no_artifacts: bool, roots: tuple[Path, ...], workspace: Workspace, as_json: bool
) -> None:
    """Take over the runs of an MLflow store: its SQLite file or its folder mlruns.

    Runs that are here already are left alone, those that were exported from here among them, so it can be
    said again and again. Only artifacts that could not be had before are filled in.
    """
    from pilothouse.store import open_store
    from pilothouse.tracking.exchange.importing import import_runs
    from pilothouse.tracking.exchange.opening import open_source

    def tell(done: int, total: int) -> None:
        # The terminal UI, which runs this without a terminal, shows the last line.
        if total > done and (sys.stderr.isatty() or os.environ.get("PILOTHOUSE_PROGRESS")):
            say(f"{done:,} of {total:,} runs …")

    report = import_runs(
        open_store(workspace),
        open_source(store_path),
        artifacts=not no_artifacts,
        artifact_roots=roots,
        on_progress=tell,
    )

    def show_text() -> None:
        runs, files = _counted(report.imported, "run"), _counted(report.files, "artifact")
        say(f"Imported {runs} from {report.source}, with {files}.")
        for count, what in (
            (report.renewed, "had not ended before and {were} taken over anew"),
            (report.filled, "{were} here without artifacts, which have come now"),
            (report.known, "{were} here already"),
            (report.deleted, "{were} left out, being deleted there"),
        ):
            if count:
                say(f"{count:,} {what.format(were='was' if count == 1 else 'were')}.")
        for title, ones in (
            ("could not be read and were left out", report.unreadable),
            ("are here without the artifacts that they have there", report.without_artifacts),
        ):
            if ones:
                say(f"{len(ones):,} {title}:")
                for one in ones[:_SHOWN]:
                    say(f"  {printable(one.source_id, 40)}: {printable(one.why, 300)}")
                if len(ones) > _SHOWN:
                    say(f"  and {len(ones) - _SHOWN:,} more; --json names them all.")

    emit(asdict(report), as_json, show_text)
    if report.unreadable and not (report.imported or report.renewed or report.known):
        raise PilothouseError("No run could be imported.", untouched="Nothing was changed.")


@click.command()
@click.argument("dest")
@click.argument("refs", nargs=-1, metavar="[RUN...]")
@click.option(
    "--format",
    "named",
    type=click.Choice(["csv", "json", "parquet", "mlflow"]),
    help="By default what DEST's ending says.",
)
@click.option("--filter", "search", default="", metavar="TEXT", help="Only runs that this search matches.")
@click.option(
    "--history", is_flag=True, help="Every point of every metric: one row each, or inside the JSON."
)
@click.option("--no-artifacts", is_flag=True, help="Leave artifacts out of an MLflow store.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@workspace_option
@json_option
def export(
    dest: str,
    refs: tuple[str, ...],
    named: str | None,
    search: str,
    history: bool,
    no_artifacts: bool,
    force: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Write runs to DEST, a file, `-`, or for mlflow a new folder. Without RUN or --filter, all of them."""
    from pilothouse.store import open_store
    from pilothouse.tracking.exchange.exporting import STANDARD_OUTPUT, export_runs, format_of
    from pilothouse.tracking.exchange.selecting import select_runs

    if refs and search:
        raise UsageError("RUN and --filter exclude each other.")
    chosen = format_of(dest, named)
    if history and chosen == "mlflow":
        raise UsageError("An MLflow store always has every point.", next="Leave --history out.")
    store = open_store(workspace)
    report = export_runs(
        store,
        select_runs(store, refs, search),
        dest,
        format=chosen,
        history=history,
        artifacts=not no_artifacts,
        force=force,
    )
    if dest == STANDARD_OUTPUT:
        return

    def show_text() -> None:
        say(f"Exported {_counted(report.runs, 'run')} to {printable(report.dest)}.")
        if report.uri:
            say(f"With {_counted(report.files, 'artifact')}. MLflow reads it with")
            click.echo(f"MLFLOW_TRACKING_URI={report.uri}")

    emit(asdict(report), as_json, show_text)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


COMMANDS = (import_command, export)
