"""Curves over each other in a document without pictures: a shape in eighths for each run, on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.comparing.findings import Curve
from pilothouse.comparing.wording import figure
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tracking.sparkline import resampled, sparkline

HEADERS = ("curve", "over", "", "shape", "first", "last", "lowest", "highest")
SAID = (
    "Each shape goes from the left end to the right end of what is over all of them, and from the lowest to "
    "the highest value of all: within one curve the shapes can be compared. A dot is where a run has no "
    "points."
)
CELLS = 24
_NONE: Mapping[str, Sequence[Any]] = {}
MOST = 40
"""Curves that are told; all of them are in the JSON."""


def curve_rows(
    curves: Sequence[Curve], labels: Sequence[str], last: Mapping[str, Sequence[Any]] = _NONE
) -> list[list[object]]:
    """Return a row for each curve and each of those that have it, as `HEADERS` say; none of the system's
    metrics, which nobody chooses a model by.

    Args:
        curves: by step or by anything else.
        labels: what the compared are called.
        last: the last values of metrics by step, of each of those; what is drawn has numbers only.
    """
    rows: list[list[object]] = []
    for curve in [one for one in curves if not one.name.startswith(SYSTEM)][:MOST]:
        drawn = [_finite(points) for points in curve.points]
        every = [point for points in drawn for point in points]
        if not every:
            continue
        left, right = min(x for x, _ in every), max(x for x, _ in every)
        low, high = min(y for _, y in every), max(y for _, y in every)
        ends = last.get(curve.name, ()) if curve.x == "step" else ()
        for n, (label, points) in enumerate(zip(labels, drawn, strict=True)):
            if not points:
                continue
            values = resampled(points, left, right, CELLS) if right > left else [points[-1][1]]
            ys = [y for _, y in points]
            shape = sparkline(values, CELLS, low=low, high=high).replace(" ", "\u00b7")
            end = ends[n] if ends and ends[n] is not None else ys[-1]
            told = [figure(value) for value in (ys[0], end, min(ys), max(ys))]
            rows.append([curve.name, curve.x, label, shape, *told])
    return rows


def left_out(curves: Sequence[Curve]) -> int:
    """Return how many curves are not told."""
    return max(0, sum(not one.name.startswith(SYSTEM) for one in curves) - MOST)


def _finite(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    # The last of those with one x stays the last.
    finite = [point for point in points if math.isfinite(point[0]) and math.isfinite(point[1])]
    return sorted(finite, key=lambda point: point[0])
