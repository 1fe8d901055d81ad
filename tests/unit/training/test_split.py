from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.errors import PilothouseError
from pilothouse.training.split import SMALLEST, Split, split_rows


def whole(split: Split, n: int) -> bool:
    return sorted([*split.train.tolist(), *split.holdout.tolist()]) == list(range(n))


def test_the_most_recent_rows_are_held_out_whatever_their_order() -> None:
    times = np.random.default_rng(0).permutation(100).astype("datetime64[D]")
    split = split_rows(times=times, labels=None, n_rows=100, holdout=0.2, seed=0)
    assert len(split.holdout) == 20 and whole(split, 100)
    assert times[split.train].max() < times[split.holdout].min()
    assert (np.diff(times[split.train]) >= np.timedelta64(0)).all()
    assert split.by_time and "most recent 20 of 100" in split.how


def test_rows_of_one_moment_stay_together() -> None:
    times = np.repeat(np.arange(10), 10)
    split = split_rows(times=times, labels=None, n_rows=100, holdout=0.25, seed=0)
    assert set(times[split.train]) == set(range(7)) and set(times[split.holdout]) == {7, 8, 9}


def test_one_moment_for_all_is_divided_all_the_same() -> None:
    split = split_rows(times=np.zeros(100), labels=None, n_rows=100, holdout=0.2, seed=0)
    assert (len(split.train), len(split.holdout)) == (80, 20)


def test_rows_without_a_time_count_as_the_oldest() -> None:
    times = np.arange(100).astype("datetime64[s]")
    times[90:] = np.datetime64("NaT")
    split = split_rows(times=times, labels=None, n_rows=100, holdout=0.2, seed=0)
    assert set(range(90, 100)) <= set(split.train.tolist())
    assert set(split.holdout.tolist()) == set(range(70, 90))


def test_no_time_at_all_still_divides() -> None:
    times = np.full(50, np.datetime64("NaT", "s"))
    split = split_rows(times=times, labels=None, n_rows=50, holdout=0.2, seed=0)
    assert len(split.holdout) == 10 and whole(split, 50)


def test_classes_keep_their_share_and_the_seed_decides() -> None:
    labels = np.array(["a"] * 900 + ["b"] * 90 + ["c"] * 9 + ["d"])
    first, again, other = (
        split_rows(times=None, labels=labels, n_rows=1000, holdout=0.2, seed=seed) for seed in (1, 1, 2)
    )
    assert first.holdout.tolist() == again.holdout.tolist() != other.holdout.tolist()
    held = labels[first.holdout]
    assert [(held == name).sum() for name in "abcd"] == [180, 18, 2, 0]


@settings(deadline=None)
@given(
    st.integers(SMALLEST, 300),
    st.floats(0.01, 0.99),
    st.integers(0, 5),
    st.sampled_from(["times", "labels", "neither"]),
    st.integers(0, 2**32),
)
def test_every_row_is_on_one_side_and_neither_side_is_empty(
    n: int, holdout: float, levels: int, by: str, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, levels + 1, n)
    split = split_rows(
        times=values if by == "times" else None,
        labels=values if by == "labels" else None,
        n_rows=n,
        holdout=holdout,
        seed=seed,
    )
    assert whole(split, n)
    assert len(split.train) and (len(split.holdout) or by == "labels")


@pytest.mark.parametrize("n", [0, 1, SMALLEST - 1])
def test_too_few_rows_are_told(n: int) -> None:
    with pytest.raises(PilothouseError, match="too few"):
        split_rows(times=None, labels=None, n_rows=n, holdout=0.2, seed=0)


@pytest.mark.parametrize("holdout", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_told(holdout: float) -> None:
    with pytest.raises(PilothouseError, match="holdout"):
        split_rows(times=None, labels=None, n_rows=100, holdout=holdout, seed=0)
