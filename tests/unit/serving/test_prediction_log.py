from __future__ import annotations

import json
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from making_models import HOSTILE
from pilothouse.serving.predictions import (
    LogFullError,
    PredictionLog,
    predictions_folder,
    read_predictions,
)
from pilothouse.workspace import Workspace
from reading_back import prediction_counts

START = datetime(2026, 1, 1, tzinfo=UTC)


def line(number: int, version: int = 1, **more: Any) -> bytes:
    content = {
        "id": f"r{number}",
        "time": (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
        "model": "late",
        "version": version,
        "features": {"hour": number, **more},
        "output": {"prediction": 1, "probability": 0.5},
        "latency_ms": 1.5,
    }
    return json.dumps(content).encode() + b"\n"


@pytest.fixture
def log(workspace: Workspace) -> PredictionLog:
    return PredictionLog(predictions_folder(workspace))


def test_what_is_written_is_read_newest_first(workspace: Workspace, log: PredictionLog) -> None:
    log.append(line(1) + line(2, carrier="[/x]"))
    log.append(line(3, version=2))
    found = read_predictions(workspace)
    assert [row["id"] for row in found] == ["r3", "r2", "r1"]
    assert found[1]["features"] == {"hour": 2, "carrier": "[/x]"} and found[1]["output"]["probability"] == 0.5
    assert found[0]["time"] == START + timedelta(seconds=3)
    assert [row["id"] for row in read_predictions(workspace, 1, version=1)] == ["r2"]
    assert read_predictions(workspace, model="other") == []
    since = START + timedelta(seconds=2)
    assert [row["id"] for row in read_predictions(workspace, since=since)] == ["r3", "r2"]
    assert [row["id"] for row in read_predictions(workspace, until=since)] == ["r1"]
    assert [(row["version"], row["rows"]) for row in prediction_counts(workspace)] == [(2, 1), (1, 2)]


def test_nothing_logged_reads_as_nothing(workspace: Workspace) -> None:
    assert read_predictions(workspace) == [] and prediction_counts(workspace) == []


@pytest.mark.parametrize("cut", [1, 5, 40, 100])
def test_a_torn_last_line_is_not_there_yet(workspace: Workspace, log: PredictionLog, cut: int) -> None:
    log.append(line(1) + line(2)[:-cut])
    assert [row["id"] for row in read_predictions(workspace)] == (["r2", "r1"] if cut == 1 else ["r1"])
    # The next server never writes behind it.
    log.close()
    log.append(line(3))
    assert "r3" in [row["id"] for row in read_predictions(workspace)]
    assert len(list(predictions_folder(workspace).iterdir())) == 2


def test_segments_are_closed_when_they_are_large(workspace: Workspace) -> None:
    log = PredictionLog(predictions_folder(workspace), segment_bytes=300)
    for number in range(6):
        log.append(line(number))
    assert len(list(predictions_folder(workspace).iterdir())) == 3
    assert len(read_predictions(workspace)) == 6


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_come_back_as_they_were(workspace: Workspace, log: PredictionLog, text: str) -> None:
    log.append(line(1, **{text or "empty": text}))
    assert read_predictions(workspace)[0]["features"][text or "empty"] == text


def test_a_full_disk_refuses_a_whole_batch_and_tears_nothing(
    workspace: Workspace, log: PredictionLog
) -> None:
    log.append(line(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(line(1)) + 50, limits[1]))
    try:
        with pytest.raises(LogFullError, match="cannot be written"):
            log.append(line(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    log.append(line(3))
    assert [row["id"] for row in read_predictions(workspace)] == ["r3", "r1"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogFullError):
        PredictionLog(tmp_path / "file").append(line(1))
