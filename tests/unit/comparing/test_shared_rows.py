"""Models are judged on rows that none of them learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import steering
from pilothouse.comparing.answers import answer
from pilothouse.comparing.intervals import judge
from pilothouse.comparing.shared_rows import holdout_of, share_rows
from pilothouse.comparing.slices import slice_rows
from pilothouse.comparing.subjects import find_subjects
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.registry.evaluation import read_holdout
from pilothouse.store import open_store
from pilothouse.workspace import Workspace


def nobody(_: str) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def grown(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """v3 learned from a second file too, v4 from that alone."""
    workspace = steering.copy_of(template, tmp_path_factory.mktemp("grown") / "grown")
    later = steering.rows(200, seed=1)
    for row in later:
        row["when"] = row["when"].replace("2024-01", "2024-02")
    steering.land(workspace.root / "data", "second.csv", later)
    assert steering.pilothouse("train", "--name", "three", cwd=workspace.root).code == 0
    (workspace.root / "data" / "first.csv").unlink()
    assert steering.pilothouse("train", "--name", "four", cwd=workspace.root).code == 0
    return workspace


def test_the_same_holdout_is_taken_as_it_is(trained: Workspace) -> None:
    store = open_store(trained)
    pair = find_subjects(store, ["v1", "v2"])
    shared = share_rows([holdout_of(trained, store, one) for one in pair])
    assert len(shared.kept) == 60
    assert shared.own == {"v1", "v2"}
    found = answer(trained, store, pair, nobody)
    assert (found.kind, len(found.table), found.left_out) == ("binary", 60, ())
    judged = judge(found, pair, resamples=50)
    # What is judged here is what the runs were told after training.
    for one in judged.metrics:
        for value, subject in zip(one.values, pair, strict=True):
            assert value == pytest.approx(subject.run.metrics[one.metric], abs=1e-9), one.metric


@pytest.mark.parametrize("refs", [("v2", "v3"), ("v3", "v2"), ("v1", "v2", "v3")])
def test_rows_that_one_of_them_learned_from_are_left_out(grown: Workspace, refs: tuple[str, ...]) -> None:
    store = open_store(grown)
    found = answer(grown, store, find_subjects(store, refs), nobody)
    # v3 held out the latest hundred of five hundred rows (and one of the same hour), all of the second file,
    # which v2 never saw.
    assert len(found.table) == 101
    assert set(found.table["id"]) <= {row["id"] for row in steering.rows(200, seed=1)}
    assert "the holdout of v3" in found.where


def test_of_one_holdout_only_what_the_other_did_not_learn_from(grown: Workspace) -> None:
    store = open_store(grown)
    pair = find_subjects(store, ["v3", "v4"])
    found = answer(grown, store, pair, nobody)
    held_out = [set(read_holdout(holdout_of(grown, store, one).path)["id"]) for one in pair]
    assert len(held_out[0]) > len(held_out[1])
    assert set(found.table["id"]) == held_out[0] & held_out[1]


def test_the_holdout_of_the_older_is_no_fair_ground(grown: Workspace) -> None:
    """v3 learned from all that v2 held out: none of those rows is left, so v3's own are taken."""
    store = open_store(grown)
    held = [holdout_of(grown, store, one) for one in find_subjects(store, ["v2", "v3"])]
    older = read_holdout(held[0].path)
    shared = share_rows(held)
    assert not set(read_holdout(shared.path).iloc[shared.kept]["id"]) & set(older["id"])
    assert share_rows(held[::-1]).kept.tolist() == shared.kept.tolist()


def test_why_something_cannot_be_judged(grown: Workspace, tmp_path: Path) -> None:
    workspace = steering.copy_of(grown.root, tmp_path / "less")
    store = open_store(workspace)
    trio = find_subjects(store, ["v3", "v1", "v2"])
    (workspace.run_dir(trio[1].run.run_id) / "artifacts" / "holdout.parquet").unlink()
    found = answer(workspace, store, trio, nobody)
    assert found.indexes == (0, 2)
    assert found.left_out == (("v1", "It kept no holdout with its predictions."),)
    with pytest.raises(PilothouseError, match="Nothing can be judged beside v3"):
        answer(workspace, store, trio[:2], nobody)
    with pytest.raises(PilothouseError, match="The baseline v1 cannot be judged again"):
        answer(workspace, store, (trio[1], trio[0]), nobody)


def test_a_bundle_that_was_changed_does_not_answer(grown: Workspace, tmp_path: Path) -> None:
    workspace = steering.copy_of(grown.root, tmp_path / "changed")
    store = open_store(workspace)
    pair = find_subjects(store, ["v3", "v1"])
    assert pair[1].version is not None
    model = pair[1].version.path / "model.joblib"
    model.chmod(0o644)
    model.write_bytes(b"not what was written")
    with pytest.raises(PilothouseError, match="v1: "):
        answer(workspace, store, pair, nobody)


def test_slices_of_a_category_and_of_a_number(grown: Workspace) -> None:
    store = open_store(grown)
    pair = find_subjects(store, ["v1", "v2"])
    found = answer(grown, store, pair, nobody)
    schema = holdout_of(grown, store, pair[0]).schema
    by_schema = slice_rows(found, pair, schema)
    assert [column.column for column in by_schema.columns] == ["c"]
    carriers = by_schema.columns[0]
    assert sum(one.rows for one in carriers.slices) == 60
    # Twenty rows show nothing, and say so.
    assert all(one.small and one.intervals[1] is not None for one in carriers.slices)
    assert all(one.intervals[1].low is None for one in carriers.slices if one.intervals[1] is not None)
    quarters = slice_rows(found, pair, schema, ["a"]).columns[0]
    assert (quarters.how, len(quarters.slices)) == ("quarters of its values", 4)
    assert [one.rows for one in quarters.slices] == [15] * 4
    values = [one.values[0] for one in quarters.slices if one.values[0] is not None]
    assert values
    assert np.isfinite(values).all()
    with pytest.raises(UsageError, match="no column 'height'"):
        slice_rows(found, pair, schema, ["height"])
