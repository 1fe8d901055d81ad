from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import making_models
from hostile import HOSTILE
from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.monitoring.checks import ERROR, WARNING, Finding
from pilothouse.monitoring.examples import Example
from pilothouse.monitoring.file_reports import as_page, find_file_report, save_file_report
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.report_html import render_held
from pilothouse.store import Store
from pilothouse.workspace import Workspace

OUTSIDE = re.compile(r"https?://|//[a-z]|\bsrc\s*=|<link|<script|@import|url\(|<img|<iframe", re.IGNORECASE)


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Workspace, Store]:
    """A reference, a file that moved, and one that is held."""
    workspace, store = making_models.workspace(tmp_path / "ws")
    config, folder = workspace.config().model(), workspace.root / "data"
    write_parquet(folder / "a.parquet", {"x": list(range(900)), "k": list("ab") * 450, "late": [0, 1] * 450})
    snapshot(workspace, store, config)
    moved = {"x": list(range(600, 1200)), "k": list("ac") * 300, "late": [0, 1] * 300}
    judge_file(workspace, store, config, write_parquet(folder / "b.parquet", moved))
    judge_file(workspace, store, config, write_text(folder / "c.csv", "x,k,late\n1,a,0\nn/a?,<b>,1\n"))
    return workspace, store


def test_a_page_opens_offline(judged: tuple[Workspace, Store], tmp_path: Path) -> None:
    _, store = judged
    for name in ("b.parquet", "c.csv"):
        page = tmp_path / f"{name}.html"
        save_file_report(find_file_report(store, "late", name), page)
        text = page.read_text("utf-8")
        assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
        assert not OUTSIDE.search(text), OUTSIDE.search(text)
        assert "default-src 'none'" in text


def test_the_page_of_a_held_file_shows_the_rows(judged: tuple[Workspace, Store]) -> None:
    _, store = judged
    page = as_page(find_file_report(store, "late", "c.csv"))
    assert "■ Held back" in page and "row 2:" in page and "n/a?" in page
    assert "until a person accepts it" in page


def test_json_has_the_changes_and_the_checks(judged: tuple[Workspace, Store], tmp_path: Path) -> None:
    _, store = judged
    save_file_report(find_file_report(store, "late", "b.parquet"), tmp_path / "b.json")
    told = json.loads((tmp_path / "b.json").read_text("utf-8"))
    assert told["dataset_drift"] is True and told["status"] == "ok"
    assert {(one["column"], one["severity"], one["rule"]) for one in told["findings"]} >= {
        ("k", "warning", "categories")
    }
    assert any(said.startswith("`x` moved up by") for said in told["changes"])
    assert any("new value in `k`: c" in said for said in told["changes"])
    save_file_report(find_file_report(store, "late", "c.csv"), tmp_path / "c.json")
    told = json.loads((tmp_path / "c.json").read_text("utf-8"))
    assert told["status"] == "held"
    assert told["findings"][0]["examples"] == [{"row": 2, "value": "n/a?"}]


def test_a_report_is_found_by_its_id_or_its_file(judged: tuple[Workspace, Store], tmp_path: Path) -> None:
    _, store = judged
    by_name = find_file_report(store, "late", "b.parquet")
    assert by_name.stored is not None and by_name.drifted and not by_name.held
    assert find_file_report(store, "late", by_name.stored.report_id) == by_name
    with pytest.raises(NotFoundError, match="No file called"):
        find_file_report(store, "late", "nothing.csv")
    with pytest.raises(UsageError, match="neither in"):
        save_file_report(by_name, tmp_path / "report.txt")
    with pytest.raises(PilothouseError, match="no folder"):
        save_file_report(by_name, tmp_path / "nowhere" / "report.html")


def test_the_command_writes_a_report_and_shows_a_column(
    judged: tuple[Workspace, Store], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, _ = judged

    def run(*words: str) -> tuple[int, str]:
        code = main(["drift", *words, "--workspace", str(workspace.root)])
        said = capsys.readouterr()
        return code, said.out or said.err

    target = tmp_path / "out.html"
    code, said = run("b.parquet", "--save", str(target))
    assert code == 0 and "Written to" in said and target.is_file()
    code, said = run("b.parquet", "--column", "x")
    assert code == 0 and "`x` moved up by" in said and "median" in said and "█" in said
    code, said = run("b.parquet", "--column", "x", "--json")
    assert json.loads(said)["drift"]["column"] == "x"
    code, said = run("c.csv", "--save", str(tmp_path / "held.html"))
    assert code == 0
    code, said = run("c.csv", "--column", "x")
    assert code == 0 and "`x` cannot be read: it is text" in said and "(unreadable)" in said
    assert run("b.parquet", "--column", "nope")[0] != 0
    assert run("--save", str(target))[0] == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_findings_are_text(name: str) -> None:
    evil = f"{name}</td><script>alert(1)</script>"
    findings = [
        Finding(WARNING, evil, evil, evil, 3, (Example(1, evil), Example(2, None))),
        Finding(ERROR, evil, evil),
    ]
    page = render_held(evil, findings, rows=5)
    assert "<script" not in page
    assert page.index("■ holds") < page.index("▲ beware")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
