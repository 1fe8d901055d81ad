from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tracking.smoothing import smooth, thin

sound = st.floats(-1e9, 1e9)
weights = st.floats(0, 0.99)
any_number = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(sound, min_size=1, max_size=50), weights)
def test_an_average_lies_between_the_values_before_it(values: list[float], weight: float) -> None:
    for n, value in enumerate(smooth(values, weight)):
        seen = values[: n + 1]
        room = 1e-9 * max(1.0, *map(abs, seen))
        assert min(seen) - room <= value <= max(seen) + room


@given(st.lists(any_number, max_size=50))
def test_no_weight_changes_nothing(values: list[float]) -> None:
    for before, after in zip(values, smooth(values, 0.0), strict=True):
        assert after == before or (math.isnan(before) and math.isnan(after))


@given(st.lists(any_number, min_size=1, max_size=50), weights)
def test_what_is_no_number_stays_and_touches_no_other(values: list[float], weight: float) -> None:
    got = smooth(values, weight)
    kept = [value for value in got if math.isfinite(value)]
    assert [math.isfinite(value) for value in got] == [math.isfinite(value) for value in values]
    assert kept == smooth([value for value in values if math.isfinite(value)], weight)


def test_the_start_is_not_pulled_to_zero() -> None:
    assert smooth([5.0, 5.0, 5.0], 0.9) == pytest.approx([5, 5, 5])
    # By hand: s1 = 0.1, s2 = 0.9 * 0.1 + 0.1 * 2 = 0.29, and 0.29 / (1 - 0.9 ** 2).
    assert smooth([1.0, 2.0], 0.9)[1] == pytest.approx(0.29 / 0.19)


@given(sound, st.integers(1, 400), weights)
def test_a_mean_of_many_weighs_as_the_many_would(value: float, count: int, weight: float) -> None:
    one_by_one = smooth([1.0, *[value] * count], weight)[-1]
    assert smooth([1.0, value], weight, [1, count])[-1] == pytest.approx(one_by_one, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_a_weight_out_of_range_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=r"0 to 0\.99"):
        smooth([1.0], weight)


@given(st.lists(any_number, max_size=400), st.integers(1, 60))
def test_thinning_never_loses_the_smallest_or_largest(values: list[float], most: int) -> None:
    points = [(float(n), value) for n, value in enumerate(values)]
    kept = thin(points, most)
    assert len(kept) <= 3 * max(1, most // 3) + 2
    assert [x for x, _ in kept] == sorted({x for x, _ in kept})
    assert set(kept) <= set(points) or any(math.isnan(value) for value in values)
    heights = [value for value in values if math.isfinite(value)]
    left = [y for _, y in kept if math.isfinite(y)]
    if heights:
        assert (min(left), max(left)) == (min(heights), max(heights))
    if len(heights) < len(values):
        assert any(not math.isfinite(y) for _, y in kept)
