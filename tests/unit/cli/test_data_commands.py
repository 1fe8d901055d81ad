from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from making_data import write_text
from pilothouse.cli.main import main
from pilothouse.data.versions import list_dataset_versions, snapshot
from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.workspace import Workspace


def told(capsys: pytest.CaptureFixture[str], *args: object, code: int = 0) -> str:
    assert main([str(arg) for arg in args]) == code
    found = capsys.readouterr()
    return found.out if code == 0 else found.err


def as_json(capsys: pytest.CaptureFixture[str], *args: object) -> Any:
    return json.loads(told(capsys, *args, "--json"))


def test_a_version_tells_its_files_columns_and_users(
    trained: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    version = list_dataset_versions(open_store(trained))[0].version
    for ref in (version[:5], "latest"):
        found = as_json(capsys, "data", ref, "--workspace", trained.root)
        assert found["version"] == version
    assert {(one["model"], one["version"]) for one in found["model_versions"]} >= {("late", 1), ("late", 2)}
    live = next(one for one in found["model_versions"] if one["version"] == 1)
    assert live["aliases"] == ["champion"]
    assert live["run_id"] in {run["run_id"] for run in found["runs"]}
    out = told(capsys, "data", "show", "latest", "--workspace", trained.root)
    assert "v1 @champion" in out
    assert "first.csv" in out


def test_files_are_profiled_and_compared_anywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    a = write_text(tmp_path / "a.csv", "x,k\n" + "1.5,a\n2.5,b\n" * 50)
    b = write_text(tmp_path / "b.csv", "x,k\n" + "7.5,a\n9.5,b\n" * 50)
    found = as_json(capsys, "data", "profile", a)
    assert found["rows"] == 100
    assert [(one["name"], one["distinct"]) for one in found["columns"]] == [("x", 2), ("k", 2)]
    assert "█" in told(capsys, "data", "profile", a)
    diff = as_json(capsys, "data", "diff", a, b)
    assert [(one["column"], one["drifted"]) for one in diff["columns"]] == [("x", True), ("k", False)]
    assert "1 of 2 columns" in told(capsys, "data", "diff", a, b)
    assert as_json(capsys, "data", "diff", a, a)["same"] is True


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["diff", "a"], 2, "two versions or files"),
        (["profile"], 2, "one version or file"),
        (["abc", "def"], 2, "one version or file"),
        (["profile", "nowhere.csv"], 1, "There is no file 'nowhere.csv'"),
        (["diff", "nowhere.csv", "nowhere.csv"], 1, "There is no file 'nowhere.csv'"),
    ],
)
def test_words_that_fit_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in told(capsys, "data", *words, code=code)


def test_how_files_are_kept_is_told_and_a_spoilt_one_stops_a_training(
    fresh: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    text = fresh.config_path.read_text().replace("[data]", '[data]\nkeep = "link"')
    fresh.config_path.write_text(text)
    made = snapshot(fresh, open_store(fresh), fresh.config().model())
    found = as_json(capsys, "data", "--workspace", fresh.root)
    assert found["versions"][0]["kept"] == {"links": len(made.files), "copies": 0, "unsound": []}
    with (fresh.root / "data" / made.files[0].name).open("a") as file:
        file.write("\n")
    assert "■ other bytes" in told(capsys, "data", "--workspace", fresh.root)
    shown = as_json(capsys, "data", "latest", "--workspace", fresh.root)
    assert next((one["kept"], one["sound"]) for one in shown["files"]) == ("■ other bytes", False)
    assert "no longer holds the bytes" in shown["trouble"]
    trained = ("train", "--dataset", made.version, "--workspace", fresh.root)
    assert "hard link" in told(capsys, *trained, code=1)
    assert list_runs(open_store(fresh)) == []
    assert main(["doctor", "--workspace", str(fresh.root)]) == 1
    assert "holds other bytes than it was kept with" in capsys.readouterr().out
