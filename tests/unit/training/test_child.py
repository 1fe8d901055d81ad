from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hostile import HOSTILE
from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.tracking.writer import JOURNAL_NAME, LOG_NAME, RunStart, open_run
from pilothouse.training.child import environment_of, exit_code_of, flags_of, verdict
from pilothouse.training.diary import BALLAST_NAME, Diary
from pilothouse.training.launch import split_command
from pilothouse.training.output import OutputLog, failure_reason
from pilothouse.training.spec import RunSpec, read_spec, write_spec
from pilothouse.training.watching import RunWatch, read_log
from pilothouse.workspace import Workspace
from reading_back import read_entries


def test_parameters_become_flags() -> None:
    params = {
        "lr": 0.1,
        "fast": True,
        "slow": False,
        "none": None,
        "shift": -3,
        "files": ["a", "-b"],
        "t": "x y",
    }
    assert flags_of(params) == [
        "--lr", "0.1", "--fast", "--shift=-3", "--files", "a", "--files=-b", "--t", "x y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "stopped", "status"),
    [
        (0, False, "FINISHED"),
        (1, False, "FAILED"),
        (3, False, "FAILED"),
        (0, True, "KILLED"),
        (-signal.SIGKILL, False, "KILLED"),
        (-signal.SIGTERM, False, "KILLED"),
        (-signal.SIGSEGV, False, "FAILED"),
        (-signal.SIGABRT, False, "FAILED"),
        (-63, False, "KILLED"),
    ],
)
def test_a_status_follows_from_the_exit_code(code: int, stopped: bool, status: str) -> None:
    found, word = verdict(code, stopped)
    assert found == status
    assert bool(word) == (code < 0 and not stopped)


def test_exit_codes_are_told_as_a_shell_does() -> None:
    assert [exit_code_of(code) for code in (0, 3, -9)] == [0, 3, 137]


def test_a_spec_survives_being_written(tmp_path: Path) -> None:
    for text in HOSTILE:
        spec = RunSpec(
            ModelConfig("m", text), "ridge", (text, "b"), {text: text, "n": 1.5, "o": None}, "v", 7, 2
        )
        write_spec(tmp_path, spec)
        assert read_spec(tmp_path) == spec
    write_spec(tmp_path, RunSpec(None, command=("x",)))
    assert read_spec(tmp_path).model is None
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(PilothouseError, match=r"run\.json cannot be read"):
        read_spec(tmp_path)


def test_threads_are_pinned_and_a_script_finds_its_place(workspace: Workspace) -> None:
    folder = workspace.run_dir("abc")
    recipe = environment_of(folder, RunSpec(None, "ridge", threads=3), {"OMP_NUM_THREADS": "8"})
    assert (
        recipe["OMP_NUM_THREADS"] == "3" == recipe["OPENBLAS_NUM_THREADS"] and recipe["PYTHONSAFEPATH"] == "1"
    )
    script = environment_of(
        folder, RunSpec(None, command=("x",), threads=3), {"OMP_NUM_THREADS": "8", "PATH": "/x"}
    )
    assert script["OMP_NUM_THREADS"] == "8" and script["MKL_NUM_THREADS"] == "3"
    assert script["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/x"
    assert script["PILOTHOUSE_RUN_ID"] == "abc" and script["PILOTHOUSE_RUN_DIR"] == str(folder)
    assert script["PILOTHOUSE_WORKSPACE"] == str(workspace.root) and "PYTHONSAFEPATH" not in script


@pytest.mark.parametrize("text", ["", "   ", "python 'open"])
def test_a_command_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError, match=r"training\.command"):
        split_command(text)


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (b"", ""),
        (b"a\nb\n\nc\nd\n", "b\nc\nd"),
        (
            b'start\nTraceback (most recent call last):\n  File "x", line 1\n    f()\nValueError: [/x] bad\n',
            "ValueError: [/x] bad",
        ),
        (b"  1.0 s  Reading.\nerror: No row.\nNothing was made.\n", "No row.\nNothing was made."),
        (b"\xff\xfe\x00 \x1b[31mred\x1b[0m\x07\n", "��� red�"),
    ],
)
def test_a_reason_is_what_a_person_would_look_for(log: bytes, reason: str) -> None:
    assert failure_reason(log) == reason


def test_a_log_stops_at_its_limit_and_says_so(tmp_path: Path) -> None:
    log = OutputLog(tmp_path / "log", largest=10)
    log.write(b"12345678")
    assert not log.problem
    log.write(b"90abcdef")
    assert (tmp_path / "log").read_bytes() == b"1234567890"
    assert "10" in log.problem and log.tail == b"1234567890abcdef"
    log.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_and_does_not_stop_the_run(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    log = OutputLog(tmp_path / "log")
    log.write(b"lost")
    log.write(b"more")
    assert "No space left" in log.problem and log.tail == b"lostmore"


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs a limit on the size of files")
def test_an_end_is_written_although_the_journal_was_full(workspace: Workspace) -> None:
    import resource

    writer = open_run(workspace, RunStart(kind="script"))
    journal = writer.folder / JOURNAL_NAME
    diary = Diary(writer.folder)
    assert (writer.folder / BALLAST_NAME).stat().st_size > 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Room for a part of a line: it is torn, and so would be what is appended to it.
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 10, before[1]))
    try:
        diary.metrics({"loss": 1.0}, 1)
        diary.metrics({"loss": 2.0}, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    diary.metrics({"loss": 3.0}, 3)
    assert diary.end("FAILED", 1, "why")
    entries, _ = read_entries(journal)
    assert [entry["values"] for entry in entries if entry["kind"] == "metrics"] == [{"loss": 3.0}]
    assert entries[-1]["reason"] == "why\n2 lines of the journal could not be written."
    assert not (writer.folder / BALLAST_NAME).exists()


def test_a_log_is_read_in_pieces_without_tearing_characters(workspace: Workspace) -> None:
    folder = workspace.run_dir("abc")
    folder.mkdir(parents=True)
    assert read_log(workspace, "abc") == ("", 0)
    text = "naïve 🚢 表\n" * 50
    (folder / LOG_NAME).write_bytes(text.encode() + b"\xff\xf0")
    for limit in (4, 5, 7, 1000):
        found, offset = "", 0
        while True:
            piece, offset = read_log(workspace, "abc", offset, limit)
            if not piece:
                break
            found += piece
        assert found.startswith(text) and found.endswith("�")
    # An imported run has no folder.
    assert read_log(workspace, "nosuch") == ("", 0)
    with pytest.raises(PilothouseError):
        read_log(workspace, "../../etc")


def test_watching_follows_the_journal(workspace: Workspace) -> None:
    writer = open_run(workspace, RunStart(kind="script"))
    watch = RunWatch(writer.folder)
    assert watch.look() and watch.status == "SCHEDULED" and not watch.look()
    writer.status("RUNNING")
    writer.progress(0.5, "half [/x]")
    writer.log_metrics({"loss": 1.0})
    assert watch.look() and (watch.fraction, watch.text, watch.metrics) == (0.5, "half [/x]", {"loss": 1.0})
    writer.end("FAILED", 1)
    watch.look()
    assert watch.ended and watch.status == "FAILED"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("dismissed", [True, False])
def test_a_guard_ends_a_group_unless_it_was_sent_away(dismissed: bool) -> None:
    group = subprocess.Popen(["sh", "-c", "read line"], stdin=subprocess.PIPE, process_group=0)
    keeper = f"""
import os
from pilothouse.training.guard import Guard
guard = Guard({group.pid})
{"guard.dismiss()" if dismissed else ""}
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", keeper], check=False, timeout=30)
    if dismissed:
        assert group.poll() is None
        group.communicate(b"\n", timeout=30)
    assert group.wait(30) == (0 if dismissed else -signal.SIGKILL)
