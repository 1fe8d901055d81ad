"""Writing a new MLflow store: a SQLite file and a folder of artifacts, with the standard library."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pilothouse.store import Store
from pilothouse.tracking.exchange.artifacts import copy_artifacts
from pilothouse.tracking.exchange.mlflow_schema import REVISION, SCHEMA
from pilothouse.tracking.exchange.rows import (
    EXPERIMENT_TAG,
    ID_TAG,
    NOTE_TAG,
    OWN_PREFIX,
    PARENT_TAG,
    UNFINISHED_TAG,
    USER_TAG,
    milliseconds,
)
from pilothouse.tracking.exchange.selecting import read_in_pages, read_with_points
from pilothouse.tracking.points import Histories, Point
from pilothouse.tracking.runs import Run

DATABASE_NAME = "mlflow.db"
ARTIFACTS_NAME = "artifacts"
OWN_EXPERIMENT = "pilothouse"
"""Where runs of no model and no experiment go."""

_LARGEST = 1.7976931348623157e308
_MLFLOW_ID = re.compile(r"[A-Za-z0-9][\w-]{0,31}", re.ASCII)


def write_mlflow(
    store: Store, run_ids: Sequence[str], folder: Path, *, final: Path, artifacts: bool
) -> tuple[int, int]:
    """Write runs as an MLflow store; return how many artifacts were copied and their bytes.

    Args:
        store: where the runs are read.
        run_ids: which.
        folder: exists, and is written to.
        final: where it will be found; MLflow wants the whole path of artifacts.
        artifacts: whether to copy artifacts.
    """
    ids = _mlflow_ids(store, run_ids)
    experiments: dict[str, int] = {"Default": 0}
    count = size = 0
    con = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    try:
        con.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {SCHEMA}")
        con.execute("BEGIN")
        con.execute("INSERT INTO alembic_version VALUES (?)", [REVISION])
        _add_experiment(con, "Default", 0, final, None)
        for runs in read_in_pages(store, run_ids):
            for run, metrics in read_with_points(store, runs):
                name = run.tags.get(EXPERIMENT_TAG) or run.model or OWN_EXPERIMENT
                if name not in experiments:
                    experiments[name] = len(experiments)
                    _add_experiment(con, name, experiments[name], final, milliseconds(run.started_at))
                mlflow_id = ids[run.run_id]
                _add_run(con, run, mlflow_id, experiments[name], final, ids.get(run.parent_run_id, ""))
                _add_points(con, mlflow_id, metrics)
                source = store.workspace.run_dir(run.run_id) / "artifacts"
                if artifacts and source.is_dir():
                    more = copy_artifacts(source, folder / ARTIFACTS_NAME / mlflow_id / "artifacts")
                    count, size = count + more[0], size + more[1]
        con.execute("COMMIT")
    finally:
        con.close()
    return count, size


def _mlflow_ids(store: Store, run_ids: Sequence[str]) -> dict[str, str]:
    """Give each run the id that it had in MLflow, if it came from there, else its own."""
    rows = store.query(
        "SELECT run_id, value FROM tags WHERE key = ? AND run_id IN (SELECT unnest(?))",
        [ID_TAG, list(run_ids)],
    )
    ids = {run_id: run_id for run_id in run_ids}
    taken = set(run_ids)
    for row in rows:
        value = row["value"]
        # The tag may have been changed by hand; an id becomes part of a path.
        if _MLFLOW_ID.fullmatch(value) and value not in taken:
            ids[row["run_id"]] = value
            taken.add(value)
    return ids


def _add_experiment(con: sqlite3.Connection, name: str, number: int, final: Path, at: int | None) -> None:
    con.execute(
        "INSERT INTO experiments VALUES (?, ?, ?, 'active', ?, ?)",
        [number, name, (final / ARTIFACTS_NAME).as_uri(), at, at],
    )


def _add_run(
    con: sqlite3.Connection, run: Run, mlflow_id: str, experiment: int, final: Path, parent: str
) -> None:
    status = run.status
    if status == "LOST":
        status = run.tags.get(UNFINISHED_TAG, "FAILED")
        status = status if status in ("RUNNING", "SCHEDULED") else "FAILED"
    tags = _tags(run)
    if parent:
        tags[PARENT_TAG] = parent
    con.execute(
        "INSERT INTO runs VALUES (?, ?, 'LOCAL', ?, '', ?, ?, ?, ?, '', 'active', ?, ?, NULL)",
        [
            mlflow_id,
            run.name,
            tags.get("mlflow.source.name", ""),
            tags.get(USER_TAG, ""),
            status,
            milliseconds(run.started_at),
            None
            if run.ended_at is None or status in ("RUNNING", "SCHEDULED")
            else milliseconds(run.ended_at),
            (final / ARTIFACTS_NAME / mlflow_id / "artifacts").as_uri(),
            experiment,
        ],
    )
    con.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(key, tags[key], mlflow_id) for key in tags])
    con.executemany(
        "INSERT INTO params VALUES (?, ?, ?)", [(key, value, mlflow_id) for key, value in run.params.items()]
    )


def _tags(run: Run) -> dict[str, str]:
    tags: dict[str, str] = {}
    if run.command or run.recipe:
        tags = {"mlflow.source.name": run.command or run.recipe, "mlflow.source.type": "LOCAL"}
    for key, value in run.tags.items():
        if key not in (ID_TAG, EXPERIMENT_TAG, UNFINISHED_TAG):
            tags[NOTE_TAG if key == "note" else key] = value
    tags["mlflow.runName"] = run.name
    own: Mapping[str, str] = {
        "run_id": run.run_id,
        "model": run.model,
        "recipe": run.recipe,
        "dataset_version": run.dataset_version,
        "command": run.command,
        "reason": run.reason,
        "exit_code": "" if run.exit_code is None else str(run.exit_code),
        "status": run.status if run.status == "LOST" else "",
    }
    return {**tags, **{OWN_PREFIX + key: value for key, value in own.items() if value}}


def _add_points(con: sqlite3.Connection, mlflow_id: str, metrics: Histories) -> None:
    for key, mine in metrics:
        # MLflow keeps a point once; ours may hold the very same one twice.
        con.executemany(
            "INSERT OR IGNORE INTO metrics VALUES (?, ?, ?, ?, ?, ?)", _rows(mlflow_id, key, mine)
        )
        last = mine[-1]
        value, is_nan = _number(last.value)
        con.execute(
            "INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?, ?)",
            [key, value, milliseconds(last.at), last.step, is_nan, mlflow_id],
        )


def _rows(
    mlflow_id: str, key: str, points: Sequence[Point]
) -> Iterator[tuple[str, float, int, str, int, int]]:
    for point in points:
        value, is_nan = _number(point.value)
        yield key, value, milliseconds(point.at), mlflow_id, point.step, is_nan


def _number(value: float) -> tuple[float, int]:
    """Say a number as MLflow does in SQLite: NaN is a mark, an infinity the largest number."""
    if math.isnan(value):
        return 0.0, 1
    return max(-_LARGEST, min(_LARGEST, value)), 0
