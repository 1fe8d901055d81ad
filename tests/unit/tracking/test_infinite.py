"""A run whose metric overflowed is not the best one, whoever asks; its last value is what was logged."""

from __future__ import annotations

import math

import pytest

from pilothouse.cli.main import main
from pilothouse.store import Store
from pilothouse.tracking.columns import read_column, value_of
from pilothouse.tracking.curves import read_extremes
from pilothouse.tracking.digests import keep_digests
from pilothouse.tracking.folding import fold
from pilothouse.tracking.grouping import group_runs, read_group_by
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.selecting import Order
from pilothouse.tracking.writer import RunStart, open_run, reopen_run
from pilothouse.workspace import Workspace

INF = math.inf
VALUES = {
    "sound": (0.5, 0.9, 0.7),
    "overflowed": (0.1, INF, INF),
    "came back": (INF, -INF, 0.8),
    "never": (INF, INF, INF),
    "neither": (math.nan, -INF, math.nan),
}
RANGES = {"sound": (0.5, 0.9), "overflowed": (0.1, 0.1), "came back": (0.8, 0.8)}
OLDER_RANGES = {"sound": (0.5, 0.9), "overflowed": (0.1, None)}
"""Of a store that kept infinities: what was before them is not known, and they are shown as nothing."""

_AS_BEFORE = """
UPDATE metrics SET min = told.least, max = told.most FROM (
    SELECT run_id, key, min(value) AS least, max(value) AS most FROM metric_points
    WHERE NOT isnan(value) GROUP BY run_id, key) AS told
WHERE metrics.run_id = told.run_id AND metrics.key = told.key
"""


@pytest.fixture(params=["now", "older"])
def ranges(
    request: pytest.FixtureRequest, workspace: Workspace, store: Store
) -> dict[str, tuple[object, ...]]:
    """The finite range of each run, in a store as it is made now, and in one from before."""
    for name, values in VALUES.items():
        with_points(workspace, name, values)
    fold(store)
    if request.param == "now":
        return dict(RANGES)
    with store.transaction() as tx:
        tx.execute(_AS_BEFORE)
        keep_digests(tx, [row["run_id"] for row in tx.rows("SELECT run_id FROM runs")])
    return dict(OLDER_RANGES)


def with_points(workspace: Workspace, name: str, values: tuple[float, ...]) -> str:
    writer = open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)
    for step, value in enumerate(values):
        writer.log_metrics({"acc": value, "loss": -value}, step)
    writer.end("FINISHED")
    return writer.run_id


def test_min_max_and_best_are_of_finite_values(store: Store, ranges: dict[str, tuple[object, ...]]) -> None:
    for run in list_runs(store):
        least, most = ranges.get(run.name, (None, None))
        for column, wanted in (("min", least), ("max", most), ("best", most)):
            assert value_of(run, read_column(f"{column}(metrics.acc)")) == wanted, (run.name, column)
        assert repr(run.metrics["acc"]) == repr(VALUES[run.name][-1]), "what was logged"
        ends = read_extremes(store, run.run_id).get("acc")
        assert ((ends.min, ends.max) if ends else (None, None)) == RANGES.get(run.name, (None, None))


def test_what_overflowed_is_never_first(store: Store, ranges: dict[str, tuple[object, ...]]) -> None:
    def order(by: str, descending: bool = True) -> list[str]:
        runs = list_runs(store, order=Order(read_column(by), descending))
        return [run.name for run in runs]

    for descending in (True, False):
        finite = ["came back", "sound"] if descending else ["sound", "came back"]
        assert order("metrics.acc", descending)[:2] == finite
        for which, at in (("min", 0), ("max", 1), ("best", 1)):
            known = {name: ends[at] for name, ends in ranges.items() if ends[at] is not None}
            named = order(f"{which}(metrics.acc)", descending)[: len(known)]
            assert named == sorted(known, key=lambda name: known[name], reverse=descending)  # type: ignore[arg-type,return-value]
    assert order("best(metrics.loss)", descending=False)[0] == "sound"


def test_searches_find_what_was_logged_and_no_infinite_best(
    store: Store, ranges: dict[str, tuple[object, ...]]
) -> None:
    def found(text: str) -> set[str]:
        return {run.name for run in list_runs(store, where=parse(text))}

    assert found("metrics.acc = inf") == {"overflowed", "never"}
    assert found("metrics.loss = -inf") == {"overflowed", "never"}
    assert found("best(metrics.acc) = inf OR max(metrics.acc) = inf OR min(metrics.acc) = -inf") == set()
    assert found("best(metrics.acc) > 0") == {name for name, ends in ranges.items() if ends[1] is not None}
    assert found("min(metrics.acc) IS NULL") == {name for name in VALUES if name not in ranges}


def test_groups_agree(store: Store, ranges: dict[str, tuple[object, ...]]) -> None:
    shown = [read_column("best(metrics.acc)"), read_column("metrics.acc")]
    (group,) = group_runs(store, read_group_by("status"), shown).groups
    assert group.metrics[shown[0]].best == 0.9
    assert group.metrics[shown[0]].count == sum(ends[1] is not None for ends in ranges.values())
    assert (group.metrics[shown[1]].best, group.metrics[shown[1]].count) == (0.8, 2)


def test_a_run_of_an_older_store_that_goes_on_forgets_its_infinities(
    workspace: Workspace, store: Store
) -> None:
    run_id = with_points(workspace, "on", (INF, 0.5))
    fold(store)
    with store.transaction() as tx:
        tx.execute(_AS_BEFORE)
    writer = reopen_run(workspace, run_id)
    assert writer is not None
    writer.log_metrics({"acc": 0.6}, 2)
    writer.end("FINISHED")
    fold(store)
    summary = get_run(store, run_id).summaries["acc"]
    assert (summary.min, summary.max) == (0.5, 0.6)


def test_show_and_metrics_say_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_points(workspace, "overflowed", VALUES["overflowed"])
    monkeypatch.chdir(workspace.root)
    for command in ("show", "metrics"):
        assert main([command, "overflowed"]) == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["acc"]]
        assert line.split()[1:4] == ["inf", "0.1000", "0.1000"]
