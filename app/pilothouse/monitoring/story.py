"""What changed in a dataset, in words: a sentence a column, the largest change first, or all in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pilothouse.monitoring.changes import WORTH_SAYING
from pilothouse.monitoring.wording import percent

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import ColumnDrift, DriftReport


def sentence(column: ColumnDrift) -> str:
    """Say what happened to a column, without a full stop; empty if nothing is worth a word."""
    if column.told:
        return column.told
    if column.moved:  # a report from before there were sentences
        return f"`{column.column[:60]}`: {column.moved}"
    return f"`{column.column[:60]}` is distributed differently" if column.drifted else ""


def what_changed(report: DriftReport) -> list[str]:
    """Return a sentence for each column that drifted, the strongest first, then what else is worth knowing:
    gaps and new values of columns that did not, and the target.

    Sentences have no full stop, so that they can be put together.
    """
    said = [sentence(column) for column in report.drifted]
    for column in report.columns:
        if not column.drifted and worth_telling(column):
            said.append(sentence(column))
    if report.target is not None and (told := sentence(report.target)):
        said.append(told)
    return said


def worth_telling(column: ColumnDrift) -> bool:
    """Say whether a column that did not drift has gaps or values that it had not before."""
    gaps = abs(column.missing_current - column.missing_reference) >= WORTH_SAYING
    return gaps or bool(column.moved and "new value" in column.moved)


class Moved(Protocol):
    """A column of a report, or of a report at a glance."""

    @property
    def column(self) -> str:
        """Its name."""

    @property
    def score(self) -> float:
        """How far it moved."""

    @property
    def moved(self) -> str:
        """What happened, in a few words."""


class Compared(Protocol):
    """A report, or a report at a glance."""

    @property
    def drifted(self) -> Sequence[Moved]:
        """The columns that drifted, the strongest first."""


def headline(report: Compared, most: int = 3) -> str:
    """Say in one line what moved: the strongest few in short, and how many more."""
    moved = report.drifted
    if not moved:
        return "nothing moved enough to count"
    said = [f"{column.column[:40]} {first_words(column) or f'{column.score:.2f}'}" for column in moved[:most]]
    more = f"; {len(moved) - most} more" if len(moved) > most else ""
    return "; ".join(said) + more


def first_words(column: Moved) -> str:
    """Return the first part of what happened to a column."""
    if column.moved.startswith("'"):  # the name of a bin may have a comma
        return column.moved
    return column.moved.split(", ")[0]


def in_one_line(report: DriftReport) -> str:
    """Say how many columns moved, and the changes in one line."""
    count = f"{len(report.drifted)} of {len(report.columns)} columns moved ({percent(report.share_drifted)})"
    return f"{count}: {headline(report)}" if report.drifted else count
