"""Two histograms side by side as inline SVG: no script, no font, no network."""

from __future__ import annotations

from html import escape

from pilothouse.monitoring.reports import ColumnDrift
from pilothouse.monitoring.wording import percent

_ROW, _BAR, _LEFT, _WIDE, _RIGHT = 26, 9, 190, 330, 110
_LONGEST = 26
_EFFECT = 120
# The page's style says the same for light and dark; these are for readers that do not apply it to drawings.
_FILLS = {"r": "#8a97a8", "c": "#0b6bcb", "track": "#f0f2f5", "hot": "#b93a0a", "calm": "#5d6673"}


def shown(value: object, longest: int | None = None) -> str:
    """Return text from outside for HTML: escaped, on one line, without marks that turn or hide text."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in str(value).replace("\n", " "))
    return escape(text if longest is None or len(text) <= longest else text[: longest - 1] + "…")


def histograms(column: ColumnDrift) -> str:
    """Draw a column's bins, one a row: the reference's share above, the current one below."""
    r_all, c_all = sum(column.reference_counts) or 1, sum(column.current_counts) or 1
    rows = [
        (label, r / r_all, c / c_all)
        for label, r, c in zip(column.bins, column.reference_counts, column.current_counts, strict=True)
        if r or c
    ]
    most = max((max(r, c) for _, r, c in rows), default=1.0) or 1.0
    box = f"0 0 {_LEFT + _WIDE + _RIGHT} {_ROW * len(rows) + 6}"
    about = f"Shares of rows in each bin of {shown(column.column, 60)}, reference and current"
    parts = [f'<svg class="bins" viewBox="{box}" role="img" aria-label="{about}">']
    for at, (label, r, c) in enumerate(rows):
        top = at * _ROW + 4
        parts += [
            f'<text class="label" x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">',
            f"{shown(label, _LONGEST)}<title>{shown(label, 300)}</title></text>",
            _bar("r", top, r / most * _WIDE, r),
            _bar("c", top + _BAR + 1, c / most * _WIDE, c),
            f'<text class="share" x="{_LEFT + _WIDE + 6}" y="{top + 13}">',
            f"{escape(percent(r))} → {escape(percent(c))}</text>",
        ]
    return "".join([*parts, "</svg>"])


def _bar(kind: str, top: int, width: float, share: float) -> str:
    # A bin that has any row is seen.
    wide = max(width, 1.0 if share else 0.0)
    place = f'x="{_LEFT}" y="{top}" width="{wide:.1f}" height="{_BAR}"'
    return f'<rect class="{kind}" fill="{_FILLS[kind]}" {place}/>'


def effect(column: ColumnDrift) -> str:
    """Draw how far the score lies from what it needed: a bar of at most five times that, with a mark at it.

    The bars of different columns compare.
    """
    most = max(5 * column.threshold, 1e-9)
    wide, mark = min(1.0, column.score / most) * _EFFECT, column.threshold / most * _EFFECT
    tone = "hot" if column.drifted else "calm"
    return (
        f'<svg class="effect" viewBox="0 0 {_EFFECT} 12" aria-hidden="true">'
        f'<rect class="track" fill="{_FILLS["track"]}" width="{_EFFECT}" height="12"/>'
        f'<rect class="{tone}" fill="{_FILLS[tone]}" y="2" width="{wide:.1f}" height="8"/>'
        f'<line class="mark" stroke="#1b1f24" x1="{mark:.1f}" x2="{mark:.1f}" y1="0" y2="12"/></svg>'
    )
