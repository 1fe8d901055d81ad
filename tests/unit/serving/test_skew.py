"""Rows of files are found by the id of a prediction, whatever type the id came as."""

from __future__ import annotations

import json
from pathlib import Path

import making_models as making
from pilothouse.serving.predictions import PredictionLog, predictions_folder
from pilothouse.serving.skew import measure_skew, told_empty
from pilothouse.store import list_events


def _logged(log: PredictionLog, version: int, number: int, **features: object) -> None:
    line = {
        "id": f"q/{number}",
        "time": "2026-01-01T00:00:00Z",
        "model": "late",
        "version": version,
        "features": {"distance": 1, "hour": 3, "carrier": "UA", "wind": None, **features},
        "output": {"prediction": 1},
        "latency_ms": 1.0,
    }
    log.append(json.dumps(line).encode() + b"\n")


def test_every_prediction_is_compared_however_often_its_id_was_asked_for(tmp_path: Path) -> None:
    workspace, store = making.workspace(tmp_path / "w", 'id = "distance"\n')
    version = making.register(workspace, store)
    log = PredictionLog(predictions_folder(workspace))
    for number in range(30):
        # Right twice, and then in another unit.
        _logged(log, version.version, number, distance=number % 10, hour=3 if number < 20 else 180)
    _logged(log, version.version, 99, distance=77)
    log.close()
    path = tmp_path / "sent.csv"
    path.write_text("distance,hour,carrier,wind\n" + "".join(f"{id},3,UA,\n" for id in range(10)))
    report = measure_skew(store, version, workspace.config().model(), sources=[path])
    assert (report.rows, report.unmatched) == (30, 1)
    assert [(one.feature, one.differing, one.largest) for one in report.skewed] == [("hour", 10, 177.0)]


def test_missing_on_one_side_differs_and_the_last_row_of_an_id_counts(tmp_path: Path) -> None:
    workspace, store = making.workspace(tmp_path / "w", 'id = "distance"\n')
    version = making.register(workspace, store)
    log = PredictionLog(predictions_folder(workspace))
    for id, wind in ((1, None), (2, 5.0), (3, 7.0), (4, None)):
        _logged(log, version.version, id, distance=id, wind=wind)
    log.close()
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("distance,hour,carrier,wind\n1,3,UA,4\n2,3,UA,6\n3,3,UA,7\n")
    new.write_text("distance,hour,carrier,wind\n2,3,UA,\n4,3,UA,\n")
    report = measure_skew(store, version, workspace.config().model(), sources=[old, new])
    (wind,) = report.skewed
    assert (report.rows, wind.feature, wind.differing) == (4, "wind", 2)
    assert set(wind.examples) == {("1", None, 4.0), ("2", 5.0, None)}


def test_an_id_that_was_logged_as_a_float_is_the_integer_of_the_file(tmp_path: Path) -> None:
    workspace, store = making.workspace(tmp_path / "w", 'id = "distance"\n')
    version = making.register(workspace, store)
    log = PredictionLog(predictions_folder(workspace))
    for number, logged in enumerate((701207.0, 701208, 701209.5, 9)):
        features = {"distance": logged, "hour": 3, "carrier": "UA", "wind": None}
        line = {
            "id": f"q/{number}",
            "time": "2026-01-01T00:00:00Z",
            "model": "late",
            "version": version.version,
            "features": features,
            "output": {"prediction": 1},
            "latency_ms": 1.0,
        }
        log.append(json.dumps(line).encode() + b"\n")
    log.close()
    path = tmp_path / "sent.csv"
    path.write_text("distance,hour,carrier,wind\n701207,3,UA,\n701208,4,UA,\n,5,UA,\n")
    report = measure_skew(store, version, workspace.config().model(), sources=[path])
    assert (report.rows, report.unmatched) == (2, 2)
    # That nothing agrees with nothing is no evidence, and said so.
    assert [(one.feature, one.empty) for one in report.mostly_empty] == [("wind", 2)]
    assert told_empty(report) == "Empty both as served and offline: wind in 2 of 2."
    assert told_empty(report) in list_events(store)[0].message
    assert report.to_json()["features"][-1]["empty"] == 2
    assert [(one.feature, one.examples) for one in report.skewed] == [("hour", (("701208", 3.0, 4.0),))]
