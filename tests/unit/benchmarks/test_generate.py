from __future__ import annotations

from pathlib import Path

from benchmarks.generate import METRICS, PARAMS, RECIPES, fill, new_workspace
from pilothouse.store import verify_events
from pilothouse.tracking.runs import Run, count_runs, get_run, list_runs, metric_history
from pilothouse.tracking.search import parse
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.selecting import Order


def runs_of(root: Path, count: int, **how: int) -> list[Run]:
    _, store = new_workspace(root)
    fill(store, count, **how)
    return list_runs(store, limit=count + 1)


def test_it_makes_as_many_runs_as_asked_each_whole(tmp_path: Path) -> None:
    _, store = new_workspace(tmp_path / "w")
    fill(store, 300)
    runs = list_runs(store, limit=1000)
    assert len(runs) == len({run.run_id for run in runs}) == len({run.name for run in runs}) == 300
    for run in runs:
        assert set(run.metrics) == set(METRICS)
        assert set(run.params) == set(PARAMS)
        assert 0.5 <= run.metrics["roc_auc"] < 1
        assert set(run.tags) == {"by"}
        assert run.recipe in RECIPES
        assert run.ended_at is not None
        assert run.ended_at > run.started_at
    assert {run.status for run in runs} == {"FINISHED", "FAILED"}
    assert [run.started_at for run in runs] == sorted((run.started_at for run in runs), reverse=True)
    assert set(metric_history(store, runs[0].run_id)) == set(METRICS)
    assert verify_events(store) is None


def test_its_runs_are_found_as_any_others_are(tmp_path: Path) -> None:
    _, store = new_workspace(tmp_path / "w")
    fill(store, 200)
    best, second = list_runs(store, order=Order(Field("metrics", "roc_auc")), limit=2)
    assert best.metrics["roc_auc"] >= second.metrics["roc_auc"]
    some = count_runs(store, where=parse("max_iter=300"))
    assert 0 < some < 200
    assert all(run.params["max_iter"] == "300" for run in list_runs(store, where=parse("max_iter=300")))
    assert get_run(store, best.run_id[:8]).run_id == best.run_id


def test_a_seed_gives_the_same_runs_again_and_another_gives_others(tmp_path: Path) -> None:
    first = runs_of(tmp_path / "a", 20, seed=1)
    assert first == runs_of(tmp_path / "b", 20, seed=1)
    assert first != runs_of(tmp_path / "c", 20, seed=2)


def test_fewer_metrics_and_params_can_be_asked_for(tmp_path: Path) -> None:
    run = runs_of(tmp_path / "w", 5, metrics=3, params=2)[0]
    assert set(run.metrics) == set(METRICS[:3])
    assert set(run.params) == set(PARAMS[:2])
