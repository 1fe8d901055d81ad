"""Predictions and labels find each other, in whatever order and however often they come."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import making_models as making
import steering
from pilothouse.config import DataConfig, ModelConfig
from pilothouse.data.versions import get_dataset_version
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.predicted_rows import told_rows
from pilothouse.performance.labels_kept import keep_labels, labels_by_id
from pilothouse.registry.versions import get_version
from pilothouse.serving import outcomes
from pilothouse.serving.outcomes import measure_log, predicted_ids, take_labels
from pilothouse.serving.predictions import PredictionLog, predictions_folder
from pilothouse.store import Store, open_store
from pilothouse.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = ModelConfig("late", "late", data=DataConfig(id="key"))


def logged(number: int, key: Any, version: int = 1, minutes: float = 0, **features: Any) -> bytes:
    line = {
        "id": f"request-{number}",
        "time": (START + timedelta(minutes=minutes or number)).isoformat().replace("+00:00", "Z"),
        "model": "late",
        "version": version,
        "features": {"key": key, **features},
        "output": {"prediction": 1, "probability": 0.75},
        "latency_ms": 1.0,
    }
    return json.dumps(line).encode() + b"\n"


KEYS = st.sampled_from(
    ["a", "b", "7", "007", "ü [/x]", "\x00", "'; DROP TABLE labels; --", 7, 7.0, 7.5, None]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("predict"), KEYS, st.integers(1, 2)),
        st.tuples(st.just("label"), KEYS.filter(lambda key: key is not None), st.integers(0, 1)),
    ),
    max_size=12,
)


@settings(max_examples=12)
@given(STEPS)
def test_none_is_lost_whatever_the_order(steps: list[tuple[str, Any, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace, store = making.workspace(Path(folder) / "w")
        log = PredictionLog(predictions_folder(workspace))
        labels: dict[str, int] = {}
        asked: dict[int, dict[str, int]] = {}
        for number, (step, key, value) in enumerate(steps):
            text = f"request-{number}" if key is None else "7" if key == 7.0 and key != "7" else str(key)
            if step == "predict":
                log.append(logged(number, key, value))
                asked.setdefault(value, {})[text] = number
            else:
                kept = take_labels(store, CONFIG, [(key, value)], "here")
                assert kept.new + kept.same + kept.changed == 1
                assert kept.changed == (text in labels and labels[text] != value)
                assert kept.unknown == (not any(text in ids for ids in asked.values()))
                labels[text] = value
        log.close()
        found = outcomes._given(store, CONFIG, None, None)
        assert {v: {one.key for one in rows} for v, rows in found.items()} == {
            v: set(ids) for v, ids in asked.items()
        }
        for version, rows in found.items():
            # Of an id that was asked twice it is the later answer.
            assert [START.replace(tzinfo=None) + timedelta(minutes=asked[version][r.key]) for r in rows][
                1:
            ] == [r.time for r in rows][1:]
        keys = [one.key for rows in found.values() for one in rows]
        assert labels_by_id(store, "late", keys) == {k: v for k, v in labels.items() if k in keys}


@pytest.fixture
def place(tmp_path: Path) -> tuple[Workspace, Store]:
    """v1 has answered 300 rows, v2 the same ones; no label is known."""
    workspace, store = making.workspace(tmp_path / "w", 'id = "key"\n')
    (workspace.root / "data").mkdir()
    for version in (1, 2):
        making.register(workspace, store, f"r{version}", flip=version == 2)
    log = PredictionLog(predictions_folder(workspace))
    rows = making.flights(300, seed=3).drop(columns="late").to_dict("records")
    for version in (1, 2):
        # `key` is no input of these bundles: it is logged all the same.
        log.append(b"".join(line(number, row, version) for number, row in enumerate(rows)))
    log.close()
    return workspace, store


def line(number: int, row: dict[str, Any], version: int) -> bytes:
    likely = row["hour"] / 24 if version == 1 else 1 - row["hour"] / 24
    row = {name: None if value != value else value for name, value in row.items()}
    content = json.loads(logged(number, f"k{number}", version, 1 + number + 1000 * version, **row))
    content["output"] = {"prediction": int(likely > 0.5), "probability": likely}
    return json.dumps(content).encode() + b"\n"


def test_versions_are_estimated_until_labels_come(place: tuple[Workspace, Store]) -> None:
    workspace, store = place
    config = workspace.config().model()
    found = measure_log(store, config, chunk="count", every=100)
    assert [one.version for one in found.versions] == [2, 1]
    for one in found.versions:
        assert one.rows == 300 and one.labelled == 0 and one.harm.realised is None
        assert len(one.periods) == 3
        assert all(part.realised is None and part.estimated is not None for part in one.periods)
    truth = making.flights(300, seed=3)["late"].tolist()
    pairs = [(f"k{number}", value) for number, value in enumerate(truth[:200])]
    kept = take_labels(store, config, [*pairs, ("k9999", 1), ("k1", None)], "here")
    assert (kept.given, kept.new, kept.without, kept.unknown_ids) == (202, 201, 1, ("k9999",))
    two, one = measure_log(store, config, chunk="count", every=100, by=["carrier"]).versions
    assert one.labelled == 200 and one.harm.realised is not None and one.harm.realised.value is not None
    assert two.harm.realised is not None and two.harm.realised.value is not None
    assert one.harm.realised.value > 0.8 > 0.2 > two.harm.realised.value
    assert [part.realised is not None for part in one.periods] == [True, True, False]
    assert one.periods[2].estimated is not None
    assert {group.column for group in one.harm.groups} == {"carrier"}


def test_rows_that_a_version_learned_from_do_not_count_and_repeats_count_once(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    version = get_version(store, "1", "late")
    old, new = steering.rows(300), steering.rows(300, seed=9)
    log = PredictionLog(predictions_folder(trained))

    def answer(row: dict[str, Any], number: int) -> bytes:
        content = json.loads(logged(number, 0))
        features = {name: row[name] for name in ("a", "b", "c", "id")}
        return json.dumps({**content, "features": features}).encode() + b"\n"

    log.append(b"".join(answer(row, number) for number, row in enumerate(old[:120])))
    with pytest.raises(NotFoundError, match="has no prediction"):
        measure_log(store, config, version="2")
    nothing = measure_log(store, config)
    assert nothing.versions == () and nothing.taken == 0
    assert nothing.notes == (
        "No prediction of v1 counts: all 120 are of rows of the data that it was made of.",
    )
    # Forty new rows are asked for twice, one of them five times.
    asked = [*new[:40], *new[:40], *[new[0]] * 3]
    log.append(b"".join(answer(row, 200 + number) for number, row in enumerate(asked)))
    log.close()
    keep_labels(store, "late", {row["id"]: row["y"] for row in [*old, *new[:30]]}, "here")
    (found,) = measure_log(store, config).versions
    assert (found.rows, found.predictions, found.learned, found.labelled) == (40, 83, 120, 30)
    told = steering.pilothouse("performance", cwd=trained.root)
    assert "v1: 83 predictions of 40 rows from" in told.out, told
    assert "▲ 120 more are of rows of the data that v1 was made of, and do not count." in told.err
    again = steering.pilothouse(
        "predict", trained.root / "data" / "first.csv", "--limit", "4", cwd=trained.root
    )
    assert "All of these rows are of the data that v1 was made of" in again.err, again
    moved = steering.pilothouse("drift", "--predictions", cwd=trained.root)
    assert "203 predictions of 160 rows: each row counts once." in moved.out + moved.err, moved
    # Where the data is gone it cannot be told, and that is said.
    for one in get_dataset_version(store, version.dataset_version).files:
        path = trained.objects_dir / one.sha256
        path.chmod(0o644)
        path.unlink()
    (note,) = measure_log(store, config).notes
    assert note.startswith("Whether v1 learned from rows that it answered cannot be told: ")


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((5, 5), "5 predictions"), ((1, 1), "1 prediction"), ((354, 1), "354 predictions of 1 row"),
     ((1200, 1100), "1,200 predictions of 1,100 rows")],
)  # fmt: skip
def test_counts_do_not_contradict_each_other(numbers: tuple[int, int], words: str) -> None:
    assert told_rows(*numbers) == words


def test_labels_are_found_in_the_data_folder_and_kept(place: tuple[Workspace, Store]) -> None:
    workspace, store = place
    config = workspace.config().model()
    truth = making.flights(300, seed=3)["late"].tolist()
    text = "key,late\n" + "".join(f"k{number},{value}\n" for number, value in enumerate(truth))
    (workspace.root / "data" / "later.csv").write_text(text)
    (workspace.root / "data" / "torn.parquet").write_bytes(b"PAR1")
    found = measure_log(store, config, version="1")
    assert found.taken == 300 and found.versions[0].labelled == 300
    (workspace.root / "data" / "later.csv").unlink()
    again = measure_log(store, config, version="1")
    assert again.taken == 0 and again.versions[0].labelled == 300


def test_labels_of_no_class_are_counted_and_left_out(place: tuple[Workspace, Store]) -> None:
    workspace, store = place
    config = workspace.config().model()
    take_labels(store, config, [("k1", "[/x]"), ("k2", 1), ("k3", "0"), ("k4", True)], "here")
    found = measure_log(store, config, version="v1").versions[0]
    assert (found.strange, found.labelled) == (1, 3)


def test_a_bundle_that_is_gone_is_told_and_the_others_are_measured(place: tuple[Workspace, Store]) -> None:
    workspace, store = place
    (workspace.version_dir("late", 2) / "model.joblib").unlink()
    found = measure_log(store, workspace.config().model())
    assert [one.version for one in found.versions] == [1] and found.unreadable[0].startswith("v2: ")


def test_without_predictions_it_says_so(tmp_path: Path) -> None:
    workspace, store = making.workspace(tmp_path / "w")
    with pytest.raises(NotFoundError, match="no prediction of late"):
        measure_log(store, workspace.config().model())
    assert predicted_ids(store, CONFIG, ["a"]) == set()
