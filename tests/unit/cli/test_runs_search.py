"""`pilothouse runs` with a search: by words, by --filter, and with a mistake in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.foreign_runs import make_database
from tests.hostile import HOSTILE

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
    assert capsys.readouterr().err.startswith("None of the ")
    assert main(["runs", "gull OR gannet", "--limit", "1"]) == 0
    assert "1 of 2 runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("metrics.au < 3", "No run has a metric `au`; did you mean `auc`?"),
        ("best(metrics.AUCC) < 3", "No run has a metric `AUCC`; did you mean `auc`?"),
        ("params.dept = 4", "No run has a parameter `dept`; did you mean `depth`?"),
        ("tags.qqqq = 4 OR zzz", "No run has a tag `qqqq`."),
        ("status = faild", "No run can have the status `faild`; did you mean `failed`?"),
        ("name = kid 2", "`2` was looked for as a plain word; a value of several words stands in quotes"),
        ("name = kid 2 x and y", "stands in quotes: name = 'kid 2 x'"),
        ("auc between 0 and 1", "There is no BETWEEN: write metrics.auc >= 0 AND metrics.auc <= 1"),
        ("depth between 7 and 8", "write params.depth >= 7 AND params.depth <= 8"),
        ("zzz and took < 1 h", "`zzz` was looked for as a plain word."),
        ("parent = gull", "`parent` is an id, and that of `gull` is "),
        ("status IN (lots, zzz)", "No run can have the status `lots`; did you mean `lost`?"),
    ],
)
def test_a_name_that_no_run_has_is_told(
    runs: Workspace, capsys: pytest.CaptureFixture[str], search: str, told: str
) -> None:
    assert main(["runs", "--filter", search]) == 0
    assert told in capsys.readouterr().err
    assert main(["runs", "--filter", search, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == "[]" and told in printed.err


@pytest.mark.parametrize("search", ["zzz", "zzz yyy", "gull AND NOT gull", "name = 'kid 2' AND 'two words'"])
def test_plain_words_that_were_meant_so_are_not_doubted(
    runs: Workspace, capsys: pytest.CaptureFixture[str], search: str
) -> None:
    assert main(["runs", "--filter", search]) == 0
    assert capsys.readouterr().err == "None of the 3 runs match.\n"


def test_columns_are_named_as_the_heads_of_the_table(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--columns", "name,auc,depth", "--sort", "auc"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "auc", "depth"]
    assert [row.split()[0] for row in rows] == ["gannet", "tern", "gull"]
    assert main(["runs", "--columns", "name,aucc"]) == 2


def test_what_exists_is_not_doubted(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--filter", "metrics.auc > 9 AND params.depth = 77 AND status = lost"]) == 0
    assert capsys.readouterr().err == "None of the 3 runs match.\n"


def test_an_unknown_status_is_a_wrong_call(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--status", "faild"]) == 2
    assert "did you mean `failed`?" in capsys.readouterr().err
    assert main(["runs", "--status", "Failed"]) == 0


def test_a_status_is_found_by_the_words_that_people_have_for_it(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run(runs, RunStart(kind="script", name="auk", status="RUNNING"))
    run.end("KILLED", -15, "")
    for search in ("status = killed", "status = stopped", "status IN (Stopped, lost)"):
        assert names(capsys, "--filter", search) == {"auk"}
    assert names(capsys, "--status", "stopped") == {"auk"}
    assert names(capsys, "--filter", "status != stopped") == {"gull", "tern", "gannet"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_unknown(
    runs: Workspace, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    field = "`" + name.replace("`", "``") + "`"
    code = main(["runs", "--filter", f"metrics.{field} < 3"])
    told = capsys.readouterr().err
    assert code in (0, 2) and "\x1b" not in told and "Traceback" not in told


def test_the_help_tells_the_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--help"]) == 0
    told = capsys.readouterr().out
    for word in ("best(KEY)", "ILIKE", "IS NOT NULL", "OR", "'2 days ago'"):
        assert word in told


def test_the_log_of_a_run_that_only_logs_says_that_it_is_not_kept(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "gull"]) == 0
    told = capsys.readouterr()
    assert told.out == "" and "is not recorded" in told.err
    assert main(["logs", "gull", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["log"] == ""


def test_the_log_of_an_imported_run_is_followed_to_its_end(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.root)
    kept = tmp_path / "kept" / "artifacts"
    kept.mkdir(parents=True)
    (kept / "a.txt").write_text("a")
    runs = [{"id": "a" * 32, "name": "bare"}, {"id": "b" * 32, "name": "full", "uri": str(kept)}]
    assert main(["import", str(make_database(tmp_path / "mlflow.db", runs))]) == 0
    capsys.readouterr()
    for name in ("bare", "full"):
        # With artifacts it has a folder, and never a journal.
        for words in (["logs", name], ["logs", name, "--follow"]):
            assert main(words) == 0
            told = capsys.readouterr()
            assert told.out == "" and "is not recorded" in told.err
        assert main(["logs", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["log"] == ""
