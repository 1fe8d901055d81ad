from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pilothouse.processes import (
    fair_lock,
    hold_alive,
    is_alive,
    own_command,
    python_command,
    spawn_detached,
    write_atomic,
)
from waiting import wait_until

HOLD = "import sys; from pathlib import Path; from pilothouse.processes import hold_alive\n"
HOLD += "lock = hold_alive(Path(sys.argv[1])); print(bool(lock), flush=True); sys.stdin.read()"


def test_a_liveness_lock_is_free_the_moment_its_process_dies(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    assert not is_alive(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"True"
        assert is_alive(path)
        assert hold_alive(path, patience=0.05) is None
        process.kill()
        process.wait()
        assert not is_alive(path)


def test_asking_does_not_take_the_lock_from_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            is_alive(path)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            lock = hold_alive(path)
            assert lock is not None
            lock.release()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_fair_lock_lets_one_in_at_a_time_and_starves_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    inside: list[int] = []
    turns = dict.fromkeys(range(6), 0)
    overlaps = 0
    done = threading.Event()

    def work(me: int) -> None:
        nonlocal overlaps
        while not done.is_set():
            with fair_lock(path):
                inside.append(me)
                overlaps += len(inside) > 1
                turns[me] += 1
                inside.remove(me)

    threads = [threading.Thread(target=work, args=(me,)) for me in turns]
    for thread in threads:
        thread.start()
    wait_until(lambda: min(turns.values()) >= 20)
    done.set()
    for thread in threads:
        thread.join()
    assert overlaps == 0


def test_a_failed_atomic_write_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, "\ud800")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_detached_process_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = spawn_detached([sys.executable, "-c", "import os; print(os.getsid(0))"], cwd=tmp_path, log=log)
    process.wait(timeout=30)
    assert int(log.read_text()) == process.pid


def test_python_command_runs_this_python() -> None:
    assert python_command("a.b", "c") == [sys.executable, "-m", "a.b", "c"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no lock that is shared")
def test_two_who_ask_do_not_see_each_other_as_life(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.touch()
    found: list[bool] = []

    def ask() -> None:
        found.extend(is_alive(path) for _ in range(2000))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not any(found)


def test_the_command_that_is_told_works_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = tmp_path / "a place" / "bin"
    binaries.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(binaries / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert own_command("--workspace", "w").endswith("-m pilothouse --workspace w")
    script = binaries / ("pilothouse.exe" if sys.platform == "win32" else "pilothouse")
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert shlex.split(own_command("--workspace", "a b")) == [
        str(script.relative_to(tmp_path)),
        "--workspace",
        "a b",
    ]
    monkeypatch.chdir(tmp_path.parent.parent)
    monkeypatch.setenv("PATH", str(binaries))
    assert own_command("runs") == "pilothouse runs"
