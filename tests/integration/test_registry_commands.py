"""models, register, promote, rollback, serve and predict as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import making_models as making
from pilothouse.serving.control import stop_server
from pilothouse.store import Store
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace
from steering import pilothouse_each

Place = tuple[Workspace, Store]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = making.workspace(tmp_path / "w", "\n[gates]\nroc_auc = { min = 0.6, max_drop = 0.01 }\n")
    making.register(*made, "r1")
    making.register(*made, "r2", flip=True)
    making.register(*made, "r3")
    return made


def type_in(place: Place, *words: str, rows: str = "", ends: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pilothouse", *words],
        cwd=place[0].root,
        input=rows,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == ends, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def read(place: Place, *words: str, rows: str = "", ends: int = 0) -> Any:
    return json.loads(type_in(place, *words, "--json", rows=rows, ends=ends).stdout)


def test_a_model_goes_live_and_back(place: Place) -> None:
    assert [one["version"] for one in read(place, "models")] == [3, 2, 1]
    assert "There is: late." in type_in(place, "models", "--model", "NOPE", ends=1).stderr
    first = read(place, "promote", "1", "--yes", "--reason", "\x1b[31m[/x] 'start'")
    assert first["promoted"] and first["to_version"] == 1 and first["gates"][1]["why"] == "no champion yet"
    refused = read(place, "promote", "2", "--yes", ends=1)
    assert refused["promoted"] is False and not all(one["passed"] for one in refused["gates"])
    words = type_in(place, "promote", "2", "--yes", ends=1)
    assert "✗ roc_auc at least 0.6" in words.stdout and "--force" in words.stderr
    assert read(place, "promote", "late/2", "--yes", "--force")["from_version"] == 1
    assert read(place, "rollback", "--yes")["to_version"] == 1
    assert read(place, "rollback", "--to", "v3", "--yes", "--reason", "a [/test]")["kind"] == "rollback"
    history = read(place, "models", "--history")
    assert [one["to_version"] for one in history] == [3, 1, 2, 1]
    assert read(place, "models")[0]["aliases"] == ["champion"]
    for words in (type_in(place, "models"), type_in(place, "models", "--history")):
        assert words.stdout and "\x1b" not in words.stdout


def test_nothing_is_asked_without_a_terminal(place: Place) -> None:
    for words in (("promote", "1"), ("rollback",)):
        done = type_in(place, *words, ends=2)
        assert "--yes" in done.stderr and not done.stdout
    assert read(place, "models", "--history") == []


def test_hostile_versions_are_only_unknown(place: Place) -> None:
    commands = [["promote", "--yes", "--", ref[:500]] for ref in making.HOSTILE[:-1]]
    for words, done in zip(commands, pilothouse_each(*commands, cwd=place[0].root), strict=True):
        assert done.code == 1, (words, done)
        assert done.err.startswith("pilothouse: ") and "\x1b" not in done.err, (words, done)
        assert "Traceback" not in done.err, (words, done)


def test_register_takes_a_runs_bundle_once(place: Place) -> None:
    writer = open_run(place[0], RunStart(kind="train", model="late", recipe="logistic"))
    run_id = writer.run_id
    making.bundle(place[0].run_dir(run_id) / "artifacts" / "model", seed=8)
    writer.log_metrics({"roc_auc": 0.7})
    writer.end("FINISHED", 0, "")
    made = read(place, "register", run_id)
    assert made["version"] == 4 and made["run_id"] == run_id and made["metrics"]["roc_auc"] == 0.7
    assert read(place, "register", run_id[:10])["version"] == 4
    empty = open_run(place[0], RunStart(kind="script", model="late"))
    empty.end("FINISHED", 0, "")
    assert "made no bundle" in type_in(place, "register", empty.run_id, ends=1).stderr
    type_in(place, "register", "nobody", ends=1)


def test_a_scripts_model_is_registered_and_goes_live(tmp_path: Path) -> None:
    """As the README has it: log_model, then `register latest`, with a gate against the champion."""
    place = making.workspace(tmp_path / "w", "\n[gates]\nroc_auc = { max_drop = 0.005 }\n")
    for _ in range(2):
        run_id = _script_run(place)
    made = read(place, "register", "latest")
    assert (made["model"], made["version"], made["run_id"]) == ("late", 1, run_id)
    done = type_in(place, "promote", "1", "--yes")
    assert "no champion yet" in done.stdout and "late v1 is live" in done.stdout
    # Against a champion there is no evidence without rows to compare them on, and it says what is missing.
    assert read(place, "register", _script_run(place))["version"] == 2
    refused = type_in(place, "promote", "2", "--yes", ends=1)
    assert "no evidence" in refused.stderr and "kept no artifact holdout.parquet" in refused.stderr


def test_a_scripts_model_is_judged_by_what_it_logged_against_a_limit(place: Place) -> None:
    made = read(place, "register", _script_run(place, roc_auc=0.5))
    done = type_in(place, "promote", str(made["version"]), "--yes", ends=1)
    assert "0.5 < 0.6, as its run logged it" in done.stdout
    made = read(place, "register", _script_run(place, roc_auc=0.7))
    assert "is live" in type_in(place, "promote", str(made["version"]), "--yes").stdout


def test_a_model_without_gates_says_so(place: Place) -> None:
    assert read(place, "register", _script_run(place), "--model", "bc")["version"] == 1
    assert (
        "No gate was judged: pilothouse.toml says nothing of a model bc."
        in type_in(place, "promote", "bc/1", "--check").stderr
    )
    done = type_in(place, "promote", "bc/1", "--yes")
    assert "bc v1 is live" in done.stdout and "No gate was judged" in done.stderr


def _script_run(place: Place, **metrics: float) -> str:
    writer = open_run(place[0], RunStart(kind="script", model=""))
    making.bundle(place[0].run_dir(writer.run_id) / "artifacts" / "model", seed=8)
    writer.log_metrics(metrics)
    writer.end("FINISHED", 0, "")
    return writer.run_id


def test_serve_and_predict(place: Place, tmp_path: Path) -> None:
    row = json.dumps({"distance": 500.5, "hour": 20, "carrier": "UA"})
    assert "pilothouse promote" in type_in(place, "serve", "--detach", "--port", "0", ends=1).stderr
    assert "No version of late is live" in type_in(place, "predict", rows=row, ends=1).stderr
    assert read(place, "serve", "--status", ends=1) is None
    assert read(place, "serve", "--stop") == {"stopped": False}
    type_in(place, "serve", "--stop", "--detach", ends=2)
    type_in(place, "promote", "1", "--yes")
    assert read(place, "predict", rows=row)["served"] is False
    try:
        status = read(place, "serve", "--detach", "--port", "0")
        assert status["state"] == "ready" and status["version"] == 1
        assert read(place, "predict", rows=row) == {
            **read(place, "predict", rows=f"[{row}]"),
            "served": True,
            "version": 1,
        }
        file = tmp_path / "rows [b]x.parquet"
        making.holdout(file, making.flights(1500))
        done = type_in(place, "predict", str(file), "--json")
        assert len(json.loads(done.stdout)["predictions"]) == 1500 and "Left out" in done.stderr
        assert "probability" in type_in(place, "predict", str(file), "--limit", "3").stdout
        assert "answers with it" in type_in(place, "promote", "3", "--yes").stderr
        assert "answers with it" in type_in(place, "rollback", "--yes").stderr
        for bad in ("", "nope", "[]", '{"hour": 1}'):
            type_in(place, "predict", rows=bad, ends=1)
        assert "runs already" in type_in(place, "serve", ends=1).stderr
        assert "late v1" in type_in(place, "serve", "--status").stdout
        assert read(place, "serve", "--stop") == {"stopped": True}
    finally:
        stop_server(place[0])


def test_gates_are_judged_without_anything_going_live(place: Place) -> None:
    assert all(gate["passed"] for gate in read(place, "promote", "1", "--check"))
    failed = read(place, "promote", "2", "--check", ends=1)
    assert not all(gate["passed"] for gate in failed)
    assert all(version["aliases"] == [] for version in read(place, "models"))
