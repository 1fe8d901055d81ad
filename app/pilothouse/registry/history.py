"""What was live when, and what a rollback would make live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilothouse.jsontext import loads
from pilothouse.store import Store


@dataclass(frozen=True, slots=True)
class Deployment:
    """One change of what is served."""

    deployment_id: int
    model: str
    at: datetime
    kind: str
    from_version: int | None
    to_version: int
    actor: str
    reason: str
    gates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class LivePeriod:
    """A version was live from `since` to `until` (None: it still is)."""

    model: str
    version: int
    since: datetime
    until: datetime | None


def rollback_target(store: Store, model: str) -> int | None:
    """Return the version that a plain rollback would make live, or None.

    It walks back: after a rollback the next one goes further, not forth again.
    """
    stack: list[int] = []
    for one in reversed(history(store, model)):
        if one.kind == "rollback" and one.to_version in stack:
            while stack[-1] != one.to_version:
                stack.pop()
        if not stack or stack[-1] != one.to_version:
            stack.append(one.to_version)
    return stack[-2] if len(stack) > 1 else None


def history(store: Store, model: str | None = None) -> list[Deployment]:
    """Return every promote and rollback, newest first."""
    rows = store.query(
        "SELECT deployment_id, model, recorded_at AS at, kind, from_version, to_version, actor, reason, gates"
        " FROM deployments WHERE ? IS NULL OR model = ? ORDER BY deployment_id DESC",
        [model, model],
    )
    return [deployment_of(row) for row in rows]


def live_periods(store: Store, model: str) -> list[LivePeriod]:
    """Return what was live when, newest first."""
    periods: list[LivePeriod] = []
    until: datetime | None = None
    for one in history(store, model):
        periods.append(LivePeriod(model, one.to_version, one.at, until))
        until = one.at
    return periods


def deployment_of(row: dict[str, Any]) -> Deployment:
    """Read a deployment from the columns of its row, with the time as `at`."""
    return Deployment(**{**row, "gates": tuple(loads(row["gates"]) or ())})
