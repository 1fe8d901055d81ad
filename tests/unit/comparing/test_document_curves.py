"""Curves as shapes in a document: on one scale, honest about gaps, and never more than they are."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.comparing.document_curves import CELLS, HEADERS, MOST, curve_rows, left_out
from pilothouse.comparing.findings import Curve
from pilothouse.tracking.sparkline import EIGHTHS, resampled

numbers = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
points = st.lists(st.tuples(st.floats(-1e6, 1e6), numbers), max_size=30).map(tuple)


def shape(row: list[object]) -> str:
    return str(row[HEADERS.index("shape")])


def test_shapes_of_one_curve_have_one_scale_and_gaps_are_seen() -> None:
    rising = tuple((float(n), n / 100) for n in range(101))
    flat = tuple((float(n), 1.0) for n in range(51))
    rows = curve_rows([Curve("auc", "step", "auc", (rising, flat, ()))], ["v1", "v2", "v3"])
    assert [row[2] for row in rows] == ["v1", "v2"], "the third has none"
    first, second = map(shape, rows)
    assert first[0] == EIGHTHS[0]
    assert first[-1] == EIGHTHS[-1]
    assert list(first) == sorted(first)
    assert second == EIGHTHS[-1] * 12 + "\u00b7" * 12, "as high as the other's end, and half as long"
    assert rows[0][4:] == ["0.0000", "1.0000", "0.0000", "1.0000"]


@given(st.lists(points, min_size=1, max_size=4))
def test_any_points_make_rows_of_a_fixed_width(drawn: list[tuple[tuple[float, float], ...]]) -> None:
    labels = [f"run {n}" for n in range(len(drawn))]
    rows = curve_rows([Curve("m", "step", "m", tuple(drawn))], labels)
    real = [any(math.isfinite(y) for _, y in each) for each in drawn]
    assert [row[2] for row in rows] == [label for label, has in zip(labels, real, strict=True) if has]
    assert all(len(row) == len(HEADERS) and len(shape(row)) <= CELLS for row in rows)


@given(
    st.lists(
        st.tuples(st.integers(0, 1000).map(float), st.floats(-10, 10)), min_size=2, unique_by=lambda p: p[0]
    ),
    st.integers(1, 50),
)
def test_what_is_drawn_lies_between_the_points_around_it(
    found: list[tuple[float, float]], cells: int
) -> None:
    found.sort()
    low, high = found[0][0], found[-1][0]
    values = resampled(found, low, high, cells)
    assert len(values) == cells
    for n, value in enumerate(values):
        x = low + (high - low) * (n + 0.5) / cells
        before = max(point for point in found if point[0] <= x)
        after = min(point for point in found if point[0] >= x)
        assert value is not None
        assert min(before[1], after[1]) - 1e-9 <= value <= max(before[1], after[1]) + 1e-9


def test_what_the_system_did_is_left_out_and_too_many_are_counted() -> None:
    line = ((0.0, 0.0), (1.0, 1.0))
    curves = [Curve("system/cpu_percent", "step", "", (line,))]
    curves += [Curve(f"m{n}", "step", "", (line,)) for n in range(MOST + 3)]
    rows = curve_rows(curves, ["a"])
    assert len(rows) == MOST
    assert left_out(curves) == 3
    assert all(row[0] != "system/cpu_percent" for row in rows)


def test_the_last_is_that_of_the_metric() -> None:
    """Of points at one step the one written last; and a value that is no number, which nothing draws."""
    late = ((0.0, 0.5), (1.0, 0.9), (1.0, 0.3))
    (row,) = curve_rows([Curve("acc", "step", "", (late,))], ["a"])
    assert row[5] == "0.3000"
    curves = [Curve("acc", "step", "", (late, late))]
    assert [row[5] for row in curve_rows(curves, ["a", "b"], {"acc": (math.nan, None)})] == ["nan", "0.3000"]
