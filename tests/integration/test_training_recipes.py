"""Recipes as real runs: from files to a registered version that answers."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from pilothouse.errors import PilothouseError, UsageError
from pilothouse.processes import is_alive
from pilothouse.registry.bundle import check_probe, load_model
from pilothouse.registry.versions import get_version, list_versions
from pilothouse.store import Store, open_store
from pilothouse.tracking.runs import Run, list_runs, metric_history
from pilothouse.tracking.writer import ALIVE_NAME
from pilothouse.training.launch import start_training, stop_run
from pilothouse.training.spec import PID_NAME
from pilothouse.training.watching import read_log, wait_for_run, watch_run
from pilothouse.workspace import Workspace
from steering import pilothouse, pilothouse_each
from waiting import wait_until

CONFIG = """
[model]
name = "demo"
task = "{task}"
target = "y"

[data]
time = "at"
id = "id"
exclude = ["leak", "number"]

[training]
recipe = "{recipe}"
seed = 3
params = {params}

[gates]
{gates}
"""


def table(n: int = 600, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "id": [f"row-{i}" for i in range(n)],
            "at": pd.date_range("2020-01-01", periods=n, freq="h"),
            "size [/x]": rng.normal(size=n),
            "wind": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "carrier": rng.choice(["AA", "[red]", None], n),
            "day": rng.integers(1, 8, n),
        }
    )
    score = rows["size [/x]"] + (rows["carrier"] == "AA") + rng.normal(0, 0.5, n)
    rows["y"] = (score > 0.4).astype(int)
    rows["number"] = 10 * score
    rows["leak"] = rows["y"]
    return rows


def prepare(
    workspace: Workspace,
    rows: pd.DataFrame,
    *,
    task: str = "classification",
    recipe: str = "hist_gradient_boosting",
    params: str = "{}",
    gates: str = "",
) -> None:
    workspace.config_path.write_text(CONFIG.format(task=task, recipe=recipe, params=params, gates=gates))
    half = len(rows) // 2
    rows.head(half).to_csv(workspace.root / "data" / "a.csv", index=False)
    with (workspace.root / "data" / "b.jsonl").open("w") as file:
        rows.tail(len(rows) - half).to_json(file, orient="records", lines=True, date_format="iso")


def train(workspace: Workspace, **options: object) -> Run:
    run = wait_for_run(workspace, start_training(workspace, threads=1, **options), timeout=120)  # type: ignore[arg-type]
    assert run.status != "SCHEDULED", read_log(workspace, run.run_id)[0]
    return run


def test_a_recipe_runs_to_a_version_that_answers(workspace: Workspace, store: Store) -> None:
    prepare(
        workspace, table(), params="{ max_iter = 30 }", gates="roc_auc = { min = 0.6 }\nf1 = { min = 1.1 }"
    )
    run = train(workspace, name="first")
    assert (run.status, run.exit_code, run.reason) == ("FINISHED", 0, ""), run.reason
    assert (run.name, run.model, run.recipe, run.progress) == ("first", "demo", "hist_gradient_boosting", 1.0)
    assert run.params["max_iter"] == "30" and run.params["seed"] == "3" and run.params["threads"] == "1"
    assert {"roc_auc", "pr_auc", "log_loss", "brier", "f1", "accuracy", "threshold", "p99_ms"} <= set(
        run.metrics
    )
    assert run.metrics["roc_auc"] > 0.8 and 0 < run.metrics["threshold"] < 1
    history = metric_history(store, run.run_id)
    assert [point.step for point in history["holdout_log_loss"]][-1] == 30
    assert len(history["train_log_loss"]) >= 10
    assert run.tags == {"version": "1", "gates": "failed 1 of 2"}

    version = get_version(store, "demo/1")
    assert (version.run_id, version.dataset_version) == (run.run_id, run.dataset_version)
    model = load_model(version.path, version.manifest_sha256)
    check_probe(version.path, version.manifest_sha256, model)
    assert model.classes == [0, 1]
    names = {field.name: field.type for field in model.signature.inputs}
    # The id may come along, and is no feature.
    assert names.pop("id") == "string" and not model.signature.inputs[-1].required
    assert names == {"size [/x]": "double", "wind": "double", "carrier": "string", "day": "long"}
    answer = model.predict_rows(
        model.signature.validate([{"size [/x]": 3.0, "wind": None, "carrier": "new", "day": 2}])
    )
    assert answer.predictions == [1] and answer.probabilities[0] > 0.5
    lineage = json.loads((version.path / "lineage.json").read_text())
    assert lineage["seed"] == 3 and lineage["threads"] == 1 and lineage["rows"]["holdout"] == 120
    assert lineage["left_out"]["leak"] == "excluded"

    artifacts = workspace.run_dir(run.run_id) / "artifacts"
    curves = json.loads((artifacts / "curves.json").read_text())
    assert set(curves) == {"roc", "pr", "calibration", "confusion"}
    with duckdb.connect() as con:
        held = con.execute("SELECT * FROM read_parquet(?)", [str(artifacts / "holdout.parquet")]).df()
    assert len(held) == 120 and {"id", "at", "leak", "prediction", "probability"} <= set(held.columns)
    assert pd.to_datetime(held["at"], format="ISO8601").min() > table()["at"].iloc[479]
    gates = json.loads((artifacts / "gates.json").read_text())
    assert [gate["passed"] for gate in gates] == [True, False]


def test_the_same_run_again_gives_the_same_answers(workspace: Workspace, store: Store) -> None:
    prepare(workspace, table(), recipe="random_forest", params="{ n_estimators = 12 }")
    first, second = train(workspace), train(workspace)
    assert first.dataset_version == second.dataset_version
    models = [load_model(version.path, version.manifest_sha256) for version in list_versions(store, "demo")]
    rows = models[0].signature.validate(
        [{"size [/x]": x / 10, "wind": None, "carrier": "AA", "day": 1} for x in range(-20, 20)]
    )
    assert models[0].predict_rows(rows) == models[1].predict_rows(rows)
    same = {key for key in first.metrics if key != "p99_ms"}
    assert {key: first.metrics[key] for key in same} == {key: second.metrics[key] for key in same}


def test_a_regression_and_three_classes(workspace: Workspace, store: Store) -> None:
    rows = table().drop(columns=["leak", "y"]).rename(columns={"number": "y"}).assign(leak=0)
    prepare(workspace, rows, task="regression", recipe="logistic")
    run = train(workspace)
    assert (run.status, run.recipe) == ("FINISHED", "ridge"), run.reason
    assert run.metrics["r2"] > 0.5 and {"rmse", "mae", "p99_ms"} <= set(run.metrics)
    curves = json.loads((workspace.run_dir(run.run_id) / "artifacts" / "curves.json").read_text())
    assert set(curves) == {"residuals"}

    for file in (workspace.root / "data").iterdir():
        file.unlink()
    rows["y"] = pd.cut(rows["y"], [-99, 0, 10, 99], labels=["low", "[/mid]", "high"]).astype(str)
    prepare(workspace, rows, recipe="logistic")
    run = train(workspace)
    assert run.status == "FINISHED", run.reason
    assert run.metrics["roc_auc"] > 0.7 and "threshold" not in run.metrics
    assert load_model(get_version(store, "2").path, None).classes == ["[/mid]", "high", "low"]


def test_data_that_cannot_be_learned_fails_in_words(workspace: Workspace, store: Store) -> None:
    prepare(workspace, table().assign(y=1))
    run = train(workspace)
    assert (run.status, run.exit_code) == ("FAILED", 1)
    assert run.reason.startswith("The target 'y' has one class only")
    assert "Traceback" not in read_log(workspace, run.run_id)[0]
    assert list_versions(store) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"recipe": "forest"}, "random_forest"),
        ({"params": {"max_itr": 3}}, "max_iter"),
        ({"params": {"max_iter": "x"}}, "whole number"),
        ({"dataset_version": "nosuch"}, "No dataset version"),
        ({"model": "nosuch"}, "no model"),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    workspace: Workspace, store: Store, options: dict, said: str
) -> None:
    prepare(workspace, table(40))
    with pytest.raises(PilothouseError) as caught:
        start_training(workspace, **options)
    assert said in str(caught.value) and list_runs(store) == []


def test_no_data_is_told(workspace: Workspace, store: Store) -> None:
    workspace.config_path.write_text(
        CONFIG.format(task="classification", recipe="ridge", params="{}", gates="")
    )
    with pytest.raises(UsageError, match="task is classification"):
        start_training(workspace)
    with pytest.raises(PilothouseError, match="no data files"):
        start_training(workspace, recipe="logistic")
    assert list_runs(store) == []


@pytest.mark.parametrize("victim", ["supervisor", "child"])
def test_kill_9_in_the_middle_of_a_fit(workspace: Workspace, store: Store, victim: str) -> None:
    prepare(workspace, table(3000), params="{ max_iter = 1000000 }")
    run_id = start_training(workspace, threads=1)
    for watch in watch_run(workspace, run_id, timeout=60):
        if "iterations" in watch.text:
            break
    folder = workspace.run_dir(run_id)
    pid = int((folder / PID_NAME).read_text())
    child = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    os.kill(pid if victim == "supervisor" else child, signal.SIGKILL)
    run = wait_for_run(workspace, run_id, timeout=20)
    assert run.status == ("LOST" if victim == "supervisor" else "KILLED")
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())
    assert not is_alive(folder / ALIVE_NAME) and list_versions(store) == []
    assert open_store(workspace).query("SELECT count(*) AS n FROM runs")[0]["n"] == 1


def test_a_fit_can_be_stopped(workspace: Workspace) -> None:
    prepare(workspace, table(3000), params="{ max_iter = 1000000 }")
    run_id = start_training(workspace, threads=1)
    for watch in watch_run(workspace, run_id, timeout=60):
        if "iterations" in watch.text:
            break
    run = stop_run(workspace, run_id, who="ada")
    assert (run.status, run.exit_code, run.reason) == ("KILLED", 143, "Stopped by ada.")


def test_the_commands(workspace: Workspace) -> None:
    prepare(workspace, table(), recipe="logistic")
    done, started = pilothouse_each(
        ["train", "-p", "C=0.5", "--name", "by hand", "--json"],
        ["train", "--detach", "--json"],
        cwd=workspace.root,
    )
    assert done.code == 0, done.err
    run = done.json()
    assert (run["status"], run["name"], run["params"]["C"]) == ("FINISHED", "by hand", "0.5")

    run_id = started.json()["run_id"]
    script = "print('loss: 1'); raise SystemExit('no [/x]')"
    followed = pilothouse("logs", run_id, "--follow", cwd=workspace.root)
    whole, failed, stopped, running, wrong = pilothouse_each(
        ["logs", run_id[:6], "--json"],
        ["run", "--", sys.executable, "-c", script],
        ["stop", run_id],
        ["run", "--detach", "--", "sleep", "60"],
        ["train", "--recipe", "logitsic"],
        cwd=workspace.root,
    )
    assert followed.code == 0 and "is ready" in followed.out
    assert whole.json() == {"run_id": run_id, "log": followed.out}

    assert failed.code == 1 and "failed" in failed.err
    assert failed.out.splitlines() == ["loss: 1", "no [/x]"], "its own output alone"
    assert ["loss", "1.0000"] in [line.split() for line in failed.err.splitlines()]
    assert stopped.code == 1 and "has ended already" in stopped.err
    # Another process than the one that started it.
    killed = pilothouse("stop", running.out.strip(), "--json", cwd=workspace.root)
    assert killed.code == 0 and killed.json()["status"] == "KILLED"
    assert wrong.code == 2 and 'Did you mean "logistic"?' in wrong.err


@pytest.mark.parametrize("filled", [120, 200])
def test_a_column_that_only_the_newest_rows_have_stops_no_training(workspace: Workspace, filled: int) -> None:
    # In 120 of 600 rows it has no value where the model learns; in 200, none where the threshold is chosen.
    rows = table().assign(refund=np.nan)
    rows.loc[len(rows) - filled :, "refund"] = np.arange(filled) / 7
    prepare(workspace, rows, params="{ max_iter = 5 }")
    run = train(workspace)
    log = read_log(workspace, run.run_id)[0]
    assert run.status == "FINISHED", log
    assert ("`refund` is empty in the training part: left out." in log) == (filled == 120)
