"""The default rule: a column has drifted if the effect is real *and* large enough.

The score is the population stability index (PSI) over the reference's bins, with half a row added to each so
that none is empty: sum((c - r) ln(c / r)). Missing values are a bin of their own, and so are values that the
reference never had.

*Real.* Without any drift, score / (1/n + 1/m) follows a chi-square law with one degree of freedom less than
there are bins (Potgieter et al., arXiv 2307.11878), and so does Pearson's X2 of the same counts. In small
samples one of the two may lie too high: PSI where a bin is nearly empty (at 100 rows it is four times too
sure of a p-value of 0.0001), X2 where a value is rare. They do not lie together, so the larger of the two
p-values counts: it was never more than its nominal rate in simulations from 30 to 100,000 rows
(`python -m tests.benchmarks 11`).

*Across columns*, p-values are judged by Benjamini and Hochberg (1995) at the level of the whole question, so
that with no drift at all the chance that any column is called is at most that level.

*Over time*, the same question is asked at every file that lands. The level is spent (alpha spending: Lan
and DeMets, Biometrika 70, 1983): the k-th question against one reference gets 1 / (k (k + 1)) of it, which
adds up to one, but never less than a thousandth, so that drift is found in the hundredth file as in the
thousandth. A stream without drift therefore raises a false alarm with a chance of at most 1%, and 0.001% more
for each file from the 32nd on, whatever the files have in common.

*Large enough.* A score below 0.1 does not matter, however many rows prove it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

EFFECT_FLOOR = 0.1
LEVEL = 0.01
"""The chance of any false alarm, over all columns."""
_EXACT = 300
"""A share of the rows that may come out in no more ways than these is judged exactly."""
LEAST_PART = 1000
"""No question on a stream gets less than this part of the level."""
RULE = (
    "psi >= 0.1 and max(p of psi / (1/n + 1/m), p of Pearson's X2) within Benjamini-Hochberg's limit at "
    "this question's level, both by chi2(bins - 1), on the reference's tenths or most frequent values, with "
    "bins for missing and unseen values, counts + 0.5; the level is 0.01, of which the k-th file against one "
    "reference gets 1 / (k (k + 1)), at least 1 / 1000"
)


class Evidence(NamedTuple):
    """What one column's counts say.

    `unit` is the score that one unit of the chi-square law stands for: score / unit follows the law.
    """

    score: float
    p_value: float
    freedom: int
    unit: float

    def floor(self, p_needed: float) -> float:
        """Return the score at which the p-value is `p_needed`."""
        from scipy.special import chdtri

        return float(chdtri(self.freedom, p_needed)) * self.unit if self.freedom else 0.0


NOTHING = Evidence(0.0, 1.0, 0, 0.0)


def weigh(reference: Sequence[int], current: Sequence[int]) -> Evidence:
    """Return the score and how surprising it is, for the counts of one set of bins.

    Bins that are empty on both sides do not count. Without rows on one side, or with a single bin left, there
    is nothing to compare: 0 and 1.
    """
    from scipy.special import chdtrc

    score, freedom, unit = _units(reference, current)
    return Evidence(score, float(chdtrc(freedom, score / unit)), freedom, unit) if freedom else NOTHING


def chance_of_share(before: int, n: int, now: int, m: int) -> float:
    """Return the p-value of one share of the rows, `before` of `n` and `now` of `m`: how often chance alone
    deals out as many so unevenly, on either side.

    Exact where few rows are concerned (Fisher's test, twice its smaller tail), since there the law of
    `weigh` is off; that one where they are many. Needs no scipy.
    """
    rest = n + m - before - now
    if rest < before + now:  # the other side of the same table has fewer
        before, now = n - before, m - now
    count = before + now
    outcomes = range(max(0, count - n), min(count, m) + 1)
    if len(outcomes) > _EXACT:
        score, freedom, unit = _units([before, n - before], [now, m - now])
        return math.erfc(math.sqrt(score / unit / 2)) if freedom else 1.0
    tails = [0.0, 0.0]
    for x in outcomes:
        chance = math.exp(_log_choose(m, x) + _log_choose(n, count - x) - _log_choose(n + m, count))
        tails[0] += chance if x <= now else 0.0
        tails[1] += chance if x >= now else 0.0
    return min(1.0, 2 * min(tails))


def _log_choose(of: int, some: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)


def _units(reference: Sequence[int], current: Sequence[int]) -> tuple[float, int, float]:
    """Return score, degrees of freedom and unit; no freedom where there is nothing to compare."""
    pairs = [(r, c) for r, c in zip(reference, current, strict=True) if r + c > 0]
    n, m, size = sum(r for r, _ in pairs), sum(c for _, c in pairs), len(pairs)
    if n == 0 or m == 0 or size < 2:
        return 0.0, 0, 0.0
    score = pearson = 0.0
    for r, c in pairs:
        share_r, share_c = (r + 0.5) / (n + 0.5 * size), (c + 0.5) / (m + 0.5 * size)
        score += (share_c - share_r) * math.log(share_c / share_r)
        # Both cells of Pearson's table at once: (r - e_r)^2 / e_r + (c - e_c)^2 / e_c.
        pearson += (r / n - c / m) ** 2 / (r + c)
    pearson *= n * m
    unit = 1 / n + 1 / m
    if score > pearson * unit > 0:
        unit = score / pearson
    return score, size - 1, unit


def level_of(question: int | None, among: int = 1) -> float:
    """Return the level of one question.

    Args:
        question: its number on a stream of questions against the same reference, from 1; None if it is asked
            once.
        among: how many are asked together, and share the level alike.
    """
    return LEVEL / (among if question is None else min(question * (question + 1), LEAST_PART))


def p_needed(p_values: Sequence[float], level: float) -> list[float]:
    """Return for each of several p-values what it must not exceed, by Benjamini and Hochberg.

    Those that were found share one limit, `level` x found / all; for each of the others the limit is what it
    would have taken to be found too.
    """
    count = len(p_values)
    ordered = sorted(p_values)
    found = max((at for at in range(1, count + 1) if ordered[at - 1] <= level * at / count), default=0)
    limit = level * found / count if count else 0.0
    return [limit if found and p <= limit else level * (found + 1) / count for p in p_values]
