from __future__ import annotations

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.trash import purge_runs
from pilothouse.tracking.writer import RunStart, attach_run, open_run, reopen_run
from pilothouse.training.sweeps.ledger import _logged
from pilothouse.training.watching import RunWatch, watch_run
from pilothouse.workspace import Workspace

START = RunStart(kind="api", name="watched", status="RUNNING")
numbers = st.floats(allow_nan=False)
calls = st.lists(
    st.one_of(
        st.tuples(st.just("metrics"), st.dictionaries(st.sampled_from("ab"), numbers, min_size=1)),
        st.tuples(st.just("points"), st.lists(st.tuples(st.sampled_from("bc"), numbers), max_size=3)),
        st.tuples(st.just("progress"), st.floats(0, 1)),
    ),
    max_size=6,
)


def test_what_a_script_logs_in_a_batch_is_seen_by_its_sweep(workspace: Workspace) -> None:
    writer = open_run(workspace, START, hold=True)
    script = attach_run(writer.folder)
    script.log_points([("loss", 0.5, 1), ("loss", 0.25, 2), ("auc", float("inf"), None)])
    script.close()
    assert _logged(writer.folder) == {"loss": 0.25, "auc": math.inf}
    writer.end("FINISHED", 0)


def test_a_run_that_goes_on_is_watched_on(workspace: Workspace) -> None:
    writer = open_run(workspace, START, hold=True)
    writer.end("FAILED", 1)
    watch = RunWatch(writer.folder)
    assert watch.look() and watch.ended
    again = reopen_run(workspace, writer.run_id)
    assert again is not None
    assert watch.look() and (watch.status, watch.ended) == ("RUNNING", False)
    again.progress(0.5, "half")
    assert watch.look() and (watch.fraction, watch.text) == (0.5, "half")
    again.end("FINISHED", 0)
    assert watch.look() and (watch.status, watch.ended) == ("FINISHED", True)
    assert not watch.look()


def test_a_run_that_is_taken_away_is_not_watched_for_ever(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, START, hold=True)
    looks = watch_run(workspace, writer.run_id)
    assert next(looks).status == "RUNNING"
    writer.end("FAILED", 1)
    purge_runs(store, [writer.run_id])
    # The journal was gone before anybody read the end in it.
    assert not any(watch.ended for watch in looks)


def test_a_run_that_was_killed_is_watched_to_its_end(workspace: Workspace) -> None:
    writer = open_run(workspace, START, hold=True)
    writer.close()
    *_, last = watch_run(workspace, writer.run_id)
    assert (last.status, last.ended) == ("LOST", True)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls)
def test_who_watches_sees_what_the_store_is_told(
    workspace: Workspace, store: Store, found: list[tuple[str, object]]
) -> None:
    writer = open_run(workspace, START, hold=True)
    watch = RunWatch(writer.folder)
    try:
        for what, content in found:
            if what == "metrics":
                writer.log_metrics(content)  # type: ignore[arg-type]
            elif what == "points":
                writer.log_points([(key, value, None) for key, value in content])  # type: ignore[attr-defined]
            else:
                writer.progress(content)  # type: ignore[arg-type]
            watch.look()
        watch.look()
        run = get_run(store, writer.run_id)
        assert (watch.metrics, watch.status, watch.fraction) == (run.metrics, run.status, run.progress)
    finally:
        writer.end("FINISHED", 0)
        fold(store)
