from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier

import making_models as making
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.registry.bundle import check_probe, load_model, write_bundle
from pilothouse.registry.frames import canonical_frame, fields_of_frame, frame_of_rows
from pilothouse.registry.manifest import BundleError, seal, verify_bundle
from pilothouse.registry.model import LoadedModel, output_fields
from pilothouse.registry.signature import Field, Signature

FILES = set(
    "MLmodel model.joblib signature.json profile.json probe.parquet metrics.json lineage.json"
    " requirements.txt manifest.json".split()
)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "v1"
    return path, making.bundle(path)


def test_a_bundle_holds_what_it_must_and_loads_as_it_was(made: tuple[Path, str]) -> None:
    path, digest = made
    assert {one.name for one in path.iterdir()} == FILES
    assert not any(one.stat().st_mode & 0o222 for one in path.iterdir())
    model = load_model(path, digest)
    check_probe(path, digest, model)
    rows = canonical_frame(model.signature, making.flights(50, seed=3))
    original = making.fitted()
    assert model.predict(rows).predictions == original.predict(rows).tolist()
    assert np.allclose(model.predict(rows).probabilities, original.predict_proba(rows)[:, 1])
    assert json.loads((path / "signature.json").read_text())["inputs"][0] == {
        "name": "distance", "type": "double", "required": True,
    }  # fmt: skip


def test_mlflow_finds_a_plain_pickle_where_its_description_says(made: tuple[Path, str]) -> None:
    text = (made[0] / "MLmodel").read_text()
    assert "loader_module: mlflow.sklearn" in text and "serialization_format: pickle" in text
    with (made[0] / "model.joblib").open("rb") as file:
        assert hasattr(pickle.load(file), "predict")
    assert hasattr(joblib.load(made[0] / "model.joblib"), "predict")


def unlock(path: Path) -> Path:
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("name", sorted(FILES))
def test_one_changed_byte_anywhere_is_noticed_and_nothing_is_loaded(
    made: tuple[Path, str], name: str
) -> None:
    path, digest = made
    content = bytearray((path / name).read_bytes())
    content[len(content) // 2] ^= 1
    unlock(path / name).write_bytes(content)
    with pytest.raises(BundleError, match=r"changed|another manifest"):
        load_model(path, digest)


class Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("exploded"),)


def test_a_swapped_pickle_is_refused_before_it_runs(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, digest = made
    unlock(path / "model.joblib").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(BundleError):
        load_model(path, digest)
    # Even a manifest that was made to fit is not the one in the store.
    unlock(path / "manifest.json")
    seal(path)
    with pytest.raises(BundleError, match="another manifest"):
        load_model(path, digest)
    assert not (tmp_path / "exploded").exists()


def test_links_strangers_gaps_and_paths_are_refused(made: tuple[Path, str], tmp_path: Path) -> None:
    path, digest = made
    stranger = path / "extra.py"
    stranger.write_text("x")
    with pytest.raises(BundleError, match="not in its manifest"):
        verify_bundle(path, digest)
    stranger.unlink()
    moved = tmp_path / "elsewhere.joblib"
    (path / "model.joblib").rename(moved)
    with pytest.raises(BundleError, match=r"model\.joblib is missing"):
        verify_bundle(path, digest)
    (path / "model.joblib").symlink_to(moved)
    with pytest.raises(BundleError, match="a link"):
        verify_bundle(path, digest)
    link = tmp_path / "link"
    link.symlink_to(path)
    for missing in (link, tmp_path / "none"):
        with pytest.raises(NotFoundError):
            verify_bundle(missing, digest)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "..", "", "a/b", "C:\\x", "manifest.json"])
def test_a_manifest_cannot_lead_out_of_the_bundle(made: tuple[Path, str], name: str) -> None:
    path, _ = made
    files = json.loads((path / "manifest.json").read_text())
    files["files"][name] = "0" * 64
    unlock(path / "manifest.json").write_text(json.dumps(files))
    with pytest.raises(BundleError, match="path outside"):
        verify_bundle(path, None)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": 3}', b"\xff\xfe"])
def test_a_damaged_manifest_is_told_in_words(made: tuple[Path, str], content: bytes) -> None:
    unlock(made[0] / "manifest.json").write_bytes(content)
    with pytest.raises(BundleError, match="cannot be read"):
        verify_bundle(made[0], None)


def test_another_scikit_learn_is_an_error_with_advice(tmp_path: Path) -> None:
    model = making.fitted()
    path = tmp_path / "v1"
    making.bundle(path, model=model)
    old = pickle.dumps(model, protocol=5).replace(b"1.9.1", b"1.2.3")
    unlock(path / "model.joblib").write_bytes(old)
    unlock(path / "manifest.json")
    digest = seal(path)
    with pytest.raises(BundleError, match=r"scikit-learn 1\.2\.3") as caught:
        load_model(path, digest)
    assert "Install scikit-learn==1.2.3" in str(caught.value)


def test_a_model_that_answers_otherwise_fails_its_probe(made: tuple[Path, str]) -> None:
    path, digest = made
    other = LoadedModel(making.fitted(flip=True), load_model(path, digest).signature)
    with pytest.raises(BundleError, match="differently"):
        check_probe(path, digest, other)


def test_nothing_is_overwritten_and_no_part_is_left_behind(tmp_path: Path) -> None:
    making.bundle(tmp_path / "v1")
    with pytest.raises(PilothouseError, match="exists already"):
        making.bundle(tmp_path / "v1")

    class Local(BaseEstimator):
        pass

    with pytest.raises(PilothouseError, match="cannot be saved"):
        making.bundle(tmp_path / "v2", model=Local())
    assert [one.name for one in tmp_path.iterdir()] == ["v1"]


def test_regression_and_text_labels_and_three_classes(tmp_path: Path) -> None:
    table = making.flights(60)
    labels = {
        "number": table["distance"] * 2,
        "word": table["late"].map({0: "on [time]", 1: "late'"}),
        "three": table["hour"] % 3,
        "truth": table["late"] == 1,
    }
    for name, label in labels.items():
        head = making.fitted(task="regression" if name == "number" else "classification")
        signature = Signature(making.INPUTS)
        head.fit(canonical_frame(signature, table), label)
        digest = write_bundle(
            tmp_path / name,
            model=head,
            signature=signature,
            profile_json="{}",
            probe=table,
            metrics={},
            lineage={},
        )
        model = load_model(tmp_path / name, digest)
        check_probe(tmp_path / name, digest, model)
        answers = model.predict(canonical_frame(signature, table))
        assert (answers.probabilities is None) == (name == "number")
        if name == "three":
            assert len(answers.probabilities[0]) == 3  # type: ignore[index]


def test_a_feature_may_be_called_prediction(tmp_path: Path) -> None:
    table = making.flights(60).rename(columns={"distance": "Prediction"})[["Prediction", "hour", "late"]]
    signature = Signature((Field("Prediction", "double"), Field("hour", "long")))
    model = RandomForestClassifier(5, n_jobs=2).fit(canonical_frame(signature, table), table["late"])
    digest = write_bundle(
        tmp_path / "v1",
        model=model,
        signature=signature,
        profile_json="{}",
        probe=table,
        metrics={},
        lineage={},
    )
    loaded = load_model(tmp_path / "v1", digest)
    check_probe(tmp_path / "v1", digest, loaded)
    assert loaded.estimator.n_jobs == 1


def test_a_column_has_its_type_whatever_stands_in_the_batch() -> None:
    signature = Signature(making.INPUTS)
    full, gap = [1.0, 2, "AA", 3.0], [1.0, 2, "AA", None]
    assert frame_of_rows(signature, [full]).dtypes.equals(frame_of_rows(signature, [full, gap]).dtypes)
    table = making.flights(20)
    same = canonical_frame(signature, table.convert_dtypes())
    assert same.equals(canonical_frame(signature, table))
    assert [field.type for field in fields_of_frame(table)] == ["double", "long", "string", "double", "long"]
    with pytest.raises(PilothouseError, match="no column 'hour'"):
        canonical_frame(signature, table.drop(columns=["hour"]))
    with pytest.raises(PilothouseError, match="cannot be read as long"):
        canonical_frame(signature, table.assign(hour="x"))
    assert canonical_frame(signature, table.drop(columns=["wind"]))["wind"].isna().all()


@pytest.mark.parametrize(
    ("lineage", "beside"),
    [
        ({"left_out": {"when": "the time"}, "model": {"target": "late"}}, {"when", "late"}),
        ({"left_out": 3, "model": "late"}, set()),
        ({}, set()),
    ],
)
def test_a_signature_knows_the_other_columns_of_its_data(
    tmp_path: Path, lineage: dict[str, Any], beside: set[str]
) -> None:
    model = making.fitted()
    digest = write_bundle(
        tmp_path / "v1", model=model, signature=Signature(making.INPUTS, output_fields(model, "long")),
        profile_json="{}", probe=making.flights(20), metrics={}, lineage=lineage,
    )  # fmt: skip
    assert load_model(tmp_path / "v1", digest).signature.beside == beside
