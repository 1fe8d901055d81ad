from __future__ import annotations

from pilothouse.monitoring.profile import edges_of
from pilothouse.monitoring.wording import bin_labels, number, percent


def test_numbers_and_shares_are_short() -> None:
    assert [number(x) for x in (0.0, 1013.25, 12_345.6, 1e12, 0.000123456)] == [
        "0", "1013", "12,346", "1e+12", "0.0001235",
    ]  # fmt: skip
    assert [percent(x) for x in (0, 0.0004, 0.004, 0.1, 1)] == ["0%", "<0.1%", "0.4%", "10%", "100%"]


def test_bins_are_named_by_their_bounds() -> None:
    assert bin_labels([]) == ["any value"]
    assert bin_labels([1, 2]) == ["up to 1", "1 to 2", "above 2"]


def test_a_bin_of_one_value_is_named_by_it() -> None:
    edges = edges_of([0, 0, 0, 0, 0, 0, 0, 1, 5])
    assert bin_labels(edges) == ["below 0", "= 0", "0 to 1", "1 to 5", "above 5"]
    edges = edges_of([1, 2, 10, 10, 10, 10, 10, 10, 10])
    assert bin_labels(edges) == ["up to 1", "1 to 2", "2 to <10", "= 10", "above 10"]
