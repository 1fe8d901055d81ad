"""`pilothouse runs` with a search: by words, by --filter, and with a mistake in it."""

from __future__ import annotations

import json

import pytest

from pilothouse.cli.main import main
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@pytest.fixture
def runs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(workspace.root)
    for number, name in enumerate(("gull", "tern", "gannet")):
        writer = open_run(
            workspace, RunStart(kind="api", name=name, params={"depth": number}, status="RUNNING"), hold=True
        )
        writer.log_metrics({"auc": 0.25 * number})
        writer.end("FINISHED" if number else "FAILED", 0)
    return workspace


def names(capsys: pytest.CaptureFixture[str], *arguments: str) -> set[str]:
    assert main(["runs", "--json", *arguments]) == 0
    return {run["name"] for run in json.loads(capsys.readouterr().out)}


def test_words_and_filters_go_through_one_grammar(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert names(capsys) == {"gull", "tern", "gannet"}
    assert names(capsys, "gann") == {"gannet"}
    assert names(capsys, "depth=1") == {"tern"}
    assert names(capsys, "finished", "gann") == {"gannet"}
    assert names(capsys, "metrics.auc", ">", "0.2") == {"tern", "gannet"}
    assert names(capsys, "--filter", "metrics.auc > 0.2 AND NOT tern") == {"gannet"}
    assert names(capsys, "tern OR gull", "--filter", "status = failed") == {"gull"}
    assert names(capsys, "--filter", "status = lost") == set()


def test_a_mistake_is_pointed_at(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--filter", "gull AND metrcs.auc > 0.9"]) == 2
    first, text, carets, hint = capsys.readouterr().err.splitlines()
    assert first == "pilothouse: 'metrcs' is no prefix. (column 10)"
    assert text[carets.index("^") : carets.rindex("^") + 1] == "metrcs"
    assert hint.strip() == "Did you mean metrics?"


def test_nothing_found_is_said(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "zzz"]) == 0
    assert capsys.readouterr().err == "No runs match.\n"
    assert main(["runs", "gull OR gannet", "--limit", "1"]) == 0
    assert "1 of 2 runs" in capsys.readouterr().err
