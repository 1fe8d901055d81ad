"""Metric histories made for drawing: however many points a curve has, only some thousands leave the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pilothouse.store import Store, Transaction
from pilothouse.tracking.digests import among
from pilothouse.tracking.folding import fold

MOST = 4_000
"""Points of a curve that are read as they are; a longer one is thinned in the store."""
STRETCHES = 2_000
"""Stretches that a longer curve is cut into; each gives its smallest and largest value and its mean."""

By = Literal["step", "time"]


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run, ready to be drawn.

    Attributes:
        points: `(x, value)` by x, which is the step, or seconds since the run began. Of a thinned curve they
            are the extremes of each stretch; a value that is not finite breaks the line.
        means: of a thinned curve `(x, mean, count)` of each stretch; otherwise empty.
        count: points in the store.
        last: the point of the highest step, and among equal steps the one written last: the metric's last
            value. By step it is the end of the curve; by time a point before that may be it.
    """

    run_id: str
    key: str
    points: tuple[tuple[float, float], ...]
    means: tuple[tuple[float, float, int], ...] = ()
    count: int = 0
    last: tuple[float, float] | None = None

    @property
    def thinned(self) -> bool:
        """Whether there are more points in the store."""
        return self.count > len(self.points)


_X = {
    "step": "CAST(points.step AS DOUBLE)",
    "time": "epoch(points.recorded_at) - epoch(runs.started_at)",
}


def read_curves(
    store: Store,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    by: By = "step",
    low: float | None = None,
    high: float | None = None,
) -> dict[tuple[str, str], Curve]:
    """Return the curves of these metrics of these runs, by run and metric; one without points is left out.

    Args:
        store: the workspace's store.
        run_ids: runs.
        keys: metrics.
        by: what x is.
        low: with `high`, the window of x in which a thinned curve is read as finely as it can be; beside the
            window it stays coarse.
        high: the other end.
    """
    fold(store)
    if not run_ids or not keys:
        return {}
    runs, bound_runs = among("points.run_id", run_ids)
    metrics, bound_keys = among("points.key", keys)
    source = f"metric_points AS points JOIN runs ON runs.run_id = points.run_id WHERE {runs} AND {metrics}"
    bound = [*bound_runs, *bound_keys]
    with store.reading() as tx:
        sizes = tx.rows(
            "SELECT points.run_id, points.key, count(*) AS count,"
            f" min({_X[by]}) AS low, max({_X[by]}) AS high FROM {source} GROUP BY points.run_id, points.key",
            bound,
        )
        long = {(row["run_id"], row["key"]): row for row in sizes if row["count"] > MOST}
        short = [row for row in sizes if row["count"] <= MOST]
        found = _whole(tx, short, by)
        for (run_id, key), row in long.items():
            found[run_id, key] = _thinned(tx, run_id, key, row, by, low, high)
    return found


def _whole(tx: Transaction, wanted: list[dict[str, Any]], by: By) -> dict[tuple[str, str], Curve]:
    if not wanted:
        return {}
    runs, bound_runs = among("points.run_id", sorted({row["run_id"] for row in wanted}))
    metrics, bound_keys = among("points.key", sorted({row["key"] for row in wanted}))
    # Points lie in the table as they were written.
    order = "points.step, points.rowid" if by == "step" else "points.recorded_at, points.step, points.rowid"
    rows = tx.rows(
        f"SELECT points.run_id, points.key, {_X[by]} AS x, points.value, points.step, points.rowid AS place"
        " FROM metric_points AS points"
        f" JOIN runs ON runs.run_id = points.run_id WHERE {runs} AND {metrics}"
        f" ORDER BY points.run_id, points.key, {order}",
        [*bound_runs, *bound_keys],
    )
    gathered: dict[tuple[str, str], list[tuple[float, float]]] = {
        (row["run_id"], row["key"]): [] for row in wanted
    }
    ends: dict[tuple[str, str], tuple[int, int]] = {}
    last: dict[tuple[str, str], tuple[float, float]] = {}
    for row in rows:
        curve, written = (row["run_id"], row["key"]), (row["step"], row["place"])
        # A long curve of another run may have the same key.
        if (points := gathered.get(curve)) is not None:
            points.append((float(row["x"]), float(row["value"])))
            if curve not in ends or written > ends[curve]:
                ends[curve], last[curve] = written, points[-1]
    return {
        (run_id, key): Curve(run_id, key, tuple(points), count=len(points), last=last[run_id, key])
        for (run_id, key), points in gathered.items()
        if points
    }


_STRETCH = """
WITH points AS (SELECT {x} AS x, points.value AS y
    FROM metric_points AS points JOIN runs ON runs.run_id = points.run_id
    WHERE points.run_id = ? AND points.key = ?),
placed AS (SELECT x, y, isfinite(y) AS sound,
    CASE WHEN x BETWEEN ? AND ? THEN 1000000 + floor((x - ?) / ? * ?)
        ELSE floor((x - ?) / ? * ?) + (x > ?)::INT * 2000000 END AS place FROM points)
SELECT arg_min(x, y) FILTER (sound) AS low_x, min(y) FILTER (sound) AS low,
    arg_max(x, y) FILTER (sound) AS high_x, max(y) FILTER (sound) AS high,
    avg(x) FILTER (sound) AS mean_x, avg(y) FILTER (sound) AS mean, count(*) FILTER (sound) AS count,
    arg_min(x, x) FILTER (NOT sound) AS gap_x, arg_min(y, x) FILTER (NOT sound) AS gap,
    arg_min(x, x) FILTER (sound) AS first_x, arg_min(y, x) FILTER (sound) AS first,
    arg_max(x, x) FILTER (sound) AS last_x, arg_max(y, x) FILTER (sound) AS last
FROM placed GROUP BY place ORDER BY min(x)
"""

_LAST = """
SELECT {x} AS x, points.value AS y FROM metric_points AS points JOIN runs ON runs.run_id = points.run_id
WHERE points.run_id = ? AND points.key = ? ORDER BY points.step DESC, points.rowid DESC LIMIT 1
"""


def _thinned(
    tx: Transaction,
    run_id: str,
    key: str,
    size: dict[str, Any],
    by: By,
    low: float | None,
    high: float | None,
) -> Curve:
    first, last = float(size["low"]), float(size["high"])
    across = (last - first) or 1.0
    window = (first, last) if low is None or high is None else (low, high)
    inside = (window[1] - window[0]) or 1.0
    rows = tx.rows(
        _STRETCH.format(x=_X[by]),
        [run_id, key, *window, window[0], inside, STRETCHES, first, across, STRETCHES, window[1]],
    )
    points: list[tuple[float, float]] = []
    for n, row in enumerate(rows):
        mine = {(row["low_x"], row["low"]), (row["high_x"], row["high"]), (row["gap_x"], row["gap"])}
        if n == 0:
            mine.add((row["first_x"], row["first"]))
        if n == len(rows) - 1:
            mine.add((row["last_x"], row["last"]))
        points.extend(sorted(((x, y) for x, y in mine if x is not None), key=lambda point: point[0]))
    means = tuple((row["mean_x"], row["mean"], row["count"]) for row in rows if row["count"])
    end = tx.rows(_LAST.format(x=_X[by]), [run_id, key])[0]
    told = (float(end["x"]), float(end["y"]))
    if by == "step":
        points = [point for point in points if point != told]
        points.append(told)
    return Curve(run_id, key, tuple(points), means, int(size["count"]), told)


@dataclass(frozen=True, slots=True)
class Extremes:
    """The smallest and largest finite value of a metric, and the first step at which each was logged."""

    min: float
    min_step: int
    max: float
    max_step: int


def read_extremes(store: Store, run_id: str) -> dict[str, Extremes]:
    """Return the extremes of every metric of a run that has a finite value."""
    fold(store)
    rows = store.query(
        "SELECT key, min(value) AS min, max(value) AS max, arg_min(step, (value, step)) AS min_step,"
        " arg_max(step, (value, -step)) AS max_step FROM metric_points"
        " WHERE run_id = ? AND isfinite(value) GROUP BY key ORDER BY key",
        [run_id],
    )
    return {row["key"]: Extremes(row["min"], row["min_step"], row["max"], row["max_step"]) for row in rows}
