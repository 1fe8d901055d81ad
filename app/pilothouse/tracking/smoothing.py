"""Smoothing and thinning of a metric's history, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVELS = (0.0, 0.3, 0.6, 0.9, 0.97, 0.99)
"""The weights that a key steps through."""


def smooth(values: Sequence[float], weight: float, counts: Sequence[int] | None = None) -> list[float]:
    """Return the exponential moving average of `values`, free of the pull towards its start.

    With `s[0] = 0` and `s[t] = weight * s[t-1] + (1 - weight) * y[t]`, the average is
    `s[t] / (1 - weight**t)`: the bias correction of Kingma and Ba, *Adam*, 2015, section 3, which TensorBoard
    uses for its curves too. A value that is not finite stays as it is and has no part in the others.

    Args:
        values: in the order of their steps.
        weight: of what came before, from 0 (none: the values themselves) to 0.99.
        counts: how many values each one is the mean of; such a mean weighs as its values would together,
            had each been the mean.

    Raises:
        ValueError: `weight` is not from 0 to 0.99.
    """
    if not 0 <= weight <= 0.99:
        raise ValueError(f"a smoothing of {weight} is not from 0 to 0.99")
    out: list[float] = []
    total = norm = 0.0
    for n, value in enumerate(values):
        if not math.isfinite(value):
            out.append(value)
            continue
        keep = weight if counts is None else weight ** counts[n]
        total = keep * total + (1 - keep) * value
        norm = keep * norm + (1 - keep)
        out.append(total / norm)
    return out


def thin(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Return about `most` of the points, among them the smallest and largest of every stretch.

    The first and last point stay, and so does one that is not finite in each stretch that has any, for it
    breaks the line. The order stays.
    """
    stretches = max(1, most // 3)
    if len(points) <= max(most, 3):
        return list(points)
    heights = [point[1] for point in points]
    out = [points[0]]
    for n in range(stretches):
        start, end = n * len(points) // stretches, (n + 1) * len(points) // stretches
        part = heights[start:end]
        if not part:
            continue
        if math.isfinite(sum(part)):
            chosen = {part.index(min(part)), part.index(max(part))}
        else:
            sound = [i for i, height in enumerate(part) if math.isfinite(height)]
            broken = next((i for i, height in enumerate(part) if not math.isfinite(height)), None)
            chosen = {i for i in (broken,) if i is not None}
            if sound:
                chosen |= {min(sound, key=part.__getitem__), max(sound, key=part.__getitem__)}
        out.extend(points[start + i] for i in sorted(chosen) if 0 < start + i < len(points) - 1)
    out.append(points[-1])
    return out
