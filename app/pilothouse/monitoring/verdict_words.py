"""One sign and one word for each verdict, the same on every screen, in commands, pages and lines of the
watcher: ``■`` what counts, ``▲`` what to keep an eye on, ``●`` what is sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

NEAR = 0.05
"""A column that did not move enough to count, but at least this far and beyond noise, is near the line."""
NEAR_PART, NEAR_P = 0.8, 0.1
"""By a test that was named, near is this part of the distance that it needs; or, where it goes by a p-value,
one within twice the 0.05 that it needs."""


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

    @property
    def threshold(self) -> float:
        """How far it must move to count."""

    @property
    def p_value(self) -> float | None:
        """The chance of that, or more; None for a distance."""

    @property
    def convention(self) -> str:
        """Whose test it is, where one was named; empty for the default rule."""


class JudgedData(Protocol):
    """A report, or a report at a glance."""

    @property
    def dataset_drift(self) -> bool:
        """Whether enough columns moved."""

    @property
    def drifted(self) -> object:
        """The columns that moved; empty if none did."""

    @property
    def target(self) -> JudgedColumn | None:
        """The target, which is told apart; None where it was not compared."""


def of_data(report: JudgedData) -> tuple[str, str]:
    """Return sign and word of a dataset's verdict.

    A target that moved does not count towards the share of columns, but is never under a sign of what is
    sound: what the model is asked has changed.
    """
    if report.dataset_drift:
        return "■", "drifted"
    if report.drifted:
        return "▲", "some moved"
    if target_moved(report):
        return "▲", "target moved"
    # Only a comparison of all columns at once has these; a report at a glance never does.
    together = any(one.drifted for one in getattr(report, "multivariate", ()))
    return ("▲", "moved together") if together else ("●", "no drift")


def target_moved(report: JudgedData) -> bool:
    """Say whether the target moved so that it counts."""
    return report.target is not None and report.target.drifted


def is_sound(report: JudgedData) -> bool:
    """Say whether nothing moved that counts, neither a column nor the target."""
    return of_data(report)[0] == "●"


def of_chunks(reports: Sequence[JudgedData]) -> tuple[str, str]:
    """Return sign and word of a dataset that was judged part by part: those of the worst part."""
    return min((of_data(one) for one in reports), key=_by_sign)


def count_chunks(reports: Sequence[JudgedData]) -> str:
    """Say for each verdict how many chunks have it, the worst first: `■ drifted: 1, ▲ some moved: 4 of 10
    chunks`."""
    found = [of_data(one) for one in reports]
    told = [f"{sign} {word}: {found.count((sign, word))}" for sign, word in sorted(set(found), key=_by_sign)]
    worst = [one for one in told if not one.startswith("●")] or told
    return f"{', '.join(worst)} of {len(found)} chunks"


def _by_sign(verdict: tuple[str, str]) -> tuple[int, str]:
    return "■▲●".index(verdict[0]), verdict[1]


def of_column(column: JudgedColumn) -> tuple[str, str]:
    """Return sign and word of a column's verdict."""
    if column.drifted:
        return "■", "moved"
    return ("▲", "near") if _is_near(column) else ("●", "steady")


def _is_near(column: JudgedColumn) -> bool:
    if not column.convention:
        return column.score >= NEAR and column.score > column.noise_floor
    # Scores of other tests have other scales, and no noise floor.
    if column.p_value is not None:
        return column.p_value <= NEAR_P
    return column.score >= NEAR_PART * column.threshold > 0
