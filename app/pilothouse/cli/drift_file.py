"""What is known of one judged or held file: its report written to a file, or one of its columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilothouse.cli.options import emit, printable, say, table
from pilothouse.errors import NotFoundError

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.monitoring.describing import Description
    from pilothouse.monitoring.file_reports import FileReport
    from pilothouse.monitoring.side_by_side import ColumnBeforeNow
    from pilothouse.store import Store
    from pilothouse.workspace import Workspace

DRIFTED = 1
"""Exit code with --exit-code."""
_WIDE = 24


def about_file(
    workspace: Workspace, store: Store, config: ModelConfig, ref: str, save: str | None, column: str | None,
    force: bool, exit_code: bool, as_json: bool,
) -> int:  # fmt: skip
    """Write the report of a file, or show a column of it; return the exit code."""
    from pilothouse.monitoring.file_reports import find_file_report, save_file_report, with_look

    found = with_look(workspace, store, config, find_file_report(store, config.name, ref))
    if found.held and found.stored is not None:
        say(f"{found.name} is held back: its drift is only looked at.")
    if save is not None:
        save_file_report(found, Path(save), force=force)
        say(f"Written to {save}.")
    if column is not None:
        _show_column(workspace, store, config, found, column, as_json)
    elif as_json:
        emit(found.to_dict(), True, lambda: None)
    return DRIFTED if exit_code and (found.held or found.drifted) else 0


def _show_column(
    workspace: Workspace, store: Store, config: ModelConfig, found: FileReport, name: str, as_json: bool
) -> None:
    from dataclasses import asdict

    from pilothouse.cli.waiting import progress_line
    from pilothouse.monitoring.side_by_side import column_before_now

    if found.stored is None:
        raise NotFoundError(
            f"{found.name} was not compared with a reference: it is held, and cannot be.",
            next="See what was found with `pilothouse check`.",
        )
    with progress_line() as progress:
        told = column_before_now(workspace, store, config, found.stored, name, progress)
    reference = found.stored.reference
    emit(asdict(told), as_json, lambda: _print_column(told, reference, found.name))


def _print_column(told: ColumnBeforeNow, reference: str, name: str) -> None:
    from pilothouse.monitoring.verdict_words import of_column
    from pilothouse.monitoring.wording import percent

    sign = of_column(told.drift)[0]
    said = told.said or f"`{told.drift.column}` did not move"
    click.echo(f"{sign} {printable(said)}")
    click.echo()
    sides = (told.before, told.now)
    table(["", printable(reference, 30), printable(name, 30)], _figures(*sides), right=(1, 2))
    click.echo()
    totals = [sum(told.before_counts) or 1, sum(told.now_counts) or 1]
    rows = [
        (label, before / totals[0], now / totals[1])
        for label, before, now in zip(told.labels, told.before_counts, told.now_counts, strict=True)
        if before or now
    ]
    most = max((max(before, now) for _, before, now in rows), default=1.0)
    table(
        ["", "before", "", "now", ""],
        [
            [
                printable(label, 30),
                "░" * round(before / most * _WIDE),
                percent(before),
                "█" * round(now / most * _WIDE),
                percent(now),
            ]
            for label, before, now in rows
        ],
        right=(0, 2, 4),
    )
    for note in told.notes:
        say(note)


def _figures(before: Description | None, now: Description | None) -> list[list[str]]:
    from pilothouse.monitoring.wording import number, percent

    def told(one: Description | None) -> dict[str, str]:
        if one is None:
            return {}
        share = percent(one.missing / one.rows) if one.rows else "–"
        figures = {"type": one.type, "rows": f"{one.rows:,}", "missing": share}
        if one.distinct:
            figures["distinct"] = f"{'~' if one.approximate else ''}{one.distinct:,}"
        named: list[tuple[str, float | str | None]] = [
            ("min", one.min),
            *zip(("5%", "25%", "median", "75%", "95%"), one.quantiles, strict=False),
            ("max", one.max),
            ("mean", one.mean),
            ("std", one.std),
        ]
        for what, value in named:
            if value is not None:
                figures[what] = number(value) if isinstance(value, float | int) else printable(value, 30)
        return figures

    sides = [told(before), told(now)]
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    return [[printable(name, 30), sides[0].get(name, "–"), sides[1].get(name, "–")] for name in names]
