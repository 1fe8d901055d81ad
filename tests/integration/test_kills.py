"""`kill -9` of anything at any moment: nothing that was acknowledged is lost, and every status is true."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from pilothouse.processes import is_alive
from pilothouse.registry.versions import list_versions
from pilothouse.serving.predictions import read_predictions
from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.training.spec import PID_NAME
from pilothouse.workspace import Workspace
from steering import GOOD_ROW, is_sound, land, pilothouse, post, rows, serving, start, wait_gone
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills as only POSIX knows them")
BODY = json.dumps({"dataframe_records": [GOOD_ROW]})

# Says in a file of its own what was acknowledged; what is printed there was logged before.
LOGS_ON = """
import itertools, os, sys
import pilothouse as ph
run = ph.start_run()
with open(sys.argv[1], "a", buffering=1) as told:
    told.write(f"pid {os.getpid()}\\n")
    for step in itertools.count():
        run.log_metric("loss", 1 / (step + 1), step=step)
        told.write(f"{step}\\n")
"""


def acknowledged(path: Path) -> list[int]:
    text = path.read_text() if path.exists() else ""
    return [int(line) for line in text[: text.rfind("\n") + 1].splitlines() if line.isdigit()]


@pytest.mark.parametrize("victim", ["supervisor", "child"])
def test_a_killed_worker_keeps_what_it_logged_and_its_status_is_true(
    fresh: Workspace, tmp_path: Path, victim: str
) -> None:
    chance = random.Random(7)
    store = open_store(fresh)
    for number in range(3):
        told = tmp_path / f"told{number}"
        started = pilothouse(
            "run", "--detach", "--", sys.executable, "-c", LOGS_ON, str(told), cwd=fresh.root
        )
        run_id = started.out.strip()
        goal = chance.randrange(1, 3000)
        wait_until(lambda told=told, goal=goal: len(acknowledged(told)) > goal)
        child = int(told.read_text().split()[1])
        supervisor = int((fresh.run_dir(run_id) / PID_NAME).read_text())
        os.kill(supervisor if victim == "supervisor" else child, signal.SIGKILL)
        wait_gone(supervisor)
        wait_gone(child)  # It never outlives its supervisor.
        run = get_run(store, run_id)
        assert run.status == ("LOST" if victim == "supervisor" else "KILLED"), run
        if victim == "child":
            assert run.exit_code == 137
        steps = [point.step for point in metric_history(store, run_id)["loss"]]
        assert steps[: len(acknowledged(told))] == acknowledged(told)
        assert len(steps) <= len(acknowledged(told)) + 1
    is_sound(fresh)


def test_a_training_killed_at_any_moment_leaves_no_half_version(trained: Workspace) -> None:
    chance = random.Random(11)
    store = open_store(trained)
    for _ in range(3):
        run_id = pilothouse("train", "--detach", cwd=trained.root).out.strip()
        alive = trained.run_dir(run_id) / "alive"
        pid = trained.run_dir(run_id) / PID_NAME
        wait_until(pid.exists)
        moment = time.monotonic() + chance.uniform(0, 5)
        wait_until(lambda moment=moment, alive=alive: time.monotonic() > moment or not is_alive(alive))
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)
        wait_until(lambda alive=alive: not is_alive(alive))
        run = get_run(store, run_id)
        made = [one for one in list_versions(store, "late") if one.run_id == run_id]
        # A version may have been registered in the last moment before the kill, but never without its bundle.
        assert run.status in ("LOST", "FINISHED")
        assert len(made) <= 1
    is_sound(trained)
    assert pilothouse("train", cwd=trained.root).code == 0


def test_a_server_killed_under_load_has_logged_every_answer_it_gave(trained: Workspace) -> None:
    chance = random.Random(13)
    answered: list[str] = []
    for round_ in range(2):
        with serving(trained) as server:
            stop = threading.Event()

            def ask(name: str, port: int = server["port"], stop: threading.Event = stop) -> None:
                number = 0
                while not stop.is_set():
                    request = f"{name}-{number}"
                    number += 1
                    try:
                        if post(port, BODY, **{"x-request-id": request})[0] == 200:
                            answered.append(request)
                    except (OSError, ValueError):
                        return

            clients = [threading.Thread(target=ask, args=(f"r{round_}c{n}",)) for n in range(4)]
            for client in clients:
                client.start()
            goal = len(answered) + chance.randrange(20, 200)
            wait_until(lambda goal=goal: len(answered) >= goal)
            os.kill(server["pid"], signal.SIGKILL)
            for client in clients:
                client.join()
            stop.set()
            wait_gone(server["pid"])
            status = pilothouse("serve", "--status", cwd=trained.root)
            assert status.code == 1
    logged = {row["id"] for row in read_predictions(trained, limit=1_000_000)}
    assert set(answered) <= logged
    assert len(logged) <= len(answered) + 2 * 4
    with serving(trained) as server:
        assert post(server["port"], BODY)[0] == 200
    is_sound(trained)


def test_a_server_follows_a_promote_that_was_killed_after_its_commit(trained: Workspace) -> None:
    # What is left then: the alias has moved, and nobody was told.
    with serving(trained) as server:
        with open_store(trained).transaction() as tx:
            tx.execute("UPDATE aliases SET version = 2 WHERE model = 'late' AND alias = 'champion'")
        status = trained.serving_dir / "status.json"
        wait_until(lambda: json.loads(status.read_bytes())["version"] == 2)
        assert post(server["port"], BODY)[0] == 200


def test_a_watcher_killed_while_it_judges_has_judged_every_file_once_in_the_end(trained: Workspace) -> None:
    chance = random.Random(17)
    names = [f"day{number:02d}.csv" for number in range(24)]
    for number, name in enumerate(names):
        land(trained.root / "data", name, rows(80, seed=100 + number, shift=2.0 * (number % 2)))
    store = open_store(trained)

    def judged() -> int:
        return int(store.query("SELECT count(*) AS n FROM arrivals")[0]["n"])

    for _ in range(3):
        watcher = start("watch", cwd=trained.root)
        goal = min(len(names), judged() + chance.randrange(1, 6))
        wait_until(lambda goal=goal: judged() >= goal)
        watcher.kill()
        watcher.wait()
        assert pilothouse("watch", "--status", "--json", cwd=trained.root).json() is None
    left = len(names) - judged()
    last = pilothouse("watch", "--once", "--json", cwd=trained.root)
    assert last.json() == {"judged": left}
    assert judged() == len(names)
    told = [event.subject for event in list_events(store, 1000, kind="drift")]
    assert sorted(told) == names
    verdicts = store.query("SELECT subject, dataset_drift FROM drift_reports ORDER BY subject")
    assert [row["dataset_drift"] for row in verdicts] == [bool(number % 2) for number in range(len(names))]
    is_sound(trained)


def test_a_terminal_ui_killed_at_any_moment_leaves_all_as_it_was(trained: Workspace) -> None:
    import fcntl
    import pty
    import struct
    import termios

    chance = random.Random(19)
    store = open_store(trained)
    before = list_versions(store)
    for _ in range(3):
        process, terminal = pty.fork()
        if process == 0:
            os.environ.update(TERM="xterm-256color")
            os.chdir(trained.root)
            os.execv(sys.executable, [sys.executable, "-m", "pilothouse"])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        try:
            seen = _read_until(terminal, b"late", 30)
            assert b"late" in seen
            for _ in range(chance.randrange(1, 12)):
                os.write(terminal, chance.choice([b"1", b"2", b"3", b"4", b"5", b"6", b"j", b"k", b"/"]))
                _read_until(terminal, b"\0never", chance.uniform(0, 0.15))
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(terminal)
        assert list_versions(store) == before
    assert all(run.ended for run in list_runs(store))
    is_sound(trained)


def _read_until(terminal: int, wanted: bytes, timeout: float) -> bytes:
    import select

    seen = b""
    until = time.monotonic() + timeout
    waiting = select.poll()
    waiting.register(terminal, select.POLLIN)
    while wanted not in seen and (left := until - time.monotonic()) > 0:
        if waiting.poll(1000 * left):
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen
