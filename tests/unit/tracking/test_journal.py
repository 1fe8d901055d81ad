from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.errors import PilothouseError
from pilothouse.tracking.journal import Journal
from reading_back import read_entries

values = st.dictionaries(
    st.text(max_size=10), st.one_of(st.floats(allow_nan=False), st.text(max_size=10)), max_size=3
)


def test_entries_come_back_in_order_and_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("params", values={"a": 1})
    first, offset = read_entries(path)
    journal.append("params", values={"b": float("nan")})
    second, end = read_entries(path, offset)
    assert [entry["values"] for entry in (*first, *second)] == [{"a": 1}, {"b": "NaN"}]
    assert read_entries(path, end) == ([], end)


@settings(max_examples=25, deadline=None)
@given(st.lists(values, min_size=1, max_size=4))
def test_cut_at_any_byte_it_holds_the_whole_lines_before(
    tmp_path_factory: object, contents: list[object]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"  # type: ignore[attr-defined]
    ends = []
    with contextlib.closing(Journal(path)) as journal:
        for content in contents:
            journal.append("params", values=content)
            ends.append(path.stat().st_size)
    data = path.read_bytes()
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        entries, offset = read_entries(path)
        whole = [end for end in ends if end <= cut]
        assert len(entries) == len(whole)
        assert offset == (whole[-1] if whole else 0)
        # Whoever writes next starts on a line of its own, and nothing before is lost.
        with contextlib.closing(Journal(path)) as journal:
            journal.append("end", status="FINISHED")
        again, _ = read_entries(path)
        assert len(again) == len(whole) + 1 or (cut and data[cut - 1 : cut] == b"}")
        assert again[-1]["status"] == "FINISHED"


def test_what_is_not_an_entry_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'\xff\xfe\n[1]\nnull\n{"kind": 3}\n{"kind": "tags"}\n{"kind": "params"')
    entries, offset = read_entries(path)
    assert entries == [{"kind": "tags"}]
    assert offset == path.read_bytes().rfind(b"\n") + 1


def test_many_processes_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    code = "import sys; from pathlib import Path; from pilothouse.tracking.journal import Journal\n"
    code += "j = Journal(Path(sys.argv[1]))\n"
    code += "for i in range(500): j.append('params', values={'who': sys.argv[2] * 50})"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abcd"]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    entries, _ = read_entries(path)
    assert len(entries) == 2000


def test_who_is_writing_while_another_thread_ends_the_run_writes_into_nobodys_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, other, write = Journal(tmp_path / "j"), tmp_path / "other", os.write
    opened: list[int] = []

    def write_late(number: int, data: bytes) -> int:
        # The other thread's turn comes between the call and the system: it ends the run, and opens a file.
        if not opened:
            journal.close()
            opened.append(os.open(other, os.O_WRONLY | os.O_CREAT))
        return write(number, data)

    monkeypatch.setattr(os, "write", write_late)
    journal.append_point("loss", 1.0, 0)
    monkeypatch.undo()
    os.close(opened[0])
    assert other.read_bytes() == b"" and b"loss" in (tmp_path / "j").read_bytes()
    free = os.open(other, os.O_RDONLY)
    os.close(free)
    assert free < opened[0], "the journal's own is given back when the line is written"


def test_after_its_end_a_run_writes_into_nobodys_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    journal.close()
    # They get the numbers that are free again.
    others = [(tmp_path / str(number)).open("wb", buffering=0) for number in range(6)]
    for _ in range(2):
        with pytest.raises(PilothouseError, match="Run run has ended"):
            journal.append("metrics", values={"late": 1})
    journal.close()
    for other in others:
        assert not other.closed and os.fstat(other.fileno()).st_size == 0
        other.close()


@given(
    key=st.text(st.characters()) | st.sampled_from(["valid_auc", 'a"b\\', "\ud800", "\u2028\n", "🙂"]),
    value=st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1e16, 1e308]),
    step=st.none() | st.integers(-(2**62), 2**62),
)
def test_a_point_alone_is_written_as_every_entry_is(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: float, step: int | None
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    journal.append_point(key, value, step)
    journal.append("metrics", step=step, values={key: value})
    journal.close()
    quick, usual = (line.partition(b",")[2] for line in path.read_bytes().split(b"\n")[:2])
    assert quick == usual and quick
    (one, other), _ = read_entries(path)
    assert one["values"] == other["values"] and isinstance(one["t"], float)
