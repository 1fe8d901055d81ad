from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from piloting import HOSTILE
from textual.app import App, ComposeResult

from pilothouse.tui.app import THEME
from pilothouse.tui.text import width
from pilothouse.tui.widgets import chart_axes as axes
from pilothouse.tui.widgets.chart_drawing import draw_chart
from pilothouse.tui.widgets.chart_lines import prepare
from pilothouse.tui.widgets.curves import SYMBOLS, Series, View, look
from pilothouse.tui.widgets.line_chart import LineChart

numbers = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(allow_nan=False, allow_infinity=False)
points = st.lists(st.tuples(numbers, numbers), max_size=60).map(tuple)
views = st.builds(
    View,
    low=st.none() | finite,
    high=st.none() | finite,
    cursor=st.none() | finite,
    smoothing=st.sampled_from([0.0, 0.6, 0.99]),
    log=st.booleans(),
    by=st.sampled_from(["step", "time"]),
    unit=st.sampled_from(["", "%"]),
).filter(lambda view: view.low is None or view.high is None or view.low < view.high)


def curve(*values: float, **how: object) -> Series:
    return Series("roc_auc", tuple((float(n), value) for n, value in enumerate(values)), **how)  # type: ignore[arg-type]


@given(st.lists(points, max_size=4), st.integers(0, 90), st.integers(0, 24), views)
def test_a_chart_never_leaves_its_box(
    curves: list[tuple[tuple[float, float], ...]], columns: int, rows: int, view: View
) -> None:
    series = [Series(f"[/x]\x1b\n{n}", points, *look(n)) for n, points in enumerate(curves)]
    drawn = draw_chart(series, columns, rows, view)
    lines = drawn.plain.split("\n")
    assert len(lines) <= max(rows, 1)
    assert "\x1b" not in drawn.plain
    assert all(width(line) <= columns for line in lines), drawn.plain


@example(0.0, 5e-324, 2)
@example(0.0, 3e-308, 20)
@given(finite, finite, st.integers(1, 20))
def test_ticks_are_few_even_round_and_inside(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    ticks = axes.nice_ticks(low, high, most)
    assert 1 <= len(ticks) <= max(2, most)
    assert list(ticks) == sorted(set(ticks))
    assert all(low <= tick <= high for tick in ticks)
    if len(ticks) > 2:
        gaps = [y - x for x, y in pairwise(ticks)]
        assert max(gaps) - min(gaps) <= 1e-6 * max(gaps) + 1e-12 * max(abs(low), abs(high))


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.integers(1, 20))
def test_ticks_of_a_log_scale_are_inside(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    ticks = axes.log_ticks(low, high, most)
    assert 1 <= len(ticks) <= max(2, most)
    assert all(low <= tick <= high for tick in ticks)
    assert list(ticks) == sorted(set(ticks))


@given(st.floats(-1e6, 1e9), st.floats(0.001, 1e9), st.integers(2, 12))
def test_labels_tell_ticks_apart_and_read_back(low: float, across: float, most: int) -> None:
    ticks = axes.nice_ticks(low, low + across, most)
    texts = axes.labels(ticks)
    assert len(set(texts)) == len(ticks)
    for tick, text in zip(ticks, texts, strict=True):
        size = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1], 1.0)
        value = float(text.rstrip("kMG").replace(",", "")) * size
        assert math.isclose(value, tick, rel_tol=1e-6, abs_tol=across * 1e-6)


def test_labels_have_the_digits_that_count() -> None:
    assert axes.labels((0.7, 0.75, 0.8)) == ["0.70", "0.75", "0.80"]
    assert axes.labels((0.0, 5_000.0, 10_000.0)) == ["0", "5k", "10k"]
    assert axes.labels((0.0, 1e-7, 2e-7)) == ["0", "1e-07", "2e-07"]
    assert axes.labels((1_000_000.0, 1_500_000.0)) == ["1.0M", "1.5M"]
    assert axes.log_labels((1e-05, 0.01, 10.0, 100_000.0)) == ["1e-05", "0.01", "10", "100k"]
    assert axes.time_labels(axes.time_ticks(0, 3600, 5)) == ["0:00", "15:00", "30:00", "45:00", "1:00:00"]
    assert axes.log_ticks(0.001, 1000, 9) == (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
    assert [axes.unit_of(key) for key in ("system/cpu_percent", "system/memory_mb", "p99_ms", "auc")] == [
        "%",
        "MB",
        "ms",
        "",
    ]


def test_a_chart_says_its_axes_its_last_and_its_best() -> None:
    drawn = draw_chart([curve(0.5, 0.75, 0.6), curve(0.9, 0.5, 0.6, lower=True, symbol="▲")], 70, 14).plain
    assert "0.6┤" in drawn
    assert " step" in drawn
    assert "● roc_auc  last 0.6000  best 0.7500 at step 1" in drawn
    assert "▲ roc_auc  last 0.6000  best 0.5000 at step 1" in drawn


def test_the_last_of_a_chart_is_the_last_of_the_metric() -> None:
    """By time a late point of an older step ends the curve; a value that is no number may be the last."""
    late = replace(curve(0.5, 0.9, 0.3), last=(1.0, 0.9))
    assert "● roc_auc  last 0.9000  best 0.9000" in draw_chart([late], 70, 14, by="time").plain
    assert (
        "● roc_auc  last nan  best 0.7500 at step 1" in draw_chart([curve(0.5, 0.75, math.nan)], 70, 14).plain
    )


def test_each_of_twenty_curves_has_a_symbol_of_its_own_on_the_curve() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS) == 20
    assert all(width(symbol) == 1 for symbol in SYMBOLS)
    series = [Series(f"n{n}", ((0.0, n), (99.0, n + 0.5)), *look(n)) for n in range(20)]
    drawn = draw_chart(series, 120, 60).plain.split("\n")
    assert all(sum(symbol in line for line in drawn) >= 2 for symbol in SYMBOLS)


def test_one_point_is_a_symbol() -> None:
    drawn = draw_chart([curve(0.7)], 50, 10).plain
    assert "●" in drawn.split("\n", 1)[0] + drawn.split("\n")[3]
    assert "last 0.7000" in drawn


def test_a_value_that_is_no_number_breaks_the_line_and_is_said() -> None:
    whole, broken = (
        draw_chart([curve(*[1.0] * 9, middle, *[1.0] * 9)], 60, 12).plain for middle in (1.0, math.nan)
    )
    assert "1 no number" in broken

    def drawn(text: str) -> int:
        return sum(0x2800 < ord(c) <= 0x28FF for c in text)

    assert drawn(broken) < drawn(whole)
    assert draw_chart([curve(math.nan, math.inf)], 60, 12).plain == ""


def test_a_log_scale_says_what_it_leaves_out() -> None:
    drawn = draw_chart([curve(0.001, 0.0, -4.0, 10.0, 1000.0)], 60, 16, log=True).plain
    assert "log scale, 2 of 0 or less left out" in drawn
    assert "0.01┤" in drawn
    assert "100┤" in drawn
    assert draw_chart([curve(0.0, -1.0)], 60, 16, log=True).plain == ""


def test_smoothing_draws_the_average_over_the_raw_line() -> None:
    series = curve(*[n % 2 for n in range(100)])
    drawn = draw_chart([series], 60, 16, smoothing=0.9)
    assert "smoothed 0.9" in drawn.plain
    assert {span.style for span in drawn.spans} >= {"$curve-raw", "$accent"}
    line = prepare(series, View(smoothing=0.9))
    assert abs(line.smoothed[-1][1] - 0.5) < 0.1
    assert "$curve-raw" not in {span.style for span in draw_chart([series], 60, 16).spans}


def test_the_cursor_reads_out_every_curve() -> None:
    short = Series("short", ((0.0, 1.0), (2.0, 3.0)), *look(1))
    drawn = draw_chart([curve(*map(float, range(9))), short], 60, 12, cursor=5.0).plain
    assert "step 5  ● roc_auc 5.0000  ▲ short –" in drawn
    assert "│" in drawn.split("\n")[4][8:]


def test_a_spike_of_a_million_points_stays_visible_and_is_quick() -> None:
    many = tuple((float(n), 9.0 if n == 512_340 else 1.0) for n in range(1_000_000))
    began = time.process_time()
    drawn = draw_chart([Series("loss", many)], 150, 40).plain
    assert time.process_time() - began < 5, "a generous bound: it takes a fifth of a second"
    assert any(0x2800 < ord(c) <= 0x28FF for c in drawn.split("\n")[0]), "the first line has the spike's top"
    assert "best 9.0000 at step 512,340" in drawn


class Charted(App[None]):
    """A chart alone."""

    CSS: ClassVar[str] = "LineChart { height: 100%; }"

    def __init__(self, series: tuple[Series, ...]) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.series = series
        self.seen: list[tuple[float | None, float | None]] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict.fromkeys(("dim", "line", "curve-raw", "curve5", "curve6"), "#888888")

    def compose(self) -> ComposeResult:
        yield LineChart(steered=True, empty="nothing here")

    def on_mount(self) -> None:
        self.query_one(LineChart).show(self.series)
        self.query_one(LineChart).focus()

    def on_line_chart_viewed(self, message: LineChart.Viewed) -> None:
        self.seen.append((message.low, message.high))


def drawn_by(chart: LineChart) -> str:
    return "\n".join(strip.text for strip in chart.render_lines(chart.region.reset_offset))


async def test_keys_zoom_pan_read_and_reset() -> None:
    app = Charted((curve(*[float(n) for n in range(101)]),))
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(LineChart)
        await pilot.press("plus")
        assert (chart.view.low, chart.view.high) == (25.0, 75.0)
        await pilot.press("greater_than_sign")
        assert (chart.view.low, chart.view.high) == (50.0, 100.0)
        assert "step 50 to 100 of 100" in drawn_by(chart)
        await pilot.press("left")
        assert chart.view.cursor == 100.0
        await pilot.press("left", "left", "right")
        assert "step 99  ● roc_auc 99.00" in drawn_by(chart)
        await pilot.press("minus")
        assert (chart.view.low, chart.view.high) == (None, None)
        await pilot.press("plus", "plus", *["left"] * 36)
        assert chart.view.low is not None
        assert chart.view.low <= chart.view.cursor <= chart.view.high  # type: ignore[operator]
        assert chart.view.low < 62, "the window goes with the cursor"
        await pilot.press("0")
        assert (chart.view.low, chart.view.high, chart.view.cursor) == (None, None, None)
        assert app.seen[0] == (25.0, 75.0)
        assert app.seen[-1] == (None, None)
        await pilot.press("s", "s", "L")
        assert (chart.view.smoothing, chart.view.log) == (0.6, True)
        assert "log scale, 1 of 0 or less left out" in drawn_by(chart)


async def test_keys_on_an_empty_chart_and_on_one_point_do_no_harm() -> None:
    for series in ((), (curve(0.5),), (curve(math.nan),)):
        app = Charted(series)
        async with app.run_test(size=(80, 24)) as pilot:
            for key in (
                "plus",
                "minus",
                "left",
                "right",
                "less_than_sign",
                "greater_than_sign",
                "s",
                "L",
                "0",
            ):
                await pilot.press(key)
            chart = app.query_one(LineChart)
            assert (
                "roc_auc" in drawn_by(chart)
                if chart.summary().count("last")
                else ("None of its 1 values" if series else "nothing") in drawn_by(chart)
            )


def test_the_summary_is_words() -> None:
    chart = LineChart()
    chart._lines = [prepare(curve(1.0, 3.0, 2.0), View()), prepare(Series(HOSTILE[2], ()), View())]
    first, second = chart.summary().split("\n")
    assert first == "roc_auc: last 2.0000 at step 2, best 3.0000 at step 1 (highest), from 1.0000 at step 0."
    assert second.endswith("no values.")
    assert "\x1b" not in second


@pytest.mark.parametrize("columns", [40, 79, 160])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_mark_stands_only_where_a_point_is(columns: int, count: int) -> None:
    drawn = draw_chart([curve(*(1.0, 0.1, 0.4)[:count])], columns, 14).plain
    inside = [text for text in drawn.splitlines() if "┤" in text or "│" in text]
    assert sum(text.count("●") for text in inside) == count
