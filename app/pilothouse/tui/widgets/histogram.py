"""Two histograms of one column over the same bins: the reference ``░`` against now ``█``."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pilothouse.tui.text import fit, percent, safe, width


def two_histograms(
    labels: Sequence[str],
    reference: Sequence[float],
    current: Sequence[float],
    columns: int,
    *,
    rows: int = 100,
) -> Content:
    """Return one pair of bars a bin, as shares of their own total, so that different sizes compare.

    Each bin takes two lines (reference, then now) where ``rows`` allows, one line otherwise: then the
    smaller lies on the larger.
    """
    bins = min(len(labels), len(reference), len(current))
    total_r, total_c = sum(reference[:bins]) or 1, sum(current[:bins]) or 1
    shares = [(reference[n] / total_r, current[n] / total_c) for n in range(bins)]
    if not shares:
        return Content("")
    names = [safe(label, 40) for label in labels[:bins]]
    left = min(max(width(name) for name in names), max(6, columns // 3))
    across = max(4, columns - left - 8)
    most = max(max(pair) for pair in shares) or 1
    double = rows >= 2 * bins
    if not double:
        across = max(4, columns - left - 12)
    out: list[Content] = []
    for name, (before, now) in zip(names, shares, strict=True):
        b, c = round(before / most * across), round(now / most * across)
        label = fit(name, left, "right")
        if double:
            out.append(
                Content.assemble((label, ""), " ", ("░" * b, "$dim"), " ", (percent(before, 1), "$dim"))
            )
            out.append(Content.assemble(" " * (left + 1), ("█" * c, "$accent"), " ", percent(now, 1)))
        else:
            low, high = min(b, c), max(b, c)
            over = ("█" * (high - low), "$accent") if c > b else ("░" * (high - low), "$dim")
            gap = " " * (across - high)
            figures = (f" {percent(now):>4}", (f" ({percent(before):>3})", "$dim"))
            out.append(Content.assemble((label, ""), " ", ("█" * low, "$accent"), over, gap, *figures))
    hidden = len(out) - rows
    if hidden > 0:
        out = [*out[: rows - 1], Content.assemble((f"… {hidden + 1} more bins", "$dim"))]
    return Content("\n").join(out)
