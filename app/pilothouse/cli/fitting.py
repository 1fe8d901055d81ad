"""Making a table as wide as the terminal: long texts are cut first, then whole columns are left out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

GAP = 2
_SHORTEST = 12
"""Cells that a text keeps while others can still give way; ids, states and times are no longer than that."""
_LAST_RESORT = 4


def terminal_cells() -> int | None:
    """Return how many cells a line of standard output has; None where it is no terminal and has no end."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit(
    widths: Sequence[int], texts: Sequence[int], cells: int | None, leave: Sequence[int] = ()
) -> tuple[dict[int, int], list[int]]:
    """Say how wide each column may be, and which are left out.

    Args:
        widths: what each column needs.
        texts: the columns that may be cut; a number that is cut would be another number.
        cells: what there is; None for no limit.
        leave: columns that may be left out, the least important first; after them the last ones. The first
            column stays.

    Returns:
        The width of each column that stays, in their order, and the columns that do not.
    """
    kept = dict(enumerate(widths))
    gone: list[int] = []
    if cells is None:
        return kept, gone
    order = [*dict.fromkeys(leave), *(n for n in reversed(range(1, len(widths))) if n not in leave)]
    while True:
        if _shorten(kept, texts, cells, _SHORTEST):
            return kept, sorted(gone)
        if len(kept) <= 2 or not order:
            _shorten(kept, texts, cells, _LAST_RESORT)
            return kept, sorted(gone)
        least = order.pop(0)
        gone.append(least)
        # What stays may have more room than before.
        kept = {n: width for n, width in enumerate(widths) if n not in gone}


def _shorten(kept: dict[int, int], texts: Sequence[int], cells: int, least: int) -> bool:
    """Cut the widest texts, as far as needed and not below `least`; tell whether all fits."""
    over = sum(kept.values()) + GAP * (len(kept) - 1) - cells
    while over > 0:
        longest = max((n for n in texts if n in kept), key=lambda n: kept[n], default=None)
        if longest is None or kept[longest] <= least:
            return False
        kept[longest] -= 1
        over -= 1
    return True
