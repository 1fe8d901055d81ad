"""Profiles without files, for simulations of many rounds: the counts that DuckDB would have found.

A continuous column is counted into the reference's tenths. Whatever its law, the shares of the population
between those tenths follow Dirichlet's with the reference's counts, so drawing them, then the current counts,
is exact. A discrete column or a category is drawn as counts of its values, which is exact too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pilothouse.monitoring.columns import ColumnProfile
from pilothouse.monitoring.profile import MOST_LEVELS, edges_of

Pair = tuple[ColumnProfile, ColumnProfile]
MISSING = 0.02
DISCRETE = np.array([0.45, 0.2, 0.12, 0.08, 0.05, 0.04, 0.02, 0.015, 0.01, 0.006, 0.005, 0.004])
DISCRETE = DISCRETE / DISCRETE.sum()
"""Many zeros, then ever fewer, as minutes of delay or millimetres of rain."""
LEVELS = 1 / np.arange(1, 301) ** 1.3
LEVELS = LEVELS / LEVELS.sum()
"""Shares of 300 values, a few frequent and most of them rare, as destinations or products."""


def number(
    values: np.ndarray[Any, Any], like: ColumnProfile | None = None, name: str = "x", missing: int = 0
) -> ColumnProfile:
    """Profile numbers; with `like` into its bins."""
    edges = like.edges if like else tenths(np.sort(values))
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return _number(name, edges, counts, missing)


def tenths(ordered: np.ndarray[Any, Any]) -> tuple[float, ...]:
    """The edges of the bins of sorted values, as DuckDB's quantile_disc gives them."""
    places = [max(0, int(np.ceil(at * len(ordered) / 10)) - 1) for at in range(1, 10)]
    return edges_of([float(ordered[place]) for place in places])


def _number(name: str, edges: tuple[float, ...], counts: np.ndarray[Any, Any], missing: int) -> ColumnProfile:
    rows = int(counts.sum()) + missing
    return ColumnProfile(name, "number", "numeric", rows, missing, edges=edges, counts=tuple(counts.tolist()))


def _missing(dice: np.random.Generator, *rows: int) -> list[int]:
    return [int(dice.binomial(n, MISSING)) for n in rows]


def continuous(dice: np.random.Generator, n: int, m: int, name: str = "x") -> Pair:
    """A reference of n rows and m more of the same continuous law, by counts."""
    gone_r, gone_c = _missing(dice, n, m)
    present = n - gone_r
    counts = np.diff([0, *(int(np.ceil(at * present / 10)) for at in range(1, 10)), present])
    # The share above the ninth edge keeps one spacing more than it has points.
    shares = dice.dirichlet(counts + np.r_[np.zeros(9), 1.0])
    edges = tuple(float(at) for at in range(9))
    return (
        _number(name, edges, counts, gone_r),
        _number(name, edges, dice.multinomial(m - gone_c, shares), gone_c),
    )


def heavy(dice: np.random.Generator, n: int, m: int, name: str = "x") -> Pair:
    """The same with Cauchy's law, from values."""
    gone_r, gone_c = _missing(dice, n, m)
    reference = number(dice.standard_cauchy(n - gone_r), None, name, gone_r)
    return reference, number(dice.standard_cauchy(m - gone_c), reference, name, gone_c)


def discrete(dice: np.random.Generator, n: int, m: int, name: str = "x") -> Pair:
    """The same with few values and many zeros, by counts of values."""
    gone_r, gone_c = _missing(dice, n, m)
    values = np.arange(len(DISCRETE), dtype=float)
    r, c = (dice.multinomial(rows, DISCRETE) for rows in (n - gone_r, m - gone_c))
    up_to = np.cumsum(r)
    places = [np.searchsorted(up_to, max(1, np.ceil(at * up_to[-1] / 10))) for at in range(1, 10)]
    edges = edges_of([float(values[place]) for place in places])
    bins = np.searchsorted(edges, values, side="left")
    binned = [np.bincount(bins, weights=side, minlength=len(edges) + 1).astype(int) for side in (r, c)]
    return _number(name, edges, binned[0], gone_r), _number(name, edges, binned[1], gone_c)


def category(dice: np.random.Generator, n: int, m: int, name: str = "x") -> Pair:
    """The same with a category of many values, by counts of values."""
    gone_r, gone_c = _missing(dice, n, m)
    r, c = (dice.multinomial(rows, LEVELS) for rows in (n - gone_r, m - gone_c))
    return levels(name, r, c, gone_r, gone_c)


def levels(
    name: str, r: np.ndarray[Any, Any], c: np.ndarray[Any, Any], missing_r: int = 0, missing_c: int = 0
) -> Pair:
    """Both profiles of a category from the counts of its values v0, v1 …"""
    order = np.argsort(-r, kind="stable")
    seen = order[r[order] > 0]
    assert len(seen) <= MOST_LEVELS
    named = tuple(f"v{at}" for at in seen)
    new = (r == 0) & (c > 0)
    reference = ColumnProfile(
        name, "text", "category", int(r.sum()) + missing_r, missing_r, levels=named,
        level_counts=tuple(r[seen].tolist()), distinct=len(seen), singletons=int((r == 1).sum()),
    )  # fmt: skip
    current = ColumnProfile(
        name, "text", "category", int(c.sum()) + missing_c, missing_c, levels=named,
        level_counts=tuple(c[seen].tolist()), unseen=int(c[new].sum()), distinct=int(new.sum()),
    )  # fmt: skip
    return reference, current


KINDS = {"numeric": continuous, "heavy-tailed": heavy, "discrete": discrete, "categorical": category}
