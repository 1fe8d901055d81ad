"""Rows of files are found by the id of a prediction, whatever type the id came as."""

from __future__ import annotations

import json
from pathlib import Path

import making_models as making
from pilothouse.serving.predictions import PredictionLog, predictions_folder
from pilothouse.serving.skew import measure_skew


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
    assert [(one.feature, one.examples) for one in report.skewed] == [("hour", (("701208", 3.0, 4.0),))]
