"""What every command shares: its options, and how it prints."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace, find_workspace

F = TypeVar("F", bound=Callable[..., Any])


def _to_workspace(context: click.Context, option: click.Parameter, value: str | None) -> Workspace:
    workspace = find_workspace(Path(value) if value else None)
    _declare_directions(workspace)
    return workspace


def _declare_directions(workspace: Workspace) -> None:
    """Let everybody know which way the workspace's business metrics are better."""
    from pilothouse.errors import PilothouseError
    from pilothouse.tracking.directions import declare

    declare({})
    try:
        # Most have none, and reading the configuration takes longer than looking for the word.
        if b"business" in workspace.config_path.read_bytes():
            declare(workspace.config().directions)
    except (OSError, PilothouseError):
        # Whoever needs the configuration says what is wrong with it.
        return


def workspace_option(command: F) -> F:
    """Add `--workspace DIR`; the command gets `workspace`, found upwards from here unless it is given."""
    return click.option(
        "--workspace",
        metavar="DIR",
        callback=_to_workspace,
        help="The workspace; by default the one that the current folder lies in.",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`; the command gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for another program.")(command)


def yes_option(command: F) -> F:
    """Add `--yes`; the command gets `yes` and passes it to `confirm`."""
    return click.option("--yes", is_flag=True, help="Do it without asking.")(command)


def confirm(question: str, yes: bool) -> None:
    """Ask on the terminal; never without one.

    Raises:
        UsageError: there is no terminal to ask on, and `--yes` was not given.
        click.Abort: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} There is no terminal to ask on.", next="Add --yes to do it.")
    click.confirm(question, abort=True, err=True)


def emit(data: Any, as_json: bool, text: Callable[[], None]) -> None:
    """Print `data` as JSON on standard output, or let `text` print it for a person."""
    if as_json:
        from pilothouse.jsontext import dumps

        click.echo(dumps(data))
    else:
        text()


def say(message: str) -> None:
    """Tell the person something on standard error; standard output is for data."""
    click.echo(printable(message), err=True)


def printable(value: object, width: int | None = None) -> str:
    """Return text that cannot move the cursor, colour the screen or break a line.

    Args:
        value: anything from outside.
        width: cut to this many characters, with an ellipsis.
    """
    text = "".join(char if char.isprintable() else "�" if char != "\n" else " " for char in str(value))
    return text if width is None or len(text) <= width else text[: width - 1] + "…"


def number(value: float | int | None, digits: int = 4) -> str:
    """Format a number for a person; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:,.1f}"


def table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = (), *, widest: int = 48
) -> None:
    """Print aligned columns; those in `right` to the right. Longer cells than `widest` are cut."""
    lines = [[printable(cell, widest) for cell in row] for row in (headers, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headers))]
    for line in lines:
        parts = [
            text.rjust(widths[i]) if i in right else text.ljust(widths[i]) for i, text in enumerate(line)
        ]
        click.echo("  ".join(parts).rstrip())
