"""The logging API beyond one run: nested ones, resumed ones, batches, artifacts; and how a process ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import pilothouse as ph
from hostile import HOSTILE
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.store import Store, list_events
from pilothouse.tracking.logging import open_runs
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.tracking.search import parse
from pilothouse.tracking.trash import delete_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@pytest.fixture(autouse=True)
def _here(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(workspace.root)
    yield
    while open_runs():
        ph.end_run()


def test_a_run_inside_a_run_is_a_part_of_it(store: Store) -> None:
    with ph.start_run(name="outer") as outer:
        with pytest.raises(PilothouseError, match="still open"):
            ph.start_run()
        with ph.start_run(name="inner", nested=True):
            ph.log_metric("loss", 1.0)
        ph.log_metric("loss", 2.0)
    inner = get_run(store, "inner")
    assert (inner.parent_run_id, inner.metrics) == (outer.run_id, {"loss": 1.0})
    assert get_run(store, "outer").metrics == {"loss": 2.0}
    assert [run.name for run in list_runs(store, where=parse(f"parent = '{outer.run_id}'"))] == ["inner"]


def test_what_was_started_inside_and_forgotten_ends_with_the_outer(store: Store) -> None:
    outer = ph.start_run(name="outer")
    ph.start_run(name="inner", nested=True)
    outer.end()
    assert open_runs() == ()
    assert {run.status for run in list_runs(store)} == {"FINISHED"}


def test_by_hand_and_by_module(workspace: Workspace, store: Store) -> None:
    ph.start_run(name="hand")
    ph.log_params({"lr": 0.1})
    ph.note("why")
    ph.note("why not")
    ph.progress(0.5, "half")
    ph.end_run()
    ph.end_run()
    run = get_run(store, "hand")
    assert (run.params, run.tags, run.status) == ({"lr": "0.1"}, {"note": "why not"}, "FINISHED")


def test_times_and_batches(store: Store) -> None:
    moment = datetime(2013, 9, 1, 12, tzinfo=UTC)
    with ph.start_run() as run:
        run.log_metric("loss", 1.0, step=0, at=moment)
        run.log_metrics({"loss": 0.5}, step=1, at=moment.timestamp() + 60)
        ph.log_batch([("many", float(n), n) for n in range(2500)])
        ph.log_batch([("timed", 1.0, None, moment), ("timed", 2.0, None)])
        ph.log_batch([])
    history = metric_history(store, run.run_id)
    assert [point.at for point in history["loss"]] == [moment, datetime(2013, 9, 1, 12, 1, tzinfo=UTC)]
    assert [point.value for point in history["many"]] == list(range(2500))
    assert history["timed"][0].at == moment and [point.step for point in history["timed"]] == [0, 1]
    assert get_run(store, run.run_id).summaries["many"].count == 2500


def test_artifacts_of_every_kind(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "plots" / "deep").mkdir(parents=True)
    (tmp_path / "plots" / "deep" / "a.txt").write_text("a")
    with ph.start_run() as run:
        ph.log_artifacts(tmp_path / "plots", "kept")
        ph.log_text("tschüß 🚢", "notes/x.txt")
        ph.log_dict({"at": datetime(2013, 1, 1), "nan": float("nan")}, "facts.json")
        for name in ("../x", "/etc/x", "a/../../x", ""):
            with pytest.raises(PilothouseError, match="leads out"):
                ph.log_text("x", name)
        with pytest.raises(NotFoundError):
            ph.log_artifacts(tmp_path / "none")
    assert (run.artifacts / "kept" / "deep" / "a.txt").read_text() == "a"
    assert (run.artifacts / "notes" / "x.txt").read_text(encoding="utf-8") == "tschüß 🚢"
    assert json.loads((run.artifacts / "facts.json").read_text())["nan"] == "NaN"


def test_a_workspace_is_kept_as_an_artifact_without_the_run_itself(workspace: Workspace) -> None:
    root = workspace.root
    (root / "deep").mkdir()
    (root / "deep" / "a.txt").write_text("a")
    # Copying follows links.
    (root / "deep" / "all").symlink_to(workspace.runs_dir)
    run = ph.start_run()
    ph.log_artifacts(".")
    ph.log_artifacts(".", "by name")
    ph.log_artifact(".", "whole")
    own = sorted(path.relative_to(run.artifacts).as_posix() for path in run.artifacts.rglob("*.txt"))
    assert own == sorted(f"{place}deep/a.txt" for place in ("", "by name/", "whole/"))
    assert not [path for path in run.artifacts.rglob("*") if path.name in (run.run_id, ".pilothouse")]
    # What another run kept may be kept here, too.
    with ph.start_run(nested=True) as other:
        assert (other.log_artifact(run.artifacts / "deep", "theirs") / "a.txt").read_text() == "a"


@pytest.mark.parametrize("place", [".", "runs", "runs/ID", "runs/ID/artifacts", "runs/ID/artifacts/deep"])
def test_a_run_is_not_copied_into_itself(workspace: Workspace, place: str) -> None:
    run = ph.start_run()
    run.log_text("a", "deep/a.txt")
    before = sorted(run.artifacts.rglob("*"))
    source = workspace.state_dir / place.replace("ID", run.run_id)
    with pytest.raises(PilothouseError, match="this very run lies in it"):
        run.log_artifact(source, "deep/again" if place.endswith("deep") else "again")
    if not place.endswith("deep"):
        with pytest.raises(PilothouseError, match="this very run lies in it"):
            run.log_artifacts(source)
    assert sorted(run.artifacts.rglob("*")) == before


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "LOST"])
def test_a_run_that_ended_goes_on(workspace: Workspace, store: Store, status: str) -> None:
    first = ph.start_run(name="long", params={"lr": 1})
    first.log_metric("loss", 1.0)
    if status == "LOST":
        # A supervised run leaves its end to another, who never comes.
        first._supervised = True
        first.end()
    else:
        first.end(status, 1, "why")
    assert get_run(store, "long").status == status
    with ph.start_run(run_id=first.run_id[:6], params={"more": 2}) as again:
        assert again.run_id == first.run_id
        again.log_metric("loss", 0.5)
        running = get_run(store, "long")
        assert (running.status, running.ended_at, running.reason) == ("RUNNING", None, "")
        assert running.metrics == {"loss": 0.5}
    run = get_run(store, "long")
    assert (run.status, run.params) == ("FINISHED", {"lr": "1", "more": "2"})
    assert [(point.step, point.value) for point in metric_history(store, run.run_id)["loss"]] == [
        (0, 1.0),
        (1, 0.5),
    ]
    messages = [event.message for event in list_events(store, kind="run")]
    assert "long goes on." in messages and messages[0] == "long finished."
    assert list(workspace.active_dir.iterdir()) == []


def test_what_cannot_be_gone_on_with_is_told(workspace: Workspace, store: Store) -> None:
    with pytest.raises(NotFoundError):
        ph.start_run(run_id="nope")
    with ph.start_run(name="made") as made:
        pass
    get_run(store, "made")
    with store.transaction() as tx:
        tx.insert("model_versions", [{"model": "late", "version": 3, "run_id": made.run_id}])
    with pytest.raises(PilothouseError, match="late v3 was made of it"):
        ph.start_run(run_id=made.run_id)
    with ph.start_run(name="gone") as gone:
        pass
    delete_runs(store, [gone.run_id])
    with pytest.raises(PilothouseError, match="in the trash"):
        ph.start_run(run_id=gone.run_id)
    alive = open_run(workspace, RunStart(kind="api", name="alive", status="RUNNING"), hold=True)
    with pytest.raises(NotFoundError, match="another process"):
        ph.start_run(run_id=alive.run_id)
    alive.end("FINISHED", 0)
    script = open_run(workspace, RunStart(kind="script", name="script"))
    script.end("FINISHED", 0)
    with pytest.raises(PilothouseError, match="kind 'script'"):
        ph.start_run(run_id=script.run_id)
    assert open_runs() == ()


def test_an_end_that_cannot_be_written_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    run = ph.start_run(name="full")
    # A file that is open for reading only refuses as a full disk does.
    assert run._writer._journal._file is not None
    with Path(os.devnull).open("rb") as readable:
        os.dup2(readable.fileno(), run._writer._journal._file.number)
    with pytest.raises(OSError):
        run.end()
    run._writer.close()
    assert open_runs() == ()
    ph.start_run(name="next").end()
    assert get_run(store, "full").status == "LOST" and get_run(store, "next").status == "FINISHED"


def test_an_end_is_on_the_disk_before_the_script_goes_on(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    forced: list[tuple[int, bytes]] = []
    really = os.fsync
    run = ph.start_run()
    journal = run.artifacts.parent / "journal.jsonl"

    def fsync(number: int) -> None:
        really(number)
        forced.append((os.fstat(number).st_ino, journal.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    run.log_metric("loss", 1.0)
    assert not forced
    run.end("FAILED", 3)
    (file, content) = forced[-1]
    assert file == journal.stat().st_ino and content == journal.read_bytes()
    assert json.loads(content.splitlines()[-1])["status"] == "FAILED"


def test_who_exits_by_a_name_of_another_module_is_heard(workspace: Workspace, store: Store) -> None:
    (workspace.root / "leaving.py").write_text("from sys import exit\n\ndef leave():\n    exit(4)\n")
    code = "import leaving\nimport pilothouse as ph\nph.start_run(name='by hand')\nleaving.leave()\n"
    (workspace.root / "script.py").write_text(code)
    done = subprocess.run([sys.executable, "script.py"], check=False)
    run = get_run(store, "by hand")
    assert (done.returncode, run.status, run.exit_code) == (4, "FAILED", 4)


SCRIPT = """
import os, signal, sys, threading, time
from sys import exit as taken
import pilothouse as ph
run = ph.start_run(name="script")
inner = ph.start_run(name="inner", nested=True)
print("ready", flush=True)
{0}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals as only POSIX knows them")
@pytest.mark.parametrize(
    ("what", "number", "status"),
    [
        ("raise ValueError('no [/x]')", None, "FAILED"),
        ("sys.exit(1)", None, "FAILED"),
        ("sys.exit(0)", None, "FINISHED"),
        ("pass", None, "FINISHED"),
        ("t = threading.Thread(target=sys.exit, args=(1,)); t.start(); t.join()", None, "FINISHED"),
        ("try: sys.exit(1)\nexcept SystemExit: pass\nrun.log_metric('x', 1)", None, "FINISHED"),
        ("try: sys.exit(1)\nexcept SystemExit: pass\nrun.note('on')\nsys.exit(2)", None, "FAILED"),
        # What is logged on the way out is no sign that the script went on.
        ("try: sys.exit(1)\nfinally: run.log_metric('x', 1)", None, "FAILED"),
        ("try: sys.exit(1)\nexcept SystemExit: run.note('left'); raise", None, "FAILED"),
        ("import atexit; atexit.register(run.note, 'left'); sys.exit(1)", None, "FAILED"),
        (
            "w = threading.main_thread()\n"
            "threading.Thread(target=lambda: (w.join(), run.note('left'))).start()\nsys.exit(1)",
            None,
            "FAILED",
        ),
        # What Python gives to everybody, and what a script took before there was any run.
        ("exit(1)", None, "FAILED"),
        ("quit('no')", None, "FAILED"),
        ("exit()", None, "FINISHED"),
        ("try: exit(1)\nexcept SystemExit: pass\nrun.log_metric('x', 1)", None, "FINISHED"),
        ("t = threading.Thread(target=exit, args=(1,)); t.start(); t.join()", None, "FINISHED"),
        ("taken(3)", None, "FAILED"),
        ("taken(0)", None, "FINISHED"),
        ("os._exit(0)", None, "LOST"),
        ("time.sleep(60)", signal.SIGTERM, "KILLED"),
        ("time.sleep(60)", signal.SIGINT, "KILLED"),
        ("time.sleep(60)", signal.SIGHUP, "KILLED"),
        ("time.sleep(60)", signal.SIGKILL, "LOST"),
    ],
)
def test_every_end_is_told_as_it_was(
    store: Store, what: str, number: signal.Signals | None, status: str
) -> None:
    # Under nohup, or in the background of a shell, some signals are ignored, and children inherit that.
    heard = "import signal\nfor one in (1, 2, 15): signal.signal(one, signal.SIG_DFL)\n"
    heard += "signal.signal(2, signal.default_int_handler)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", heard + SCRIPT.format(what)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    if number is not None:
        process.send_signal(number)
    process.communicate(timeout=30)
    assert [run.status for run in list_runs(store)] == [status, status]


@pytest.mark.skipif(sys.platform == "win32", reason="signals as only POSIX knows them")
def test_who_is_terminated_ends_though_the_end_of_a_run_cannot_be_written(store: Store) -> None:
    # As on a full disk, and in a script that goes on though nothing can be logged.
    what = """
full = open(os.devnull, "rb")
os.dup2(full.fileno(), inner._writer._journal._file.number)
print("full", flush=True)
until = time.monotonic() + 20
while time.monotonic() < until:
    try:
        time.sleep(0.05)
        inner.log_metric("x", 1.0)
    except OSError:
        pass
"""
    heard = "import signal\nsignal.signal(15, signal.SIG_DFL)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", heard + SCRIPT.format(what)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == [b"ready\n", b"full\n"]
    process.terminate()
    said = process.communicate(timeout=30)[1].decode()
    assert process.returncode == -signal.SIGTERM
    assert "the end of a run could not be written, so it reads LOST" in said and "Traceback" not in said
    # It alone is lost: the one around it was ended after it.
    assert {run.name: run.status for run in list_runs(store)} == {"inner": "LOST", "script": "KILLED"}


def test_an_end_that_cannot_be_written_keeps_no_other_from_being_told(store: Store) -> None:
    outer = ph.start_run(name="outer")
    for name in ("first", "full", "last"):
        run = ph.start_run(name=name, nested=True)
        if name == "full":
            assert run._writer._journal._file is not None
            with Path(os.devnull).open("rb") as readable:
                os.dup2(readable.fileno(), run._writer._journal._file.number)
            full = run
    with pytest.raises(OSError):
        outer.end("KILLED")
    full._writer.close()
    found = {run.name: run.status for run in list_runs(store)}
    assert found == {"outer": "KILLED", "first": "KILLED", "last": "KILLED", "full": "LOST"}


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [("failed", "FAILED", None), ("Finished", "FINISHED", 0), ("stopped", "KILLED", None)],
)
def test_a_run_ends_by_any_spelling_of_a_status(
    store: Store, word: str, status: str, code: int | None
) -> None:
    ph.start_run(name="spelt")
    ph.end_run(word)
    run = get_run(store, "spelt")
    assert (run.status, run.exit_code, "journal" in run.tags) == (status, code, False)


@pytest.mark.parametrize("word", ["DONE", "LOST", "RUNNING", "", "[/x]\x1b[2J", None, 3])
def test_a_run_does_not_end_by_a_word_that_is_no_end(store: Store, word: str) -> None:
    run = ph.start_run(name="on")
    for end in (run.end, ph.end_run):
        with pytest.raises(PilothouseError, match="does not end as") as told:
            end(word)
        assert "FINISHED, FAILED or KILLED" in str(told.value.next)
    assert run.open and get_run(store, "on").status == "RUNNING"


@pytest.mark.parametrize("kept", ["none", "half", "all"])
def test_a_power_cut_leaves_a_lost_run(workspace: Workspace, store: Store, kept: str) -> None:
    writer = open_run(workspace, RunStart(kind="api", name="cut", status="RUNNING"), hold=True)
    writer.log_metrics({"loss": 1.0})
    writer.end("FINISHED", 0)
    journal = writer.folder / "journal.jsonl"
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    # As a file system may leave it: the length is there, and the last blocks are zeros.
    good = {"none": b"", "half": lines[0], "all": b"".join(lines[:-1])}[kept]
    journal.write_bytes(good + b"\0" * (len(whole) - len(good)))
    old = 1_600_000_000
    for path in (journal, writer.folder, writer.folder / "alive"):
        os.utime(path, (old, old))
    (run,) = list_runs(store)
    assert run.status == "LOST" and run.run_id == writer.run_id
    assert run.metrics == ({"loss": 1.0} if kept == "all" else {})
    assert list(workspace.active_dir.iterdir()) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_through_every_call(store: Store, text: str) -> None:
    with ph.start_run(name=text or "x") as run:
        ph.log_batch([(text, 1.0, 0)])
        ph.note(text)
    found = get_run(store, run.run_id)
    assert len(found.metrics) == 1 and "note" in found.tags
