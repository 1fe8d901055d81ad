from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.processes import is_alive
from pilothouse.store import Store, list_events
from pilothouse.store.migrations import MIGRATIONS
from pilothouse.tracking import resuming
from pilothouse.tracking.runs import count_runs, get_run, list_runs
from pilothouse.tracking.trash import delete_runs, list_deleted, list_trashed, purge_runs, restore_runs
from pilothouse.tracking.writer import RunStart, open_run, reopen_run
from pilothouse.workspace import Workspace


def make(workspace: Workspace, name: str = "") -> str:
    writer = open_run(
        workspace, RunStart(kind="api", name=name, params={"lr": 1}, status="RUNNING"), hold=True
    )
    writer.log_metrics({"loss": 1.0})
    writer.end("FINISHED", 0)
    return writer.run_id


def register(store: Store, run_id: str) -> None:
    row = {"model": "late", "version": 3, "run_id": run_id, "created_at": datetime.now(UTC)}
    with store.transaction() as tx:
        tx.insert("model_versions", [row])


def test_what_is_deleted_is_hidden_and_comes_back(workspace: Workspace, store: Store) -> None:
    one, other = make(workspace, "one"), make(workspace, "other")
    assert [run.run_id for run in delete_runs(store, ["other"])] == [other]
    assert [run.run_id for run in list_runs(store)] == [one]
    assert count_runs(store) == 1
    assert get_run(store, "latest").run_id == one
    assert get_run(store, other).deleted_at is not None
    assert [run.run_id for run in list_deleted(store)] == [other]
    assert delete_runs(store, [other]) == []
    assert [run.run_id for run in restore_runs(store, [other[:6]])] == [other]
    assert restore_runs(store, [other]) == []
    assert count_runs(store) == 2
    assert [event.kind for event in list_events(store)][:2] == ["restore", "delete"]
    assert list_events(store)[1].message == "other was put into the trash."


def test_a_name_means_the_run_that_is_not_in_the_trash(workspace: Workspace, store: Store) -> None:
    old, new = make(workspace, "same"), make(workspace, "same")
    delete_runs(store, [old])
    assert get_run(store, "same").run_id == new
    assert [run.run_id for run in restore_runs(store, ["same"])] == [old]


def test_purging_leaves_nothing_but_the_event(workspace: Workspace, store: Store) -> None:
    kept, gone = make(workspace), make(workspace, "gone")
    assert [run.run_id for run in purge_runs(store, [gone])] == [gone]
    assert not workspace.run_dir(gone).exists()
    for table in ("runs", "params", "metrics", "metric_points"):
        assert [row["run_id"] for row in store.query(f"SELECT DISTINCT run_id FROM {table}")] == [kept]
    with pytest.raises(NotFoundError):
        get_run(store, gone)
    assert list_events(store)[0].message == "gone was purged."
    assert sorted(path.name for path in workspace.runs_dir.iterdir()) == [kept]


def test_what_is_in_the_trash_is_told_with_what_it_holds(workspace: Workspace, store: Store) -> None:
    one, other = make(workspace, "one"), make(workspace, "other")
    folder = workspace.run_dir(one) / "artifacts" / "deep"
    folder.mkdir(parents=True)
    before = sum(path.stat().st_size for path in workspace.run_dir(one).rglob("*") if path.is_file())
    (folder / "model.bin").write_bytes(b"x" * 1000)
    (folder / "link").symlink_to("/nowhere")
    register(store, other)
    delete_runs(store, [one])
    delete_runs(store, [other])
    newest, older = list_trashed(store)
    assert (newest.run.run_id, newest.version) == (other, "late v3")
    assert (older.run.run_id, older.version, older.points) == (one, "", 1)
    assert older.bytes == before + 1000 + len("/nowhere")
    assert older.to_json()["bytes"] == older.bytes


def test_a_run_that_a_version_needs_stays(workspace: Workspace, store: Store) -> None:
    plain, maker = make(workspace), make(workspace, "maker")
    register(store, maker)
    delete_runs(store, [maker])
    with pytest.raises(PilothouseError, match=r"maker .* cannot be purged: late v3 was made by it"):
        purge_runs(store, [plain, maker])
    assert count_runs(store) == 1
    assert workspace.run_dir(maker).is_dir()


def test_a_run_that_goes_on_is_left_alone(workspace: Workspace, store: Store) -> None:
    ended = make(workspace)
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    active = writer.run_id
    for act in (delete_runs, purge_runs):
        with pytest.raises(PilothouseError, match="has not ended: RUNNING"):
            act(store, [ended, active])
    assert count_runs(store) == 2


@pytest.mark.parametrize("act", [delete_runs, purge_runs])
def test_a_run_that_a_script_goes_on_with_just_now_is_left_alone(
    workspace: Workspace, store: Store, act: Callable[[Store, list[str]], object]
) -> None:
    other, again = make(workspace), make(workspace, "again")
    # Its end is in the store; that it goes on is in no row and no journal yet.
    assert get_run(store, again).status == "FINISHED"

    def meanwhile() -> None:
        with pytest.raises(PilothouseError, match=r"again .* goes on"):
            act(store, [other, again])

    writer = reopen_run(workspace, again, meanwhile)
    assert writer is not None
    writer.log_metrics({"loss": 0.5})
    writer.end("FAILED", 1)
    run = get_run(store, again)
    assert (run.status, run.metrics, run.deleted_at) == ("FAILED", {"loss": 0.5}, None)
    assert count_runs(store) == 2
    act(store, [again])


@pytest.mark.parametrize(("act", "why"), [(delete_runs, "in the trash"), (purge_runs, "purged just now")])
def test_nobody_goes_on_with_a_run_that_goes_away_just_now(
    workspace: Workspace,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Store, list[str]], object],
    why: str,
) -> None:
    run_id = make(workspace)

    def reopen(*args: Any) -> Any:
        act(store, [run_id])
        return reopen_run(*args)

    # The script has looked at the run, and has not begun to be it.
    monkeypatch.setattr(resuming, "reopen_run", reopen)
    with pytest.raises(PilothouseError, match=why):
        resuming.resume_run(workspace, run_id)
    assert count_runs(store) == 0
    assert not is_alive(workspace.run_dir(run_id) / "alive")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_hostile_names_are_only_names(workspace: Workspace, store: Store, name: str) -> None:
    run_id = make(workspace, name)
    assert [run.run_id for run in delete_runs(store, [name])] == [run_id]
    assert [run.run_id for run in restore_runs(store, [name])] == [run_id]
    assert [run.run_id for run in purge_runs(store, [name])] == [run_id]
    with pytest.raises(NotFoundError):
        delete_runs(store, [name])


def test_an_empty_reference_names_nothing(workspace: Workspace, store: Store) -> None:
    make(workspace)
    for act in (delete_runs, restore_runs, purge_runs):
        with pytest.raises(NotFoundError):
            act(store, [""])
    assert count_runs(store) == 1


def test_a_store_of_the_first_shape_learns_of_the_trash(workspace: Workspace) -> None:
    workspace.store_path.unlink()
    with duckdb.connect(workspace.store_path) as connection:
        connection.execute(MIGRATIONS[0][1])
        connection.execute("INSERT INTO meta VALUES ('shape', '1')")
    run_id = make(workspace)
    assert [run.run_id for run in delete_runs(Store(workspace), [run_id])] == [run_id]
    assert list(workspace.state_dir.glob("store.shape1.backup.duckdb"))
