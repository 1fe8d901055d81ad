"""Foreign stores made by hand: whole ones, broken ones and hostile ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pilothouse.tracking.exchange.mlflow_schema import SCHEMA

START, END = 1_700_000_000_000, 1_700_000_060_000


def make_database(path: Path, runs: Iterable[dict[str, Any]]) -> Path:
    """Write an MLflow database; each run is a dict of what differs from a plain finished one."""
    con = sqlite3.connect(path)
    con.executescript(SCHEMA)
    con.execute("INSERT INTO experiments VALUES (1, 'exp', '', 'active', 0, 0)")
    for run in runs:
        con.execute(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri,"
            " experiment_id) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
            [
                run["id"],
                run.get("name", "a run"),
                run.get("status", "FINISHED"),
                run.get("start", START),
                run.get("end", END),
                run.get("stage", "active"),
                run.get("uri", ""),
            ],
        )
        for table in ("params", "tags"):
            rows = [(key, value, run["id"]) for key, value in run.get(table, {}).items()]
            con.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)
        con.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (key, value, at, run["id"], step, 0)
                for key, points in run.get("metrics", {}).items()
                for step, value, at in points
            ],
        )
    con.commit()
    con.close()
    return path


def make_folder(root: Path, run_id: str, *, meta: str = "", files: dict[str, str] | None = None) -> Path:
    """Write one run into an `mlruns/` folder and return the run's folder."""
    experiment = root / "1"
    experiment.mkdir(parents=True, exist_ok=True)
    (experiment / "meta.yaml").write_text("experiment_id: '1'\nname: exp\nlifecycle_stage: active\n")
    folder = experiment / run_id
    folder.mkdir()
    (folder / "meta.yaml").write_text(
        meta or f"run_id: {run_id}\nrun_name: a run\nstatus: 3\nstart_time: {START}\nend_time: {END}\n"
    )
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
