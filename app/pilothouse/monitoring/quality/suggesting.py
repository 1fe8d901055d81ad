"""Rules taken from data, with margins so wide that ordinary files keep them.

A suggestion only warns; what it is for is what no season explains: another unit, a code such as -999 for
"missing", a column that fell silent, a category that was renamed. The margins, and why:

- a range is widened by its whole width on either side, more where the tails are heavy (the width against that
  of the middle 90%): the next extreme of heavy-tailed numbers lies far beyond the last; but
  amounts (numbers never below zero that lean towards it or pile up there) are widened by factors: from zero
  to as many times the maximum as that is of the median, or to what their tail leads one to expect of ten
  thousand times as many rows, if that is less and the tail is no heavier than that of a lognormal;
- numbers that end well above zero, such as ages, get no minimum below it; a lower tail that is merely short
  does not tell of an end, since temperatures of a mild month have one, too;
- missing values may double, and five points more: less than that is told by drift, which knows the sizes;
- categories are named where all are known and there are at most a hundred; others may have 5% of the rows, or
  five times what values that came up once let expect;
- whole numbers of few values that count from 0 or 1, such as rooms, get ten times their width on either side,
  so that three months let the twelfth in; others of few values are codes, which go on as they like;
- row counts may be a tenth or ten times those of earlier files, if there were three;
- a column must vary only where a hundred rows of one value would be a miracle by the reference's own shares;
- repeated rows may be 40% where there is no id, and a number with so many values that chance repeats none;
- freshness is never suggested: data of years ago may be just what is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from pilothouse.monitoring.columns import ColumnProfile, Profile
from pilothouse.monitoring.quality.rules import WARN, ColumnRule, DatasetRules, FileRules

MOST_CATEGORIES = 100
MISSING_FACTOR, MISSING_MORE = 2.0, 0.05
NEW_LEAST, NEW_FACTOR = 0.05, 5.0
HEAVY = 4.0
"""Full width against that of the middle 90%: a normal sample of ten thousand has 2.3."""
VARIES_ROWS = 100
"""A file of fewer rows may have one value by chance; a longer one is asked to vary."""
VARIES_SHARE = 0.87
"""0.87 to the power of 100 is one in a million."""
ROWS_FACTOR, ROWS_FILES = 10, 3
MOST_REPEATED, MANY_EDGES = 0.4, 150
"""A file that was written twice over has 50%; edges are those of two hundred bins."""
MEDIAN_OF_MAX = math.log(2)
"""The maximum of n values lies half the time beyond the quantile at 1 - ln 2 / n."""
TAILS = 3.0
"""As many times the stretch from the lowest value to that at 5%: no sample of a like file reaches so far."""
COUNTED = 10
"""Of whole numbers of few values all others may still come: as many times the width."""
MANY_MORE, UNSURE, NO_HEAVIER = 10_000, 1.25, 1.3
"""What a tail is followed to, in times the rows that were seen; how much steeper than it looked it may go on;
and how much steeper its end may be than its beginning, on the scale of a lognormal, to be followed at all."""
LEANS, LEANS_ROWS = 1.5, 200
"""The upper half of the middle 90% against its lower half, which for even-sided numbers is about 1."""


def suggest_rules(
    profile: Profile,
    *,
    target: str | None = None,
    id: str | None = None,
    exclude: Sequence[str] = (),
    file_rows: Sequence[int] = (),
) -> FileRules:
    """Suggest rules from a profile.

    Args:
        profile: what the columns were like.
        target: may be missing altogether, since labels come later.
        id: must be unique; has no range, since a number that counts goes on.
        exclude: columns of which only the type is asked, and that loosely.
        file_rows: rows of the files that were profiled.
    """
    columns = []
    for column in profile.columns:
        if column.name in exclude:
            columns.append(ColumnRule(column.name, column.type, on_fail=WARN))
            continue
        low, high = _range(column) if column.name != id else (None, None)
        if column.name not in (id, target) and _counts(column):
            low, high = _range_of_counts(column)
        categories, new = _categories(column)
        columns.append(
            ColumnRule(
                column.name,
                column.type,
                max_missing=None if column.name == target else _missing(column),
                min=low,
                max=high,
                categories=categories,
                max_new=new,
                unique=column.name == id,
                varies=_varies(column),
                on_fail=WARN if column.name == target else "hold",
            )
        )
    counts = [count for count in file_rows if count]
    known = len(counts) >= ROWS_FILES
    return FileRules(
        tuple(columns),
        DatasetRules(
            min_rows=max(1, min(counts) // ROWS_FACTOR) if known else None,
            max_rows=max(counts) * ROWS_FACTOR if known else None,
            max_duplicates=None if id or not any(map(_many_valued, profile.columns)) else MOST_REPEATED,
        ),
    )


def _missing(column: ColumnProfile) -> float | None:
    share = column.missing / column.rows if column.rows else 1.0
    limit = math.ceil((MISSING_FACTOR * share + MISSING_MORE) * 100) / 100
    return limit if limit < 1 else None


def _range(column: ColumnProfile) -> tuple[float | None, float | None]:
    if (
        column.kind != "numeric"
        or not isinstance(column.min, int | float)
        or not isinstance(column.max, int | float)
    ):
        return None, None
    low, high = float(column.min), float(column.max)
    width = high - low
    if not math.isfinite(width) or width == 0:
        return None, None
    middle = column.quantiles[-1] - column.quantiles[0] if column.quantiles else 0.0
    # Where nearly all values are one, its neighbours are rare and may lie anywhere.
    heavy = width / middle if middle else 10 * HEAVY
    margin = width * max(1.0, heavy / HEAVY)
    step = 10.0 ** (math.floor(math.log10(margin)) - 1)
    ends = math.floor((low - margin) / step) * step, math.ceil((high + margin) / step) * step
    digits = max(0, -math.floor(math.log10(step)))
    low, high = (round(end, digits) if digits < 300 else end for end in ends)
    if _is_amount(column):
        low = max(low, 0.0)
        high = max(high, _most_of_amounts(column))
    elif _ends_above_zero(column):
        low = max(low, 0.0)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _most_of_amounts(column: ColumnProfile) -> float:
    """Return how large amounts may become: the square of the maximum over the median, which is enough for any
    tail; less where the tail can be followed.

    The logarithms of a lognormal's quantiles rise in a straight line over those of a normal distribution. A
    tail that bends down from that line, or keeps to it, is followed along the steeper of its two parts,
    median to 95% and 95% to maximum. One that bends up (a power law does) is not followed.
    """
    usual, most = column.quantiles[2] or column.quantiles[-1], float(column.max or 0.0)
    if usual <= 0:
        return most
    widest = most * (most / usual)
    middle, upper, rows = column.quantiles[2], column.quantiles[-1], column.rows - column.missing
    if middle > 0 and rows >= LEANS_ROWS:
        at_upper, at_most = _normal(0.95), _normal(1 - MEDIAN_OF_MAX / rows)
        body = math.log(upper / middle) / at_upper
        tail = math.log(most / upper) / (at_most - at_upper)
        if tail <= NO_HEAVIER * body:
            further = _normal(1 - 1 / (MANY_MORE * rows)) - at_most
            widest = min(widest, most * math.exp(UNSURE * max(body, tail) * further))
    return float(f"{widest:.1e}") if math.isfinite(widest) else widest


def _normal(share: float) -> float:
    """Return the quantile of the normal distribution."""
    return NormalDist().inv_cdf(share)


def ends_of(column: ColumnProfile) -> tuple[float, float] | None:
    """Return the lowest and highest value of a number, whether it is one to a model or a category."""
    if isinstance(column.min, int | float) and isinstance(column.max, int | float):
        return float(column.min), float(column.max)
    if column.type != "integer" or not column.levels or column.distinct > len(column.levels):
        return None
    values = [float(level) for level in column.levels]
    return min(values), max(values)


def _counts(column: ColumnProfile) -> bool:
    """Say whether a category is of whole numbers that count from 0 or 1, or on both sides of it; the
    years of a few files, and numbers of shops, do not."""
    ends = ends_of(column) if column.kind == "category" else None
    return ends is not None and ends[0] <= 1 <= ends[1] and 2 * column.distinct > ends[1] - ends[0]


def _range_of_counts(column: ColumnProfile) -> tuple[float | None, float | None]:
    ends = ends_of(column)
    if ends is None or ends[0] == ends[1]:
        return None, None
    margin = COUNTED * (ends[1] - ends[0])
    return (ends[0] - margin if ends[0] < 0 else 0.0), ends[1] + margin


def _many_valued(column: ColumnProfile) -> bool:
    return column.kind == "numeric" and len(column.fine_edges) >= MANY_EDGES


def _is_amount(column: ColumnProfile) -> bool:
    """Say whether values below zero would be odd: none are, and they lean to the left or pile up at zero."""
    if not isinstance(column.min, int | float) or column.min < 0 or not column.quantiles:
        return False
    low, middle, high = column.quantiles[0], column.quantiles[2], column.quantiles[-1]
    leans = column.rows - column.missing >= LEANS_ROWS and high - middle > LEANS * (middle - low)
    return low == 0 or leans


def _ends_above_zero(column: ColumnProfile) -> bool:
    """Say whether values below zero would be odd: the lowest ends short of it, and not as a tail that a few
    rows more would lengthen."""
    if not isinstance(column.min, int | float) or column.min < 0 or not column.quantiles:
        return False
    tail = column.quantiles[0] - column.min
    return column.rows - column.missing >= LEANS_ROWS and column.min >= TAILS * tail


def _categories(column: ColumnProfile) -> tuple[tuple[str, ...] | None, float]:
    complete = column.distinct <= len(column.levels)
    if column.kind != "category" or column.type != "text" or not column.levels or not complete:
        return None, 0.0
    present = column.rows - column.missing
    # What came up once tells how many rows have a value that did not come up (Good and Turing).
    new = max(NEW_LEAST, NEW_FACTOR * column.singletons / present)
    if len(column.levels) > MOST_CATEGORIES or new > 0.5:
        return None, 0.0
    return tuple(sorted(column.levels)), math.ceil(new * 100) / 100


def _varies(column: ColumnProfile) -> bool:
    present = column.rows - column.missing
    if not present or column.kind in ("time", "text"):
        return False
    counts = column.level_counts if column.levels else column.counts
    most = max(counts, default=present)
    if column.kind == "numeric":
        # A bin holds many values; only one that holds a single value can make a column constant.
        return column.min != column.max and most / present <= VARIES_SHARE
    return len(column.levels) > 1 and most / present <= VARIES_SHARE
