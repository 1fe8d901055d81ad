"""The harm of each arrival as the store keeps it, and which arrivals still wait to be judged.

Light: the terminal UI and the watcher read it without pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilothouse.errors import NotFoundError
from pilothouse.registry.versions import champion
from pilothouse.store import Store, loads

NOT_JUDGED = "not judged"
"""Verdict on an arrival whose harm cannot be found out; the words say why."""


@dataclass(frozen=True, slots=True)
class KeptHarm:
    """What a version was worth on a file that landed.

    Attributes:
        name, sha256: the file. `version`: the champion when it was judged.
        metric: what it was judged by; `value` with its 95% interval `low` to `high`, None where unknown.
        expected: the metric on the version's own holdout.
        estimated: whether the value was estimated without labels, and so is blind to concept drift.
        verdict: harmful, benign, no harm shown, unknown, or not judged. `words` say it in a sentence.
        business: business metrics by name.
        report: everything that was measured, as `performance --json` has it.
    """

    model: str
    name: str
    sha256: str
    version: int
    at: datetime
    metric: str
    verdict: str
    words: str
    value: float | None
    low: float | None
    high: float | None
    expected: float | None
    estimated: bool
    business: dict[str, float]
    report: dict[str, Any]

    @property
    def rows(self) -> int:
        """How many rows of the file were judged; 0 where it was not."""
        return int(self.report.get("harm", {}).get("rows") or 0)

    @property
    def labelled(self) -> int:
        """How many of them have a label."""
        return int(self.report.get("harm", {}).get("labelled") or 0)

    @property
    def how(self) -> str:
        """Where the value comes from, with the labels that are too few to measure it by."""
        if not self.estimated:
            return "realised" if self.value is not None else "–"
        few = f", {self.labelled:,} label{'' if self.labelled == 1 else 's'}" if self.labelled else ""
        return f"estimated{few}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An arrival whose harm nobody judged yet."""

    model: str
    name: str
    sha256: str


def read_harm(store: Store, model: str | None = None, *, name: str | None = None) -> list[KeptHarm]:
    """Return what is kept of the harm of arrivals, those that landed last first."""
    rows = store.query(
        "SELECT harms.*, arrivals.recorded_at AS landed_at FROM harms"
        " LEFT JOIN arrivals USING (model, name, sha256)"
        " WHERE (? IS NULL OR model = ?) AND (? IS NULL OR name = ?)"
        " ORDER BY landed_at DESC NULLS LAST, name DESC",
        [model, model, name, name],
    )
    return [_kept(row) for row in rows]


def get_harm(store: Store, model: str, name: str) -> KeptHarm:
    """Return the harm of the newest file of that name.

    Raises:
        NotFoundError: none was judged.
    """
    found = read_harm(store, model, name=name)
    if not found:
        raise NotFoundError(
            f"The harm of {name[:80]!r} was not judged.",
            next="List what was with `pilothouse harm`; judge what waits with `pilothouse harm --judge`.",
        )
    return found[0]


def waiting_for_harm(store: Store, model: str) -> list[Waiting]:
    """Return the arrivals whose harm is still to be judged, the oldest first; none while nothing is live.

    Held files do not count, nor do those that the live version learned from: it knows them by heart.
    """
    live = champion(store, model)
    if live is None:
        return []
    rows = store.query(
        "SELECT model, name, sha256 FROM arrivals WHERE model = ? AND status IN ('ok', 'accepted')"
        " AND NOT EXISTS (SELECT 1 FROM harms WHERE harms.model = arrivals.model"
        "     AND harms.name = arrivals.name AND harms.sha256 = arrivals.sha256)"
        " AND NOT EXISTS (SELECT 1 FROM dataset_files WHERE dataset_files.version = ?"
        "     AND dataset_files.sha256 = arrivals.sha256)"
        " ORDER BY recorded_at, name",
        [model, live.dataset_version],
    )
    return [Waiting(**row) for row in rows]


def _kept(row: dict[str, Any]) -> KeptHarm:
    told = {
        **row,
        "at": row["recorded_at"],
        "business": loads(row["business"]) or {},
        "report": loads(row["report"]) or {},
    }
    return KeptHarm(**{name: told[name] for name in KeptHarm.__dataclass_fields__})
