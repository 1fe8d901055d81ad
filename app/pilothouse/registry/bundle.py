"""Bundles: everything one model version is, in one folder that MLflow can read and nobody may change.

A joblib file is code. So nothing is unpickled before the sha256 of those very bytes has been compared.
"""

from __future__ import annotations

import io
import json
import pickle
import platform
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.exceptions import InconsistentVersionWarning

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps
from pilothouse.registry.features import keep_features, kept_features
from pilothouse.registry.frames import canonical_frame
from pilothouse.registry.manifest import (
    BundleError,
    read_manifest,
    read_signature,
    read_verified,
    seal,
    verify_bundle,
)
from pilothouse.registry.model import LoadedModel, Outputs, kept_threshold, same_answers
from pilothouse.registry.probe import read_probe, write_probe
from pilothouse.registry.signature import Signature
from pilothouse.registry.versions import ModelVersion

PROBE_ROWS = 50
_PACKAGES = ("scikit-learn", "pandas", "numpy", "scipy", "joblib")


def write_bundle(
    dest: Path,
    *,
    model: Any,
    signature: Signature,
    profile_json: str,
    probe: pd.DataFrame,
    metrics: Mapping[str, float],
    lineage: Mapping[str, Any],
    features: FeatureRunner | None = None,
) -> str:
    """Write a bundle as the new folder `dest`; return the sha256 (hex) of its manifest.

    It is written beside `dest` and renamed, so `dest` is a whole bundle or does not exist.

    Args:
        dest: must not exist.
        model: the fitted pipeline; takes a table with the signature's columns.
        signature: inputs and outputs.
        profile_json: the training data's profile, the reference for drift.
        probe: some rows of the data with at least the signature's inputs; the first 50 are kept, with the
            answers the written model gives to them.
        metrics: numbers by name; `threshold` is that of two classes, which the version answers with.
        lineage: run, dataset version, code, params, seed, threads: all that JSON can say.
        features: the views that make features of the signature's inputs; their tables are kept as they are.

    Raises:
        PilothouseError: `dest` exists, the model cannot be pickled, or does not answer the probe rows.
    """
    if dest.exists():
        raise PilothouseError(f"{dest} exists already.", untouched="It was not changed.")
    dest.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=dest.parent, prefix=f".{dest.name}."))
    try:
        pickled = _pickle(model)
        (folder / "model.joblib").write_bytes(pickled)
        (folder / "signature.json").write_text(signature.to_json(), encoding="utf-8")
        (folder / "profile.json").write_text(profile_json, encoding="utf-8")
        (folder / "metrics.json").write_text(_json(metrics), encoding="utf-8")
        (folder / "lineage.json").write_text(_json(lineage), encoding="utf-8")
        (folder / "requirements.txt").write_text(_requirements(), encoding="utf-8")
        (folder / "MLmodel").write_text(_mlmodel(signature, len(pickled)), encoding="utf-8")
        if features is not None:
            keep_features(folder, features)
        # The answers come from what was written, not from what is in memory: that is what will be loaded.
        rows = canonical_frame(signature, probe.head(PROBE_ROWS))
        written = LoadedModel(_unpickle(pickled, dest), signature, features, kept_threshold(metrics))
        write_probe(folder / "probe.parquet", rows, written.predict(rows))
        digest = seal(folder)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o755)
        folder.rename(dest)
        return digest
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def load_version(version: ModelVersion) -> LoadedModel:
    """Load a version, with the threshold that is kept with its metrics; see `load_model`."""
    return load_model(version.path, version.manifest_sha256, kept_threshold(version.metrics))


def load_model(bundle: Path, expected_sha256: str | None, threshold: float | None = None) -> LoadedModel:
    """Check every byte of a bundle, then load its pipeline.

    Args:
        bundle: the folder.
        expected_sha256: the manifest's sha256 as the store has it; None trusts the manifest that lies there.
        threshold: of two classes, where the bundle's own metrics have none.

    Raises:
        BundleError: a file is missing, changed, a link, or cannot be loaded here.
    """
    files = verify_bundle(bundle, expected_sha256)
    signature = read_signature(bundle, files)
    estimator = _unpickle(read_verified(bundle, "model.joblib", files), bundle)
    own = kept_threshold(json.loads(read_verified(bundle, "metrics.json", files)))
    return LoadedModel(estimator, signature, kept_features(bundle, files), threshold if own is None else own)


def check_probe(bundle: Path, expected_sha256: str | None, model: LoadedModel) -> None:
    """Let a loaded model answer its probe rows; this also warms it.

    Raises:
        BundleError: the answers are not those that were stored when the bundle was written.
    """
    files = read_manifest(bundle, expected_sha256)
    rows, expected = read_probe(read_verified(bundle, "probe.parquet", files), model.signature)
    if not len(rows):
        return
    expected, answers = _restored(expected, model), model.predict(rows)
    # Bundles that are older than the rule of the threshold have the labels of the pipeline's own `predict`.
    if not same_answers(answers, expected) and not same_answers(model.as_fitted(rows, answers), expected):
        raise BundleError(
            f"The model in {bundle} answers its probe rows differently than when it was made.",
            untouched="It was not put to use.",
            next="Compare the installed packages with its requirements.txt, or train it again here.",
        )
    model.quicken(rows)


def _restored(expected: Outputs, model: LoadedModel) -> Outputs:
    # Parquet gives a label back in its own words: a bool as a bool, but an int label may come as an int of
    # another width, and a text stays a text. Comparing needs no more than the model's own kind of number.
    if expected.predictions and model.classes is None:
        return Outputs([float(value) for value in expected.predictions], expected.probabilities)
    return expected


def _pickle(model: Any) -> bytes:
    # A plain pickle stream, which joblib reads as well as its own; MLflow reads no other.
    try:
        return pickle.dumps(model, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise PilothouseError(
            f"The model cannot be saved: {error}.",
            next="Define its functions and classes in a module, not in place.",
        ) from error


def _unpickle(content: bytes, bundle: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(content))
        except InconsistentVersionWarning as error:
            raise BundleError(
                f"The model in {bundle} was made with scikit-learn {error.original_sklearn_version}; "
                f"{error.current_sklearn_version} is installed.",
                untouched="It was not loaded.",
                next=f"Install scikit-learn=={error.original_sklearn_version}, or train it again here.",
            ) from error
        except Exception as error:
            # Whatever a pickle raises, the reader wants it in words.
            raise BundleError(
                f"The model in {bundle} cannot be loaded: {type(error).__name__}: {error}.",
                untouched="It was not put to use.",
                next="Compare the installed packages with its requirements.txt.",
            ) from error


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(dumps(dict(content))), indent=1, ensure_ascii=False)


def _requirements() -> str:
    return "".join(f"{name}=={metadata.version(name)}\n" for name in _PACKAGES)


def _mlmodel(signature: Signature, size: int) -> str:
    """Return MLflow's description of the folder; JSON texts are YAML texts, so no YAML writer is needed."""

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=True)

    inputs = json.dumps(
        [{"type": one.type, "name": one.name, "required": one.required} for one in signature.inputs]
    )
    outputs = json.dumps(
        [{"type": one.type, "name": one.name, "required": True} for one in signature.outputs[:1]]
    )
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    lines = [
        "flavors:",
        "  python_function:",
        "    loader_module: mlflow.sklearn",
        "    model_path: model.joblib",
        "    predict_fn: predict",
        f"    python_version: {text(platform.python_version())}",
        "  sklearn:",
        "    code: null",
        "    pickled_model: model.joblib",
        "    serialization_format: pickle",
        f"    sklearn_version: {text(metadata.version('scikit-learn'))}",
        f"model_size_bytes: {size}",
        f"model_uuid: {text(uuid.uuid4().hex)}",
        "signature:",
        f"  inputs: {text(inputs)}",
        f"  outputs: {text(outputs)}",
        f"utc_time_created: {text(now)}",
    ]
    return "\n".join(lines) + "\n"
