"""Stored drift reports at a glance: how far each column moved, without the histograms.

Of hundreds of reports with hundreds of columns only what a list or a map of them shows is read; a report as
a whole is read when somebody looks at it (`verdicts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pilothouse.store import Store, Transaction, loads

_MANY = 8
"""From so many unknown reports on, all are read at once: a scan costs less than so many look-ups."""
_COLUMN = (
    '{"column":"VARCHAR","score":"DOUBLE","drifted":"BOOLEAN","moved":"VARCHAR","noise_floor":"DOUBLE",'
    '"threshold":"DOUBLE","p_value":"DOUBLE","convention":"VARCHAR"}'
)
_GLANCE = (
    "SELECT report_id, subject, sha256, recorded_at, reference, dataset_drift, share_drifted, n_reference, "
    "n_current, from_json(report, "
    f'\'{{"share":"DOUBLE","columns":[{_COLUMN}],"target":{_COLUMN}}}\') AS told '
    "FROM drift_reports WHERE model = ?"
)


@dataclass(frozen=True, slots=True)
class ColumnGlance:
    """One column: its score, whether it drifted, and what happened in a few words."""

    column: str
    score: float
    drifted: bool
    moved: str
    noise_floor: float = 0.0
    threshold: float = 0.0
    p_value: float | None = None
    convention: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """One report; `columns` are the features, `drifted` those that drifted, the strongest first;
    `share` makes a drift of the dataset."""

    report_id: str
    subject: str
    sha256: str
    at: datetime
    reference: str
    dataset_drift: bool
    share_drifted: float
    share: float
    n_reference: int
    n_current: int
    columns: tuple[ColumnGlance, ...]
    target: ColumnGlance | None
    drifted: tuple[ColumnGlance, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Once, where it is read: a list of hundreds of files asks for it again and again.
        moved = sorted((one for one in self.columns if one.drifted), key=lambda one: -one.score)
        object.__setattr__(self, "drifted", tuple(moved))


def list_glances(store: Store, model: str, known: Mapping[str, Glance] | None = None) -> list[Glance]:
    """Return the reports of a model, newest first.

    Args:
        store: the workspace's store.
        model: whose reports.
        known: those that were read before, by id; a report never changes, so they are not read again.
    """
    known = known or {}
    with store.reading() as tx:
        ids = [
            str(row["report_id"])
            for row in tx.rows(
                "SELECT report_id FROM drift_reports WHERE model = ? ORDER BY recorded_at DESC, subject DESC",
                [model],
            )
        ]
        unknown = [report_id for report_id in ids if report_id not in known]
        rows = _read(tx, model, unknown)
    found = {
        **{str(row["report_id"]): _glance(row) for row in rows if row["report_id"] not in known},
        **known,
    }
    return [found[report_id] for report_id in ids if report_id in found]


def _read(tx: Transaction, model: str, ids: list[str]) -> list[dict[str, Any]]:
    if len(ids) > _MANY:
        return tx.rows(_GLANCE, [model])
    return [row for report_id in ids for row in tx.rows(f"{_GLANCE} AND report_id = ?", [model, report_id])]


def _glance(row: dict[str, Any]) -> Glance:
    told = row["told"] if isinstance(row["told"], dict) else loads(row["told"] or "{}")
    target = told.get("target")
    return Glance(
        row["report_id"], row["subject"], row["sha256"], row["recorded_at"], row["reference"],
        row["dataset_drift"], row["share_drifted"], told.get("share") or 0.0, row["n_reference"],
        row["n_current"], tuple(_column(one) for one in told.get("columns") or ()),
        _column(target) if target else None,
    )  # fmt: skip


def _column(told: dict[str, Any]) -> ColumnGlance:
    return ColumnGlance(
        told["column"],
        told["score"] or 0.0,
        bool(told["drifted"]),
        told["moved"] or "",
        told["noise_floor"] or 0.0,
        told.get("threshold") or 0.0,
        told.get("p_value"),
        told.get("convention") or "",
    )
