"""Commands about the workspace itself: init, doctor."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.cli.options import emit, json_option, say, workspace_option
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--data", "data_folder", metavar="FOLDER", help="Where data files land.")
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--name", help="The model's name; by default the folder's.")
@click.option(
    "--task", type=click.Choice(["classification", "regression"]), help="By default judged from the data."
)
@click.option("--time", "time_column", metavar="COLUMN", help="A column that orders the rows by time.")
@click.option("--id", "id_column", metavar="COLUMN", help="A column that names each row.")
@json_option
def init(
    directory: Path,
    data_folder: str | None,
    target: str | None,
    name: str | None,
    task: str | None,
    time_column: str | None,
    id_column: str | None,
    as_json: bool,
) -> None:
    """Make DIR a workspace: write its pilothouse.toml from what the data looks like.

    Without --data and --target it only tracks runs; a model may be added to its pilothouse.toml later.
    """
    from pilothouse.autopilot.setup import make_tracking_workspace, make_workspace

    if data_folder is None and target is None:
        if any(value is not None for value in (name, task, time_column, id_column)):
            raise UsageError("A model needs --data and --target.", next="Give both, or none of these.")
        workspace = make_tracking_workspace(directory)

        def show_next() -> None:
            say(f"Made {workspace.config_path}: it tracks runs, and has no model yet.")
            say("Next: `pilothouse run -- python train.py`, or `import pilothouse as ph` in a script there.")

        emit({"workspace": str(workspace.root), "model": None, "task": None}, as_json, show_next)
        return
    if data_folder is None or target is None:
        missing = "--data" if data_folder is None else "--target"
        raise UsageError(
            f"A model needs {missing} too.", next="Without both, the workspace only tracks runs."
        )
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
    """Check that the workspace is sound: configuration, rules, store, audit trail, bundles, server, disk."""
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
