"""How `pilothouse show` prints what a run belongs to, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import printable, table
from pilothouse.tracking.durations import duration

if TYPE_CHECKING:
    from pilothouse.tracking.relatives import Relatives
    from pilothouse.tracking.runs import Run

MOST = 20
"""Parts that are printed; `--json` has all of them."""


def show_relatives(found: Relatives) -> None:
    """Print the model versions, the run that it is a part of, and its parts."""
    if found.versions:
        click.echo("\nmodel versions")
        for version in found.versions:
            click.echo(f"  {printable(version.label)}")
    if found.parent is not None:
        click.echo("\npart of")
        _runs([found.parent])
    for title, other in (("goes on with", found.resumes), ("went on as", found.resumed_by)):
        if other is not None:
            click.echo(f"\n{title}")
            _runs([other])
    if found.children:
        click.echo("\nparts")
        _runs(found.children)
        if found.more_children:
            parent, total = found.children[0].parent_run_id, len(found.children) + found.more_children
            search = printable(f"parent = '{parent}'")
            click.echo(
                f'  and {found.more_children:,} more:  pilothouse runs --filter "{search}" --limit {total}'
            )


def _runs(runs: tuple[Run, ...] | list[Run]) -> None:
    table(
        ["  run", "name", "status", "took"],
        [[f"  {run.run_id}", run.name, run.status.lower(), duration(run.seconds)] for run in runs],
        right=(3,),
    )
