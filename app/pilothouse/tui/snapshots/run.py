"""One run: what is known of it and of its relatives, its curves, its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.tracking.curves import By, Curve, Extremes
    from pilothouse.tracking.relatives import Relatives
    from pilothouse.tracking.runs import Run
    from pilothouse.workspace import Workspace

MOST_CHILDREN = 200


@dataclass(frozen=True, slots=True)
class RunAbout:
    """A run, where its metrics were best, and its relatives."""

    run: Run
    extremes: dict[str, Extremes]
    relatives: Relatives


def run_about(workspace: Workspace, run_id: str) -> RunAbout:
    """Return everything that the store knows of a run, except its histories."""
    from pilothouse.store import open_store
    from pilothouse.tracking.curves import read_extremes
    from pilothouse.tracking.relatives import read_relatives
    from pilothouse.tracking.runs import get_run

    store = open_store(workspace)
    run = get_run(store, run_id)
    return RunAbout(run, read_extremes(store, run.run_id), read_relatives(store, run, most=MOST_CHILDREN))


def run_curves(
    workspace: Workspace, run_id: str, keys: tuple[str, ...], by: By, low: float | None, high: float | None
) -> dict[str, Curve]:
    """Return the curves of these metrics; see ``tracking.curves``."""
    from pilothouse.store import open_store
    from pilothouse.tracking.curves import read_curves

    found = read_curves(open_store(workspace), [run_id], keys, by=by, low=low, high=high)
    return {key: curve for (_, key), curve in found.items()}


@dataclass(frozen=True, slots=True)
class CurveOf:
    """One metric of one run; ``ended`` says that it will not change."""

    run_id: str
    name: str
    key: str
    ended: bool
    points: tuple[tuple[float, float], ...]
    means: tuple[tuple[float, float, int], ...]


def curves_of(workspace: Workspace, run_ids: list[str], key: str) -> list[CurveOf]:
    """Return one metric of several runs; a run without it has no points, one that is gone is left out."""
    from pilothouse.store import open_store
    from pilothouse.tracking.curves import read_curves
    from pilothouse.tracking.digests import among
    from pilothouse.tracking.statuses import ENDED

    store = open_store(workspace)
    found = read_curves(store, run_ids, [key])
    where, bound = among("run_id", run_ids)
    rows = store.query(f"SELECT run_id, name, status FROM runs WHERE {where}", bound)
    out = []
    for row in rows:
        curve = found.get((row["run_id"], key))
        points, means = (curve.points, curve.means) if curve is not None else ((), ())
        out.append(CurveOf(row["run_id"], row["name"] or "", key, row["status"] in ENDED, points, means))
    return out
