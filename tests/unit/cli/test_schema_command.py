from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.versions import snapshot
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace


@pytest.fixture
def folder(workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    _file(workspace.root / "data" / "jan.parquet")
    snapshot(workspace, store, workspace.config().model())
    monkeypatch.chdir(workspace.root)
    return workspace.root / "data"


def _file(path: Path, low: float = 0.0, **more: Any) -> Path:
    rng = np.random.default_rng(1)
    columns = {"x": np.linspace(low, 10, 300), "k": rng.choice(["a", "b"], 300), "y": rng.integers(0, 2, 300)}
    return write_parquet(path, {**columns, **more})


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_is_shown_accepted_changed_and_remembered(
    folder: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _json(capsys, "schema")
    assert (told["number"], told["columns"]["x"]["max"]) == (None, 20.0)
    assert told["suggested_from"].startswith("dataset ")
    assert main(["schema"]) == 0
    out, err = capsys.readouterr()
    assert "suggested from dataset" in out and "-10 to 20" in out and "0 to 10" in out
    assert "Suggested with margins" in out
    assert "it only warns" in err
    assert main(["schema", "accept"]) == 2
    assert "Add --yes" in capsys.readouterr().err
    assert _json(capsys, "schema", "accept", "--yes", "--reason", "as agreed") == {
        "model": "late",
        "number": 1,
    }
    assert main(["schema", "accept", "--yes"]) == 2
    assert "accepted already" in capsys.readouterr().err
    assert main(["schema", "set", "x.max=12", "dataset.max_age=7d"]) == 0
    assert "Version 2" in capsys.readouterr().err
    assert main(["schema", "set", "x.mx=12"]) == 2
    assert "Did you mean 'max'?" in capsys.readouterr().err
    newest, oldest = _json(capsys, "schema", "history")
    assert newest["changed"] == ["x.max: 20 → 12", "dataset.max_age: nothing → 7d"]
    assert (oldest["note"], oldest["columns"]["x"]["max"]) == ("as agreed", 20.0)
    assert main(["schema", "history"]) == 0
    assert "x.max: 20 → 12" in capsys.readouterr().out
    assert [event.kind for event in list_events(store)][:2] == ["schema", "schema"]
    # What would be suggested now is shown beside what holds.
    told = _json(capsys, "schema", "suggest")
    assert (told["number"], told["changes"]) == (None, ["x.max: 12 → 20", "dataset.max_age: 7d → nothing"])


def test_a_file_beside_the_rules_and_taken_as_their_measure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _file(folder / "feb.parquet", -400.0, **{"[bold]\x1b": [1.5, 2.5] * 150})
    assert main(["schema", "accept", "--yes"]) == 0
    capsys.readouterr()
    told = _json(capsys, "schema", "show", "feb.parquet")
    (x,) = [line for line in told["columns"] if line["column"] == "x"]
    assert (x["sign"], told["rows"]) == ("■", 300)
    assert [finding["rule"] for finding in told["findings"]] == ["range", "new-column"]
    assert main(["check", "data/feb.parquet"]) == 1
    shown = capsys.readouterr().out
    assert "error: 'x' is outside -10 to 20 in" in shown and "(row " in shown
    assert "→ Correct the file, take it as it is (`pilothouse check feb.parquet --accept`)" in shown
    accepted = _json(capsys, "check", "feb.parquet", "--accept", "--reason", "known")
    assert accepted["schema_would_change"][0].startswith("x.min: -10 → -400")
    assert main(["schema", "accept", "feb.parquet", "--yes"]) == 0
    err = capsys.readouterr().err
    assert "x.min: -10 → -400" in err and "is new" in err and "\x1b" not in err
    told = _json(capsys, "schema", "suggest", "data/feb.parquet")
    assert told["columns"]["x"]["min"] < -400
    assert _json(capsys, "check", "data/feb.parquet")[0]["findings"] == []


def test_it_is_edited_as_text(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def editor(code: str) -> None:
        script = write_text(
            tmp_path / "editor.py", "import sys, pathlib\np = pathlib.Path(sys.argv[1])\n" + code
        )
        monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))

    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    assert main(["schema", "edit"]) == 2
    assert "There is no editor" in capsys.readouterr().err
    editor("pass")
    assert main(["schema", "edit"]) == 0
    assert "Nothing was changed" in capsys.readouterr().err
    editor("p.write_text(p.read_text().replace('max = 20.0', 'max = -50.0'))")
    assert main(["schema", "edit"]) == 2
    said = capsys.readouterr().err
    assert "column 'x': max -50.0 lies below min -10.0" in said and "Line " in said
    # What was written is not lost.
    editor("p.write_text(p.read_text().replace('max = -50.0', 'max = 50.0'))")
    assert main(["schema", "edit"]) == 0
    assert "Going on with what was refused" in capsys.readouterr().err
    assert _json(capsys, "schema")["columns"]["x"]["max"] == 50.0
    editor("sys.exit(3)")
    assert main(["schema", "edit"]) == 1
    assert "The editor ended with 3" in capsys.readouterr().err
    text = _json(capsys, "schema")["toml"].replace("max = 50.0", "max = 60.0")
    assert main(["schema", "edit", "--file", str(write_text(tmp_path / "rules.toml", text))]) == 0
    assert main(["schema", "edit", "--file", str(tmp_path / "none.toml")]) == 2


def test_words_that_make_no_sense(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["history", "x"], ["edit", "x"], ["show", "a", "b"], ["set"], ["show", "--file", "x"]):
        assert main(["schema", *words]) == 2
        assert capsys.readouterr().err
    assert main(["schema", "show", "no such.parquet"]) != 0
    assert main(["schema", "show", "data"]) in (0, 2)


def test_without_data_it_says_what_to_do(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--workspace", str(workspace.root)]) == 1
    assert "no data files" in capsys.readouterr().err
