"""Journals into the store, whatever they hold: nothing in one keeps another from being read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from entries import anything, entries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pilothouse as ph
from pilothouse.errors import PilothouseError
from pilothouse.processes import hold_alive
from pilothouse.store import Store, Transaction, list_events, record, verify_events
from pilothouse.tracking import folding, journal, replay
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.tracking.trash import purge_runs
from pilothouse.tracking.writer import RunStart, RunWriter, attach_run, open_run, reopen_run
from pilothouse.workspace import Workspace
from waiting import wait_until

lines = st.one_of(
    st.one_of(entries, st.dictionaries(st.text(max_size=6), anything, max_size=4)).map(json.dumps),
    st.text(max_size=30),
    st.sampled_from(
        ["[" * 200_000, '{"kind":"params","values":' + '{"a":' * 3000 + "1" + "}" * 3001, "9" * 5000]
    ),
)


def begin(workspace: Workspace, name: str = "") -> RunWriter:
    return open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)


def write(writer: RunWriter, *found: str) -> None:
    with (writer.folder / "journal.jsonl").open("a", encoding="utf-8", errors="surrogatepass") as file:
        file.writelines(line + "\n" for line in found)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, min_size=1, max_size=4))
def test_any_line_in_one_journal_leaves_the_other_runs_listed(
    workspace: Workspace, store: Store, found: list[str]
) -> None:
    good, bad = begin(workspace, "good"), begin(workspace, "bad")
    write(bad, *found)
    bad.log_metrics({"after": 1.0})
    good.log_metrics({"loss": 0.5})
    try:
        listed = {run.run_id: run for run in list_runs(store, limit=10_000)}
        assert listed[good.run_id].metrics == {"loss": 0.5} and bad.run_id in listed
        assert listed[bad.run_id].metrics["after"] == 1.0
        assert "after" in metric_history(store, bad.run_id)
    finally:
        good.end("FINISHED", 0)
        bad.end("FINISHED", 0)
    fold(store)
    assert not any(workspace.active_dir.iterdir())


def test_what_a_script_gets_wrong_is_told_to_the_script(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(workspace.root)
    with ph.start_run() as run:
        run.log_metric("a", 0.1, step=np.int64(3))
        run.log_metric("a", 0.2)
        ph.log_batch([("a", 0.3, np.int64(7)), ("a", 0.4, 8.0), ("a", 0.5, None)])
        for step in ("x", float("nan"), 10**30, 1.5):
            with pytest.raises(PilothouseError, match="A step"):
                run.log_metric("a", 1.0, step=step)  # type: ignore[arg-type]
            with pytest.raises(PilothouseError, match="A step"):
                ph.log_batch([("a", 1.0, 1), ("a", 1.0, step)])  # type: ignore[list-item]
        with pytest.raises(PilothouseError, match="Progress"):
            ph.progress("half")  # type: ignore[arg-type]
        ph.progress(1.0000001, "done")
    assert [point.step for point in metric_history(store, run.run_id)["a"]] == [3, 4, 7, 8, 9]
    found = get_run(store, run.run_id)
    assert (found.progress, found.tags) == (1.0, {})


def test_an_exit_code_of_windows_is_kept_in_its_32_bits(workspace: Workspace, store: Store) -> None:
    code = "import pilothouse as ph, sys; ph.start_run(name='ctrl-c'); sys.exit(3221225786)"
    subprocess.run([sys.executable, "-c", code], cwd=workspace.root, timeout=60, check=False)
    run = get_run(store, "ctrl-c")
    assert (run.status, run.exit_code) == ("FAILED", -1073741510)


def test_what_could_not_be_read_is_said_by_tag_and_event(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "odd")
    write(writer, '{"t":1,"kind":"metrics","step":"x","values":{"a":1}}')
    writer.end("FINISHED", 0)
    run = get_run(store, "odd")
    assert run.metrics == {"a": 1.0} and "step 'x'" in run.tags["journal"]
    assert [event for event in list_events(store, subject=run.run_id) if "step 'x'" in event.message]


def test_what_is_wrong_again_and_again_is_one_event(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "odd")
    for step in "xyz":
        write(writer, json.dumps({"t": 1, "kind": "metrics", "step": step, "values": {"a": 1}}))
        fold(store)
    assert "step 'x'" in get_run(store, "odd").tags["journal"]
    assert len(list_events(store, subject=writer.run_id)) == 2
    writer.end("FINISHED", 0)


def test_a_line_that_the_store_refuses_is_left_out_and_the_rest_is_kept(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the reader let something through that is no step.
    monkeypatch.setattr(replay, "_step", lambda state, value: value)
    good, bad = begin(workspace, "good"), begin(workspace, "bad")
    bad.log_metrics({"before": 1.0}, 1)
    write(bad, '{"t":1,"kind":"metrics","step":"no step","values":{"a":1}}')
    bad.log_metrics({"after": 1.0}, 2)
    good.log_metrics({"loss": 0.5}, 1)
    for _ in range(2):
        listed = {run.name: run for run in list_runs(store)}
        assert listed["good"].metrics == {"loss": 0.5}
        assert listed["bad"].metrics == {"before": 1.0, "after": 1.0}
    assert "could not be kept" in listed["bad"].tags["journal"]
    bad.end("FINISHED", 0)
    assert get_run(store, "bad").status == "FINISHED"
    told = [event for event in list_events(store, subject=bad.run_id) if "could not be kept" in event.message]
    assert len(told) == 1


def test_a_long_journal_is_taken_in_pieces_and_others_have_their_turn(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_AT_ONCE", 2000)
    monkeypatch.setattr(journal.read_piece, "__defaults__", (0, 5000))
    writer = begin(workspace, "long")
    for step in range(500):
        writer.log_metrics({"a": float(step), "b": 1.0})
    writer.log_params({"text": "x" * 20_000})
    writer.end("FINISHED", 0)
    sizes: list[int] = []
    real = Transaction.execute

    def counting(self: Transaction, sql: str, params: Any = ()) -> None:
        if sql.startswith("INSERT INTO metric_points"):
            sizes.append(len(params[1]))
        real(self, sql, params)

    monkeypatch.setattr(Transaction, "execute", counting)
    seen: list[int] = []
    stop = threading.Event()

    def look() -> None:
        other = Store(workspace)
        while not stop.is_set():
            seen.append(other.query("SELECT count(*) AS n FROM metric_points")[0]["n"])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        (folded,) = fold(store)
    finally:
        stop.set()
        thread.join()
    assert (folded.run_id, folded.status, folded.new) == (writer.run_id, "FINISHED", 503)
    assert len(sizes) > 5 and max(sizes) < 200
    assert any(0 < count < 1000 for count in seen)
    assert [point.step for point in metric_history(store, writer.run_id)["a"]] == list(range(500))
    assert get_run(store, "long").params["text"] == "x" * 20_000


def test_two_readers_of_a_long_journal_count_each_point_once(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_AT_ONCE", 1000)
    monkeypatch.setattr(journal.read_piece, "__defaults__", (0, 3000))
    writer = begin(workspace)
    for step in range(500):
        writer.log_metrics({"a": float(step)})
    writer.end("FINISHED", 0)
    readers = [threading.Thread(target=fold, args=(Store(workspace),)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [point.step for point in metric_history(store, writer.run_id)["a"]] == list(range(500))


def test_a_reader_killed_between_two_pieces_leaves_each_point_exactly_once(
    workspace: Workspace, store: Store
) -> None:
    code = """
import sys
from pathlib import Path
from pilothouse.store import Store
from pilothouse.tracking import folding, journal
from pilothouse.workspace import Workspace
folding._AT_ONCE = 1000
journal.read_piece.__defaults__ = (0, 20_000)
folding.fold(Store(Workspace(Path(sys.argv[1]))))
"""
    store.query("SELECT 1")
    writer = begin(workspace)
    for step in range(5000):
        writer.log_metrics({"a": float(step)})
    writer.end("FINISHED", 0)

    def stored() -> int:
        return int(store.query("SELECT count(*) AS n FROM metric_points")[0]["n"])

    for _ in range(3):
        before = stored()
        reader = subprocess.Popen([sys.executable, "-c", code, str(workspace.root)])
        wait_until(lambda: stored() > before or reader.poll() is not None)  # noqa: B023
        reader.kill()
        reader.wait()
    assert [point.step for point in metric_history(store, writer.run_id)["a"]] == list(range(5000))
    assert get_run(store, writer.run_id).status == "FINISHED"


def test_the_name_is_not_asked_for_at_every_point(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements(count: int) -> int:
        writer = begin(workspace)
        for step in range(count):
            writer.log_metrics({"a": 1.0}, step)
        asked.clear()
        fold(store)
        writer.end("FINISHED", 0)
        fold(store)
        return len(asked)

    asked: list[str] = []
    real = Transaction._run

    def counting(self: Transaction, sql: str, params: Any) -> None:
        asked.append(sql)
        real(self, sql, params)

    monkeypatch.setattr(Transaction, "_run", counting)
    assert statements(300) == statements(3)


def test_a_run_that_was_purged_does_not_come_back(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace)
    other = attach_run(writer.folder)
    writer.end("FINISHED", 0)
    fold(store)
    purge_runs(store, [writer.run_id])
    # Such as the process beside it that samples what it uses.
    other.log_metrics({"late": 1.0})
    other.close()
    (workspace.active_dir / writer.run_id).touch()
    assert list_runs(store) == []
    assert not any(workspace.active_dir.iterdir()) and not any(workspace.runs_dir.iterdir())


def test_a_purge_takes_the_marker_with_it(workspace: Workspace, store: Store) -> None:
    # Of one that nobody can go on with: its lock is held for a moment after its end.
    writer = open_run(workspace, RunStart(kind="script", status="RUNNING"), hold=True)
    attach_run(writer.folder).end("FINISHED", 0)
    fold(store)
    assert any(workspace.active_dir.iterdir())
    purge_runs(store, [writer.run_id])
    assert not any(workspace.active_dir.iterdir())
    writer.close()


def test_a_run_whose_folder_somebody_removed_is_lost(workspace: Workspace, store: Store) -> None:
    import shutil

    writer = begin(workspace, "gone")
    assert get_run(store, "gone").status == "RUNNING"
    shutil.rmtree(writer.folder)
    run = get_run(store, "gone")
    assert (run.status, run.reason) == ("LOST", "Its folder is gone.")
    assert not any(workspace.active_dir.iterdir()) and not writer.folder.exists()
    writer.close()


@pytest.mark.parametrize("name", [".DS_Store", "x" * 12, "ABCDEFGHJKMN", "desktop.ini", "0123456789ab.tmp"])
def test_a_stray_file_among_the_markers_is_in_nobodys_way(
    workspace: Workspace, store: Store, name: str
) -> None:
    (workspace.active_dir).mkdir(parents=True, exist_ok=True)
    (workspace.active_dir / name).touch()
    writer = begin(workspace, "one")
    writer.end("FINISHED", 0)
    assert [run.name for run in list_runs(store)] == ["one"]


def test_a_run_that_is_gone_on_with_while_a_reader_tidies_keeps_its_marker(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(workspace, "again")
    fold(store)
    writer.end("FINISHED", 0)
    resumed: list[RunWriter] = []
    real = hold_alive

    def racing(*args: Any, **more: Any) -> Any:
        if not resumed:
            monkeypatch.setattr(folding, "hold_alive", real)
            found = reopen_run(workspace, writer.run_id)
            assert found is not None
            resumed.append(found)
        return real(*args, **more)

    monkeypatch.setattr(folding, "hold_alive", racing)
    fold(store)
    resumed[0].log_metrics({"a": 1.0})
    run = get_run(store, "again")
    assert (run.status, run.metrics) == ("RUNNING", {"a": 1.0})
    resumed[0].close()
    assert get_run(store, "again").status == "LOST"


def test_what_another_writer_told_after_the_end_is_read(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "late")
    beside = attach_run(writer.folder)
    writer.end("FINISHED", 0)
    fold(store)
    beside.set_tags({"origin": "known"})
    beside.log_metrics({"system/cpu": 5.0})
    beside.close()
    run = get_run(store, "late")
    assert (run.tags, run.system, run.status) == ({"origin": "known"}, {"system/cpu": 5.0}, "FINISHED")
    assert not any(workspace.active_dir.iterdir())


def test_a_journal_that_a_power_cut_made_shorter_than_it_was_read_still_ends(
    workspace: Workspace, store: Store
) -> None:
    writer = begin(workspace, "cut")
    writer.log_metrics({"a": 1.0})
    fold(store)
    writer.close()
    path = writer.folder / "journal.jsonl"
    os.truncate(path, path.read_bytes().index(b"\n") + 1)
    assert get_run(store, "cut").status == "LOST"
    size = path.stat().st_size
    fold(store)
    assert path.stat().st_size == size


def test_a_line_longer_than_any_of_ours_is_passed_over(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LONGEST", 50_000)
    monkeypatch.setattr(journal.read_piece, "__defaults__", (0, 1000))
    monkeypatch.setattr(folding, "_AT_ONCE", 1000)
    writer = begin(workspace, "wide")
    writer.log_params({"wide": "x" * 20_000, "a": 1})
    write(writer, json.dumps({"kind": "params", "values": {"far": "x" * 200_000}}))
    writer.log_params({"b": 2})
    writer.end("FINISHED", 0)
    run = get_run(store, "wide")
    assert (sorted(run.params), run.status) == (["a", "b", "wide"], "FINISHED")


def test_events_of_runs_stand_where_they_happened(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "early")
    writer.log_metrics({"loss": 0.5})
    with store.transaction() as tx:
        record(tx, "dataset", "d", "Made between the beginning and the end.")
    writer.end("FINISHED")
    with store.transaction() as tx:
        record(tx, "version", "v", "Registered afterwards.")
    fold(store)
    told = list_events(store)
    assert [event.message for event in told] == [
        "Registered afterwards.",
        "early finished.",
        "Made between the beginning and the end.",
        "early started.",
    ]
    run = get_run(store, writer.run_id)
    assert [told[3].at, told[1].at] == [run.started_at, run.ended_at]
    assert verify_events(store) is None


def test_an_event_is_never_told_from_the_future(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "ahead")
    write(writer, json.dumps({"kind": "end", "status": "FINISHED", "t": 4e9}))
    fold(store)
    assert all(event.at <= datetime.now(UTC) for event in list_events(store))
