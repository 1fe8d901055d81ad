from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from making_data import write_parquet, write_text
from pilothouse.data.reading import DataError, probe
from pilothouse.data.versions import (
    dataset_paths,
    fingerprint,
    get_dataset_version,
    list_dataset_versions,
    snapshot,
)
from pilothouse.errors import NotFoundError
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    data = workspace.root / "data"
    write_parquet(data / "a.parquet", {"x": [1.0, 2.0, 3.0], "y": [0, 1, 0]})
    write_text(data / "b.csv", "x,y\n4,1\n5,0\n")
    return data


def test_a_version_names_its_files_rows_and_bytes(workspace: Workspace, store: Store, folder: Path) -> None:
    made = snapshot(workspace, store, workspace.config().model())
    assert [(file.name, file.rows) for file in made.files] == [("a.parquet", 3), ("b.csv", 2)]
    assert made.rows == 5
    assert made.bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert made.files[0].sha256 == fingerprint(folder / "a.parquet")
    assert get_dataset_version(store, made.version[:5]) == made
    assert [event.kind for event in list_events(store)] == ["dataset"]


def test_the_same_bytes_give_the_same_version_once(workspace: Workspace, store: Store, folder: Path) -> None:
    config = workspace.config().model()
    first = snapshot(workspace, store, config)
    os.utime(folder / "a.parquet", (1, 1))
    assert snapshot(workspace, store, config) == first
    assert len(list_dataset_versions(store)) == 1
    assert len(list_events(store)) == 1


def test_one_changed_byte_or_name_gives_another(workspace: Workspace, store: Store, folder: Path) -> None:
    config = workspace.config().model()
    first = snapshot(workspace, store, config)
    write_text(folder / "b.csv", "x,y\n4,1\n5,1\n")
    second = snapshot(workspace, store, config)
    (folder / "b.csv").rename(folder / "c.csv")
    third = snapshot(workspace, store, config)
    assert len({first.version, second.version, third.version}) == 3
    assert [found.version for found in list_dataset_versions(store)][-1] == first.version


def test_a_version_outlives_its_files(workspace: Workspace, store: Store, folder: Path) -> None:
    made = snapshot(workspace, store, workspace.config().model())
    shutil.rmtree(folder)
    files = dataset_paths(workspace, made)
    assert [probe(file) for file in files] == [3, 2]
    assert all(not file.path.stat().st_mode & 0o222 for file in files)


def test_bytes_that_are_gone_are_named(workspace: Workspace, store: Store, folder: Path) -> None:
    made = snapshot(workspace, store, workspace.config().model())
    dataset_paths(workspace, made)[1].path.unlink()
    with pytest.raises(DataError, match=r"b\.csv"):
        dataset_paths(workspace, made)


def test_a_broken_file_makes_no_version(workspace: Workspace, store: Store, folder: Path) -> None:
    write_text(folder / "c.csv", "x,y\n1\n")
    with pytest.raises(DataError, match=r"c\.csv cannot be read: line 2 has 1 field"):
        snapshot(workspace, store, workspace.config().model())
    assert list_dataset_versions(store) == []
    assert list_events(store) == []


def test_a_held_file_is_left_out(workspace: Workspace, store: Store, folder: Path) -> None:
    bad = write_text(folder / "c.csv", "x,y\n1\n")
    row = {"model": "late", "name": "c.csv", "sha256": fingerprint(bad), "rows": 0, "status": "held"}
    with store.transaction() as tx:
        tx.insert("arrivals", [row])
    made = snapshot(workspace, store, workspace.config().model())
    assert [file.name for file in made.files] == ["a.parquet", "b.csv"]


def test_an_empty_folder_and_a_missing_target_are_told(workspace: Workspace, store: Store) -> None:
    config = workspace.config().model()
    with pytest.raises(DataError, match="no data files"):
        snapshot(workspace, store, config)
    write_text(workspace.root / "data" / "a.csv", "x,why\n1,2\n")
    with pytest.raises(DataError, match="target column 'y'") as caught:
        snapshot(workspace, store, config)
    assert "x, why" in caught.value.next


def test_two_files_of_one_name_are_refused(workspace: Workspace, store: Store, folder: Path) -> None:
    other = write_text(workspace.root / "other" / "b.csv", "x,y\n1,0\n")
    with pytest.raises(DataError, match="Two data files are called"):
        snapshot(workspace, store, workspace.config().model(), [folder / "b.csv", other])


@pytest.mark.parametrize("name", ["q'uote.csv", "a*.csv", "; DROP TABLE x; --.csv", "[red].csv", "表 🚢.csv"])
def test_hostile_file_names_are_kept_as_they_are(workspace: Workspace, store: Store, name: str) -> None:
    write_text(workspace.root / "data" / name, "x,y\n1,0\n2,1\n")
    made = snapshot(workspace, store, workspace.config().model())
    assert made.files[0].name == name
    assert get_dataset_version(store, made.version).files[0].name == name
    assert probe(dataset_paths(workspace, made)[0]) == 2


def test_an_unknown_version_is_not_found(store: Store) -> None:
    for ref in ("", "nope", "' OR 1=1 --"):
        with pytest.raises(NotFoundError):
            get_dataset_version(store, ref)
