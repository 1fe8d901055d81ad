"""A workspace that may only be read: all that reads works, and what would write says why it does not."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from hostile import HOSTILE
from pilothouse.store import open_store
from pilothouse.store.connection import SHAPE
from pilothouse.tracking.folding import fold
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.upkeep.restoring import restore
from pilothouse.workspace import Workspace
from reading_only import read_only
from ready_made import copied
from steering import environment, pilothouse_each

SCREENS = """
import asyncio, pathlib, sys
sys.path[:0] = sys.argv[1:3]
from piloting import press, ready, settle, shown, visit
from pilothouse.tui.app import PilothouseApp
from pilothouse.workspace import Workspace

async def main():
    app = PilothouseApp(Workspace(pathlib.Path.cwd()))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await settle(pilot, lambda: "change nothing" in " ".join(shown(app).split()), timeout=20)
        assert "runs have points, or an end" in shown(app), shown(app)
        for key in "123456":
            await visit(pilot, key)
            assert "read-only" not in shown(app) or key == "1", shown(app)
        await visit(pilot, "2")
        await settle(pilot, lambda: "told" in shown(app))
        await press(pilot, "e", "x", "enter")
        await settle(pilot, lambda: "is read-only for you" in " ".join(shown(app).split()))

asyncio.run(main())
"""


@pytest.fixture
def archive(tmp_path: Path) -> Workspace:
    """Two runs that are in the store, one with points that nobody has read yet, and one whose process was
    killed when all it said was read."""
    return Workspace(copied("archive", _archive, tmp_path / "archive"))


def _archive(root: Path) -> None:
    from pilothouse.workspace import init_workspace

    root.mkdir(exist_ok=True)
    workspace = init_workspace(root, "")
    for name in ("told", HOSTILE[0], "late"):
        writer = open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)
        writer.log_metrics({"loss": 0.5}, 0)
        if name != "late":
            writer.end("FINISHED")
        fold(open_store(workspace))
    killed = open_run(workspace, RunStart(kind="api", name="killed", status="RUNNING"), hold=True)
    fold(open_store(workspace))
    writer.log_metrics({"loss": 0.4}, 1)
    writer.end("FINISHED")
    killed.close()


def listing(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*")}


def test_all_that_reads_works_and_what_writes_says_so(archive: Workspace, tmp_path: Path) -> None:
    before = listing(archive.root)
    out = tmp_path / "out"
    reading = (
        ["runs", "--json"], ["show", "told"], ["metrics", "told"], ["runs", "metrics.loss < 1"], ["doctor"],
        ["runs", "--group-by", "status"], ["compare", "told", "late", "--no-intervals"], ["events"],
        ["models"], ["filters"], ["artifacts", "told"], ["gc"],
        ["export", str(out / "runs.json"), "--format", "json"], ["backup", str(out / "all.tar")],
        ["compare", "told", "late", "--no-intervals", "--save", str(tmp_path / "c.md")],
    )  # fmt: skip
    writing = (
        ["tag", "told", "--note", "x"], ["delete", "told", "--yes"], ["run", "--", "true"],
        ["filters", "save", "bad", "status = failed"],
        ["sweep", "-p", "x=1,2", "--metric", "m", "--", "true"],
        ["import", str(tmp_path)],
    )  # fmt: skip
    with read_only(archive.root) as anybody:
        done = pilothouse_each(*reading, *writing, cwd=archive.root, before=anybody)
    assert listing(archive.root) == before, "nothing was written"
    for command, it in zip(reading, done[: len(reading)], strict=True):
        assert it.code == 0, (command, it)
        assert "Traceback" not in it.err
    runs = {run["name"]: run for run in done[0].json()}
    assert runs["told"]["status"] == "FINISHED" and runs["late"]["metrics"] == {"loss": 0.5}
    assert "2 runs have points, or an end, that are not in the store yet" in done[0].err
    assert "read-only for you" in done[4].out, "doctor says it"
    for command, it in zip(writing[:-1], done[len(reading) :], strict=False):
        assert it.code == 1 and not it.out, (command, it)
        assert "read-only for you" in it.err and "Nothing was changed" in it.err, (command, it)
        assert "chmod -R u+w" in it.err
    assert json.loads((out / "runs.json").read_text())[0]["name"]
    with tarfile.open(out / "all.tar") as tar:
        assert len(tar.getnames()) > 5
    restore(out / "all.tar", tmp_path / "again")
    assert pilothouse_each(["tag", "told", "--note", "x"], cwd=tmp_path / "again")[0].code == 0


def test_the_screens_show_it_and_say_what_cannot_be_done(archive: Workspace) -> None:
    tests = Path(__file__).parents[1]
    with read_only(archive.root) as anybody:
        done = subprocess.run(
            [sys.executable, "-c", SCREENS, str(tests), str(tests / "tui")],
            cwd=archive.root,
            env=environment() | {"PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            preexec_fn=anybody,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def left_over(archive: Workspace) -> Iterator[Workspace]:
    """What a process that was killed had committed is in the log beside the store, not in the file."""
    code = (
        f"import duckdb, os; con = duckdb.connect(); con.execute(\"ATTACH '{archive.store_path}' AS s\");"
        "con.execute(\"UPDATE s.runs SET name = 'renamed' WHERE name = 'told'\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert archive.store_path.with_name("store.duckdb.wal").exists()
    yield archive


def test_what_is_still_in_the_log_of_the_store_is_read(left_over: Workspace, tmp_path: Path) -> None:
    commands = (["show", "renamed"], ["backup", str(tmp_path / "b.tar")])
    with read_only(left_over.root) as anybody:
        shown, kept = pilothouse_each(*commands, cwd=left_over.root, before=anybody)
    assert shown.code == 0 and "renamed" in shown.out
    assert kept.code == 1 and "read-only for you" in kept.err and not (tmp_path / "b.tar").exists()


def test_a_store_of_an_older_shape_is_not_touched(archive: Workspace) -> None:
    with duckdb.connect(str(archive.store_path)) as con:
        con.execute("UPDATE meta SET value = ? WHERE key = 'shape'", [str(SHAPE - 1)])
    with read_only(archive.root) as anybody:
        (done,) = pilothouse_each(["runs"], cwd=archive.root, before=anybody)
    assert done.code == 1 and "older Pilothouse" in done.err and "chmod -R u+w" in done.err
    assert not list(archive.state_dir.glob("*.backup.duckdb"))
