"""Small real pipelines and bundles for the tests of the registry and the server."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pilothouse.registry.bundle import write_bundle
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.model import output_fields
from pilothouse.registry.signature import Field, Signature
from pilothouse.registry.versions import ModelVersion, register_bundle
from pilothouse.store import Store, open_store
from pilothouse.workspace import Workspace
from ready_made import copied, new_workspace

HOSTILE = [
    "model [/foo]",
    "[bold red]x[/]",
    "\x1b[31mred\x1b[0m\x07",
    "a\nb\tc\r",
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    '"quoted" $name {x} %s',
    "\u202eright-to-left\u202c",
    "x" * 10_000,
    "naïve 🚢 表",
    " ",
    "\x00nul",
]
INPUTS = (
    Field("distance", "double"),
    Field("hour", "long"),
    Field("carrier", "string"),
    Field("wind", "double", required=False),
)


def flights(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    """Rows with the inputs and the target `late`, learnable."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "distance": rng.uniform(100, 3000, rows),
            "hour": rng.integers(0, 24, rows),
            "carrier": rng.choice(["AA", "UA", "[/x]"], rows),
            "wind": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(10, 3, rows)),
        }
    )
    table["late"] = ((table["hour"] / 24 + rng.normal(0, 0.2, rows)) > 0.5).astype(int)
    return table


def fitted(seed: int = 0, *, flip: bool = False, task: str = "classification") -> Any:
    """A pipeline fitted on `flights`; flipped, it answers the opposite."""
    table = flights(seed=seed)
    numbers = make_pipeline(_gapless(), StandardScaler())
    head = LogisticRegression() if task == "classification" else Ridge()
    pipeline = make_pipeline(
        make_column_transformer(
            (numbers, ["distance", "hour", "wind"]), (OneHotEncoder(handle_unknown="ignore"), ["carrier"])
        ),
        head,
    )
    frame = canonical_frame(Signature(INPUTS), table)
    return pipeline.fit(frame, 1 - table["late"] if flip else table["late"])


def _gapless() -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer()


def bundle(dest: Path, *, model: Any = None, metrics: dict[str, float] | None = None, **how: Any) -> str:
    """Write a bundle; returns its manifest's sha256. One of these models is written once and then copied."""
    if model is not None or dest.exists():
        return _write(dest, fitted(**how) if model is None else model, metrics)
    copied(f"bundle {metrics} {sorted(how.items())}", lambda path: _write(path, fitted(**how), metrics), dest)
    return hashlib.sha256((dest / "manifest.json").read_bytes()).hexdigest()


def _write(dest: Path, made: Any, metrics: dict[str, float] | None) -> str:
    return write_bundle(
        dest,
        model=made,
        signature=Signature(INPUTS, output_fields(made, "long")),
        profile_json="{}",
        probe=flights(20, seed=9),
        metrics=metrics or {"roc_auc": 0.8},
        lineage={"run": "r1", "seed": 0},
    )


CONFIG = """
[model]
name = "late"
task = "classification"
target = "late"

[data]
folder = "data"
"""


def workspace(root: Path, extra: str = "") -> tuple[Workspace, Store]:
    """A workspace with one model called `late`."""
    made = new_workspace(root, CONFIG + extra)
    return made, open_store(made)


def register(
    made: Workspace, store: Store, run_id: str = "r1", *, model: str = "late", **how: Any
) -> ModelVersion:
    """Make a run's bundle and holdout, and register it."""
    artifacts = made.run_dir(run_id) / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    holdout(artifacts / "holdout.parquet")
    bundle(artifacts / "model", **how)
    return register_bundle(
        made,
        store,
        model,
        artifacts / "model",
        run_id=run_id,
        dataset_version="d1",
        recipe="logistic",
        metrics={"roc_auc": 0.8},
    )


def call(store: Store, version: ModelVersion, alias: str) -> None:
    """Point an alias at a version, as a rollout does, or a store that was made elsewhere."""
    with store.transaction() as tx:
        tx.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", [version.model, alias, version.version])


def holdout(path: Path, table: pd.DataFrame | None = None) -> None:
    """Write a holdout."""
    if table is None:
        copied("holdout", lambda kept: _write_rows(kept, flights(300, seed=5)), path)
    else:
        _write_rows(path, table)


def _write_rows(path: Path, rows: pd.DataFrame) -> None:
    import duckdb

    con = duckdb.connect(":memory:")
    con.register("rows", rows)
    con.execute(f"COPY (SELECT * FROM rows) TO '{path}' (FORMAT parquet)")
    con.close()
