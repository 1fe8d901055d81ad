"""The command feedback: labels that come after the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.workspace import Workspace


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME", help="The model, where there are several.")
@workspace_option
@json_option
def feedback(file: Path, model: str | None, workspace: Workspace, as_json: bool) -> None:
    """Take the labels in FILE (CSV, Parquet or JSON lines), joined by id with the logged predictions.

    FILE has the columns of the model's id and target. Labels may come in any order and again: of an id the
    later one counts.

    What the target cannot be is refused, and what was known of that id stays. A server that runs takes labels
    at POST /feedback, too.
    """
    from dataclasses import asdict

    from pilothouse.errors import NotFoundError
    from pilothouse.performance.labels import pairs_of_file
    from pilothouse.serving.outcomes import known_classes, take_labels
    from pilothouse.store import open_store

    if not file.is_file():
        raise NotFoundError(f"There is no file {file}.")
    config = workspace.config().model(model)
    store = open_store(workspace)
    pairs = pairs_of_file(file, config)
    kept = take_labels(store, config, pairs, file.name, classes=known_classes(store, config))

    def show() -> None:
        click.echo(
            f"{kept.given:,} labels: {kept.new:,} new, {kept.changed:,} changed, {kept.same:,} known already."
        )
        if kept.changed:
            say(f"▲ Another value counts now for {_some(kept.changed_ids, kept.changed)}.")
        if kept.refused_count:
            ids = tuple(one.id for one in kept.refused[:5])
            word = "was" if kept.refused_count == 1 else "were"
            say(
                f"■ {kept.refused_count:,} {word} refused ({_some(ids, kept.refused_count)}):"
                f" {printable(kept.refused[0].why, 200)}."
            )
        if kept.unknown:
            say(
                f"▲ {kept.unknown:,} belong to no prediction in the log"
                f" ({_some(kept.unknown_ids, kept.unknown)}); they count once there is one."
            )

    emit(asdict(kept), as_json, show)


def _some(ids: tuple[Any, ...], count: int) -> str:
    more = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return ", ".join(printable(one, 40) for one in ids) + more


COMMANDS = [feedback]
