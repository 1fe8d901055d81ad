"""`pilothouse runs` with columns and groups, and `pilothouse tag` for several runs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pilothouse.cli.main import main
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace

NAMES = ("gull", "tern", "gannet", "skua")


@pytest.fixture
def runs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(workspace.root)
    for number, name in enumerate(NAMES):
        start = RunStart(kind="api", name=name, params={"depth": number % 2}, status="RUNNING")
        run = open_run(workspace, start, hold=True)
        for value in ((0.9 - 0.1 * number), 0.25 * number):
            run.log_metrics({"auc": value, "loss": 1 - value})
        run.end("FINISHED" if number else "FAILED", 0)
    return workspace


def data(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_best_value_orders_and_is_shown(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    found = data(
        capsys, "runs", "--sort", "best(metrics.auc)", "--columns", "name,best(auc),metrics.auc,params.depth"
    )
    assert [list(run) for run in found] == [["name", "best(metrics.auc)", "metrics.auc", "params.depth"]] * 4
    assert [run["name"] for run in found] == ["gull", "tern", "skua", "gannet"]
    assert found[0] == {"name": "gull", "best(metrics.auc)": 0.9, "metrics.auc": 0.0, "params.depth": "0"}
    found = data(capsys, "runs", "--sort", "best(metrics.loss)", "--ascending")
    assert [run["name"] for run in found] == ["gull", "tern", "skua", "gannet"]


def test_the_table_has_the_columns_in_their_order(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "--columns", "params.depth,name, status,max(auc),started,took"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["depth", "name", "status", "max", "auc", "started", "took"]
    assert rows[0].split()[:4] == ["1", "skua", "FINISHED", "0.7500"]


def test_what_stands_over_columns_names_them(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    def heads(*words: str) -> list[str]:
        capsys.readouterr()
        assert main(["runs", "--limit", "1", *words]) == 0
        return re.split(r"  +", capsys.readouterr().out.splitlines()[0].strip())

    names = ["run", "name", "exit", "data", "auc", "best auc", "min loss", "depth"]
    (run,) = data(capsys, "runs", "--limit", "1", "--columns", ",".join(names))
    assert list(run) == [
        "run_id", "name", "exit_code", "dataset", "metrics.auc", "best(metrics.auc)", "min(metrics.loss)",
        "params.depth",
    ]  # fmt: skip
    shown = heads("--columns", "run,name,best auc,min loss,depth")
    assert shown == ["run", "name", "best auc", "min loss", "depth"]
    assert heads("--columns", ",".join(shown)) == shown
    assert [one["name"] for one in data(capsys, "runs", "--sort", "best auc", "--limit", "2")] == [
        "gull",
        "tern",
    ]
    grouped = ["runs", "--group-by", "depth", "--columns", "auc,best auc"]
    for sort, first in (("mean auc", "1"), ("mean best auc", "0"), ("runs", "0")):
        assert data(capsys, *grouped, "--sort", sort)[0]["group"] == first, sort


def test_groups_show_what_most_of_all_runs_have_and_not_of_the_newest(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        run = open_run(runs, RunStart(kind="api", name="new", status="RUNNING"), hold=True)
        run.log_metrics({"z": 1.0, "system/memory_mb": 9.0})
        run.end("FINISHED", 0)
    words = ["runs", "--group-by", "params.depth"]
    told = {group["group"]: group["metrics"] for group in data(capsys, *words, "--limit", "3")}
    assert {key: list(metrics) for key, metrics in told.items()} == {
        group: ["metrics.auc", "metrics.loss", "metrics.z"] for group in ("0", "1", None)
    }
    assert told["0"]["metrics.auc"]["mean"] == 0.25
    # Of those that are looked for.
    (found,) = data(capsys, "runs", "--group-by", "name", "--filter", "name = new")
    assert list(found["metrics"]) == ["metrics.z"]


def test_two_columns_never_have_one_head(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    run = open_run(
        runs, RunStart(kind="api", name="odd", params={"auc": 1, "name": "x"}, status="RUNNING"), hold=True
    )
    run.log_metrics({"auc": 0.5, "best auc": 0.25})
    run.end("FINISHED", 0)
    columns = "name,params.name,metrics.auc,params.auc,best(auc),metrics.best auc"
    assert main(["runs", "odd", "--columns", columns]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert re.split(r"  +", head.strip()) == [
        "name", "params.name", "metrics.auc", "params.auc", "best metrics.auc", "metrics.best auc",
    ]  # fmt: skip
    assert row.split() == ["odd", "x", "0.5000", "1", "0.5000", "0.2500"]
    # A bare key is what the shown runs have: here `depth` is a metric, in the others a parameter.
    run = open_run(runs, RunStart(kind="api", name="deep", status="RUNNING"), hold=True)
    run.log_metrics({"depth": 0.5})
    run.end("FINISHED", 0)
    for name, meant in (("deep", "metrics.depth"), ("gull", "params.depth")):
        assert list(data(capsys, "runs", name, "--columns", "depth")[0]) == [meant]
    # A key that there is goes before what a head would mean.
    (found,) = data(capsys, "runs", "odd", "--columns", "best auc,best metrics.auc")
    assert list(found) == ["metrics.`best auc`", "best(metrics.auc)"]


def test_groups_tell_mean_spread_and_best(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    one, zero = data(
        capsys,
        "runs",
        "--group-by",
        "params.depth",
        "--columns",
        "metrics.auc",
        "--sort",
        "mean(metrics.auc)",
    )
    assert one["group"] == "1"
    assert (zero["group"], zero["count"], zero["failed"]) == ("0", 2, 1)
    told = zero["metrics"]["metrics.auc"]
    assert (told["mean"], told["best"], told["count"]) == (0.25, 0.5, 2)
    assert told["spread"] == pytest.approx(0.5 / 2**0.5)
    assert main(["runs", "--group-by", "status", "--limit", "1", "--columns", "metrics.auc"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].split()[:4] == ["FINISHED", "3", "0", "0.5000"]
    assert "1 of 2 groups" in printed.err
    assert main(["runs", "zzz", "--group-by", "status"]) == 0
    assert "None of the 4 runs match." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--sort", "aucc"],
        ["--columns", "name,metrcs.auc"],
        ["--columns", ","],
        ["--group-by", "metrics.auc"],
        ["--group-by", "started"],
        ["--group-by", "status", "--sort", "params.x"],
    ],
)
def test_what_is_no_column_is_a_wrong_call(
    runs: Workspace, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["runs", *words]) == 2
    assert capsys.readouterr().err.startswith("pilothouse: ")


def test_several_runs_are_tagged_at_once(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    tagged = data(capsys, "tag", "gull", "tern", "owner=ana", "x=1", "--note", "keep these")
    assert [run["tags"] for run in tagged] == [{"note": "keep these", "owner": "ana", "x": "1"}] * 2
    one = data(capsys, "tag", "gull", "x=", "--note", "")
    assert one["tags"] == {"owner": "ana"}
    assert main(["tag", "gull", "tern", "x=2"]) == 0
    assert "gull" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [(["gull"], 2), (["gull", "x=1", "tern"], 2), (["gull", "=1"], 2), (["gull", "nobody", "x=1"], 1)],
)
def test_a_wrong_call_tags_nothing(
    runs: Workspace, capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    assert main(["tag", *words]) == code
    assert all(run["tags"] == {} for run in data(capsys, "runs"))


def test_a_metrics_better_end_is_first_unless_told(
    runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    best = ["gull", "tern", "skua", "gannet"]
    assert [run["name"] for run in data(capsys, "runs", "--sort", "best(metrics.loss)")] == best
    told = data(capsys, "runs", "--sort", "best(metrics.loss)", "--descending")
    assert [run["name"] for run in told] == best[::-1]
    assert [run["name"] for run in data(capsys, "runs", "--sort", "best(metrics.auc)")] == best
    assert main(["runs", "--sort", "best(metrics.loss)"]) == 0
    head = capsys.readouterr().out.splitlines()[0]
    assert "best loss" in head and "auc" in head


def test_groups_show_what_they_are_sorted_by(runs: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("runs", "--group-by", "params.depth", "--sort", "best(metrics.loss)")
    found = data(capsys, *words, "--columns", "metrics.auc")
    assert [list(group["metrics"]) for group in found] == [["metrics.loss", "metrics.auc"]] * 2
    assert [group["metrics"]["metrics.loss"]["best"] for group in found] == [0.25, 0.5]
    assert main([*words]) == 0
    assert "mean loss" in capsys.readouterr().out.splitlines()[0]


def test_a_parameter_of_none_has_a_name(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    for params in ({"depth": None}, {"depth": 3}, {}, {"depth": ""}):
        open_run(workspace, RunStart(kind="api", params=params)).end("FINISHED", 0)
    words = ["runs", "--group-by", "params.depth", "--workspace", str(workspace.root)]
    assert main(words) == 0
    rows = [row.split()[0] for row in capsys.readouterr().out.splitlines()[1:]]
    assert sorted(rows) == ["''", "3", "None", "–"]


def test_the_metrics_that_most_runs_have_are_shown(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(9):
        run = open_run(workspace, RunStart(kind="script", name=f"r{number}"))
        run.log_metrics({"loss": 1.0, "val_acc": 0.5, "lr": 0.1, "z": 1} if number else {"roc_auc": 0.7})
        run.end("FINISHED", 0)
    assert main(["runs", "--workspace", str(workspace.root)]) == 0
    head = capsys.readouterr().out.splitlines()[0].split()
    assert head == ["run", "name", "status", "started", "took", "val_acc", "loss", "z"]
