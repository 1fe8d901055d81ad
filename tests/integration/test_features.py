"""Feature views through a whole life: trained, served over HTTP, logged, measured for skew."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pilothouse.data.versions import snapshot
from pilothouse.serving.control import stop_server
from pilothouse.serving.predictions import read_predictions
from pilothouse.serving.status import server_status
from pilothouse.serving.tables import written_at
from pilothouse.store import open_store
from pilothouse.training.sweeps.data import recipe_data
from pilothouse.training.sweeps.launch import SweepOrder, checked
from pilothouse.training.sweeps.plan import SweepPlan
from pilothouse.tui.commands import Stop
from pilothouse.tui.snapshots.features import measure
from pilothouse.workspace import Workspace
from ready_made import copied
from steering import pilothouse, pilothouse_each, post
from waiting import wait_until

SAMPLE = Path(__file__).parents[2] / "sample_data"
VIEW = """
-- How the morning's alert level and the clock bear on a flight.
SELECT hour(sched_dep) AS hour, distance > 1000 AS far, a.level
FROM rows r ASOF LEFT JOIN alerts a ON r.origin = a.origin AND r.sched_dep >= a.since
"""


def write_alerts(path: Path, level: int = 0) -> None:
    lines = [
        f"{origin},2013-01-{day:02d} 00:00:00,{day + level}"
        for origin in ("JFK", "LGA", "EWR")
        for day in (1, 9)
    ]
    path.write_text("\n".join(["origin,since,level", *lines]) + "\n")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(copied("flights with the sky", flights_with_the_sky, tmp_path / "w"))


def flights_with_the_sky(root: Path) -> None:
    for name in ("data", "features", "tables"):
        (root / name).mkdir(parents=True)
    shutil.copy(SAMPLE / "flights-2013-01.parquet", root / "data")
    (root / "features" / "sky.sql").write_text(VIEW)
    write_alerts(root / "tables" / "alerts.csv")
    made = pilothouse("init", ".", "--data", "data", "--target", "late", "--name", "late", cwd=root)
    assert made.code == 0, made
    config = root / "pilothouse.toml"
    kept = [line for line in config.read_text().splitlines() if not line.startswith("exclude")]
    kept.insert(kept.index("[data]") + 1, 'time = "sched_dep"\nid = "flight_id"')
    tables = '[features]\ntables = { alerts = { file = "tables/alerts.csv", time = "since" } }'
    config.write_text("\n".join([*kept, tables]) + "\n")


def test_a_sweep_searches_with_the_features_that_its_winner_is_fitted_with(place: Workspace) -> None:
    plan, spec = checked(place, SweepOrder(SweepPlan(space=("C=1,2",), strategy="grid"), recipe="logistic"))
    dataset = snapshot(place, open_store(place), place.config().model())
    data, _ = recipe_data(place, replace(spec, dataset_version=dataset.version), plan)
    assert {"hour", "far", "level"} <= set(data.inputs.columns)
    assert {"hour", "far", "level"} <= set(data.features.names)


@pytest.mark.slow
def test_the_same_features_in_training_and_in_serving(place: Workspace) -> None:
    root = place.root
    told = pilothouse("features", "--json", cwd=root)
    trained, promoted, served = pilothouse_each(
        ["train", "--recipe", "logistic", "--follow"], ["promote", "1", "--yes"],
        ["serve", "--detach", "--port", "0", "--json"], cwd=root,
    )  # fmt: skip
    assert [(one["feature"], one["type"]) for one in told.json()["features"]] == [
        ("hour", "long"), ("far", "boolean"), ("level", "long"),
    ]  # fmt: skip
    assert trained.code == 0, trained.err
    signature = json.loads((place.version_dir("late", 1) / "signature.json").read_text())
    names = [one["name"] for one in signature["inputs"]]
    assert "sched_dep" in names and not {"hour", "far", "level", "late"} & set(names)
    assert signature["inputs"][-1] == {"name": "flight_id", "type": "string", "required": False}
    # What the views make is kept as the reference of what files that land will give.
    profile = json.loads((place.version_dir("late", 1) / "profile.json").read_text())
    assert [one["name"] for one in profile["made"]] == ["hour", "far", "level"]
    assert [one["kind"] for one in profile["made"]] == ["numeric", "boolean", "category"]
    assert (promoted.code, served.code) == (0, 0), (promoted, served)
    rows = str(SAMPLE / "flights-2013-01.parquet")
    try:
        predicted, skew, of_file = pilothouse_each(
            ["predict", rows, "--limit", "40"], ["skew", "--exit-code"],
            ["skew", "--data", rows, "--exit-code", "--json"], cwd=root,
        )  # fmt: skip
        line = read_predictions(place, 1)[0]
        assert predicted.code == 0 and set(line["computed"]) == {"hour", "far", "level"}
        assert skew.code == 0
        report = of_file.json()
        assert (report["rows"], report["unmatched"], report["skew"]) == (40, 0, False)
        assert measure(place, "late", lambda _: None, Stop()).skewed == 0

        # The past is written anew: what was served is no longer what is computed offline, and that is told.
        write_alerts(root / "tables" / "alerts.csv", level=5)
        done = pilothouse("skew", "--exit-code", "--json", cwd=root)
        assert done.code == 1
        (skewed,) = [one for one in done.json()["features"] if one["differing"]]
        assert (skewed["feature"], skewed["share"], skewed["largest"]) == ("level", 1.0, 5.0)
        # The server takes the changed table up by itself.
        before = line["computed"]["level"]
        row = json.dumps({"dataframe_records": [line["features"]]})
        wait_until(lambda: _served_level(place, served.json()["port"], row) == before + 5)
        # And says which it answers by.
        wait_until(lambda: _tables_of(place)["alerts"] == written_at(root / "tables" / "alerts.csv"))
        (table,) = pilothouse("features", "--json", cwd=root).json()["tables"]
        assert table["served"] == table["written"] != ""
    finally:
        stop_server(place)
    events = pilothouse("events", "--json", cwd=root).json()
    assert any(one["kind"] == "skew" and "level differs in 100.0%" in one["message"] for one in events)


def _served_level(place: Workspace, port: int, row: str) -> float:
    assert post(port, row)[0] == 200
    return float(read_predictions(place, 1)[0]["computed"]["level"])


def _tables_of(place: Workspace) -> dict[str, str]:
    status = server_status(place)
    assert status is not None
    return status.tables


def test_a_view_that_leaks_makes_no_version(place: Workspace) -> None:
    leak = "SELECT (SELECT max(level) FROM alerts) AS worst FROM rows"
    (place.root / "features" / "leak.sql").write_text(leak)
    done, models = pilothouse_each(
        ["train", "--recipe", "logistic", "--follow"], ["models", "--json"], cwd=place.root
    )
    assert done.code == 1 and "'worst' looks into the future" in done.out + done.err
    assert models.json() == []
