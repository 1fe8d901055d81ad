"""A model's data folder with one month learned from, and files judged against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from making_data import write_parquet
from pilothouse.data.versions import snapshot
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.keeping_verdicts import Verdict
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def numbers_and_letters(rng: np.random.Generator, n: int, shift: float = 0.0) -> dict[str, Any]:
    """Columns x0 to x2 around `shift`, letters in k, and a target y of 0 and 1."""
    columns: dict[str, Any] = {f"x{k}": rng.normal(shift, size=n) for k in range(3)}
    return {**columns, "k": rng.choice(list("abc"), size=n), "y": rng.integers(0, 2, size=n)}


def learned_from(workspace: Workspace, store: Store, rng: np.random.Generator) -> Path:
    """Write 2,000 rows of them, keep them as a dataset version, and return the folder."""
    data = workspace.root / "data"
    write_parquet(data / "jan.parquet", numbers_and_letters(rng, 2000))
    snapshot(workspace, store, workspace.config().model())
    return data


def judge(workspace: Workspace, store: Store, path: Path) -> Verdict:
    """Judge a file as the watcher would."""
    return judge_file(workspace, store, workspace.config().model(), path)
