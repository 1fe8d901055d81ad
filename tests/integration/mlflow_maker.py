"""Runs inside MLflow's own environment: makes a store with every kind of run, and says what is in it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.tracking import MlflowClient

HOSTILE = [
    "model [/foo]",
    "\x1b[31mred",
    "a\nb\tc",
    "'; DROP TABLE runs; --",
    "\u202ertl",
    "x" * 240,
    "naïve 🚢 表",
]


def _said(value: float) -> Any:
    return value if math.isfinite(value) else str(value)


def make(uri: str) -> None:
    client = MlflowClient(uri)
    exp = client.create_experiment("flights [/late]")
    told: dict[str, dict[str, Any]] = {}

    def start(name: str, parent: str = "") -> str:
        tags = {"mlflow.parentRunId": parent} if parent else {}
        run = client.create_run(exp, run_name=name, tags=tags, start_time=1_700_000_000_123)
        told[run.info.run_id] = {"name": name, "params": {}, "points": {}, "tags": {}, "files": {}}
        return str(run.info.run_id)

    def end(run_id: str, status: str = "FINISHED") -> None:
        client.set_terminated(run_id, status, end_time=1_700_000_060_456)
        told[run_id]["status"] = status

    plain = start("plain")
    client.log_param(plain, "lr", 0.1)
    client.log_param(plain, "optimiser", "adam")
    client.set_tag(plain, "team", "blue")
    client.set_tag(plain, "mlflow.note.content", "A note\nin two lines")
    client.log_text(plain, "hello", "notes/hello.txt")
    client.log_text(plain, "{}", "model.json")
    read = [
        DatasetInput(
            Dataset("flights", "abc123", "local", "{}"), [InputTag("mlflow.data.context", "training")]
        ),
        DatasetInput(Dataset("weather", "def456", "local", "{}"), []),
    ]
    client.log_inputs(plain, read)
    long = [Metric("loss", 1 / (1 + step), 1_700_000_000_000 + step, step) for step in range(1000)]
    for first in range(0, 1000, 500):
        client.log_batch(plain, metrics=long[first : first + 500])
    client.log_metric(plain, "auc", 0.75, timestamp=1_700_000_000_005, step=3)
    told[plain].update(
        params={"lr": "0.1", "optimiser": "adam"},
        points={"loss": [[m.step, m.value] for m in long], "auc": [[3, 0.75]]},
        tags={
            "team": "blue",
            "note": "A note\nin two lines",
            "dataset.name": "flights, weather",
            "dataset.context": "training",
        },
        files={"notes/hello.txt": "hello", "model.json": "{}"},
    )
    end(plain)

    failed = start("failed")
    for step, value in enumerate([1.0, math.nan, math.inf, -math.inf]):
        client.log_metric(failed, "odd", value, timestamp=1_700_000_000_000 + step, step=step)
    told[failed]["points"] = {"odd": [[0, 1.0], [1, "nan"], [2, "inf"], [3, "-inf"]]}
    end(failed, "FAILED")

    killed = start("killed")
    client.log_metric(killed, "down", -1.5, timestamp=1_700_000_000_000, step=-2)
    told[killed]["points"] = {"down": [[-2, -1.5]]}
    end(killed, "KILLED")

    running = start("running")
    client.log_metric(running, "loss", 0.5, timestamp=1_700_000_000_777, step=0)
    told[running].update(points={"loss": [[0, 0.5]]}, status="LOST")

    child = start("child", parent=plain)
    told[child]["tags"] = {"mlflow.parentRunId": plain}
    end(child)

    for index, text in enumerate(HOSTILE):
        run_id = start(text)
        client.log_batch(
            run_id,
            params=[Param("p", text)],
            tags=[RunTag("t", text)],
            metrics=[Metric("a/b c", index, 1, 0)],
        )
        told[run_id].update(params={"p": text}, tags={"t": text}, points={"a/b c": [[0, index]]})
        end(run_id)

    deleted = start("deleted")
    end(deleted)
    client.delete_run(deleted)
    del told[deleted]
    print(json.dumps({"runs": told, "deleted": 1, "experiment": "flights [/late]"}))


def finish(uri: str, run_id: str) -> None:
    MlflowClient(uri).set_terminated(run_id, "FINISHED", end_time=1_700_000_090_000)


def read(uri: str) -> None:
    """Say everything that MLflow's client reads from a store."""
    client = MlflowClient(uri)
    told = {}
    experiments = {one.experiment_id: one.name for one in client.search_experiments()}
    token = None
    while True:
        page = client.search_runs(list(experiments), max_results=100, page_token=token)
        for found in page:
            run = client.get_run(found.info.run_id)
            run_id = run.info.run_id
            files = {}
            todo = [""]
            while todo:
                for item in client.list_artifacts(run_id, todo.pop() or None):
                    if item.is_dir:
                        todo.append(item.path)
                    else:
                        files[item.path] = Path(client.download_artifacts(run_id, item.path)).read_text()
            told[run_id] = {
                "name": run.info.run_name,
                "status": run.info.status,
                "started": run.info.start_time,
                "ended": run.info.end_time,
                "experiment": experiments[run.info.experiment_id],
                "params": run.data.params,
                "tags": run.data.tags,
                "metrics": {key: _said(value) for key, value in run.data.metrics.items()},
                "points": {
                    key: [
                        [m.step, _said(m.value), m.timestamp] for m in client.get_metric_history(run_id, key)
                    ]
                    for key in run.data.metrics
                },
                "files": files,
            }
        token = page.token
        if not token:
            break
    best = client.search_runs(list(experiments), filter_string="metrics.auc > 0.7 and params.lr = '0.1'")
    print(json.dumps({"runs": told, "best": [run.info.run_id for run in best]}))


if __name__ == "__main__":
    {"make": make, "finish": finish, "read": read}[sys.argv[1]](*sys.argv[2:])
