"""The tests that a person may name: distances between two distributions, by the book's formulas.

All work on counts. *Bins*: the profile's, without missing values, since the peers leave those out too.
*Points*: every value with how often it came up on either side (`points_of_values`), or the middles of fine
bins.
Each decides by the convention it names and by nothing else: none corrects for the number of columns. A
distance has one limit for any number of rows, so small files raise false alarms that the default rule would
not; a test with a p-value knows the rows, and calls any tiny change in large files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pilothouse.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
else:
    Array = Any

AUTO = "auto"
P_LIMIT = 0.05
SMALLEST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Named:
    """A test: the threshold of a distance (None: it goes by a p-value), what it needs, and its convention."""

    name: str
    title: str
    limit: float | None
    convention: str
    on_points: bool = False


NAMED = {
    one.name: one
    for one in (
        Named("psi", "population stability index", 0.1,
              "Evidently's: sum (r - c) ln(r / c), empty bins filled with 1e-4, drift from 0.1"),
        Named("js", "Jensen-Shannon distance", 0.1,
              "Evidently's and scipy's jensenshannon: natural logarithm, drift from 0.1; NannyML's, in "
              "base 2, is 1.2 times as large"),
        Named("hellinger", "Hellinger distance", 0.1,
              "NannyML's: |sqrt r - sqrt c| / sqrt 2, drift from 0.1"),
        Named("tv", "total variation distance", 0.1, "half of sum |r - c|, drift from 0.1"),
        Named("linf", "L-infinity distance", 0.1, "NannyML's: the largest |r - c|, drift from 0.1"),
        Named("chi2", "chi-square test", None,
              "scipy's chi2_contingency: Yates' correction where there are two bins, drift below p = 0.05"),
        Named("ks", "Kolmogorov-Smirnov test", None,
              "scipy's ks_2samp with method='asymp', drift below p = 0.05", on_points=True),
        Named("wasserstein", "Wasserstein distance", 0.1,
              "Evidently's: scipy's wasserstein_distance / max(standard deviation of the reference, 0.001), "
              "drift from 0.1", on_points=True),
    )
}  # fmt: skip


class Measured(NamedTuple):
    """A score, what it had to reach, and its p-value where the test has one."""

    score: float
    threshold: float
    p_value: float | None
    drifted: bool


class Points(NamedTuple):
    """Values in order, each once, with how often both sides have them.

    `error` is how much larger the largest difference of shares may be than it seems; `width` how far a
    Wasserstein distance (before it is divided) may be wrong: both 0 where the points are the values.
    """

    values: Array
    reference: Array
    current: Array
    error: float = 0.0
    width: float = 0.0


def parse_tests(text: str) -> tuple[str, ...]:
    """Read names of tests, separated by commas; none for `auto`.

    Raises:
        UsageError: a name is unknown; the message lists those that are known.
    """
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for name in names:
        if name != AUTO and name not in NAMED:
            raise UsageError(
                f"There is no drift test {name[:40]!r}.", next=f"There are: auto, {', '.join(NAMED)}."
            )
    return tuple(name for name in names if name != AUTO)


def pick_test(kind: str, wanted: Sequence[str]) -> Named | None:
    """Return the first of the wanted tests that suits a kind of column; None means the default rule."""
    if kind not in ("numeric", "category", "boolean"):
        return None
    return next((NAMED[name] for name in wanted if kind == "numeric" or not NAMED[name].on_points), None)


def measure(test: Named, reference: Sequence[int], current: Sequence[int]) -> Measured:
    """Measure counts of bins; both sides must have rows.

    Raises:
        ValueError: the test needs points, see `measure_points`.
    """
    import numpy as np

    r, c = (np.asarray(side, dtype=float) for side in (reference, current))
    if test.name == "chi2":
        return chi_square(r, c)
    distance = {
        "psi": psi, "js": jensen_shannon, "hellinger": hellinger, "tv": total_variation, "linf": l_infinity,
    }.get(test.name)  # fmt: skip
    if distance is None:
        raise ValueError(f"{test.name} is not measured on bins")
    assert test.limit is not None
    score = distance(r / r.sum(), c / c.sum())
    return Measured(score, test.limit, None, score >= test.limit)


def measure_points(test: Named, points: Points, std: float | None) -> Measured:
    """Measure points; `std` is the reference's standard deviation."""
    if test.name == "ks":
        return kolmogorov_smirnov(points)
    assert test.limit is not None
    score = wasserstein(points) / max(std or 0.0, 0.001)
    return Measured(score, test.limit, None, score >= test.limit)


def psi(r: Array, c: Array) -> float:
    """Return the population stability index of shares; empty bins are filled as Evidently fills them."""
    import numpy as np

    r, c = (np.where(side == 0, _filling(side), side) for side in (r, c))
    return float(np.sum((r - c) * np.log(r / c)))


def _filling(shares: Array) -> float:
    least = float(shares[shares > 0].min())
    return SMALLEST_SHARE if least > SMALLEST_SHARE else least / 1e6


def jensen_shannon(r: Array, c: Array) -> float:
    """Return the square root of the Jensen-Shannon divergence of shares, in natural logarithms."""
    import numpy as np
    from scipy.special import rel_entr

    middle = (r + c) / 2
    return float(np.sqrt(max(0.0, float(np.sum(rel_entr(r, middle) + rel_entr(c, middle))) / 2)))


def hellinger(r: Array, c: Array) -> float:
    """Return the Hellinger distance of shares, from 0 to 1."""
    import numpy as np

    return float(np.linalg.norm(np.sqrt(r) - np.sqrt(c)) / np.sqrt(2))


def total_variation(r: Array, c: Array) -> float:
    """Return half the sum of the differences of shares, from 0 to 1."""
    return float(abs(r - c).sum() / 2)


def l_infinity(r: Array, c: Array) -> float:
    """Return the largest difference of shares."""
    return float(abs(r - c).max())


def chi_square(r: Array, c: Array) -> Measured:
    """Return Pearson's statistic of counts, as `scipy.stats.chi2_contingency` does."""
    import numpy as np
    from scipy.special import chdtri
    from scipy.stats import chi2_contingency

    seen = r + c > 0
    if seen.sum() < 2:
        return Measured(0.0, 0.0, 1.0, False)
    found = chi2_contingency(np.vstack([r[seen], c[seen]]))
    limit = float(chdtri(found.dof, P_LIMIT))
    return Measured(float(found.statistic), limit, float(found.pvalue), bool(found.pvalue < P_LIMIT))


def kolmogorov_smirnov(points: Points) -> Measured:
    """Return the largest difference of the two shares of rows up to a value, and its asymptotic p-value.

    The law of D for round(n m / (n + m)) rows, as `scipy.stats.ks_2samp(method="asymp")` takes it.
    """
    import numpy as np
    from scipy.stats import kstwo

    n, m = float(points.reference.sum()), float(points.current.sum())
    apart = np.cumsum(points.reference) / n - np.cumsum(points.current) / m
    score = float(np.abs(apart).max())
    rows = max(1.0, np.round(n * m / (n + m)))
    p_value = float(np.clip(kstwo.sf(score, rows), 0, 1))
    return Measured(score, float(kstwo.isf(P_LIMIT, rows)), p_value, p_value < P_LIMIT)


def wasserstein(points: Points) -> float:
    """Return the area between the two distribution functions, in the column's unit."""
    import numpy as np

    apart = np.cumsum(points.reference) / points.reference.sum()
    apart = apart - np.cumsum(points.current) / points.current.sum()
    return float(np.sum(np.abs(apart[:-1]) * np.diff(points.values)))


def points_of_values(reference: Array, current: Array) -> Points:
    """Return the points of two sets of finite values: exact."""
    import numpy as np

    values, place = np.unique(np.concatenate([reference, current]), return_inverse=True)
    r = np.bincount(place[: len(reference)], minlength=len(values))
    c = np.bincount(place[len(reference) :], minlength=len(values))
    return Points(values, r, c)


def points_of_bins(
    edges: Sequence[float], reference: Sequence[int], current: Sequence[int], low: float, high: float
) -> Points:
    """Return the middles of bins as points, with how wrong that may be.

    Args:
        edges: upper edges, rising; one fewer than there are counts.
        reference, current: rows in each bin.
        low, high: the least and the greatest value of both sides.
    """
    import numpy as np

    r, c = np.asarray(reference), np.asarray(current)
    inner = np.clip(np.asarray(edges, dtype=float), low, high)
    upper, lower = np.append(inner, high), np.insert(inner, 0, low)
    share_r, share_c = r / r.sum(), c / c.sum()
    width = float(np.sum((share_r + share_c) * (upper - lower)) / 2)
    # Between two edges either side may have all its rows before the other's; one value alone is exact.
    up_r, up_c = np.cumsum(share_r), np.cumsum(share_c)
    known = np.abs(up_r - up_c)
    inside = np.maximum(up_r - (up_c - share_c), up_c - (up_r - share_r))
    most = np.where(upper > np.nextafter(lower, np.inf), inside, known).max()
    return Points((upper + lower) / 2, r, c, max(0.0, float(most - known.max())), width)
