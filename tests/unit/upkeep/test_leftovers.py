from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilothouse.data.versions import keep
from pilothouse.processes import hold_alive
from pilothouse.store import Store, list_events
from pilothouse.tracking.origin.code import keep_code, read_code
from pilothouse.tracking.trash import purge_runs
from pilothouse.tracking.writer import RunStart, RunWriter, open_run
from pilothouse.upkeep.leftovers import find_leftovers, remove_leftovers
from pilothouse.workspace import Workspace

OLD = 1_600_000_000


def put(path: Path, content: str = "12345678", *, age: float = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    for one in (path, path.parent):
        os.utime(one, (age, age))
    return path


def aged(path: Path) -> Path:
    for one in (*path.rglob("*"), path):
        os.utime(one, (OLD, OLD), follow_symlinks=False)
    return path


def run(workspace: Workspace, *, tags: dict[str, str] | None = None, end: bool = True) -> RunWriter:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING", tags=tags or {}), hold=True)
    (writer.artifacts / "x.txt").write_text("hello")
    if end:
        writer.end("FINISHED", 0)
    return writer


def refer(store: Store, sha256: str) -> None:
    with store.transaction() as tx:
        tx.insert(
            "dataset_files", [{"version": "v", "name": "x.csv", "sha256": sha256, "bytes": 1, "rows": 1}]
        )


def told(workspace: Workspace, **options: float) -> dict[str, str]:
    return {one.path.removeprefix(".pilothouse/"): one.kind for one in find_leftovers(workspace, **options)}


def test_objects_that_nothing_names(workspace: Workspace, store: Store) -> None:
    names = {letter: letter * 64 for letter in "abcdef"}
    for name in names.values():
        put(workspace.objects_dir / name)
    refer(store, names["a"])
    keeper = run(workspace, tags={"code": names["b"]})
    put(keeper.folder / "environment.json", f'{{"code": "{names["c"]}"}}')
    put(workspace.models_dir / "late" / "v9" / "lineage.json", f'{{"snapshot":"{names["d"]}"}}')
    (workspace.objects_dir / names["f"]).touch()
    found = find_leftovers(workspace)
    assert {one.path for one in found if one.kind == "object"} == {f".pilothouse/objects/{names['e']}"}
    assert found[-1].bytes == 8


def test_what_no_run_owns_goes_and_what_one_owns_stays(workspace: Workspace, store: Store) -> None:
    ended, active = run(workspace), run(workspace, end=False)
    purged = run(workspace)
    purge_runs(store, [purged.run_id])
    for folder in (ended.folder, active.folder):
        aged(folder)
    put(workspace.runs_dir / "orphan" / "journal.jsonl")
    put(workspace.runs_dir / ".import-x" / "artifacts" / "x")
    aged(workspace.runs_dir / ".import-x")
    put(workspace.runs_dir / ".purged-x" / "journal.jsonl", age=datetime.now(UTC).timestamp())
    put(workspace.runs_dir / "young" / "journal.jsonl", age=datetime.now(UTC).timestamp())
    put(ended.folder / "artifacts" / ".model.ab12cd_x" / "model.joblib")
    put(active.folder / "artifacts" / ".model.ab12cd_x" / "model.joblib")
    aged(ended.folder)
    assert told(workspace) == {
        "runs/orphan": "run",
        "runs/.import-x": "temporary",
        "runs/.purged-x": "temporary",
        f"runs/{ended.run_id}/artifacts/.model.ab12cd_x": "temporary",
    }
    active.end("FINISHED", 0)


def test_bundles_and_half_written_files(workspace: Workspace, store: Store) -> None:
    row = {"model": "late", "version": 1, "run_id": "r", "created_at": datetime.now(UTC)}
    with store.transaction() as tx:
        tx.insert("model_versions", [row])
    for name in ("late/v1", "late/v2", "late/.v3.abcd1234", "other/v1"):
        put(workspace.models_dir / name / "model.joblib")
    put(workspace.models_dir / "late" / "notes" / "mine.txt")
    for name in ("objects/.abc.tmp", "serving/.status.json.x.tmp", ".x.y.tmp", "store.duckdb.new"):
        put(workspace.state_dir / name)
    put(workspace.state_dir / "trash" / "1" / "0")
    assert told(workspace) == {
        "models/late/v2": "bundle",
        "models/late/.v3.abcd1234": "temporary",
        "models/other/v1": "bundle",
        "objects/.abc.tmp": "temporary",
        "serving/.status.json.x.tmp": "temporary",
        ".x.y.tmp": "temporary",
        "store.duckdb.new": "temporary",
        "trash": "temporary",
    }


def test_what_is_asked_for_only(workspace: Workspace, store: Store) -> None:
    folder = workspace.serving_dir / "predictions"
    for name in ("20200101T000000.000000-1.jsonl", "20200102T000000.000000-1.jsonl"):
        put(folder / name)
    put(workspace.state_dir / "store.shape1.backup.duckdb")
    assert told(workspace) == {}
    assert set(told(workspace, predictions_days=30).values()) == {"predictions"}
    assert len(told(workspace, predictions_days=30)) == 2
    assert told(workspace, predictions_days=100_000) == {}
    assert told(workspace, old_stores=True) == {"store.shape1.backup.duckdb": "old store"}
    server = hold_alive(workspace.serving_dir / "alive")
    assert server is not None
    with server:
        assert list(told(workspace, predictions_days=30)) == [
            "serving/predictions/20200101T000000.000000-1.jsonl"
        ]


def test_removing_is_one_event_and_leaves_the_rest(workspace: Workspace, store: Store) -> None:
    keeper = run(workspace)
    needed, unneeded = put(workspace.objects_dir / ("a" * 64)), put(workspace.objects_dir / ("b" * 64))
    refer(store, "a" * 64)
    put(workspace.runs_dir / "orphan" / "journal.jsonl")
    found = find_leftovers(workspace)
    assert needed.exists()
    assert unneeded.exists()
    before = len(list_events(store))
    assert remove_leftovers(workspace, found) == found
    assert needed.exists()
    assert not unneeded.exists()
    assert keeper.folder.is_dir()
    assert not (workspace.state_dir / "trash").exists()
    assert len(list_events(store)) == before + 1
    event = list_events(store)[0]
    assert (event.kind, event.data["bytes"]) == ("gc", 16)
    assert find_leftovers(workspace) == []
    assert remove_leftovers(workspace, found) == []


def test_what_became_needed_meanwhile_stays(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    data = put(tmp_path / "data" / "x.csv", "a,b\n1,2\n")
    kept = keep(workspace, data).file.path
    for path in (kept, workspace.state_dir / ".seals" / kept.name):
        os.utime(path, (OLD, OLD))
    named = put(workspace.objects_dir / ("b" * 64))
    orphan = put(workspace.runs_dir / "orphan" / "journal.jsonl")
    found = find_leftovers(workspace)
    assert len(found) == 3
    # The same bytes land again, a dataset version names the other, the run turns out to be one.
    keep(workspace, data)
    refer(store, "b" * 64)
    workspace.active_dir.mkdir(exist_ok=True)
    (workspace.active_dir / "orphan").touch()
    assert remove_leftovers(workspace, found) == []
    for path in (kept, named, orphan):
        assert path.exists()


def test_code_that_a_run_keeps_meanwhile_stays(workspace: Workspace, tmp_path: Path) -> None:
    """Its bytes lie there of a purged run, and nothing names them before the run's record is written."""
    content = "print(1)\n"
    script = put(workspace.root / "train.py", content)
    (code,) = keep_code(workspace, tmp_path / "nothing", [script]).files
    kept = workspace.objects_dir / code.sha256
    for again in (0, 1):
        os.utime(kept, (OLD, OLD))
        found = find_leftovers(workspace)
        assert [one.path for one in found] == [f".pilothouse/objects/{code.sha256}"]
        if again:
            # Kept by a hard link, whose times are those of somebody's file: it becomes a file of its own.
            os.link(kept, tmp_path / "data.py")
        assert keep_code(workspace, tmp_path / "nothing", [script]).files == (code,)
        assert remove_leftovers(workspace, found) == []
        assert read_code(workspace, code) == content.encode()
    assert (tmp_path / "data.py").stat().st_mtime == OLD


def test_what_is_kept_in_the_very_moment_of_its_removal_stays(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = put(workspace.root / "train.py", "print(1)\n")
    (code,) = keep_code(workspace, tmp_path / "nothing", [script]).files
    os.utime(workspace.objects_dir / code.sha256, (OLD, OLD))
    found = find_leftovers(workspace)
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        keep_code(workspace, tmp_path / "nothing", [script])
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    assert remove_leftovers(workspace, found) == []
    assert read_code(workspace, code) == b"print(1)\n"


def test_links_are_neither_followed_nor_removed(workspace: Workspace, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "precious.txt")
    for folder in (workspace.runs_dir, workspace.models_dir / "late", workspace.objects_dir):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "v7").symlink_to(outside.parent)
    orphan = workspace.runs_dir / "orphan"
    put(orphan / "journal.jsonl")
    (orphan / "link").symlink_to(outside.parent)
    aged(orphan)
    os.utime(orphan / "link", (OLD, OLD), follow_symlinks=False)
    found = find_leftovers(workspace)
    assert [(one.path, one.bytes) for one in found] == [(".pilothouse/runs/orphan", 8)]
    remove_leftovers(workspace, found)
    assert outside.read_text() == "12345678"


def test_a_file_with_another_name_frees_nothing(workspace: Workspace) -> None:
    put(workspace.models_dir / "late" / "v2" / "model.joblib")
    os.link(workspace.models_dir / "late" / "v2" / "model.joblib", workspace.root / "other")
    assert [one.bytes for one in find_leftovers(workspace)] == [0]


@pytest.mark.parametrize("name", ["a\nb", "[red]x", "\x1b[31m", "..x", "naïve 🚢"])
def test_hostile_names(workspace: Workspace, name: str) -> None:
    put(workspace.runs_dir / name / "journal.jsonl")
    found = find_leftovers(workspace)
    assert [one.kind for one in found] == ["run"]
    remove_leftovers(workspace, found)
    assert not (workspace.runs_dir / name).exists()
