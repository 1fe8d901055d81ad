"""A workspace in another place: moved, or backed up and restored, it does all that it did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pilothouse.jsontext import dumps
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
from steering import GOOD_ROW, pilothouse, pilothouse_each, post, serving

pytestmark = pytest.mark.slow


def works(workspace: Workspace) -> None:
    """Read, check, train, promote, serve, predict and roll back."""
    root = workspace.root
    listed, shown, doctor, events, trained, promoted = pilothouse_each(
        ["runs", "--json"],
        ["show", "one", "--json"],
        ["doctor", "--json"],
        ["events", "--verify"],
        ["train", "--name", "moved"],
        ["promote", "2", "--yes", "--force", "--reason", "moved"],
        cwd=root,
    )
    assert {run["status"] for run in listed.json()} == {"FINISHED"}
    one = shown.json()
    assert one["history"]
    assert "model/model.joblib" in one["artifacts"]
    assert doctor.code == 0, doctor
    assert events.code == 0
    assert trained.code == 0, trained
    assert promoted.code == 0, promoted
    with serving(workspace) as status:
        code, answer = post(status["port"], json.dumps({"dataframe_records": [GOOD_ROW]}))
        assert (code, len(answer["predictions"])) == (200, 1)
        assert pilothouse("rollback", "--yes", cwd=root).code == 0
    assert pilothouse("gc", "--json", cwd=root).json()["leftovers"] == []


def test_a_moved_workspace_works(trained: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "an other place [x]" / "ünï"
    place.parent.mkdir()
    shutil.move(trained.root, place)
    works(Workspace(place))


def test_a_restored_workspace_works(trained: Workspace, tmp_path: Path) -> None:
    made = pilothouse("backup", tmp_path / "b.tar.gz", "--json", cwd=trained.root)
    assert made.code == 0, made
    place = tmp_path / "restored"
    # Restoring needs no workspace around.
    back = pilothouse("backup", "--restore", tmp_path / "b.tar.gz", place, "--json", cwd=tmp_path)
    assert back.code == 0, back
    assert back.json()["files"] == made.json()["files"]
    shutil.rmtree(trained.root)
    works(Workspace(place))


def test_nothing_absolute_is_stored(template: Path, trained: Workspace) -> None:
    """Neither where the workspace is nor where it was made stands in any of its files."""
    with_path = []
    for path in sorted(trained.root.rglob("*")):
        if path.is_symlink():
            assert not path.readlink().is_absolute()
        elif path.is_file() and (str(template).encode() in path.read_bytes()):
            with_path.append(str(path.relative_to(trained.root)))
    assert with_path == []
    # The store packs its texts, so it is asked.
    store = open_store(trained)
    tables = store.query("SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()")
    assert {"runs", "events"} <= {table["table_name"] for table in tables}
    for table in tables:
        rows = store.query(f'SELECT * FROM "{table["table_name"]}"')
        assert str(template) not in dumps(rows), table
