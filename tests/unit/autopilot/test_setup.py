"""A new workspace, and whether one is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile import HOSTILE
from making_data import write_text
from pilothouse.autopilot.doctor import examine
from pilothouse.autopilot.setup import config_text, make_workspace
from pilothouse.config import parse_config
from pilothouse.data.reading import DataError
from pilothouse.errors import ConfigError, UsageError
from pilothouse.store import open_store, record
from pilothouse.workspace import Workspace
from steering import land, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    land(tmp_path / "data", "first.csv", rows(60))
    return tmp_path


def test_the_task_and_the_name_are_judged_from_the_data(folder: Path) -> None:
    made = make_workspace(folder, "data", "y", time="when", id="id", name="late")
    assert (made.model, made.task) == ("late", "classification")
    model = made.workspace.config().model()
    assert (model.target, model.data.folder, model.data.time, model.data.id) == ("y", "data", "when", "id")
    assert "roc_auc" in model.gates
    assert make_workspace(folder / "other", str(folder / "data"), "a").task == "regression"
    named = make_workspace(folder / "my model [x]", str(folder / "data"), "y")
    assert named.model == "my-model-x"


def test_every_column_is_counted_once_and_one_file_is_one(folder: Path) -> None:
    (folder / "own").mkdir()
    lines = [
        f"2024-01-{d + 1:02d},{'ab'[d % 2]},{('yes', 'no')[d % 2]},{d / 3},words of {d},{d % 2}"
        for d in range(28)
    ]
    write_text(folder / "own" / "a.csv", "\n".join(["at,plan,pays,n,note,y", *lines, ""]))
    said = make_workspace(folder / "w", str(folder / "own"), "y").summary
    assert said.startswith("1 file, 6 columns (1 numeric, 2 categories, 1 yes/no, 1 time, 1 text), ")


def test_columns_that_are_not_there_are_told_and_nothing_is_made(folder: Path) -> None:
    for how in ({"target": "yy"}, {"target": "y", "time": "whenn"}, {"target": "y", "id": "x"}):
        with pytest.raises(UsageError, match="no column"):
            make_workspace(folder / "w", str(folder / "data"), **how)
    assert not (folder / "w").exists()


def test_no_data_and_a_workspace_that_is_there_are_told(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="no data files"):
        make_workspace(folder / "w", str(folder / "empty"), "y")
    make_workspace(folder, "data", "y")
    before = (folder / "pilothouse.toml").read_text()
    with pytest.raises(ConfigError, match="workspace already"):
        make_workspace(folder, "data", "a")
    assert (folder / "pilothouse.toml").read_text() == before


@pytest.mark.parametrize("text", [*filter(None, HOSTILE), "del\x7f", "\x85\u2028"])
def test_hostile_names_of_columns_and_folders_come_back_as_they_went_in(text: str) -> None:
    made = config_text(
        model="late",
        task="classification",
        target=text,
        folder=text,
        time=text,
        id=text,
        exclude=(text, text),
    )
    model = parse_config(made).model()
    assert (model.target, model.data.folder, model.data.time, model.data.id) == (text, text, text, text)
    assert model.data.exclude == (text, text)


def unsound(workspace: Workspace) -> list[str]:
    return [finding.what for finding in examine(workspace) if not finding.sound and finding.what != "disk"]


def test_doctor_finds_each_part_that_is_unsound(trained: Workspace) -> None:
    assert unsound(trained) == []
    store = open_store(trained)
    with store.transaction() as tx:
        record(tx, "note", "x", "told")
        tx.execute("UPDATE events SET message = 'forged' WHERE seq = 2")
    assert unsound(trained) == ["audit trail"]
    (trained.version_dir("late", 2) / "signature.json").unlink()
    (trained.root / "data").rename(trained.root / "gone")
    assert unsound(trained) == ["data folder", "audit trail", "bundles"]
    trained.config_path.write_text("[model")
    assert unsound(trained) == ["configuration", "rules", "data folder", "audit trail", "bundles"]


def test_doctor_changes_nothing_and_survives_a_store_that_is_none(fresh: Workspace) -> None:
    fresh.store_path.write_bytes(b"none" * 1000)
    assert set(unsound(fresh)) >= {"store", "audit trail", "bundles"}
    assert fresh.store_path.read_bytes() == b"none" * 1000
