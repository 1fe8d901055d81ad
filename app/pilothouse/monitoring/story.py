"""What changed in a dataset, in words: a sentence a column, the largest change first, or all in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pilothouse.monitoring.changes import NEW_VALUES, WORTH_SAYING
from pilothouse.monitoring.rule import LEVEL, chance_of_share
from pilothouse.monitoring.verdict_words import of_column

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import ColumnDrift, DriftReport

HEDGE = "worth knowing, though not a drift"
"""What stands before a change that does not count."""
NOTHING = "nothing moved enough to count"


def sentence(column: ColumnDrift) -> str:
    """Say what happened to a column, without a full stop; empty if nothing is worth a word."""
    if column.told:
        return column.told
    if column.moved:  # a report from before there were sentences
        return f"`{column.column[:60]}`: {column.moved}"
    return f"`{column.column[:60]}` is distributed differently" if column.drifted else ""


def what_changed(report: DriftReport) -> list[str]:
    """Return what moved, and then what is worth knowing besides, with the words that say so.

    Sentences have no full stop, so that they can be put together.
    """
    return what_moved(report) + [f"{HEDGE}: {one}" for one in besides(report)]


def what_moved(report: DriftReport) -> list[str]:
    """Return a sentence for each column that drifted, the strongest first, and for the target if it did."""
    said = [sentence(column) for column in report.drifted]
    if report.target is not None and report.target.drifted:
        said.append(f"the target moved: {sentence(report.target)}")
    return said


def besides(report: DriftReport) -> list[str]:
    """Return a sentence for each column with gaps or values that it had not before, or that is near the line,
    and for the target: of those that did not move enough to count, and only what chance does not explain."""
    columns = [one for one in report.columns if _has_news(one) or of_column(one)[1] == "near"]
    if report.target is not None:
        columns.append(report.target)
    said = [sentence(one) for one in columns if not one.drifted and worth_telling(one)]
    return [one for one in said if one]


def worth_telling(column: ColumnDrift) -> bool:
    """Say whether what changed in a column is beyond what chance makes of so many rows, by the noise that the
    rule allows it: in the column as a whole, in its gaps, or in values that it had not before."""
    if column.drifted:
        return True
    by_rule = not column.convention and column.p_value is not None and column.p_value <= _needed(column)
    return by_rule or _has_news(column)


def _needed(column: ColumnDrift) -> float:
    return LEVEL if column.p_needed is None else column.p_needed


def _has_news(column: ColumnDrift) -> bool:
    """Whether there are infinite values, or more or fewer missing or new ones than chance makes."""
    return column.infinite > 0 or any(_beyond_noise(column, at) for at in _told_apart(column))


def _told_apart(column: ColumnDrift) -> list[int]:
    """The places of missing and of new values among the bins: the last, and of categories the one before."""
    last = len(column.bins) - 1
    has_new = last > 0 and column.kind != "numeric" and column.bins[last - 1] == NEW_VALUES
    return [last, last - 1] if has_new else [last]


def _beyond_noise(column: ColumnDrift, at: int) -> bool:
    """Whether one bin against all others holds another share of the rows than before."""
    r, c = column.reference_counts, column.current_counts
    n, m = sum(r), sum(c)
    if not n or not m:
        return False
    large = at < len(column.bins) - 1 or abs(c[at] / m - r[at] / n) >= WORTH_SAYING
    return large and chance_of_share(r[at], n, c[at], m) <= _needed(column)


def told(column: ColumnDrift) -> str:
    """Say of one column what there is to say, with the words before it where it does not count; empty where
    what happened is noise."""
    if column.drifted:
        return sentence(column)
    said = sentence(column) if worth_telling(column) else ""
    return f"{HEDGE}: {said}" if said else ""


def without_noise(column: ColumnDrift) -> ColumnDrift:
    """Return the column without words on what chance makes of so many rows."""
    return column if worth_telling(column) else replace(column, moved="", told="")


def shortly(column: ColumnDrift) -> str:
    """Return a few words on what happened to a column, nothing where that is noise."""
    return column.moved if worth_telling(column) else ""


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


class MovedTarget(Moved, Protocol):
    """The target of a report, or of a report at a glance."""

    @property
    def drifted(self) -> bool:
        """Whether it moved so that it counts."""


class Compared(Protocol):
    """A report, or a report at a glance."""

    @property
    def drifted(self) -> Sequence[Moved]:
        """The columns that drifted, the strongest first."""

    @property
    def columns(self) -> Sequence[object]:
        """All columns that count."""

    @property
    def target(self) -> MovedTarget | None:
        """The target, if it was compared."""


def headline(report: Compared, most: int = 3) -> str:
    """Say in one line what moved: the target if it did, the strongest few in short, and how many more."""
    moved = report.drifted
    said = [f"{column.column[:40]} {first_words(column) or f'{column.score:.2f}'}" for column in moved[:most]]
    if target := target_in_short(report):
        said.insert(0, target)
    more = f"; {len(moved) - most} more" if len(moved) > most else ""
    return "; ".join(said) + more if said else NOTHING


def target_in_short(report: Compared) -> str:
    """Say how the target moved, in a few words; nothing if it did not."""
    target = report.target
    if target is None or not target.drifted:
        return ""
    return f"target {target.column[:40]} {first_words(target) or f'{target.score:.2f}'}"


def how_many(report: Compared, what: str = " columns") -> str:
    """Say how many columns moved, and whether the target did: it does not count among them."""
    count = f"{len(report.drifted)} of {len(report.columns)}{what} moved"
    return f"{count}, and the target" if target_in_short(report) else count


def share_moved(report: DriftReport) -> str:
    """Say what share of the columns moved, and how many of them cannot be read as what they were."""
    told = f"{len(report.drifted)} of {len(report.columns)} columns moved, {report.share_drifted:.0%}"
    count = sum(column.unreadable is not None for column in report.columns)
    if not count:
        return told
    cannot = "one that cannot" if count == 1 else f"{count:,} that cannot"
    return f"{told}, among them {cannot} be read any more"


def first_words(column: Moved) -> str:
    """Return the first part of what happened to a column."""
    if column.moved.startswith("'"):  # the name of a bin may have a comma
        return column.moved
    return column.moved.split(", ")[0]
