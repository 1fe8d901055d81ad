"""Commands about the workspace itself: init, doctor."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.cli.options import emit, json_option, say, workspace_option
from pilothouse.workspace import Workspace


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--data", "data_folder", required=True, metavar="FOLDER", help="Where data files land.")
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option("--name", help="The model's name; by default the folder's.")
@click.option(
    "--task", type=click.Choice(["classification", "regression"]), help="By default judged from the data."
)
@click.option("--time", "time_column", metavar="COLUMN", help="A column that orders the rows by time.")
@click.option("--id", "id_column", metavar="COLUMN", help="A column that names each row.")
@json_option
def init(
    directory: Path,
    data_folder: str,
    target: str,
    name: str | None,
    task: str | None,
    time_column: str | None,
    id_column: str | None,
    as_json: bool,
) -> None:
    """Make DIR a workspace: write its pilothouse.toml from what the data looks like."""
    from pilothouse.autopilot.setup import make_workspace

    made = make_workspace(
        directory,
        data_folder,
        target,
        name=name,
        task=task,
        time=time_column,
        id=id_column,
    )

    def show_text() -> None:
        say(f"Made {made.config_path}: {made.summary}")
        say("Next: `pilothouse train`, then `pilothouse`.")

    emit({"workspace": str(made.workspace.root), "model": made.model, "task": made.task}, as_json, show_text)


@click.command()
@workspace_option
@json_option
def doctor(workspace: Workspace, as_json: bool) -> None:
    """Check that the workspace is sound: configuration, store, audit trail, bundles, disk."""
    from pilothouse.autopilot.doctor import examine

    findings = examine(workspace)

    def show_lines() -> None:
        for finding in findings:
            click.echo(f"{'●' if finding.sound else '■'} {finding.what:<14} {finding.detail}")

    emit(
        [{"what": item.what, "sound": item.sound, "detail": item.detail} for item in findings],
        as_json,
        show_lines,
    )
    if not all(finding.sound for finding in findings):
        raise click.exceptions.Exit(1)


COMMANDS = (init, doctor)
