"""`pilothouse filters`, and `runs --saved`."""

from __future__ import annotations

import json

import pytest

from hostile import HOSTILE
from pilothouse.cli.main import main
from pilothouse.store import list_events, open_store
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


@pytest.fixture
def here(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(workspace.root)
    for number, name in enumerate(("gull", "tern", "gannet")):
        start = RunStart(kind="api", name=name, params={"depth": number}, status="RUNNING")
        open_run(workspace, start, hold=True).end("FINISHED", 0)
    return workspace


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    told = capsys.readouterr()
    return told.out or told.err


def test_a_filter_is_saved_used_and_deleted(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No filters yet" in said(capsys, "filters")
    assert "Saved deep" in said(capsys, "filters", "save", "deep", "params.depth", ">", "0")
    saved = json.loads(said(capsys, "filters", "save", "two words", "tern OR gull", "--json"))
    assert (saved["name"], saved["text"]) == ("two words", "tern OR gull")
    names = [run["name"] for run in json.loads(said(capsys, "runs", "--saved", "deep", "--json"))]
    assert sorted(names) == ["gannet", "tern"]
    names = [run["name"] for run in json.loads(said(capsys, "runs", "gann", "--saved", "deep", "--json"))]
    assert names == ["gannet"]
    assert said(capsys, "filters", "list").splitlines()[0].split() == ["deep", "params.depth", ">", "0"]
    assert [one["name"] for one in json.loads(said(capsys, "filters", "--json"))] == ["deep", "two words"]
    assert json.loads(said(capsys, "filters", "delete", "deep", "--json"))["name"] == "deep"
    assert "Did you mean 'two words'?" in said(capsys, "runs", "--saved", "two word", code=1)
    events = [event for event in list_events(open_store(here)) if event.kind == "filter"]
    assert [event.subject for event in events] == ["deep", "two words", "deep"]


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["filters", "save", "x"], 2, "What is to be searched for?"),
        (["filters", "save", "x", "depth >"], 2, "column"),
        (["filters", "save"], 2, "Which filter"),
        (["filters", "delete", "x", "y"], 2, "a name only"),
        (["filters", "delete", "x"], 1, "There is no filter"),
        (["filters", "list", "x"], 2, "takes no name"),
        (["runs", "--saved", "[/x]"], 1, "There is no filter"),
    ],
)
def test_what_cannot_be_done_is_said(
    here: Workspace, capsys: pytest.CaptureFixture[str], words: list[str], code: int, why: str
) -> None:
    assert why in said(capsys, *words, code=code)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_hostile_names_and_searches(here: Workspace, capsys: pytest.CaptureFixture[str], text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    printed = said(capsys, "filters", "save", "f", quoted) + said(capsys, "filters")
    assert "\x1b" not in printed and "\u202e" not in printed
    assert main(["filters", "save", text, "gull"]) in (0, 2)
    assert main(["runs", "--saved", text]) in (0, 1)
    printed = "".join(capsys.readouterr())
    assert "\x1b" not in printed and "\u202e" not in printed
