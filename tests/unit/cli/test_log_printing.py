"""A run's log on a terminal: bars run where they run for the script alone, and stay in its own lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hostile import HOSTILE

from pilothouse.cli.log_printing import TerminalText

BARS = [
    "\r 50%|#####     |\r100%|##########|\n",
    "working\r\nstill\r\ndone\r\n",
    "-\b\\\b|\b/\b done\n",
    "\r\x1b[K 5 of 9\r\x1b[2K 9 of 9\n",
    "\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[0m\n",
    "outer\n\rinner 1\x1b[A\router 2\n\rinner 2\x1b[A\n\n",
    "a\tb\n",
]
PIECES = st.sampled_from(
    [
        *(
            "\r",
            "\n",
            "\r\n",
            "\b",
            "\t",
            "\a",
            "\x1b",
            "\x1b[",
            "\x9b",
            "\x00",
            "\u202e",
            "text",
            "ß",
            "#####",
        ),
        *(
            "\x1b[31m",
            "\x1b[0m",
            "\x1b[K",
            "\x1b[2K",
            "\x1b[A",
            "\x1b[2A",
            "\x1b[9B",
            "\x1b[3C",
            "\x1b[7D",
            "\x1b[0A",
        ),
        *(
            "\x1b[2J",
            "\x1b[H",
            "\x1b[5;5H",
            "\x1b[?25l",
            "\x1b[?1049h",
            "\x1b]0;title\x07",
            "\x1b[6n",
            "\x1bc",
        ),
    ]
)
ALLOWED = re.compile(r"\x1b\[(?:[0-9;:]*m|[0-2]?K|[0-9]+[ABCD])|[\r\n\b\t]")


@pytest.mark.parametrize("text", BARS)
def test_what_bars_are_made_of_reaches_the_terminal_as_it_is(text: str) -> None:
    screen = TerminalText()
    assert "".join(map(screen.take, text)).replace("\x1b[1A", "\x1b[A") == text
    assert screen.end() in ("", "\n")


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_nothing_leaves_the_lines_of_the_log(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    screen, written, at, turn = TerminalText(), "", 0, 0
    while at < len(text):
        written += screen.take(text[at : (at := at + cuts[turn % len(cuts)])])
        turn += 1
    written += screen.end()
    whole = TerminalText()
    assert written == whole.take(text) + whole.end()
    assert ALLOWED.sub("", written).isprintable() or not ALLOWED.sub("", written)
    row = lowest = 0
    for move in re.finditer(r"\n|\x1b\[([0-9]+)([AB])", written):
        row += 1 if move[0] == "\n" else int(move[1]) * (1 if move[2] == "B" else -1)
        assert row >= 0 and (move[0] == "\n" or row <= lowest)
        lowest = max(lowest, row)
    assert row == lowest


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_tamed(text: str) -> None:
    screen = TerminalText()
    assert (ALLOWED.sub("", screen.take(text) + screen.end()) or "x").isprintable()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", ""),
        ("done\n", ""),
        ("done", "\n"),
        ("\r 50%|#####|", "\n"),
        ("\r 50%|#####|\r", "\n"),
        ("\r 50%|#####|\r            \r", "\r"),
        ("\r 50%|#####|\r\x1b[K", ""),
        ("\x1b[31mred", "\x1b[0m\n"),
        ("one\ntwo\x1b[A", "\n"),
        ("torn \x1b[3", "�[3\n"),
    ],
)
def test_what_follows_a_log_stands_on_a_line_of_its_own(text: str, end: str) -> None:
    screen = TerminalText()
    screen.take(text)
    assert screen.end() == end
    assert screen.end() == ""
