"""What `pilothouse drift` says of tests by name, of files that are not there or empty, and of the level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.judging import judge_file
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def _rows(seed: int, rows: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    return {"x": dice.normal(size=rows), "k": dice.choice(list("abc"), rows), "y": dice.integers(0, 2, rows)}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_parquet(tmp_path / "then.parquet", _rows(1, 1200))
    write_parquet(tmp_path / "now" / "a.parquet", _rows(2, 40))
    return tmp_path


def _told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["drift", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_note_on_a_test_by_name_is_true_of_that_test(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        test: " ".join(_told(capsys, "now", "--reference", "then.parquet", "--test", test)[2].split())
        for test in ("ks,chi2", "psi", "js", "tv", "linf", "hellinger", "wasserstein,psi")
    }
    by_p = (
        "by a p-value, which takes the number of rows into account: in large files any tiny change is called"
    )
    for test, words in said.items():
        assert ("small files raise false alarms" in words) == (test != "ks,chi2")
        assert (by_p in words) == (test == "ks,chi2")
        assert "do not regard the number of columns" in words
    assert "ks and chi2 go by" in said["ks,chi2"]
    assert "psi has one limit" in said["psi"]
    assert "wasserstein and psi have one limit" in said["wasserstein,psi"]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nope.csv", "There is no file nope.csv."),
        ("no*.csv", "No file matches no*.csv."),
        ("*.txt", "*.txt leads to notes.txt, which is no data file."),
    ],
)
def test_a_file_that_is_not_there_is_told_as_that(
    files: Path, capsys: pytest.CaptureFixture[str], named: str, said: str
) -> None:
    write_text(files / "notes.txt", "x\n")
    for words in ([named, "--reference", "then.parquet"], ["then.parquet", "--reference", named]):
        code, _, err = _told(capsys, *words)
        assert (code, said in err) == (1, True)
        assert "Data files end in" in err or f"It was looked for in {files}." in err


def test_files_without_rows_do_not_stop_the_others(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_text(files / "now" / "empty.csv", "")
    write_text(files / "now" / "header.csv", "x,k,y\n")
    left = ["empty.csv has no rows: left out.", "header.csv has no rows: left out."]
    code, out, err = _told(capsys, "now", "--reference", "then.parquet")
    assert (code, "(40 rows)" in out) == (0, True)
    assert all(one in err for one in left)
    told = json.loads(_told(capsys, "now", "--reference", "then.parquet", "--json")[1])
    assert told["notes"] == left
    assert "1 of 1 chunks" in _told(capsys, "now", "--reference", "then.parquet", "--chunk", "file")[1]
    code, _, err = _told(capsys, "now/header.csv", "--reference", "then.parquet")
    assert (code, "Write it again with its rows." in err) == (1, True)


def test_in_a_workspace_an_empty_file_does_not_stop_the_others(
    workspace: Workspace, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, around = workspace.root / "data", ("--workspace", str(workspace.root))
    write_parquet(folder / "jan.parquet", _rows(1, 900))
    snapshot(workspace, store, workspace.config().model())
    write_parquet(folder / "feb.parquet", _rows(2, 300))
    write_text(folder / "mar.csv", "")
    code, out, err = _told(capsys, str(folder), *around)
    assert (code, "feb.parquet (300 rows)" in out) == (1, True), "a file is held"
    assert "mar.csv is held back: mar.csv is empty" in err and "It is compared with nothing." in err
    code, out, err = _told(capsys, str(folder), "--test", "psi", *around)
    assert (code, "mar.csv has no rows: left out." in err) == (0, True)
    code, _, err = _told(capsys, "nope.csv", *around)
    assert (code, "There is no file nope.csv here or in data, and no drift report of it." in err) == (1, True)


def test_the_level_of_a_later_file_is_told_in_one_line(
    workspace: Workspace, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = workspace.config().model(), workspace.root / "data"
    write_parquet(folder / "jan.parquet", _rows(1, 900))
    snapshot(workspace, store, config)
    for seed, name in enumerate(("feb.parquet", "mar.parquet"), 2):
        judge_file(workspace, store, config, write_parquet(folder / name, _rows(seed, 300)))
    _, _, err = _told(capsys, "mar.parquet", "--workspace", str(workspace.root))
    [line] = [line for line in err.splitlines() if "false alarms" in line]
    assert line.startswith("The 2nd file against this reference") and len(line) < 100
