"""Models that a user's own script keeps with its run, by `ph.log_model`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import literal
from pilothouse.errors import PilothouseError
from pilothouse.monitoring.profile import profile_files
from pilothouse.registry.bundle import write_bundle
from pilothouse.registry.frames import fields_of_frame
from pilothouse.registry.model import output_fields
from pilothouse.registry.signature import Signature, infer_type
from pilothouse.tracking.active import ActiveRun

BUNDLE_NAME = "model"


def keep_model(run: ActiveRun, model: Any, sample: Any, metrics: Mapping[str, float]) -> Path:
    """Write a fitted model as a bundle among the run's artifacts and return the bundle's folder.

    Args:
        run: the open run.
        model: fitted; takes a table with the columns of `sample`.
        sample: a DataFrame of rows of its input; signature, reference profile and probe are taken from it.
        metrics: what the version is judged by.

    Raises:
        PilothouseError: the sample is no table with rows, or the model cannot be kept.
    """
    if not isinstance(sample, pd.DataFrame) or sample.empty:
        raise PilothouseError(
            "log_model needs a sample: a DataFrame with some rows of the model's input.",
            untouched="Nothing was kept.",
        )
    classes = getattr(model, "classes_", None)
    kind = "double" if classes is None else infer_type(list(classes))
    signature = Signature(fields_of_frame(sample), output_fields(model, kind))
    bundle = run.artifacts / BUNDLE_NAME
    write_bundle(
        bundle,
        model=model,
        signature=signature,
        profile_json=_profile(sample),
        probe=sample,
        metrics=metrics,
        lineage={"run_id": run.run_id, "script": True, "threads": os.cpu_count()},
    )
    return bundle


def _profile(sample: pd.DataFrame) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.parquet"
        with connect() as con:
            con.register("sample_rows", sample)
            con.execute(f"COPY (SELECT * FROM sample_rows) TO {literal(str(path))} (FORMAT parquet)")
        return profile_files([path], infer_schema([path])).to_json()
