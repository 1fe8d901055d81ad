"""Numbers as they are written for people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.cli.options import number as in_commands
from pilothouse.comparing.wording import figure as in_documents
from pilothouse.tracking.decimals import decimal
from pilothouse.tracking.durations import duration
from pilothouse.tui.text import number as on_screens


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.0000"),
        (1e-6, "1.00e-06"),
        (4e-5, "4.00e-05"),
        (-3.14e-7, "-3.14e-07"),
        (1e-4, "0.00010"),
        (2.5e-4, "0.00025"),
        (0.0025, "0.0025"),
        (0.74021, "0.7402"),
        (12.3456, "12.35"),
        (1204.0, "1,204"),
        (1234.56, "1,234.6"),
        (41208.4, "41,208"),
        (1.2e9, "1.20e+09"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_is_written_alike_everywhere(value: float, written: str) -> None:
    assert [write(value) for write in (decimal, in_commands, in_documents, on_screens)] == [written] * 4


@given(st.floats(-1e300, 1e300))
def test_what_is_written_is_the_number_to_a_twentieth(value: float) -> None:
    said = float(decimal(value).replace(",", ""))
    assert math.isclose(said, value, rel_tol=0.05)


def test_a_duration_is_cut_where_its_binary_fraction_lies_just_below() -> None:
    # 0.57 * 1000 is 569.9999999999999, and 0.153 - 0.11 is 0.043 less some.
    assert [duration(one) for one in (0.57, 0.153 - 0.11, 0.0129, 4.1, 9.99)] == [
        "570 ms", "43 ms", "12 ms", "4.1 s", "9.9 s",
    ]  # fmt: skip
