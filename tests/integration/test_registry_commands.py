"""models, register, promote, rollback, serve and predict as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import making_models as making
from pilothouse.serving.control import stop_server
from pilothouse.store import Store
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace
from steering import Done, pilothouse_each

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


def type_in_turn(place: Place, *commands: tuple[list[str], int], given: Sequence[str] = ()) -> list[Done]:
    """Type commands in, each with the exit code that it must end with; one process is loaded for all."""
    told = pilothouse_each(*(words for words, _ in commands), cwd=place[0].root, given=given)
    for (words, ends), done in zip(commands, told, strict=True):
        assert done.code == ends, (words, done)
        assert "Traceback" not in done.err, (words, done)
    return told


def test_a_model_goes_live_and_back(place: Place) -> None:
    hostile = "\x1b[31m[/x] 'start'"
    listed, unknown, first, refused, words, forced, back, chosen, history, models, *shown = type_in_turn(
        place,
        (["models", "--json"], 0),
        (["models", "--model", "NOPE"], 1),
        (["promote", "1", "--yes", "--reason", hostile, "--json"], 0),
        (["promote", "2", "--yes", "--json"], 1),
        (["promote", "2", "--yes"], 1),
        (["promote", "late/2", "--yes", "--force", "--json"], 0),
        (["rollback", "--yes", "--json"], 0),
        (["rollback", "--to", "v3", "--yes", "--reason", "a [/test]", "--json"], 0),
        (["models", "--history", "--json"], 0),
        (["models", "--json"], 0),
        (["models"], 0),
        (["models", "--history"], 0),
    )
    assert [one["version"] for one in listed.json()] == [3, 2, 1]
    assert "There is: late." in unknown.err
    live = first.json()
    assert live["promoted"] and live["to_version"] == 1 and live["gates"][1]["why"] == "no champion yet"
    why = refused.json()
    assert why["promoted"] is False and not all(one["passed"] for one in why["gates"])
    assert "✗ roc_auc at least 0.6" in words.out and "--force" in words.err
    assert forced.json()["from_version"] == 1
    assert back.json()["to_version"] == 1
    assert chosen.json()["kind"] == "rollback"
    assert [one["to_version"] for one in history.json()] == [3, 1, 2, 1]
    assert models.json()[0]["aliases"] == ["champion"]
    for done in shown:
        assert done.out and "\x1b" not in done.out


def test_nothing_is_asked_without_a_terminal(place: Place) -> None:
    *refused, history = type_in_turn(
        place, (["promote", "1"], 2), (["rollback"], 2), (["models", "--history", "--json"], 0)
    )
    for done in refused:
        assert "--yes" in done.err and not done.out
    assert history.json() == []


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
    checked, done = type_in_turn(
        place, (["promote", "bc/1", "--check"], 0), (["promote", "bc/1", "--yes"], 0)
    )
    assert "No gate was judged: pilothouse.toml says nothing of a model bc." in checked.err
    assert "bc v1 is live" in done.out and "No gate was judged" in done.err


def _script_run(place: Place, **metrics: float) -> str:
    writer = open_run(place[0], RunStart(kind="script", model=""))
    making.bundle(place[0].run_dir(writer.run_id) / "artifacts" / "model", seed=8)
    writer.log_metrics(metrics)
    writer.end("FINISHED", 0, "")
    return writer.run_id


def test_serve_and_predict(place: Place, tmp_path: Path) -> None:
    row = json.dumps({"distance": 500.5, "hour": 20, "carrier": "UA"})
    nothing, dead, state, stopped, _, _, alone = type_in_turn(
        place,
        (["serve", "--detach", "--port", "0"], 1),
        (["predict"], 1),
        (["serve", "--status", "--json"], 1),
        (["serve", "--stop", "--json"], 0),
        (["serve", "--stop", "--detach"], 2),
        (["promote", "1", "--yes"], 0),
        (["predict", "--json"], 0),
        given=["", row, "", "", "", "", row],
    )
    assert "pilothouse promote" in nothing.err and "No version of late is live" in dead.err
    assert state.json() is None and stopped.json() == {"stopped": False}
    assert alone.json()["served"] is False
    try:
        status = read(place, "serve", "--detach", "--port", "0")
        assert status["state"] == "ready" and status["version"] == 1
        file = tmp_path / "rows [b]x.parquet"
        making.holdout(file, making.flights(1500))
        one, list_of_one, of_file, shown, promoted, back, *bad, again, told, stopped = type_in_turn(
            place,
            (["predict", "--json"], 0),
            (["predict", "--json"], 0),
            (["predict", str(file), "--json"], 0),
            (["predict", str(file), "--limit", "3"], 0),
            (["promote", "3", "--yes"], 0),
            (["rollback", "--yes"], 0),
            *[(["predict"], 1)] * 4,
            (["serve"], 1),
            (["serve", "--status"], 0),
            (["serve", "--stop", "--json"], 0),
            given=[row, f"[{row}]", "", "", "", "", "", "nope", "[]", '{"hour": 1}', "", "", ""],
        )
        assert one.json() == {**list_of_one.json(), "served": True, "version": 1}
        assert len(of_file.json()["predictions"]) == 1500 and "Left out" in of_file.err
        assert "probability" in shown.out
        assert "answers with it" in promoted.err and "answers with it" in back.err
        assert len(bad) == 4
        assert "runs already" in again.err
        assert "late v1" in told.out
        assert stopped.json() == {"stopped": True}
    finally:
        stop_server(place[0])


def test_gates_are_judged_without_anything_going_live(place: Place) -> None:
    passed, failed, models = type_in_turn(
        place,
        (["promote", "1", "--check", "--json"], 0),
        (["promote", "2", "--check", "--json"], 1),
        (["models", "--json"], 0),
    )
    assert all(gate["passed"] for gate in passed.json())
    assert not all(gate["passed"] for gate in failed.json())
    assert all(version["aliases"] == [] for version in models.json())
