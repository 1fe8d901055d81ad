"""A version with feature views is judged on new files by the tables that a server answers by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import making_models as making
from making_data import write_parquet
from pilothouse.config import FeatureTable
from pilothouse.data.features.computing import FeatureRunner, define_features
from pilothouse.data.features.views import FeatureView
from pilothouse.data.inferring import infer_schema
from pilothouse.performance.files import measure_files
from pilothouse.registry.bundle import write_bundle
from pilothouse.registry.model import output_fields
from pilothouse.registry.signature import Field, Signature
from pilothouse.registry.versions import champion, register_bundle
from pilothouse.serving.control import predict
from pilothouse.store import Store
from pilothouse.workspace import Workspace

VIEW = FeatureView("tier", "SELECT t.tier FROM rows r LEFT JOIN tiers t ON r.who = t.who")


def write_tiers(path: Path, known: int) -> None:
    lines = [f"{who},{('gold', 'silver')[who % 2]}" for who in range(known)]
    path.write_text("\n".join(["who,tier", *lines]) + "\n")


@pytest.fixture
def live(tmp_path: Path) -> tuple[Workspace, Store]:
    """A version that was made when the table knew 200 customers; gold ones are late."""
    workspace, store = making.workspace(tmp_path / "w", '[features.tables]\ntiers = { file = "tiers.csv" }\n')
    write_tiers(workspace.root / "tiers.csv", 200)
    table = {"tiers": FeatureTable("tiers.csv")}
    rows = {"who": np.arange(200), "late": (np.arange(200) % 2 == 0).astype(int)}
    data = write_parquet(tmp_path / "old.parquet", rows)
    tables = {"tiers": workspace.root / "tiers.csv"}
    runner = FeatureRunner(define_features([VIEW], table, tables, infer_schema([data]), "late"), tables)
    frame = pd.DataFrame({"who": rows["who"].astype(float)})
    given = pd.concat([frame, runner.compute(frame)], axis=1)
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["tier"])), LogisticRegression()
    ).fit(given, rows["late"])
    bundle = workspace.run_dir("r1") / "artifacts" / "model"
    write_bundle(
        bundle, model=model, signature=Signature((Field("who", "double"),), output_fields(model, "long")),
        profile_json="{}", probe=frame, metrics={}, lineage={}, features=runner,
    )  # fmt: skip
    version = register_bundle(
        workspace, store, "late", bundle, run_id="r1", dataset_version="", recipe="logistic", metrics={}
    )
    making.call(store, version, "champion")
    return workspace, store


def test_customers_that_came_since_have_their_tiers(live: tuple[Workspace, Store]) -> None:
    workspace, store = live
    config = workspace.config().model()
    who = np.arange(1000, 1400)
    path = write_parquet(
        workspace.root / "data" / "new.parquet", {"who": who, "late": (who % 2 == 0).astype(int)}
    )
    version = champion(store, "late")
    assert version is not None
    ahead = measure_files(store, version, config, [path], metric="accuracy")
    assert ahead.harm.realised is not None and ahead.harm.realised.value == 0.5 and not ahead.troubles
    write_tiers(workspace.root / "tiers.csv", 2000)
    since = measure_files(store, version, config, [path], metric="accuracy")
    assert since.harm.realised is not None and since.harm.realised.value == 1.0 and not since.troubles
    rows = [{"who": 1000.0}, {"who": 1001.0}]
    assert predict(workspace, rows)["predictions"] == [1, 0]
    # Where the table is gone, the one that the version was made with counts, and that is said.
    (workspace.root / "tiers.csv").unlink()
    lost = measure_files(store, version, config, [path], metric="accuracy")
    assert lost.troubles[0].startswith("A feature table could not be read, so the last one still counts")
    assert "tiers.csv does not exist" in predict(workspace, rows)["trouble"]
    assert predict(workspace, [{"who": 100.0}, {"who": 101.0}])["predictions"] == [1, 0]
