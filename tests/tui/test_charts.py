from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tui.text import width
from pilothouse.tui.widgets.heatmap import HeatColumn, draw_heatmap
from pilothouse.tui.widgets.histogram import two_histograms
from pilothouse.tui.widgets.sparkline import bar, sparkline

numbers = st.floats(allow_nan=True, allow_infinity=True)


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


def test_the_heatmap_leaves_a_gap_between_labels_and_has_the_signs_of_the_map() -> None:
    files = [HeatColumn(label, "●", "", (("rooms", 3.0),)) for label in ("Dec", "wéird", "copy", "2026-")]
    for across in (80, 36, 20):
        first, _, cells = draw_heatmap(files, across, 8).plain.split("\n")
        labels = first.split()
        assert labels == ["Dec", "wéird", "copy", "2026-"][-len(labels) :]
        assert cells.split()[1:] == ["█"] * len(labels)
