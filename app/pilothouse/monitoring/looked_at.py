"""What drift says of a file that is held: looked at, so that a person knows what they would take in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pilothouse.monitoring.checks import NOTE, Finding
from pilothouse.monitoring.reports import DriftReport
from pilothouse.monitoring.story import NOTHING, first_words, headline, how_many

DRIFT = "drift"
"""The rule of the note that says it."""


def beside_findings(findings: Sequence[Finding], look: DriftReport) -> tuple[Finding, ...]:
    """Return the findings with what a look at drift adds to them.

    One of a few values out of range may be the tip of a column that moved as a whole: that is told in its own
    sentence. A note at the end says what moved in the file, of the columns that it has; none if it has none.
    """
    moved = {column.column: column for column in look.drifted}
    told = [
        replace(one, message=f"{one.message.rstrip('.')}; the whole column moved, {first_words(column)}.")
        if one.rule == "range" and (column := moved.get(one.column)) is not None
        else one
        for one in findings
    ]
    gone = {one.column for one in findings if one.rule == "column"}
    here = tuple(column for column in look.columns if column.column not in gone)
    if not here:
        return tuple(told)
    said = what_moved_in(replace(look, columns=here))
    of_those = " (of those that it has)" if len(here) < len(look.columns) else ""
    return (*told, Finding(NOTE, "", f"A look at its drift: {said}{of_those}.", DRIFT))


def what_moved_in(report: DriftReport) -> str:
    """Say in one line how many columns moved, and the strongest of them."""
    said = headline(report)
    return how_many(report) if said == NOTHING else f"{how_many(report)}: {said}"
