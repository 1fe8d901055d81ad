from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.tracking.durations import duration
from pilothouse.tui import text
from pilothouse.tui.text import clock, fit, line, number, safe, setting, signed, size, span, width


@given(st.text(alphabet=st.characters()))
def test_safe_text_is_one_printable_line(given_text: str) -> None:
    made = safe(given_text)
    assert made.isprintable()
    made.encode("utf-8")
    assert len(made) <= 400


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_fit_takes_exactly_the_cells(given_text: str, cells: int, align: str) -> None:
    assert width(fit(safe(given_text), cells, align)) == cells


def test_an_escape_is_seen_and_not_obeyed() -> None:
    assert safe("\x1b[31mred\x07") == "␛[31mred␇"
    assert safe("a\r\nb\tc") == "a  b c"
    assert "\u202e" not in safe("\u202eevil")
    assert safe("\ud800") == "�"


def test_logs_lose_their_colours_only() -> None:
    assert text.plain("\x1b[1;31mred\x1b[0m [x]") == "red [x]"


def test_lines_never_read_markup() -> None:
    made = line("[b]x[/b] [/", ("[@click=app.quit]y[/]", "bold"), "\n", "z\nz")
    assert made.plain == "[b]x[/b] [/[@click=app.quit]y[/]\nz z"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.74021234, "0.7402"),
        (12.3456, "12.35"),
        (41208.4, "41,208"),
        (41208, "41,208"),
        (3.1e-7, "3.10e-07"),
        (0.0, "0.0000"),
        (None, "–"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (True, "yes"),
        ("[/x]", "[/x]"),
    ],
)
def test_numbers_have_a_sensible_count_of_digits(value: object, shown: str) -> None:
    assert number(value) == shown


@given(st.floats() | st.integers() | st.none() | st.text(max_size=20) | st.booleans())
def test_every_value_can_be_shown(value: object) -> None:
    assert number(value).isprintable()
    setting(value)


def test_settings_are_never_rounded() -> None:
    assert setting(0.123456789012) == "0.123456789012"
    assert setting(0.05) == "0.05"
    assert setting(True) == "true"


def test_times() -> None:
    now = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
    assert clock(None, now) == "–"
    assert clock(now - timedelta(days=40), now).endswith("Oct")
    assert clock(now - timedelta(days=400), now).startswith("2025-")
    assert duration(-1) == "0 ms"
    assert duration(0.31) == "310 ms"
    assert duration(0.9999) == "999 ms"
    assert duration(4.5) == "4.5 s"
    assert duration(9.94) == "9.9 s"
    assert duration(9.99) == "9.9 s"
    assert duration(59.99) == "0:59"
    assert duration(41) == "0:41"
    assert duration(3723) == "1:02:03"
    assert duration(540_000) == "6 d 6 h"
    assert span(8040) == "2 h 14 min"
    assert signed(-0.007) == "−0.0070"
    assert size(568_000) == "568 kB"
    assert size(999) == "999 B"
