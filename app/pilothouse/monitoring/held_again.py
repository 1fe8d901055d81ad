"""A person takes the acceptance of a file back: who, when and why stand before all its other findings, until
somebody takes the file in again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from pilothouse.monitoring.checks import ERROR, NOTE, Finding
from pilothouse.monitoring.looked_at import DRIFT, what_moved_in
from pilothouse.monitoring.reports import DriftReport

HELD_AGAIN = "held-again"
"""The rule of the finding; it stays whatever the checks say of the file later."""

OF_OLD = Finding(ERROR, "", "A person held it again; Events say who, when and why.", HELD_AGAIN)
"""In place of what was not kept with a file in the store of an older version."""


def with_decision(
    findings: Sequence[Finding], name: str, actor: str, reason: str, report: DriftReport | None
) -> tuple[Finding, ...]:
    """Return the findings of a file that is held again.

    Args:
        findings: what its checks found.
        name: the file.
        actor: who holds it.
        reason: why; may be empty.
        report: how it compared while it was taken in, which stays worth knowing.
    """
    why = f": {reason}" if reason else ", without saying why."
    said = f"{actor} held it again on {datetime.now().astimezone():%Y-%m-%d %H:%M}{why}"
    file = shlex.quote(name)
    again = Finding(
        ERROR, "", said, HELD_AGAIN, next=f"Take it in again with `pilothouse check {file} --accept`."
    )
    others = [one for one in findings if one.rule not in (HELD_AGAIN, DRIFT)]
    if report is not None:
        others.append(Finding(NOTE, "", f"While it was taken in: {what_moved_in(report)}.", DRIFT))
    return (again, *others)


def without_decision(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what the checks found, without what a person decided."""
    return tuple(one for one in findings if one.rule != HELD_AGAIN)


def decision_in(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding that says who holds the file; None if only its checks do."""
    return next((one for one in findings if one.rule == HELD_AGAIN), None)
