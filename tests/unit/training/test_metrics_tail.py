"""Metrics files as scripts really write them: line by line, or one document again and again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.training import metrics_tail
from pilothouse.training.lines import Point
from pilothouse.training.metrics_tail import MetricsTail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.json"


def write(path: Path, text: str, at: int) -> None:
    """Write a file anew; clocks of file systems are coarse, so each gets a time of its own."""
    path.write_text(text)
    os.utime(path, ns=(at * 10**9, at * 10**9))


def rest(tail: MetricsTail) -> list[Point]:
    return [point for piece in tail.finish() for point in piece]


def test_a_document_written_anew_gives_its_states_and_surely_the_last(path: Path) -> None:
    tail = MetricsTail(path)
    found = list(tail.read())
    for at, loss in enumerate((0.9, 0.7, 0.5, 0.125)):
        write(path, json.dumps({"loss": loss}), at)
        found += tail.read()
    assert [values["loss"] for _, values in found + rest(tail)] == [0.9, 0.7, 0.5, 0.125]


@pytest.mark.parametrize(
    "second", ['{"loss": 0.5}', '{"loss": 0.5, "auc": 0.75}', '{"loss":1}', "", "{broken"]
)
def test_a_document_that_grows_shrinks_or_breaks(path: Path, second: str) -> None:
    tail = MetricsTail(path)
    write(path, '{"loss": 0.9}', 1)
    found = tail.read()
    write(path, second, 2)
    found += rest(tail)
    try:
        last = json.loads(second)
    except ValueError:
        last = None
    assert [values for _, values in found] == [{"loss": 0.9}, *([last] if last else [])]


def test_lines_that_are_added_are_read_once_however_the_file_is_cut(path: Path) -> None:
    lines = "".join(json.dumps({"step": step, "loss": 1 / (step + 1)}) + "\n" for step in range(9))

    @given(st.lists(st.integers(0, len(lines)), max_size=6))
    def check(cuts: list[int]) -> None:
        path.unlink(missing_ok=True)
        tail = MetricsTail(path)
        found = []
        for at, cut in enumerate([*sorted(cuts), len(lines)]):
            write(path, lines[:cut], at)
            found += tail.read()
        assert [step for step, _ in found + rest(tail)] == list(range(9))

    check()


def test_a_long_file_written_anew_is_read_from_its_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_tail, "WINDOW", 16)
    tail = MetricsTail(path)
    write(path, '{"step": 1, "loss": 0.9}\n{"step": 2, "loss": 0.8}\n', 1)
    assert [step for step, _ in tail.read()] == [1, 2]
    write(path, '{"step": 5, "loss": 0.3}\n{"step": 6, "loss": 0.2}\n{"step": 7, "loss": 0.1}\n', 2)
    assert [step for step, _ in rest(tail)] == [5, 6, 7]


@pytest.mark.parametrize("form", ["lines", "document"])
def test_a_long_file_is_read_piece_by_piece(path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """A history that a script writes in one go is not parsed in one go, which takes seconds."""
    monkeypatch.setattr(metrics_tail, "PIECE", 100)
    every = [{"step": step, "loss": 1 / (step + 1)} for step in range(300)]
    text = "".join(json.dumps(one) + "\n" for one in every) if form == "lines" else json.dumps(every)
    for looks in (0, 1, 5, 500):
        tail = MetricsTail(path)
        write(path, "[]", 1)
        assert not tail.read()
        write(path, text, 2)
        found = [tail.read() for _ in range(looks)]
        found += tail.finish()
        assert [step for piece in found for step, _ in piece] == list(range(300))
        if form == "lines":
            assert max(map(len, found)) <= 100 // 10
        assert not tail.complaint()


def test_a_long_file_that_is_written_anew_while_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_tail, "PIECE", 100)
    tail = MetricsTail(path)
    for at, loss in enumerate((0.9, 0.5)):
        write(path, "".join(f'{{"step": {step}, "loss": {loss}}}\n' for step in range(50)), at)
        for _ in range(3):
            tail.read()
    found = rest(tail)
    assert found[-1] == (49, {"loss": 0.5})
    assert {values["loss"] for _, values in found} == {0.5}
    path.unlink()
    assert not rest(tail)


def test_what_was_not_read_is_told_of_the_file_as_it_stands_at_the_end(path: Path) -> None:
    tail = MetricsTail(path)
    write(path, '{"loss": 0.9, "half', 1)
    tail.read()
    write(path, '{"loss": 0.5}', 2)
    assert [values for _, values in rest(tail)] == [{"loss": 0.5}] and not tail.complaint()
    write(path, '{"loss": 0.5}\nnothing\n', 3)
    rest(tail)
    assert tail.complaint().endswith("such as: nothing")


def test_what_follows_the_largest_file_that_is_read_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_tail, "LARGEST", 2**20)
    lines = '{"loss": 0.5}\n' * (2**20 // 14)
    for size, told in ((2**20, False), (2**20 + 1, True)):
        tail = MetricsTail(path)
        write(path, lines.ljust(size, "\n"), size)
        assert len(rest(tail)) == 2**20 // 14
        assert bool(tail.complaint()) == told
