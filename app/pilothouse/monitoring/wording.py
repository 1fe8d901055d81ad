"""Bins and changes as a person reads them: "4 to 6", "down by 0.8 sigma", "missing rose from 1% to 10%"."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pilothouse.monitoring.columns import ColumnProfile

WORTH_SAYING = 0.02
"""A share that changed by less, in absolute terms, is not worth a word."""
MOSTLY_GAPS = 0.2
"""A share of missing values that changed by at least this much is told first."""


def number(value: float) -> str:
    """Write a number with as many digits as help: four significant ones."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"


def percent(share: float) -> str:
    """Write a share as a percentage, with a digit more where it is small."""
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{share:.1%}" if 0 < share < 0.01 else f"{share:.0%}"


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Name the bins between upper edges: "up to 3", "3 to 5", "above 5"; "= 0" for one value alone."""
    if not edges:
        return ["any value"]
    labels = []
    for index, edge in enumerate(edges):
        above = edges[index - 1] if index else None
        following = edges[index + 1] if index + 1 < len(edges) else None
        if above is not None and math.nextafter(edge, -math.inf) == above:
            labels.append(f"= {number(edge)}")
        elif following is not None and math.nextafter(following, -math.inf) == edge:
            labels.append(
                f"below {number(following)}" if above is None else f"{number(above)} to <{number(following)}"
            )
        else:
            labels.append(f"up to {number(edge)}" if above is None else f"{number(above)} to {number(edge)}")
    return [*labels, f"above {number(edges[-1])}"]


def moved_in_words(
    reference: ColumnProfile,
    current: ColumnProfile,
    labels: Sequence[str],
    r: Sequence[int],
    c: Sequence[int],
) -> str:
    """Say what happened to a column between two profiles; empty if nothing worth a word did.

    Args:
        reference, current: the two profiles.
        labels, r, c: the bins they were compared on, the last that of missing values.
    """
    n, m = reference.rows, current.rows
    if not n or not m:
        return "no rows" if n else ""
    said = []
    before, now = reference.missing / n, current.missing / m
    if now == 1 and before < 1:
        return "all values are missing"
    if reference.kind == "numeric":
        said += _numbers_moved(reference, current)
    if abs(now - before) >= WORTH_SAYING:
        missing = f"missing {'rose' if now > before else 'fell'} from {percent(before)} to {percent(now)}"
        # Gaps come first where they are the larger part of the story.
        said.insert(0 if abs(now - before) >= MOSTLY_GAPS else len(said), missing)
    if current.unseen:
        values = "1 new value" if current.distinct == 1 else f"{current.distinct} new values"
        share = current.unseen / m
        said.append(f"{values} ({percent(share)} of the rows)" if share >= WORTH_SAYING else values)
    worst = _largest_change(labels[:-1], [count / n for count in r], [count / m for count in c])
    if worst and (reference.kind != "numeric" or not said):
        said.append(worst)
    return ", ".join(said)


def _numbers_moved(reference: ColumnProfile, current: ColumnProfile) -> list[str]:
    if reference.mean is None or current.mean is None:
        return []
    said = []
    change = current.mean - reference.mean
    if reference.std:
        sigmas = change / reference.std
        if abs(sigmas) >= 0.095:
            said.append(f"{'up' if sigmas > 0 else 'down'} by {abs(sigmas):.1f} sigma")
        ratio = (current.std or 0.0) / reference.std
        if current.rows > 1 and not 0.8 <= ratio <= 1.25:
            said.append(f"spread {ratio:.1f} x")
    elif change:
        said.append(f"from {number(reference.mean)} to {number(current.mean)}")
    infinite = current.infinite - reference.infinite
    if infinite > 0:
        said.append(f"{current.infinite:,} infinite")
    return said


def _largest_change(labels: Sequence[str], r: Sequence[float], c: Sequence[float]) -> str:
    """Name the bin whose share changed most, new values apart, since those are told already."""
    changes = [
        # Of two that changed alike, the one that grew is told.
        (round(abs(now - before), 9), now > before, label, before, now)
        for label, before, now in zip(labels, r, c, strict=False)
        if label != "(new values)"
    ]
    size, _, label, before, now = max(changes, default=(0.0, False, "", 0.0, 0.0))
    if size < WORTH_SAYING:
        return ""
    shown = label if len(label) <= 30 else label[:29] + "…"
    return f"{shown!r} {'rose' if now > before else 'fell'} from {percent(before)} to {percent(now)}"
