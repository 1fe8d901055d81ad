"""MLflow's client on SQLite: `FOLDER [RUNS]`, then a word a line: run, search.

The runs to search are made quickly: one by the client, the others as copies of its rows under other ids.
"""

import json
import random
import sqlite3
import sys
import time
import uuid
from pathlib import Path

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

folder = Path(sys.argv[1])
database = folder / "mlflow.db"
client = MlflowClient(f"sqlite:///{database}")
experiment = client.create_experiment("bench", artifact_location=(folder / "artifacts").as_uri())
KEYS = ["roc_auc", *(f"m{number:02d}" for number in range(1, 20))]


def one_run(steps: int, *, one_by_one: bool) -> str:
    run_id: str = client.create_run(experiment).info.run_id
    client.log_batch(run_id, params=[Param(f"p{number}", str(number / 7)) for number in range(10)])
    now = int(time.time() * 1000)
    points = [Metric(key, step / 7, now, step) for step in range(steps) for key in KEYS]
    if one_by_one:
        for point in points:
            client.log_metric(run_id, point.key, point.value, step=point.step)
    else:
        client.log_batch(run_id, metrics=points)
    client.set_terminated(run_id)
    return run_id


def populate(runs: int) -> None:
    first = one_run(1, one_by_one=False)
    dice = random.Random(7)
    connection = sqlite3.connect(database)
    for _ in range(runs - 1):
        run_id = uuid.UUID(int=dice.getrandbits(128)).hex
        for table in ("runs", "metrics", "latest_metrics", "params", "tags"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            chosen = [
                "?"
                if name == "run_uuid"
                else "abs(random()) / 9223372036854775807.0"
                if name == "value" and "metrics" in table
                else name
                for name in columns
            ]
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) "
                f"SELECT {', '.join(chosen)} FROM {table} WHERE run_uuid = ?",
                (run_id, first),
            )
    connection.commit()
    connection.close()


if len(sys.argv) > 2:
    populate(int(sys.argv[2]))
for word in sys.stdin:
    began = time.perf_counter()
    if word.strip() == "run":
        one_run(50, one_by_one=True)
        found = 1
    else:
        found = len(
            client.search_runs(
                [experiment], "metrics.roc_auc > 0.5", order_by=["metrics.roc_auc DESC"], max_results=100
            )
        )
    print(json.dumps({"seconds": time.perf_counter() - began, "found": found}), flush=True)
