"""Two histograms of one column over the same bins, under each other or side by side: the reference ``░``
against now ``█``."""

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


WORTH_A_SIGN = 0.02
"""A bin whose share changed by at least this much is marked with its direction."""


def beside(
    labels: Sequence[str],
    reference: Sequence[float],
    current: Sequence[float],
    columns: int,
    heads: tuple[str, str],
) -> Content:
    """Return the two histograms side by side on one scale, a line a bin under a line of heads; bins that are
    empty on both sides are left out.

    ``▲`` and ``▼`` mark bins whose share rose or fell by two points or more.
    """
    total_r, total_c = sum(reference) or 1, sum(current) or 1
    rows = [
        (safe(label, 40), r / total_r, c / total_c)
        for label, r, c in zip(labels, reference, current, strict=False)
        if r or c
    ]
    if not rows:
        return Content("")
    left = min(max(width(name) for name, _, _ in rows), max(6, columns // 4))
    each = max(2, (columns - left - 20) // 2)
    most = max(max(r, c) for _, r, c in rows) or 1
    pad = " " * (left + 1)
    out = [
        Content.assemble(
            pad,
            (fit(f"░ {safe(heads[0])}", each + 7) + " ", "$dim"),
            (fit(f"█ {safe(heads[1])}", each + 9), "$dim"),
        )
    ]
    for name, r, c in rows:
        sign = "▲" if c - r >= WORTH_A_SIGN else "▼" if r - c >= WORTH_A_SIGN else " "
        out.append(
            Content.assemble(
                (fit(name, left, "right"), ""),
                " ",
                (fit("░" * _cells(r, most, each), each), "$dim"),
                (f" {percent(r, 1):>6} ", "$dim"),
                (fit("█" * _cells(c, most, each), each), "$accent"),
                f" {percent(c, 1):>6} ",
                (sign, "$warning"),
            )
        )
    return Content("\n").join(out)


def _cells(share: float, most: float, across: int) -> int:
    """Cells of a bar; what is not nothing is seen."""
    return max(1 if share else 0, round(share / most * across))
