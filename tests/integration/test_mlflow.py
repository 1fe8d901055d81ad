"""Runs to and from the real MLflow, where it is installed in an environment of its own beside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.workspace import Workspace
from steering import pilothouse

PYTHON = Path(os.environ.get("PILOTHOUSE_PEERS", "/nowhere")) / "mlflow" / "bin" / "python"
MAKER = Path(__file__).with_name("mlflow_maker.py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.is_file(), reason="PILOTHOUSE_PEERS names no folder with MLflow in it"),
]


def mlflow(folder: Path, *words: str) -> Any:
    """Run the maker inside MLflow's environment, in a folder of its own; return what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [PYTHON, MAKER, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture(scope="module", params=["sqlite", "folder"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Any]:
    """A store that MLflow itself made: its path, its URI, and what is in it."""
    folder = tmp_path_factory.mktemp("made")
    path = folder / ("mlflow.db" if request.param == "sqlite" else "mlruns")
    uri = f"sqlite:///{path}" if request.param == "sqlite" else path.as_uri()
    return path, uri, mlflow(folder, "make", uri)


def told_by(workspace: Workspace, *words: str) -> Any:
    done = pilothouse(*words, cwd=workspace.root)
    assert done.code == 0, done.err
    return done.json()


def said(value: float) -> Any:
    return value if abs(value) < float("inf") else str(value)


def test_every_kind_of_run_comes_over_and_goes_back(
    made: tuple[Path, str, Any], workspace: Workspace, tmp_path: Path
) -> None:
    path, uri, told = made
    report = told_by(workspace, "import", str(path), "--json")
    assert (report["imported"], report["deleted"], report["files"]) == (len(told["runs"]), 1, 2)
    assert (report["unreadable"], report["without_artifacts"]) == ([], [])
    store = open_store(workspace)
    for run in list_runs(store, limit=1000):
        there = told["runs"][run.tags["mlflow.run_id"]]
        assert (run.name, run.status, run.params) == (there["name"], there["status"], there["params"])
        assert run.started_at.timestamp() == pytest.approx(1_700_000_000.123)
        assert run.tags["mlflow.experiment"] == told["experiment"]
        assert {key: run.tags[key] for key in there["tags"]} == there["tags"]
        points = metric_history(store, run.run_id)
        assert {key: [[p.step, said(p.value)] for p in mine] for key, mine in points.items()} == there[
            "points"
        ]
        artifacts = workspace.run_dir(run.run_id) / "artifacts"
        assert {name: (artifacts / name).read_text() for name in there["files"]} == there["files"]
    assert get_run(store, "plain").summaries["loss"].count == 1000
    assert get_run(store, "child").parent_run_id == get_run(store, "plain").run_id

    running = get_run(store, "running").tags["mlflow.run_id"]
    again = told_by(workspace, "import", uri, "--json")
    assert (again["imported"], again["renewed"], again["known"]) == (0, 0, len(told["runs"]))

    out = tmp_path / "out"
    done = told_by(workspace, "export", str(out), "--format", "mlflow", "--json")
    back = mlflow(tmp_path / "reader", "read", done["uri"])
    assert set(back["runs"]) == set(told["runs"])
    for run_id, there in told["runs"].items():
        here = back["runs"][run_id]
        assert (here["name"], here["params"], here["experiment"]) == (
            there["name"],
            there["params"],
            told["experiment"],
        )
        assert here["status"] == ("RUNNING" if run_id == running else there["status"])
        assert (here["started"], here["ended"]) == (
            1_700_000_000_123,
            None if run_id == running else 1_700_000_060_456,
        )
        assert {key: [point[:2] for point in mine] for key, mine in here["points"].items()} == {
            # In SQLite MLflow has no infinity, but the largest number.
            key: [
                [step, {"inf": 1.7976931348623157e308, "-inf": -1.7976931348623157e308}.get(value, value)]
                for step, value in mine
            ]
            for key, mine in there["points"].items()
        }
        tags = {**there["tags"]}
        if "note" in tags:
            tags["mlflow.note.content"] = tags.pop("note")
        assert {key: here["tags"][key] for key in tags} == tags
        assert here["files"] == there["files"]
    plain = get_run(store, "plain").tags["mlflow.run_id"]
    assert back["best"] == [plain]

    mlflow(path.parent, "finish", uri, running)
    renewed = told_by(workspace, "import", str(path), "--json")
    assert (renewed["imported"], renewed["renewed"]) == (0, 1)
    assert get_run(store, "running").status == "FINISHED"


def test_own_runs_are_read_by_mlflow(workspace: Workspace, tmp_path: Path) -> None:
    script = (
        "import pilothouse as ph\n"
        "with ph.start_run(name='mine [/x]', params={'lr': 0.1}, tags={'note': 'why'}) as run:\n"
        "    for step in range(50): run.log_metric('auc', step / 50, step=step)\n"
        "    (run.artifacts / 'x.txt').write_text('hello')\n"
    )
    (workspace.root / "train.py").write_text(script)
    assert pilothouse("run", "--", sys.executable, "train.py", cwd=workspace.root).code == 0
    (workspace.root / "deeper").mkdir()
    dest = Path("deeper", "..", os.path.relpath(tmp_path / "out", workspace.root))
    told_by(workspace, "export", str(dest), "--format", "mlflow", "--json")
    back = mlflow(tmp_path / "reader", "read", f"sqlite:///{tmp_path / 'out' / 'mlflow.db'}")
    (run,) = back["runs"].values()
    assert (run["status"], run["params"]["lr"], run["files"]["x.txt"]) == ("FINISHED", "0.1", "hello")
    assert run["tags"]["mlflow.note.content"] == "why"
    assert (run["metrics"]["auc"], len(run["points"]["auc"])) == (0.98, 50)
    assert len(back["best"]) == 1
