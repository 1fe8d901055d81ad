"""What `performance` prints of predictions that were answered: version by version, period by period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pilothouse.cli.options import number, printable, say, table

if TYPE_CHECKING:
    from pilothouse.performance.alerts import Alert
    from pilothouse.performance.served import Served
    from pilothouse.serving.outcomes import Outcomes


def show_outcomes(found: Outcomes) -> None:
    """Print every version that answered, the newest first."""
    for index, one in enumerate(found.versions):
        if index:
            click.echo("")
        _show_version(one)
    for note in found.notes:
        say(f"▲ {printable(note, 300)}")
    for trouble in found.unreadable:
        say(f"▲ Not measured: {printable(trouble, 300)}")
    if found.taken:
        say(f"{found.taken:,} labels were taken from files of the data folder.")


def alerts_json(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Return alerts as plain data."""
    from dataclasses import asdict

    return [asdict(alert) for alert in alerts]


def end_with(alerts: Sequence[Alert], verdict: str, troubles: Sequence[str], exit_code: bool) -> None:
    """Tell the business metrics that have none, and the alerts.

    With `exit_code` it ends with 1 where one fired or cannot be told, or the verdict is that it hurts.
    """
    for trouble in troubles:
        say(f"■ {printable(trouble, 300)}")
    for alert in alerts:
        if alert.fired is not False:
            sign, word = ("■", "fired") if alert.fired else ("○", "cannot be told")
            say(f"{sign} alert {alert.name} ({alert.severity}) {word}: {alert.words}")
    # Silence is no pass: what cannot be told is not told to be well.
    if exit_code and (verdict == "harmful" or troubles or any(alert.fired is not False for alert in alerts)):
        raise click.exceptions.Exit(1)


def _show_version(one: Served) -> None:
    from pilothouse.monitoring.predicted_rows import told_learned, told_rows

    harm = one.harm
    click.echo(
        f"v{one.version}: {told_rows(one.predictions, one.rows)} from {one.first:%Y-%m-%d %H:%M} to"
        f" {one.last:%Y-%m-%d %H:%M}, {one.labelled:,} with a label."
    )
    click.echo(printable(harm.words, 1000))
    if one.learned:
        say(f"▲ {told_learned(one.learned, one.version)}")
    if one.strange:
        say(f"▲ {one.strange:,} labels are none that v{one.version} knows; they do not count.")
    click.echo("")
    rows = []
    for period in one.periods:
        told = period.realised or period.estimated
        how = "realised" if period.realised else f"estimated ({harm.method})" if period.estimated else "–"
        rows.append(
            [
                printable(period.name),
                number(told.value if told else None),
                number(told.low if told else None),
                number(told.high if told else None),
                f"{period.rows:,}",
                f"{period.labelled:,}",
                how,
            ]
        )
    if harm.expected:
        expected = harm.expected
        rows.insert(
            0,
            ["holdout", number(expected.value), number(expected.low), number(expected.high),
             f"{expected.rows:,}", f"{expected.rows:,}", "realised"],
        )  # fmt: skip
    table([one.chunk, harm.metric, "low", "high", "rows", "labels", "how"], rows, right=(1, 2, 3, 4, 5))
    if any(period.estimated for period in one.periods):
        say("Estimates come without labels: they are blind to concept drift.")
    if harm.groups:
        click.echo("")
        groups = [
            [printable(group.name, 40), number(group.metric), number(group.low), number(group.high),
             f"{group.rows:,}"]
            for group in harm.groups[:10]
        ]  # fmt: skip
        table(["groups, worst first", harm.metric, "low", "high", "rows"], groups, right=(1, 2, 3, 4))
    if harm.business:
        click.echo("")
        business = [[printable(name), number(value)] for name, value in harm.business.items()]
        table(["business", "value"], business, right=(1,))
    for change in one.changes:
        way = "grew" if change.worse else "fell"
        say(f"▲ The errors {way} for good about {change.time}: {change.before:.3f} to {change.after:.3f}.")
