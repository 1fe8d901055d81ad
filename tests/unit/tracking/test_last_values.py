"""The last value of a metric is that of its highest step, and among equal steps the one written last: in the
store, in its curve, for who watches a run, and in what is exported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.store import Store
from pilothouse.tracking.columns import read_column, value_of
from pilothouse.tracking.curves import MOST, read_curves
from pilothouse.tracking.exchange.exporting import export_runs
from pilothouse.tracking.exchange.importing import import_runs
from pilothouse.tracking.exchange.opening import open_source
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.tracking.search import parse
from pilothouse.tracking.writer import MetricPoint, RunStart, RunWriter, open_run, reopen_run
from pilothouse.training.watching import RunWatch
from pilothouse.workspace import Workspace, init_workspace

Written = tuple[str, float, int | None]

keys = st.sampled_from(["a", "b"])
steps = st.one_of(st.none(), st.integers(-3, 6))
values = st.one_of(
    st.sampled_from([0.5, 0.7, math.nan, math.inf, -math.inf]), st.floats(-9, 9, allow_nan=False)
)
pieces = st.lists(st.lists(st.tuples(keys, values, steps), max_size=6), min_size=1, max_size=5)


def truth(points: Sequence[Written]) -> dict[str, list[tuple[int, float]]]:
    """The points of each metric by step, in plain Python: equal steps stay as they were written."""
    found: dict[str, list[tuple[int, float]]] = {}
    for key, value, step in points:
        mine = found.setdefault(key, [])
        mine.append((step if step is not None else max((at for at, _ in mine), default=-1) + 1, value))
    return {key: sorted(mine, key=lambda point: point[0]) for key, mine in found.items()}


def begin(workspace: Workspace, name: str = "") -> RunWriter:
    return open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)


def log(writer: RunWriter, points: Sequence[Written], how: int) -> None:
    """Write points as one entry, or as one each."""
    if how:
        many: list[MetricPoint] = list(points)
        writer.log_points(many)
        return
    for key, value, step in points:
        writer.log_metrics({key: value}, step)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces, st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_whatever_the_order_and_the_pieces_everybody_says_the_same(
    workspace: Workspace, store: Store, cut: list[list[Written]], how: list[int]
) -> None:
    writer = begin(workspace)
    watch = RunWatch(writer.folder)
    for piece, which in zip(cut, how, strict=False):
        log(writer, piece, which & 1)
        if which & 2:
            # The run ends here, is read, and is gone on with.
            writer.end("FINISHED")
            fold(store)
            again = reopen_run(workspace, writer.run_id)
            assert again is not None
            writer = again
        watch.look()
        fold(store)
    writer.end("FINISHED")
    wanted = truth([point for piece in cut for point in piece])
    run = get_run(store, writer.run_id)
    last = {key: points[-1][1] for key, points in wanted.items()}
    assert repr(sorted(run.metrics.items())) == repr(sorted(last.items()))
    assert repr(sorted(watch.metrics.items())) == repr(sorted(last.items()))
    for key, points in wanted.items():
        summary = run.summaries[key]
        finite = [value for _, value in points if math.isfinite(value)]
        assert (summary.last_step, summary.count) == (points[-1][0], len(points))
        assert (summary.min, summary.max) == (min(finite, default=None), max(finite, default=None))
    history = metric_history(store, run.run_id)
    told = {key: [(point.step, point.value) for point in found] for key, found in history.items()}
    assert repr(told) == repr({key: wanted[key] for key in sorted(wanted)})
    for by in ("step", "time"):
        for (_, key), curve in read_curves(store, [run.run_id], ["a", "b"], by=by).items():  # type: ignore[arg-type]
            assert curve.last is not None
            assert repr(curve.last[1]) == repr(last[key]), by
            if by == "step":
                assert repr(curve.points) == repr(tuple((float(x), y) for x, y in wanted[key]))


def test_a_late_evaluation_of_an_older_checkpoint_is_not_the_last(workspace: Workspace, store: Store) -> None:
    writer = begin(workspace, "back")
    for step, value in ((0, 0.1), (10, 0.5), (20, 0.9), (15, 0.7)):
        writer.log_metric("acc", value, step)
    writer.log_metric("acc", 0.95)
    writer.log_metric("acc", 0.6, 18)
    writer.end("FINISHED")
    (run,) = list_runs(store, where=parse("last(acc) > 0.94 AND metrics.acc < 0.96"))
    assert value_of(run, read_column("metrics.acc")) == 0.95
    assert [point.step for point in metric_history(store, run.run_id)["acc"]] == [0, 10, 15, 18, 20, 21]


@pytest.mark.parametrize("last", [0.25, math.nan])
def test_a_long_curve_ends_with_the_last_value(workspace: Workspace, store: Store, last: float) -> None:
    writer = begin(workspace)
    count = MOST + 500
    writer.log_points([("m", float(step % 7), step) for step in range(count)])
    # Equal steps at the end, then one in the middle.
    writer.log_points(
        [("m", -9.0, count - 1), ("m", 99.0, count - 1), ("m", last, count - 1), ("m", 3.0, 10)]
    )
    writer.end("FINISHED")
    fold(store)
    run = get_run(store, writer.run_id)
    assert repr(run.metrics["m"]) == repr(last)
    for by in ("step", "time"):
        curve = read_curves(store, [run.run_id], ["m"], by=by)[run.run_id, "m"]  # type: ignore[arg-type]
        assert curve.thinned
        assert curve.last is not None
        assert repr(curve.last[1]) == repr(last)
        if by == "step":
            assert repr(curve.points[-1]) == repr((count - 1.0, last))
            assert {(count - 1.0, 99.0), (count - 1.0, -9.0)} <= set(curve.points)


def test_what_was_exported_and_imported_has_the_same_last_values(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    writer = begin(workspace, "there")
    # Within a millisecond, which is all that MLflow keeps; the last is neither the least nor the most.
    at = 1_700_000_000.0
    written = [(3, 0.9), (5, 0.2), (5, 0.8), (5, 0.2), (5, 0.4), (2, 0.1)]
    writer.log_points([("acc", value, step, at) for step, value in written])
    # Told to be older than what was written before at the same step.
    writer.log_points([("loss", 0.5, 1, at), ("loss", 0.7, 1, at - 60)])
    writer.end("FINISHED")
    (run,) = list_runs(store)
    assert run.metrics == {"acc": 0.4, "loss": 0.7}
    export_runs(store, [run.run_id], str(tmp_path / "ex"), format="mlflow")
    other = Store(init_workspace(tmp_path / "other", '[model]\nname = "m"\ntarget = "y"\n'))
    assert import_runs(other, open_source(str(tmp_path / "ex"))).imported == 1
    (found,) = list_runs(other)
    assert found.metrics == run.metrics
    assert read_curves(other, [found.run_id], ["acc"])[found.run_id, "acc"].points[-1] == (5.0, 0.4)
