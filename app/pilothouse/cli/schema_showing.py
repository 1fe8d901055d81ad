"""Rules on a terminal: beside what a reference had, beside what a file has, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.data_showing import clock
from pilothouse.cli.options import emit, printable, say, table
from pilothouse.cli.waiting import progress_line

if TYPE_CHECKING:
    from pilothouse.config import ModelConfig
    from pilothouse.data.reading import Source
    from pilothouse.monitoring.quality.in_force import InForce
    from pilothouse.monitoring.quality.rules import FileRules
    from pilothouse.store import Store


def show_rules(
    store: Store, config: ModelConfig, found: InForce, as_json: bool, *, instead_of: FileRules | None = None
) -> None:
    """Print rules with what the reference had, and how they differ from those that hold, `instead_of`."""
    from pilothouse.monitoring.quality.rules import changes, plain
    from pilothouse.monitoring.quality.rules_kept import rules_history
    from pilothouse.monitoring.quality.rules_text import write_rules
    from pilothouse.monitoring.quality.wording import MARGINS

    rules = found.rules
    kept = rules_history(store, config.name)[0] if rules.accepted is not None else None
    differs = changes(instead_of, rules) if instead_of and instead_of.accepted is not None else []
    told: dict[str, Any] = {
        "model": config.name,
        "number": rules.accepted,
        "accepted_at": kept.at.isoformat() if kept else None,
        "accepted_by": kept.actor if kept else None,
        "note": kept.note if kept else "",
        "suggested_from": found.suggested_from,
        **plain(rules),
        "toml": write_rules(rules, config.name),
    }
    if instead_of is not None:
        told["changes"] = differs

    def show() -> None:
        if kept:
            why = f": {printable(kept.note)}" if kept.note else ""
            who = f"accepted by {printable(kept.actor)}, {clock(kept.at)}{why}"
            click.echo(f"schema of {config.name}, version {kept.number}, {who}")
        else:
            click.echo(f"schema of {config.name}, suggested from {printable(found.suggested_from)}")
        click.echo()
        _table(found)
        if kept:
            return
        click.echo()
        click.echo(MARGINS)
        if instead_of is None or instead_of.accepted is None:
            say("Nobody has accepted it: it only warns. `pilothouse schema accept` lets it hold files.")
            say("A column that is gone, or of another type, holds a file all the same.")
        elif differs:
            click.echo(f"\nAgainst version {instead_of.accepted}, which holds:")
            for line in differs:
                click.echo(f"  {printable(line)}")

    emit(told, as_json, show)


def _table(found: InForce) -> None:
    from pilothouse.monitoring.quality.wording import asked_missing, asked_of_files, asked_values, had

    rules, reference = found.rules, found.reference
    rows = [
        [
            rule.name,
            rule.type,
            asked_missing(rule),
            asked_values(rule),
            had(reference.profile.column(rule.name)) if reference else "",
            rule.on_fail,
        ]
        for rule in rules.columns
    ]
    label = f"in {reference.label}" if reference else ""
    table(["column", "type", "missing", "values", label, "if not"], rows, right=(2,))
    if whole := asked_of_files(rules):
        click.echo()
        click.echo(f"a file: {'; '.join(whole)} (if not: {rules.dataset.on_fail})")


def show_beside(config: ModelConfig, found: InForce, source: Source, as_json: bool, *, named: str) -> None:
    """Print rules with what one file, which a person called `named`, has beside each, and what it breaks."""
    from pilothouse.cli.check import finding_fields
    from pilothouse.data.reading import as_file
    from pilothouse.monitoring.patience import part_of
    from pilothouse.monitoring.quality.beside import beside_rules
    from pilothouse.monitoring.quality.telling import finding_lines

    with progress_line("The schema is as it was.") as progress:
        seen = beside_rules(found, source, config, named, part_of(progress, 0, 1, as_file(source).name))
    told = {
        "model": config.name,
        "number": found.rules.accepted,
        "suggested_from": found.suggested_from,
        "file": seen.name,
        "rows": seen.rows,
        "columns": [line.to_dict() for line in seen.lines],
        "findings": [finding_fields(finding) for finding in seen.findings],
    }

    def show() -> None:
        which = f"version {found.rules.accepted}" if found.rules.accepted else "suggested"
        click.echo(f"schema of {config.name}, {which}, beside {printable(seen.name)} ({seen.rows:,} rows)")
        click.echo()
        rows = [
            [line.sign, line.column, line.type, line.missing, line.values, line.found, line.on_fail]
            for line in seen.lines
        ]
        table(["", "column", "type", "missing", "values", f"in {seen.name}", "if not"], rows, right=(3,))
        if seen.findings:
            click.echo()
        for line in finding_lines(seen.findings):
            click.echo(printable(line))

    emit(told, as_json, show)


def show_history(store: Store, config: ModelConfig, as_json: bool) -> None:
    """Print who accepted what, and when, newest first."""
    from pilothouse.monitoring.quality.rules import plain
    from pilothouse.monitoring.quality.rules_kept import rules_history

    found = rules_history(store, config.name)
    told = [
        {
            "number": kept.number,
            "accepted_at": kept.at.isoformat(),
            "accepted_by": kept.actor,
            "note": kept.note,
            "changed": list(kept.changed),
            **plain(kept.rules),
        }
        for kept in found
    ]

    def show() -> None:
        if not found:
            say("Nobody has accepted a schema yet. See what is suggested with `pilothouse schema`.")
        for kept in found:
            note = f"  {printable(kept.note)}" if kept.note else ""
            click.echo(f"{kept.number}  {clock(kept.at)}  {printable(kept.actor)}{note}")
            for line in kept.changed:
                click.echo(f"     {printable(line)}")

    emit(told, as_json, show)
