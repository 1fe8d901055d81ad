"""The disk fills: what was acknowledged stays, what cannot be kept is refused, and room makes all go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilothouse.serving.predictions import read_predictions
from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run, metric_history
from pilothouse.workspace import Workspace
from steering import (
    GOOD_ROW,
    copy_of,
    environment,
    is_sound,
    land,
    pilothouse,
    pilothouse_each,
    post,
    rows,
    serving,
)
from waiting import wait_until

BODY = json.dumps({"dataframe_records": [GOOD_ROW]})
LOGS_UNTIL_FULL = """
import resource, signal
import pilothouse as ph
acknowledged = []
with ph.start_run(name="full") as run:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_011, hard))
    refused = 0
    for step in range(400):
        try:
            run.log_metric("loss", step / 7, step=step)
            acknowledged.append(step)
        except OSError:
            refused += 1
        if refused == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            refused = 6
assert refused == 6
print(run.run_id, *acknowledged)
"""


def test_every_point_that_was_acknowledged_survives_a_journal_that_cannot_grow(fresh: Workspace) -> None:
    pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-c", LOGS_UNTIL_FULL],
        cwd=fresh.root,
        env=environment(),
        capture_output=True,
        check=True,
    )
    run_id, *steps = done.stdout.decode().split()
    store = open_store(fresh)
    assert get_run(store, run_id).status == "FINISHED"
    assert [point.step for point in metric_history(store, run_id)["loss"]] == [int(step) for step in steps]
    assert len(steps) == 395


class SmallDisk:
    """A file system of its own, and a file that takes up its room."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ballast = root / "ballast"

    def fill(self, leave: int = 0) -> None:
        self.empty()
        about = os.statvfs(self.root)
        with self._ballast.open("wb") as file:
            file.write(b"x" * (about.f_bavail * about.f_frsize - leave))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    root = tmp_path / "disk"
    root.mkdir()
    made = sys.platform == "linux" and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(root)]
    if not made or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("making a small file system needs root on Linux")
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


@pytest.fixture
def crowded(small_disk: SmallDisk, template: Path) -> Workspace:
    return copy_of(template, small_disk.root / "w")


def test_commands_that_write_say_that_the_disk_is_full_and_change_nothing(
    crowded: Workspace, small_disk: SmallDisk
) -> None:
    land(crowded.root / "data", "second.csv", rows(60, seed=2))
    before = pilothouse("models", "--json", cwd=crowded.root).json()
    small_disk.fill()
    commands = (
        ["tag", "latest", "x=1"], ["promote", "2", "--yes", "--force"], ["train"], ["run", "--", "true"],
        ["watch", "--once"], ["watch", "--detach"], ["check"], ["serve", "--detach"],
        ["init", "other", "--data", "data", "--target", "y"],
    )  # fmt: skip
    for command, done in zip(commands, pilothouse_each(*commands, cwd=crowded.root), strict=True):
        assert (done.code, done.out) == (1, ""), (command, done)
        assert "full" in done.err or "No space left" in done.err, (command, done)
        assert "Traceback" not in done.err
        assert "not foreseen" not in done.err, (command, done)
    reading = ["runs"], ["models"], ["events"], ["predict", "data/first.csv", "--limit", "1"]
    for done in pilothouse_each(*reading, cwd=crowded.root):
        assert done.code == 0, done
    small_disk.empty()
    models, *told = pilothouse_each(
        ["models", "--json"], ["promote", "2", "--yes", "--force"], ["watch", "--once"], cwd=crowded.root
    )
    told.append(pilothouse("tag", "latest", "x=1", cwd=crowded.root))
    assert models.json() == before
    for done in told:
        assert done.code == 0, done
    is_sound(crowded)


def test_a_training_that_finds_no_room_fails_and_registers_no_half_bundle(
    crowded: Workspace, small_disk: SmallDisk
) -> None:
    small_disk.fill(leave=150_000)  # Enough for the journal, too little for the bundle.
    done = pilothouse("train", "--recipe", "random_forest", "--json", cwd=crowded.root)
    assert done.code == 1
    told = done.json()
    assert told["status"] == "FAILED"
    assert "No space left" in told["reason"] or "full" in told["reason"]
    small_disk.empty()
    models, trained = pilothouse_each(["models", "--json"], ["train"], cwd=crowded.root)
    assert [one["version"] for one in models.json()] == [2, 1]
    assert trained.code == 0
    is_sound(crowded)


def test_the_server_gives_no_answer_that_it_cannot_log_and_goes_on_when_there_is_room(
    crowded: Workspace, small_disk: SmallDisk
) -> None:
    with serving(crowded) as server:
        port = server["port"]
        statuses = [post(port, BODY)[0] for _ in range(5)]
        small_disk.fill()
        for _ in range(100):
            status, answer = post(port, BODY)
            statuses.append(status)
            if status != 200:
                assert "prediction log" in answer["message"]
        assert statuses[-1] == 503
        small_disk.empty()
        statuses += [post(port, BODY)[0] for _ in range(5)]
        assert statuses[-5:] == [200] * 5
        assert pilothouse("promote", "2", "--yes", "--force", cwd=crowded.root).code == 0
        wait_until(lambda: pilothouse("serve", "--status", "--json", cwd=crowded.root).json()["version"] == 2)
        statuses.append(post(port, BODY)[0])
    logged = read_predictions(crowded, limit=1000)
    assert len(logged) == statuses.count(200)
    assert logged[0]["version"] == 2
    is_sound(crowded)


def test_a_watcher_outlives_a_full_disk(crowded: Workspace, small_disk: SmallDisk) -> None:
    assert pilothouse("watch", "--detach", cwd=crowded.root).code == 0
    data = crowded.root / "data"
    try:
        land(data, "second.csv.tmp", rows(200, seed=2))
        small_disk.fill()
        (data / "second.csv.tmp").rename(data / "second.csv")
        wait_until(lambda: pilothouse("runs", cwd=crowded.root).code == 0)
        small_disk.empty()
        wait_until(
            lambda: (
                [file["name"] for file in pilothouse("data", "--json", cwd=crowded.root).json()["files"]]
                == ["second.csv"]
            )
        )
    finally:
        assert pilothouse("watch", "--stop", cwd=crowded.root).code == 0
    is_sound(crowded)
