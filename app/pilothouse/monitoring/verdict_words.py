"""One sign and one word for each verdict, the same on every screen, in commands, pages and lines of the
watcher: ``■`` what counts, ``▲`` what to keep an eye on, ``●`` what is sound."""

from __future__ import annotations

from typing import Protocol

NEAR = 0.05
"""A column that did not move enough to count, but at least this far and beyond noise, is near the line."""


class JudgedColumn(Protocol):
    """A column of a report, or of a report at a glance."""

    @property
    def score(self) -> float:
        """How far it moved."""

    @property
    def drifted(self) -> bool:
        """Whether that counts."""

    @property
    def noise_floor(self) -> float:
        """How far it may move by chance."""


class JudgedData(Protocol):
    """A report, or a report at a glance."""

    @property
    def dataset_drift(self) -> bool:
        """Whether enough columns moved."""

    @property
    def drifted(self) -> object:
        """The columns that moved; empty if none did."""


def of_data(report: JudgedData) -> tuple[str, str]:
    """Return sign and word of a dataset's verdict."""
    if report.dataset_drift:
        return "■", "drifted"
    return ("▲", "some moved") if report.drifted else ("●", "no drift")


def of_column(column: JudgedColumn) -> tuple[str, str]:
    """Return sign and word of a column's verdict."""
    if column.drifted:
        return "■", "moved"
    near = column.score >= NEAR and column.score > column.noise_floor
    return ("▲", "near") if near else ("●", "steady")
