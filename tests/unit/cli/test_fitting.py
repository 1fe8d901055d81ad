"""Tables fit the terminal that they are printed on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.cli.fitting import GAP, fit

WIDTHS = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    assert fit([40, 50, 60], [0, 1, 2], None) == ({0: 40, 1: 50, 2: 60}, [])


def test_the_widest_text_gives_way_first_and_numbers_never() -> None:
    assert fit([8, 40, 9, 9], [0, 1], 50) == ({0: 8, 1: 18, 2: 9, 3: 9}, [])


def test_then_the_least_important_column_goes() -> None:
    assert fit([8, 40, 9, 9], [0, 1], 40, leave=[2]) == ({0: 8, 1: 19, 3: 9}, [2])
    assert fit([8, 9, 9, 9], [0], 30) == ({0: 8, 1: 9, 2: 9}, [3])


@given(WIDTHS, st.integers(20, 200), st.data())
def test_what_is_shown_fits_if_it_can(widths: list[int], cells: int, data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.integers(0, len(widths) - 1), unique=True))
    leave = (
        data.draw(st.lists(st.integers(1, max(1, len(widths) - 1)), unique=True)) if len(widths) > 1 else []
    )
    kept, gone = fit(widths, texts, cells, leave)
    assert sorted([*kept, *gone]) == list(range(len(widths))) and 0 in kept
    assert all(kept[n] == widths[n] for n in kept if n not in texts)
    if len(kept) > 2:
        assert sum(kept.values()) + GAP * (len(kept) - 1) <= cells


PRINTING = """
from pilothouse.cli.options import say, table
told = [["abcdefgh", "a name that goes on and on and on", 123456.789, "FINISHED", 0.5]] * 3
names = ["run", "name", "loss", "status", "auc"]
table(names, told, right=(2, 4), leave=(3,), instead="use --columns")
say("3 of 9 runs.")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
def test_a_table_on_a_narrow_terminal() -> None:
    """No line is longer, no number is cut, what is hidden is said, and after the table."""
    ours, theirs = os.openpty()
    env = {**os.environ, "COLUMNS": "42"}
    done = subprocess.run([sys.executable, "-c", PRINTING], stdout=theirs, stderr=theirs, env=env, check=True)
    assert done.returncode == 0
    os.close(theirs)
    lines = os.read(ours, 65_536).decode().splitlines()
    os.close(ours)
    assert lines[0].split() == ["run", "name", "loss", "auc"]
    assert all(len(line) <= 42 for line in lines[:4])
    assert lines[1].split()[-2:] == ["123456.789", "0.5"]
    assert "1 column is hidden (status); widen the terminal or use --columns." in "".join(lines[4:])
    assert lines[-1] == "3 of 9 runs."
