from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import making_models as making
from pilothouse.errors import ConfigError, NotFoundError, PilothouseError
from pilothouse.registry.deployments import GateRefusedError, check_gates, promote, rollback
from pilothouse.registry.evaluation import evaluate
from pilothouse.registry.generation import generation_path
from pilothouse.registry.history import Deployment, history, live_periods, rollback_target
from pilothouse.registry.manifest import BundleError
from pilothouse.registry.versions import champion, get_version
from pilothouse.store import Store, list_events
from pilothouse.workspace import Workspace

Place = tuple[Workspace, Store]
GATES = "\n[gates]\nroc_auc = { min = 0.7, max_drop = 0.01 }\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return making.workspace(tmp_path / "w")


@pytest.fixture
def gated(tmp_path: Path) -> Place:
    return making.workspace(tmp_path / "w", GATES)


def several(place: Place, count: int = 3) -> None:
    for n in range(1, count + 1):
        making.register(*place, f"r{n}", seed=n)


def live(place: Place) -> int:
    version = champion(place[1], "late")
    assert version is not None
    return version.version


def test_promote_moves_the_alias_and_leaves_its_traces(place: Place) -> None:
    several(place, 2)
    first = promote(*place, "1", reason="start [/x]", actor="ann")
    assert (first.kind, first.from_version, first.to_version, first.actor) == ("promote", None, 1, "ann")
    generation = generation_path(place[0]).read_text()
    second = promote(*place, "v2")
    assert live(place) == 2 and second.from_version == 1
    assert generation_path(place[0]).read_text() != generation
    assert history(place[1], "late") == [second, first]
    event = list_events(place[1], kind="promote")[1]
    assert event.actor == "ann" and "start [/x]" in event.message and event.subject == "late/1"


def test_rollback_walks_back_and_not_forth_again(place: Place) -> None:
    several(place, 3)
    for ref in ("1", "2", "3"):
        promote(*place, ref)
    assert [rollback(*place).to_version, rollback(*place).to_version] == [2, 1]
    with pytest.raises(PilothouseError, match="first version that went live"):
        rollback(*place)
    assert live(place) == 1
    assert rollback(*place, to="3", reason="again").to_version == 3
    assert rollback_target(place[1], "late") == 1
    promote(*place, "2")
    assert rollback(*place).to_version == 3


def test_what_was_live_when(place: Place) -> None:
    several(place, 2)
    promote(*place, "1")
    promote(*place, "2")
    rollback(*place)
    periods = live_periods(place[1], "late")
    assert [(one.version, one.until is None) for one in periods] == [(1, True), (2, False), (1, False)]
    assert periods[1].until == periods[0].since


def test_gates_refuse_and_say_why_and_nothing_moves(gated: Place) -> None:
    making.register(*gated, "r1")
    making.register(*gated, "r2", flip=True)
    promote(*gated, "1")
    with pytest.raises(GateRefusedError) as caught:
        promote(*gated, "2")
    assert [one.passed for one in caught.value.results] == [False, False]
    assert "roc_auc at least 0.7" in str(caught.value) and "--force" in str(caught.value)
    assert live(gated) == 1 and len(history(gated[1])) == 1
    (event,) = list_events(gated[1], kind="gate")
    assert event.data["gates"][0]["passed"] is False


def test_force_goes_past_a_gate_and_the_history_keeps_that(gated: Place) -> None:
    making.register(*gated, "r1")
    making.register(*gated, "r2", flip=True)
    promote(*gated, "1")
    done = promote(*gated, "2", force=True, reason="a test")
    assert live(gated) == 2
    assert [one["passed"] for one in done.gates] == [False, False]
    assert "forced past 2 failed gates" in list_events(gated[1], kind="promote")[0].message


def test_candidate_and_champion_are_compared_on_the_same_rows(gated: Place) -> None:
    making.register(*gated, "r1")
    making.register(*gated, "r2")
    first = check_gates(*gated, "1")
    assert [one.why for one in first][1] == "no champion yet"
    promote(*gated, "1")
    verdict = check_gates(*gated, "2")[1]
    assert verdict.passed and verdict.value == verdict.baseline is not None
    promote(*gated, "2")
    assert live(gated) == 2


def test_without_a_holdout_there_is_no_evidence(gated: Place) -> None:
    making.register(*gated, "r1")
    (gated[0].run_dir("r1") / "artifacts" / "holdout.parquet").unlink()
    with pytest.raises(GateRefusedError, match="no evidence"):
        promote(*gated, "1")
    (gated[0].run_dir("r1") / "artifacts" / "holdout.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(GateRefusedError, match="cannot be read"):
        promote(*gated, "1")


def test_a_champion_that_cannot_score_the_rows_gives_no_evidence(gated: Place) -> None:
    making.register(*gated, "r1")
    second = making.register(*gated, "r2")
    promote(*gated, "1")
    (get_version(gated[1], "1").path / "metrics.json").unlink()
    other_rows = gated[0].run_dir("r2") / "artifacts" / "holdout.parquet"
    other_rows.unlink()
    making.holdout(other_rows, making.flights(100, seed=77))
    results = check_gates(*gated, str(second.version))
    assert results[0].passed and not results[1].passed and "metrics.json is missing" in results[1].why


def test_latency_is_measured_when_a_gate_asks(tmp_path: Path) -> None:
    place = making.workspace(tmp_path / "w", "\n[gates]\np99_ms = { max = 5000 }\n")
    version = making.register(*place)
    holdout = place[0].run_dir("r1") / "artifacts" / "holdout.parquet"
    cfg = place[0].config().model()
    assert "p99_ms" not in evaluate(place[1], version, holdout, cfg)
    assert check_gates(*place, "1")[0].passed
    assert evaluate(place[1], version, holdout, cfg)["p99_ms"] > 0


def test_scores_are_kept_and_read_back(place: Place) -> None:
    version = making.register(*place)
    cfg, holdout = place[0].config().model(), place[0].run_dir("r1") / "artifacts" / "holdout.parquet"
    scores = evaluate(place[1], version, holdout, cfg)
    assert {"roc_auc", "pr_auc", "log_loss", "brier", "f1", "accuracy"} <= set(scores) and scores[
        "roc_auc"
    ] > 0.8
    (version.path / "model.joblib").unlink()
    assert evaluate(place[1], version, holdout, cfg) == scores


def test_regression_scores(tmp_path: Path) -> None:
    table = making.flights(100)
    table["late"] = table["late"] * 1.0
    root = tmp_path / "w"
    place = making.workspace(root)
    config = place[0].config_path
    config.write_text(config.read_text().replace("classification", "regression"))
    version = making.register(*place, task="regression")
    scores = evaluate(
        place[1], version, place[0].run_dir("r1") / "artifacts" / "holdout.parquet", place[0].config().model()
    )
    assert set(scores) == {"rmse", "mae", "r2"}


def test_a_class_never_seen_is_told(gated: Place) -> None:
    making.register(*gated, "r1")
    path = gated[0].run_dir("r1") / "artifacts" / "holdout.parquet"
    path.unlink()
    table = making.flights(50)
    table.loc[3, "late"] = 7
    making.holdout(path, table)
    with pytest.raises(GateRefusedError, match="class '7'"):
        promote(*gated, "1")


def test_what_cannot_be_done_is_told_and_changes_nothing(place: Place) -> None:
    with pytest.raises(NotFoundError, match="no version of late yet"):
        promote(*place, "1")
    with pytest.raises(PilothouseError, match="nothing to roll back"):
        rollback(*place)
    several(place, 2)
    promote(*place, "1")
    with pytest.raises(PilothouseError, match="live already"):
        promote(*place, "1")
    with pytest.raises(PilothouseError, match="live already"):
        rollback(*place, to="champion")
    with pytest.raises(NotFoundError):
        rollback(*place, to="9")
    (get_version(place[1], "2").path / "model.joblib").unlink()
    for act in (lambda: promote(*place, "2", force=True), lambda: rollback(*place, to="2")):
        with pytest.raises(BundleError):
            act()
    assert live(place) == 1 and len(history(place[1])) == 1


def test_the_challenger_that_goes_live_waits_no_longer(place: Place) -> None:
    several(place, 2)
    promote(*place, "1")
    making.call(place[1], get_version(place[1], "2"), "challenger")
    promote(*place, "late@challenger")
    assert get_version(place[1], "2").aliases == ("champion",)


def test_a_name_that_only_scripts_know_has_no_gates(gated: Place) -> None:
    making.register(*gated, "r1", model="other")
    assert check_gates(*gated, "other/1") == []
    assert promote(*gated, "other/1").model == "other"
    making.register(*gated, "r2", model="other")
    promote(*gated, "other/2")
    assert rollback(*gated, model="other").to_version == 1
    assert isinstance(rollback(*gated, to="other/2"), Deployment)


def test_two_terminals_at_once_leave_one_story(place: Place) -> None:
    several(place, 4)
    promote(*place, "1")

    def act(ref: str) -> bool:
        try:
            promote(*place, ref)
        except PilothouseError as error:
            assert "went live" in error.what
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(act, ["2", "3", "4"]))
    story = history(place[1], "late")[::-1]
    assert len(story) == 1 + sum(done)
    assert [one.from_version for one in story[1:]] == [one.to_version for one in story[:-1]]
    assert story[-1].to_version == live(place)


def test_several_models_need_a_name(tmp_path: Path) -> None:
    place = making.workspace(tmp_path / "w")
    text = '[model.late]\ntarget = "late"\n[model.early]\ntarget = "early"\n'
    place[0].config_path.write_text(text)
    with pytest.raises(ConfigError):
        rollback(*place)
    for n, name in enumerate(("late", "early")):
        making.register(*place, f"r{n}", model=name)
        promote(*place, f"{name}/1", force=True)
    with pytest.raises(ConfigError, match="Several models"):
        rollback(*place)
