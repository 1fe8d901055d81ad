"""The command feedback: labels that come after the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import emit, json_option, printable, say, workspace_option
from pilothouse.cli.waiting import progress_line
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.performance.harms_kept import KeptHarm

_AGAIN = "Labels that were kept stay; to give the file again changes nothing in them."


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", metavar="NAME", help="The model, where there are several.")
@workspace_option
@json_option
def feedback(file: Path, model: str | None, workspace: Workspace, as_json: bool) -> None:
    """Take the labels in FILE (CSV, Parquet or JSON lines), joined by id with the logged predictions, and
    with the rows of files that landed without them: their harm is judged anew.

    FILE has the columns of the model's id and target. Labels may come in any order and again: of an id the
    later one counts.

    What the target cannot be is refused, and what was known of that id stays. A server that runs takes labels
    at POST /feedback, too.
    """
    from dataclasses import asdict

    from pilothouse.autopilot.harm_judge import judge_relabelled
    from pilothouse.autopilot.harm_queue import harm_in_one_line
    from pilothouse.errors import NotFoundError
    from pilothouse.performance.labels_of_files import pairs_of_file
    from pilothouse.serving.outcomes import known_classes, take_labels
    from pilothouse.store import open_store

    if not file.is_file():
        raise NotFoundError(f"There is no file {file}.")
    config = workspace.config().model(model)
    store = open_store(workspace)
    with progress_line("No label was taken.") as progress:
        if progress is not None:
            progress(0.0, f"reading {file.name}")
        pairs = pairs_of_file(file, config)
        classes = known_classes(store, config)
    with progress_line(_AGAIN) as progress:
        kept = take_labels(store, config, pairs, file.name, classes=classes, files=True, progress=progress)
    judged: list[KeptHarm] | None = []
    if kept.files:
        say(f"Judging {', '.join(printable(name, 40) for name, _ in kept.files[:3])} anew.")
        judged = judge_relabelled(workspace, config)

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
        for name, count in kept.files:
            say(f"{count:,} belong to rows of {printable(name, 60)}, whose labels were missing.")
        if judged is None:
            say("Its harm is judged anew by the process that judges just now; see `pilothouse harm`.")
        for one in judged or ():
            say(printable(harm_in_one_line(one), 1000))
        if kept.unknown:
            say(
                f"▲ {kept.unknown:,} belong to no prediction in the log and to no file that lacks them"
                f" ({_some(kept.unknown_ids, kept.unknown)}); they count once there is one."
            )

    fields = {**asdict(kept), "files": [{"name": name, "rows": count} for name, count in kept.files]}
    told = [{"name": one.name, "verdict": one.verdict, "words": one.words} for one in judged or ()]
    emit({**fields, "judged": told}, as_json, show)


def _some(ids: tuple[Any, ...], count: int) -> str:
    more = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return ", ".join(printable(one, 40) for one in ids) + more


COMMANDS = [feedback]
