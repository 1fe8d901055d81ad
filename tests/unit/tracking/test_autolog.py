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


def test_the_training_score_is_what_the_estimator_says_of_those_rows(
    workspace: Workspace, store: Store
) -> None:
    body = """
import json, pandas as pd
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier
noisy = (X[:, 0] + np.random.default_rng(1).normal(size=200) > 0).astype(int)
models = [
    (LogisticRegression(C=0.01), X, noisy),
    (DecisionTreeClassifier(max_depth=2), pd.DataFrame(X, columns=list("abc")), pd.Series(noisy)),
    (Ridge(), X, X[:, 0] * 2 + noisy),
    (make_pipeline(StandardScaler(), LogisticRegression(C=0.01)), X, noisy),
]
print(json.dumps([model.fit(rows, labels).score(rows, labels) for model, rows, labels in models]))
"""
    scores = json.loads(run_script(workspace, body).splitlines()[0])
    runs = sorted(list_runs(store), key=lambda run: run.started_at)
    assert [run.metrics["training_score"] for run in runs] == scores
    assert all(0.3 < score < 1 for score in scores) and len(set(scores)) >= 3


def test_fits_in_threads_are_recorded_each_and_those_inside_a_fit_are_not(
    workspace: Workspace, store: Store
) -> None:
    body = """
import threading
from concurrent.futures import ThreadPoolExecutor
from joblib import parallel_config
from sklearn.svm import SVC
meet = threading.Barrier(2)
class Slow(SVC):
    def fit(self, X, y):
        meet.wait()  # two of them are always under way
        return super().fit(X, y)
def fit(C):
    return Slow(C=C).fit(X, y).score(X, y)
with ThreadPoolExecutor(2) as pool:
    print(list(pool.map(fit, [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0])))
with ph.start_run(name="open"):
    with parallel_config(backend="threading", n_jobs=2):
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=3).fit(X, y)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fit, [1.0, 2.0]))
"""
    out = run_script(workspace, body)
    assert "could not record" not in out
    runs = {run.params["C"]: run for run in list_runs(store) if run.name != "open"}
    assert sorted(map(float, runs)) == [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0] and len(list_runs(store)) == 7
    scores = json.loads(out.splitlines()[0])
    assert [runs[key].metrics["training_score"] for key in sorted(runs, key=float)] == scores
    assert {(run.status, run.tags["autolog"]) for run in runs.values()} == {("FINISHED", "Slow")}
    told = {key: value for key, value in get_run(store, "open").params.items() if key.endswith("estimator")}
    assert sorted(value.split(".")[-1] for value in told.values()) == [
        "GridSearchCV",
        "LogisticRegression",
        *["Slow"] * 2,
    ]
    assert get_run(store, "open").params.keys() >= {"fit2.C", "fit3.C"}


def test_the_estimator_is_the_one_that_was_fitted(workspace: Workspace, store: Store) -> None:
    body = """
from sklearn.ensemble import BaggingClassifier
GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, y)
BaggingClassifier(LogisticRegression(), n_estimators=2).fit(X, y)
LogisticRegression().fit(X, y)
"""
    run_script(workspace, body)
    runs = {run.tags["autolog"]: run.params for run in list_runs(store)}
    assert runs.keys() == {"GridSearchCV", "BaggingClassifier", "LogisticRegression"}
    for name, params in runs.items():
        inner = name != "LogisticRegression"
        assert params["estimator"].startswith("sklearn.") and params["estimator"].endswith(f".{name}")
        assert params.get("estimator.estimator") == ("LogisticRegression" if inner else None)
        assert params.get("estimator__C") == ("1.0" if inner else None)


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
