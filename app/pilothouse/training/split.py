"""Dividing rows into those a model learns from and the holdout that judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pilothouse.errors import PilothouseError

SMALLEST = 20  # rows; below this no metric of a holdout means anything
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Split:
    """Row positions (int, into the frame that was split) of both sides, and how they were chosen.

    Where rows were divided `by_time`, both sides stand in the order of time.
    """

    train: Rows
    holdout: Rows
    how: str
    by_time: bool


def split_rows(*, times: Any | None, labels: Any | None, n_rows: int, holdout: float, seed: int) -> Split:
    """Choose the holdout.

    Args:
        times: one time a row (datetimes or numbers, missing allowed), or None.
        labels: one class a row to keep in proportion where rows are drawn at random, or None.
        n_rows: how many rows there are.
        holdout: share of the rows to hold out, between 0 and 1, both excluded.
        seed: of the random draw.

    With times, the most recent rows are held out, rows of one moment stay on one side, and a row without a
    time counts as the oldest. Without, rows are drawn at random, class by class.

    Raises:
        PilothouseError: fewer than 20 rows, or a share that leaves one side empty.
    """
    if n_rows < SMALLEST:
        raise PilothouseError(
            f"{n_rows} rows with a target are too few to train and judge a model.",
            untouched="No version was made.",
            next=f"Add data: at least {SMALLEST} rows are needed.",
        )
    if not 0 < holdout < 1:
        raise PilothouseError(
            f"training.holdout = {holdout:g} is no share of the rows.", next="Give a number such as 0.2."
        )
    n_holdout = min(max(1, round(n_rows * holdout)), n_rows - 1)
    if times is not None:
        return _by_time(np.asarray(times), n_rows, n_holdout)
    return _at_random(labels, n_rows, n_holdout, seed)


def _by_time(times: NDArray[Any], n_rows: int, n_holdout: int) -> Split:
    missing = np.isnat(times) if times.dtype.kind in "mM" else np.isnan(times.astype(float))
    undated = np.flatnonzero(missing)
    dated = np.flatnonzero(~missing)
    dated = dated[np.argsort(times[dated], kind="stable")]
    order = np.concatenate([undated, dated])
    cut = n_rows - n_holdout
    if cut > len(undated):
        moment = times[order[cut]]
        first = len(undated) + int(np.searchsorted(times[dated], moment, side="left"))
        # One moment that fills most of the training side cannot be kept together.
        cut = first if first > cut // 2 else cut
    how = f"the most recent {n_rows - cut:,} of {n_rows:,} rows"
    return Split(train=order[:cut], holdout=order[cut:], how=how, by_time=True)


def _at_random(labels: Any | None, n_rows: int, n_holdout: int, seed: int) -> Split:
    draw = np.random.default_rng(seed)
    if labels is None:
        order = draw.permutation(n_rows)
        return Split(
            train=np.sort(order[n_holdout:]),
            holdout=np.sort(order[:n_holdout]),
            how=f"{n_holdout:,} of {n_rows:,} rows at random, seed {seed}",
            by_time=False,
        )
    classes, codes = np.unique(np.asarray(labels).astype(str), return_inverse=True)
    counts = np.bincount(codes)
    quota = _proportional(counts, n_holdout)
    held = [draw.permutation(np.flatnonzero(codes == code))[: quota[code]] for code in range(len(classes))]
    holdout = np.sort(np.concatenate(held))
    train = np.setdiff1d(np.arange(n_rows), holdout, assume_unique=True)
    return Split(
        train=train,
        holdout=holdout,
        how=f"{len(holdout):,} of {n_rows:,} rows at random, class by class, seed {seed}",
        by_time=False,
    )


def _proportional(counts: NDArray[Any], total: int) -> NDArray[Any]:
    """Shares of `total` in proportion to `counts`, by largest remainder, never the last row of a class."""
    exact = counts * (total / counts.sum())
    quota: NDArray[np.intp] = np.floor(exact).astype(np.intp)
    for code in np.argsort(quota - exact, kind="stable")[: total - quota.sum()]:
        quota[code] += 1
    spared: NDArray[np.intp] = np.minimum(quota, np.maximum(counts - 1, 0))
    return spared
