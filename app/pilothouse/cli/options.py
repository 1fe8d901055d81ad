"""What every command shares: its options, and how it prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pilothouse.errors import UsageError
from pilothouse.tracking.decimals import decimal
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
    """Tell the person something on standard error; standard output is for data, and comes first."""
    sys.stdout.flush()
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
    """Format a number for a person, as the screens do; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return decimal(value, digits)


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Sequence[int] = (),
    *,
    widest: int = 48,
    leave: Sequence[int] = (),
    instead: str = "",
) -> None:
    """Print aligned columns, on a terminal no wider than it is.

    Args:
        headers: what stands over each column.
        rows: cells.
        right: columns of numbers, aligned to the right and never cut.
        widest: longer cells are cut.
        leave: columns that may be left out on a narrow terminal, the least important first.
        instead: what else than a wider terminal shows a column that was left out.
    """
    from pilothouse.cli.fitting import GAP, fit, terminal_cells

    lines = [[printable(cell, widest) for cell in row] for row in (headers, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headers))]
    texts = [n for n in range(len(headers)) if n not in right]
    kept, gone = fit(widths, texts, terminal_cells(), leave)
    for line in lines:
        parts = [
            text.rjust(width) if n in right else text.ljust(width)
            for n, width in kept.items()
            for text in [printable(line[n], width)]
        ]
        click.echo((" " * GAP).join(parts).rstrip())
    if gone:
        are = "1 column is" if len(gone) == 1 else f"{len(gone)} columns are"
        names = ", ".join(printable(headers[n].strip(), 30) for n in gone)
        say(f"{are} hidden ({names}); widen the terminal{f' or {instead}' if instead else ''}.")
