"""What `show` tells of the runs around a run, and of the versions made of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

import making_models
from hostile import HOSTILE
from pilothouse.cli.main import main
from pilothouse.registry.deployments import promote
from pilothouse.tracking.trash import delete_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


def ended(workspace: Workspace, name: str, parent: str = "", status: str = "FINISHED") -> str:
    run = open_run(
        workspace,
        RunStart(kind="script", name=name, status="RUNNING", parent_run_id=parent, params={"lr": 0.1}),
        hold=True,
    )
    run.log_metrics({"auc": 0.75})
    run.end(status, 0 if status == "FINISHED" else 1)
    return run.run_id


def test_parent_parts_and_versions_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace, store = making_models.workspace(tmp_path / "ws")
    grandparent = ended(workspace, "the-sweep")
    parent = ended(workspace, "middle", grandparent)
    trials = [ended(workspace, name, parent, "FAILED") for name in HOSTILE[:3]]
    gone = ended(workspace, "gone", parent)
    delete_runs(store, [gone])
    making_models.register(workspace, store, parent)
    promote(workspace, store, "1", reason="first")

    assert main(["show", parent, "--json", "--workspace", str(workspace.root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run_id"] == parent
    assert (told["parent"]["run_id"], told["parent"]["name"]) == (grandparent, "the-sweep")
    assert [child["run_id"] for child in told["children"]] == trials, "not what lies in the trash"
    assert told["children"][0]["status"] == "FAILED"
    assert told["children"][0]["metrics"] == {"auc": 0.75}
    assert told["children"][0]["params"] == {"lr": "0.1"}
    assert told["more_children"] == 0
    assert told["model_versions"] == [{"model": "late", "version": 1, "aliases": ["champion"]}]

    assert main(["show", parent, "--workspace", str(workspace.root)]) == 0
    out = capsys.readouterr().out
    assert "late v1 (champion)" in out
    assert "the-sweep" in out.split("part of")[1].split("parts")[0]
    assert "\x1b" not in out

    assert main(["show", trials[0], "--json", "--workspace", str(workspace.root)]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert (alone["parent"]["name"], alone["children"], alone["model_versions"]) == ("middle", [], [])


def test_of_many_parts_the_first_are_printed_and_how_to_see_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, _ = making_models.workspace(tmp_path / "ws")
    sweep = ended(workspace, "the-sweep")
    for n in range(23):
        ended(workspace, f"trial-{n:02d}", sweep)
    assert main(["show", sweep, "--workspace", str(workspace.root)]) == 0
    out = capsys.readouterr().out
    assert "trial-19" in out
    assert "trial-20" not in out
    said = next(line for line in out.splitlines() if "and 3 more:" in line)
    command = said.split("pilothouse ")[1]
    assert main([*shlex.split(command), "--json", "--workspace", str(workspace.root)]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 23
    assert main(["show", sweep, "--json", "--workspace", str(workspace.root)]) == 0
    assert len(json.loads(capsys.readouterr().out)["children"]) == 23
