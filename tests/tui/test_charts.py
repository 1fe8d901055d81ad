from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tui.text import width
from pilothouse.tui.widgets.heatmap import HeatColumn, draw_heatmap, shade
from pilothouse.tui.widgets.histogram import two_histograms
from pilothouse.tui.widgets.line_chart import Series, draw_chart
from pilothouse.tui.widgets.sparkline import bar, sparkline

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(st.floats(0, 1e6), numbers), max_size=60), st.integers(0, 90), st.integers(0, 20))
def test_a_chart_never_leaves_its_box(points: list[tuple[float, float]], columns: int, rows: int) -> None:
    drawn = draw_chart([Series("[/x]\x1b", tuple(points))], columns, rows)
    lines = drawn.plain.split("\n")
    assert len(lines) <= max(rows, 1)
    assert "\x1b" not in drawn.plain
    assert all(width(line) <= columns for line in lines[: max(rows - 1, 0)])


def test_a_chart_has_its_ends_on_the_axes() -> None:
    drawn = draw_chart([Series("roc_auc", ((0.0, 0.5), (100.0, 0.75)))], 60, 12).plain
    assert "0.7500┤" in drawn
    assert "0.5000┤" in drawn
    assert "100 step" in drawn
    assert "roc_auc" in drawn


def test_a_spike_of_a_long_curve_stays_visible() -> None:
    points = [(float(n), 9.0 if n == 51_234 else 1.0) for n in range(100_000)]
    drawn = draw_chart([Series("loss", tuple(points))], 60, 12).plain.split("\n")
    assert any(0x2800 < ord(c) <= 0x28FF for c in drawn[0]), "the first line has the spike's top"


def test_points_that_are_no_numbers_are_left_out() -> None:
    assert draw_chart([Series("loss", ((0.0, math.nan), (1.0, math.inf)))], 60, 12).plain == ""


@given(st.lists(st.none() | numbers, max_size=80), st.integers(0, 60))
def test_a_sparkline_fits(values: list[float | None], cells: int) -> None:
    assert len(sparkline(values, cells)) <= cells


def test_a_sparkline_shows_the_newest_on_the_right() -> None:
    assert sparkline([9, 0, 0, 1, 2, 8], 4, low=0) == "▁▁▂█"


@given(st.none() | st.floats(allow_nan=True), st.integers(0, 40))
def test_a_bar_is_as_long_as_it_should_be(share: float | None, cells: int) -> None:
    assert len(bar(share, cells)) == cells


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=30),
    st.integers(24, 90),
    st.integers(1, 60),
)
def test_two_histograms_fit(bins: list[tuple[str, int, int]], columns: int, rows: int) -> None:
    drawn = two_histograms(
        [b[0] for b in bins], [b[1] for b in bins], [b[2] for b in bins], columns, rows=rows
    )
    lines = drawn.plain.split("\n")
    assert len(lines) <= max(1, rows)
    assert all(width(line) <= columns + 1 for line in lines)


def test_the_histograms_are_shares_so_that_sizes_compare() -> None:
    drawn = two_histograms(["a", "b"], [100, 100], [1, 1], 40, rows=10).plain
    assert drawn.count("50.0%") == 4


def test_the_heatmap_puts_the_worst_column_first_and_the_newest_file_right() -> None:
    files = [
        HeatColumn("Jan", "●", "", (("calm", 0.0), ("temp", 0.3))),
        HeatColumn("Feb", "■", "", (("calm", 0.0), ("temp", 0.9))),
    ]
    lines = draw_heatmap(files, 40, 8).plain.split("\n")
    assert lines[0].split() == ["Jan", "Feb"]
    assert lines[2].split() == ["temp", "▒", "▓"]
    assert lines[3].split() == ["calm", "·", "·"]
    assert shade(0.0)[0] == "·"
