"""What commands print: JSON with the promised fields, words for people, and nothing that moves the cursor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hostile import HOSTILE
from pilothouse.cli.main import main
from pilothouse.cli.options import number, printable, table
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace
from steering import argv, environment, land, pilothouse, pilothouse_each, rows, told_well


def said(capsys: pytest.CaptureFixture[str], *words: object, note: str = "") -> Any:
    """The JSON that a command prints, as the only thing on standard output; `note` stands on the other."""
    assert main([*map(str, words), "--json"]) == 0
    told = capsys.readouterr()
    assert told.err.startswith(note) and bool(told.err) == bool(note)
    return json.loads(told.out)


@pytest.fixture
def here(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(trained.root)
    return trained


def test_runs_models_and_drift_have_the_promised_fields(
    here: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = said(capsys, "runs")
    assert [run["name"] for run in runs] == ["two", "one"]
    for run in runs:
        assert {"run_id", "name", "status", "started_at", "ended_at", "params", "metrics", "tags"} <= set(run)
        assert run["status"] == "FINISHED"
        assert 0.5 < run["metrics"]["roc_auc"] <= 1
    models = said(capsys, "models")
    assert [one["version"] for one in models] == [2, 1]
    for one in models:
        assert {"model", "version", "run_id", "aliases", "metrics", "dataset_version"} <= set(one)
    assert models[1]["aliases"] == ["champion"]
    assert {one["run_id"] for one in models} == {run["run_id"] for run in runs}

    moved = land(here.root / "data", "moved.csv", rows(200, seed=4, shift=2.0))
    reference = here.root / "data" / "first.csv"
    for told in (
        said(
            capsys,
            "drift",
            moved,
            "--reference",
            reference,
            "--target",
            "y",
            note="Left out, since pilothouse.toml says so: id, when.",
        ),
        said(capsys, "drift", "moved.csv"),
        said(capsys, "drift")[0],
    ):
        assert {"dataset_drift", "share_drifted", "n_reference", "n_current", "columns"} <= set(told)
        assert told["dataset_drift"] is True
        assert (told["n_reference"], told["n_current"]) == (300, 200)
        for column in told["columns"]:
            assert {"column", "kind", "test", "score", "p_value", "threshold", "drifted"} <= set(column)


def test_every_looking_command_prints_json(here: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["events"], ["data"], ["check"], ["models", "--history"], ["show", "latest"], ["logs", "latest"],
        ["compare", "one", "two"], ["watch", "--status"], ["watch", "--stop"], ["serve", "--stop"],
        ["tag", "latest", "note=[/x] it"], ["predict", "data/first.csv", "--limit", "1"],
    ):  # fmt: skip
        assert main([*words, "--json"]) == 0, words
        json.loads(capsys.readouterr().out)


def test_drift_needs_no_workspace(tmp_path: Path) -> None:
    for name, seed in (("then.csv", 1), ("now.csv", 2)):
        land(tmp_path, name, rows(100, seed=seed))
    done = pilothouse("drift", "now.csv", "--reference", "then.csv", "--json", "--exit-code", cwd=tmp_path)
    assert (done.code, done.json()["dataset_drift"]) == (0, False)
    land(tmp_path, "now.csv", rows(100, seed=2, shift=2.0))
    done = pilothouse("drift", "now.csv", "--reference", "then.csv", "--json", "--exit-code", cwd=tmp_path)
    assert (done.code, done.json()["dataset_drift"]) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["now.csv", "then.csv"]


def test_json_has_no_word_that_json_lacks(workspace: Workspace) -> None:
    run = open_run(workspace, RunStart(kind="api", params={"lr": float("nan")}))
    run.log_metrics({"loss": float("nan"), "gain": float("inf")})
    run.end("FINISHED")
    done = pilothouse("runs", "--json", cwd=workspace.root)
    [told] = json.loads(done.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert told["metrics"] == {"loss": "NaN", "gain": "Infinity"}


def test_hostile_text_reaches_the_terminal_tamed_and_json_untouched(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.root)
    for number_, text in enumerate(HOSTILE):
        tags = {"note": text, f"key {text}"[:60]: "x"}
        run = open_run(
            workspace, RunStart(kind="api", name=text or f"n{number_}", params={"p": text}, tags=tags)
        )
        run.end("FAILED", 1, text)
    told = said(capsys, "runs", "--limit", 50)
    assert sorted(run["params"]["p"] for run in told) == sorted(HOSTILE)
    ids = [run["run_id"] for run in told]
    for words in (
        ["runs", "--limit", "50"],
        ["events"],
        ["compare", *ids[:5], "--all"],
        *(["show", i] for i in ids),
    ):
        assert main([*words]) == 0
        out = capsys.readouterr().out
        assert all(char.isprintable() or char == "\n" for char in out), words
    # One line a run and a header, whatever line breaks their names hold.
    assert main(["runs", "--limit", "50"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(HOSTILE) + 1


def test_limits_and_numbers_out_of_range_are_usage_errors(here: Workspace) -> None:
    commands = (
        ["runs", "--limit", "0"], ["runs", "--limit", "-1"], ["events", "--limit", "x"],
        ["serve", "--port", "70000"],
        ["predict", "data/first.csv", "--limit", "0"], ["compare", "one"], ["tag", "one", "novalue"],
        ["promote", "2"], ["rollback"], ["train", "-p", "novalue"], ["train", "--recipe", "none"],
        ["serve", "--stop", "--status"], ["drift", "--reference", "data"], ["run"],
    )  # fmt: skip
    for words, done in zip(commands, pilothouse_each(*commands, cwd=here.root), strict=True):
        assert done.code == 2, (words, done)
        told_well(done, code=2)


def test_questions_are_never_asked_without_a_terminal(here: Workspace) -> None:
    told_well(pilothouse("promote", "2", cwd=here.root, given="y\n"), "--yes", code=2)
    assert pilothouse("models", "--json", cwd=here.root).json()[1]["aliases"] == ["champion"]


def test_the_terminal_ui_without_a_terminal_is_a_usage_error(here: Workspace) -> None:
    told_well(pilothouse(cwd=here.root), "needs a terminal", "--help", code=2)


def test_the_workspace_can_be_named_three_ways(here: Workspace, tmp_path: Path) -> None:
    below = here.root / "data"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for cwd, words in (
        (below, ["runs", "--json"]),
        (elsewhere, ["runs", "--json", "--workspace", str(here.root)]),
        (elsewhere, ["--workspace", str(here.root), "runs", "--json"]),
    ):
        assert len(pilothouse(*words, cwd=cwd).json()) == 2
    named = subprocess.run(
        argv("runs", "--json"),
        cwd=elsewhere,
        env=environment() | {"PILOTHOUSE_WORKSPACE": str(here.root)},
        capture_output=True,
        check=True,
    )
    assert len(json.loads(named.stdout)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as only POSIX knows them")
def test_a_reader_that_has_seen_enough_is_no_error(workspace: Workspace) -> None:
    for number_ in range(300):
        open_run(workspace, RunStart(kind="api", name=f"run {number_}")).end("FINISHED")
    line = " ".join([*argv("runs", "--limit", "300", "--json"), "|", "head", "-c", "20", ">", os.devnull])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=workspace.root,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_table_keeps_its_columns_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    table(["name", "n"], [["a\nb", 1], ["x" * 60, 22]], right=(1,))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("a b")
    assert lines[2].startswith("x" * 47 + "…")
    assert {len(line) for line in lines} == {len(lines[2])}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (3, "3"),
        (12345, "12,345"),
        (0.5, "0.5000"),
        (12345.678, "12,346"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_for_people(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_printable_text_stays_on_its_line(text: str) -> None:
    shown = printable(text, 80)
    assert shown.isprintable()
    assert len(shown) <= 80
