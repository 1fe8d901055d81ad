"""`pilothouse data FILE`: one file that landed, what was found in it and what learned from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilothouse.cli.check import finding_fields
from pilothouse.cli.data_showing import clock
from pilothouse.cli.options import emit, printable, table

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace


def show_file(workspace: Workspace, text: str, model: str | None, as_json: bool) -> None:
    """Tell what is kept of the file of this name."""
    from pilothouse.monitoring.about_file import about_file
    from pilothouse.monitoring.quality.telling import finding_lines
    from pilothouse.store import open_store

    config = workspace.config().model(model)
    found = about_file(open_store(workspace), config.name, Path(text).name)
    gone = not (workspace.data_folder(config) / found.name).is_file()
    told = {
        "name": found.name,
        "gone": gone,
        "judged": [
            {
                "sha256": one.sha256,
                "status": one.status,
                "rows": one.rows,
                "judged_at": one.at.isoformat(),
                "findings": [finding_fields(finding) for finding in one.findings],
            }
            for one in found.arrivals
        ],
        "dataset_versions": [
            {
                "version": one.dataset.version,
                "same_bytes": one.same,
                "model_versions": [f"{made.model} v{made.version}" for made in one.models],
            }
            for one in found.taken_into
        ],
    }

    def show() -> None:
        click.echo(f"{printable(found.name)}{'  is no longer in the folder' if gone else ''}")
        for one in found.arrivals:
            click.echo(f"{one.status}  {one.rows:,} rows  judged {clock(one.at)}  sha256 {one.sha256[:12]}")
            for said in finding_lines(one.findings):
                click.echo(printable(said))
        click.echo()
        if not found.taken_into:
            click.echo("No dataset version has it: no training has taken it in.")
            return
        rows = []
        for taken in found.taken_into:
            made = ", ".join(f"{made.model} v{made.version}" for made in taken.models)
            bytes_ = "as it is" if taken.same else "other bytes"
            rows.append([taken.dataset.version, clock(taken.dataset.created_at), bytes_, made])
        table(["dataset", "made", "it has", "became"], rows)

    emit(told, as_json, show)
