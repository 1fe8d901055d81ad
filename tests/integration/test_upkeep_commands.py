"""delete, gc, backup, import and export by the real command."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from foreign_runs import START, make_database
from hostile import HOSTILE
from pilothouse.workspace import Workspace
from steering import pilothouse, pilothouse_each

HOSTILE_NAMES = [text for text in HOSTILE if text and "\0" not in text and not text.startswith("-")]


@pytest.fixture
def imported(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Ten runs from a foreign store."""
    runs = [
        {"id": f"run{n}", "name": f"run {n}", "params": {"n": str(n)}, "metrics": {"loss": [(0, n, START)]}}
        for n in range(10)
    ]
    make_database(tmp_path / "foreign.db", runs)
    done = pilothouse("import", tmp_path / "foreign.db", "--json", cwd=workspace.root)
    assert (done.code, done.json()["imported"]) == (0, 10)
    return workspace


def ids(workspace: Workspace) -> list[str]:
    return [run["run_id"] for run in pilothouse("runs", "--json", cwd=workspace.root).json()]


def test_delete_undo_purge(imported: Workspace) -> None:
    root = imported.root
    one, two, *_ = all_ids = ids(imported)
    refused = pilothouse("delete", one, cwd=root)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert ids(imported) == all_ids
    done = pilothouse("delete", one, two, "--yes", "--json", cwd=root)
    assert [run["run_id"] for run in done.json()] == [one, two]
    assert ids(imported) == all_ids[2:]
    listed = pilothouse("delete", "--list", "--json", cwd=root).json()
    assert {run["run_id"] for run in listed} == {one, two}
    assert pilothouse("delete", one, "--undo", cwd=root).code == 0
    assert pilothouse("delete", two, "--purge", "--yes", cwd=root).code == 0
    assert ids(imported) == [one, *all_ids[2:]]
    assert pilothouse("show", two, cwd=root).code == 1
    kinds = [event["kind"] for event in pilothouse("events", "--json", cwd=root).json()]
    assert kinds[:3] == ["purge", "restore", "delete"]
    for words in ([], [one, "--undo", "--purge"], ["nobody", "--yes"]):
        assert pilothouse("delete", *words, cwd=root).code in (1, 2)


def test_gc_shows_before_it_removes(imported: Workspace) -> None:
    root = imported.root
    orphan = imported.runs_dir / "orphan" / "journal.jsonl"
    orphan.parent.mkdir(parents=True)
    orphan.write_text("12345678")
    for path in (orphan, orphan.parent):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    shown = pilothouse("gc", "--json", cwd=root).json()
    assert (shown["removed"], shown["bytes"]) == (False, 8)
    assert "--yes does it" in pilothouse("gc", cwd=root).err
    assert orphan.exists()
    done = pilothouse("gc", "--yes", "--json", cwd=root).json()
    assert (done["removed"], [one["path"] for one in done["leftovers"]]) == (
        True,
        [".pilothouse/runs/orphan"],
    )
    assert not orphan.exists()
    assert pilothouse("gc", "--json", cwd=root).json()["leftovers"] == []


def test_export_by_the_ending_and_by_a_search(imported: Workspace, tmp_path: Path) -> None:
    root = imported.root
    done = pilothouse("export", tmp_path / "a.csv", "--filter", "metrics.loss >= 7", "--json", cwd=root)
    assert done.json()["runs"] == 3
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4
    printed = pilothouse("export", "-", "run 3", cwd=root)
    assert [run["name"] for run in json.loads(printed.out)] == ["run 3"]
    bad = pilothouse("export", "-", "--filter", "metrics.loss >", cwd=root)
    assert bad.code != 0
    assert "Traceback" not in bad.err
    assert pilothouse("export", "x", cwd=root).code == 2
    made = pilothouse("export", tmp_path / "out", "--format", "mlflow", "--json", cwd=root).json()
    assert made["uri"] == f"sqlite:///{tmp_path / 'out' / 'mlflow.db'}"
    con = sqlite3.connect(tmp_path / "out" / "mlflow.db")
    assert con.execute("SELECT count(*) FROM runs").fetchone() == (10,)
    con.close()


def test_hostile_words_are_words(imported: Workspace) -> None:
    commands = [
        words
        for text in HOSTILE_NAMES
        for words in (
            ["delete", text, "--yes"],
            ["export", "-", text],
            ["export", "-", "--filter", text],
            ["import", text],
            ["backup", "--restore", text, text + "x"],
        )
    ]
    for words, done in zip(commands, pilothouse_each(*commands, cwd=imported.root), strict=True):
        assert done.code in (0, 1, 2), (words, done)
        assert "Traceback" not in done.err, (words, done)
        assert "not foreseen" not in done.err, (words, done)
        assert "\x1b" not in done.err, (words, done)
