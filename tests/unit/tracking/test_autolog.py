"""Fits of scikit-learn record themselves, in scripts of their own, and change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pilothouse.store import Store
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.workspace import Workspace

BEFORE = """
import pilothouse as ph
{first}
ph.autolog()
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X = np.random.default_rng(0).normal(size=(200, 3)); y = (X[:, 0] > 0).astype(int)
"""


def run_script(workspace: Workspace, body: str, first: str = "", code: int = 0) -> str:
    path = workspace.root / "script.py"
    path.write_text(BEFORE.format(first=first) + body)
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=workspace.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("first", ["", "import sklearn.linear_model"])
def test_a_fit_is_a_run_of_its_own(workspace: Workspace, store: Store, first: str) -> None:
    run_script(workspace, "LogisticRegression(C=0.5).fit(X, y)", first)
    (run,) = list_runs(store)
    assert (run.status, run.tags["autolog"]) == ("FINISHED", "LogisticRegression")
    assert run.params["estimator"].endswith("LogisticRegression")
    assert (run.params["C"], run.params["n_rows"], run.params["n_features"]) == ("0.5", "200", "3")
    assert run.metrics["training_score"] > 0.9 and run.metrics["fit_seconds"] > 0


def test_only_the_outermost_fit_counts(workspace: Workspace, store: Store) -> None:
    body = """
inner = make_pipeline(StandardScaler(), LogisticRegression())
search = GridSearchCV(inner, {"logisticregression__C": [0.1, 1.0]}, cv=3)
with ph.start_run(name="open"):
    search.fit(X, y)
    LogisticRegression().fit(X, y)
"""
    run_script(workspace, body)
    (run,) = list_runs(store)
    assert run.name == "open"
    assert run.params["best.logisticregression__C"] in ("0.1", "1.0")
    assert 0.8 < run.metrics["cv_score"] <= 1
    assert run.params["fit2.estimator"].endswith("LogisticRegression") and "fit3.estimator" not in run.params


def test_results_are_the_same_with_and_without(workspace: Workspace) -> None:
    body = """
from sklearn.neural_network import BernoulliRBM
from sklearn.ensemble import RandomForestClassifier
def work():
    np.random.seed(3)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5)).fit(X, y)
    return model.predict_proba(X).tolist(), np.random.random()
on = work(); ph.autolog(disable=True); off = work()
print(on == off)
import inspect, pickle
print(list(inspect.signature(LogisticRegression.fit).parameters))
print(pickle.loads(pickle.dumps(LogisticRegression().fit(X, y))).coef_.shape)
"""
    out = run_script(workspace, body)
    assert out.splitlines()[:3] == ["True", "['self', 'X', 'y', 'sample_weight']", "(1, 3)"]


def test_a_fit_that_fails_is_told_and_what_cannot_be_recorded_harms_nothing(
    workspace: Workspace, store: Store
) -> None:
    body = """
from sklearn.base import BaseEstimator
class Mine(BaseEstimator):
    def fit(self, X, y=None):
        return self
    def score(self, X, y):
        raise RuntimeError("no score [/x]")
Mine().fit(X, y)
try:
    LogisticRegression().fit(X, y[:5])
except ValueError:
    print("as without")
"""
    out = run_script(workspace, body)
    assert "as without" in out and "could not record a fit: RuntimeError: no score [/x]" in out
    assert sorted(run.status for run in list_runs(store)) == ["FAILED", "FINISHED"]


def test_outside_a_workspace_it_only_warns(tmp_path: Path, workspace: Workspace) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    code = BEFORE.format(first="") + "print(LogisticRegression().fit(X, y).coef_.shape)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True, timeout=120, check=True
    )
    assert "(1, 3)" in done.stdout and "could not record a fit" in done.stderr


def test_it_loads_nothing_by_itself() -> None:
    code = (
        "import json, sys, pilothouse as ph; ph.autolog();"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] in ('sklearn', 'numpy', 'duckdb')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_supervised_scripts_log_into_their_run(workspace: Workspace, store: Store) -> None:
    from steering import pilothouse

    (workspace.root / "train.py").write_text(BEFORE.format(first="") + "LogisticRegression().fit(X, y)")
    assert pilothouse("run", "--", "python", "train.py", "--lr", "0.1", cwd=workspace.root).code == 0
    run = get_run(store, "latest")
    assert run.kind == "script" and run.params["lr"] == "0.1"
    assert run.metrics["training_score"] > 0.9
