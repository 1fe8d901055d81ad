"""Ctrl-C on a terminal while DuckDB computes: heard at once, told in words, with what is untouched."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pilothouse.autopilot.status import watcher_status
from pilothouse.cli.main import main
from pilothouse.data.engine import connect
from pilothouse.monitoring.verdicts import list_arrivals
from pilothouse.store import open_store
from ready_made import new_workspace
from steering import argv, environment, pilothouse, start
from waiting import wait_until

CONFIG = '[model]\nname = "late"\ntarget = "y"\n[data]\nfolder = "data"\nid = "id"\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace, and beside its data a folder with much to read on any machine, and little to write."""
    root = tmp_path_factory.mktemp("place")
    new_workspace(root, CONFIG)
    (root / "data").mkdir()
    (root / "many").mkdir()
    columns = ", ".join(f"(range * {at + 7} // 1000) % 1000 + range % {at + 2} AS x{at}" for at in range(4))
    big = root / "big.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT range AS id, {columns}, 'v' || (range // 5000) % 50 AS c, range % 2 AS y "
            f"FROM range(2000000)) TO '{big}' (FORMAT parquet)"
        ).fetchall()
        con.execute(f"COPY (SELECT * FROM '{big}' LIMIT 500) TO '{root / 'few.parquet'}'").fetchall()
        con.execute(f"COPY (SELECT * FROM '{big}' LIMIT 500) TO '{root / 'data' / 'few.csv'}'").fetchall()
    for number in range(150):
        (root / "many" / f"{number:03}.parquet").hardlink_to(big)
    return root


def _interrupted(place: Path, *words: str, when: bytes) -> tuple[int, str]:
    """Run a command on a terminal, press Ctrl-C once it has said `when`; its exit code and all it said."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        argv(*words), stdin=theirs, stdout=theirs, stderr=theirs, env=environment(), cwd=place
    )
    os.close(theirs)
    said, pressed, end = b"", False, time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                said += os.read(ours, 65536)
            except OSError:
                break
        if when in said and not pressed:
            child.send_signal(signal.SIGINT)
            pressed = True
    os.close(ours)
    if not pressed:
        child.kill()
    code = child.wait(30)
    assert pressed, said
    return code, said.decode()


@pytest.mark.parametrize(
    ("words", "when", "untouched"),
    [
        ("check many --reference few.parquet", "of 150)", "Nothing is stored of a look"),
        ("check many", "of 150)", "Nothing was stored of "),
        ("drift many --reference few.parquet --exclude c", "looking for ids", "Nothing is stored of it"),
        ("schema suggest many", "looking at the columns", "The schema is as it was."),
    ],
)
def test_ctrl_c_is_heard_whatever_reads_files(place: Path, words: str, when: str, untouched: str) -> None:
    code, said = _interrupted(place, *words.split(), when=when.encode())
    assert code == 130, said
    assert f"Interrupted.\r\n  {untouched}" in said
    assert "not foreseen" not in said and "Traceback" not in said
    # The line that told how far it was is gone.
    assert said.rindex("\x1b[K") > said.rindex("%")


def test_ctrl_c_leaves_the_file_that_is_judged_and_keeps_those_before_it(place: Path, tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path, CONFIG)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "few.csv").write_bytes((place / "data" / "few.csv").read_bytes())
    (tmp_path / "data" / "long.parquet").hardlink_to(place / "big.parquet")
    child = start("watch", "--once", cwd=tmp_path, stderr=subprocess.PIPE)

    def judging() -> bool:
        status = watcher_status(workspace)
        return status is not None and status.state.startswith("judging long.parquet")

    wait_until(judging, 30, "the long file")
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=30)[1].decode()
    assert (child.returncode, said.lstrip()) == (
        130, "Interrupted.\n  1 file judged; nothing was stored of the others.\n"
    )  # fmt: skip
    assert [one.name for one in list_arrivals(open_store(workspace), "late")] == ["few.csv"]


def test_what_duckdb_makes_of_ctrl_c_is_no_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a query runs, and whoever forgot that DuckDB answers Ctrl-C by an error of its own."""
    import click

    from pilothouse.cli import check

    @click.command("check")
    def query() -> None:
        much = "range(10000000)"
        with connect() as con:
            presser.start()
            con.execute(
                f"SELECT count(*) FILTER (hash(a.range * b.range) = 1) FROM {much} a, {much} b"
            ).fetchall()

    presser = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    monkeypatch.setattr(check, "COMMANDS", (query,))
    assert main(["check"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted."


def test_nothing_is_told_without_a_terminal(place: Path) -> None:
    done = pilothouse("check", "few.parquet", "--reference", "few.parquet", cwd=place)
    assert done.err == "" and "%" not in done.out, done
