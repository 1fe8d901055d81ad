from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from making_data import write_parquet, write_text
from pilothouse.data.versions import DatasetVersion, snapshot
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.dataset_diff import diff_datasets
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def _rows(n: int, seed: int, shift: float = 0.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(shift, size=n), "k": rng.choice(list("abc"), size=n), "y": rng.integers(0, 2, n)}


@pytest.fixture
def versions(workspace: Workspace, store: Store) -> tuple[DatasetVersion, DatasetVersion]:
    """The first has one file, the second another one too that has moved."""
    data, config = workspace.root / "data", workspace.config().model()
    write_parquet(data / "jan.parquet", _rows(1000, 1))
    first = snapshot(workspace, store, config)
    write_parquet(data / "feb.parquet", _rows(1000, 2, 3.0))
    return first, snapshot(workspace, store, config)


def test_a_version_with_the_next(
    workspace: Workspace, store: Store, versions: tuple[DatasetVersion, DatasetVersion]
) -> None:
    first, second = versions
    found = diff_datasets(workspace, store, first.version[:6], "latest", target="y")
    assert (found.rows_a, found.rows_b) == (1000, 2000)
    assert (found.files_added, found.files_same) == (("feb.parquet",), ("jan.parquet",))
    assert [(one.column, one.drifted) for one in found.columns] == [("x", True), ("k", False)]
    assert "sigma" in found.columns[0].moved
    assert found.target is not None and not found.target.drifted
    assert found.said[0] == "+1,000 rows: 2,000 against 1,000."
    assert "1 of 2 columns are distributed differently: x." in found.said[-1]
    back = diff_datasets(workspace, store, second, "latest~1")
    assert (back.files_removed, back.schema) == (("feb.parquet",), ())


def test_the_same_files_are_the_same_wherever_they_lie(
    workspace: Workspace, store: Store, versions: tuple[DatasetVersion, DatasetVersion], tmp_path: Path
) -> None:
    found = diff_datasets(workspace, store, "latest", str(workspace.root / "data"))
    assert found.same
    assert found.said == ("The same 2 files, 2,000 rows.",)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(workspace.root / "data", elsewhere)
    assert diff_datasets(None, None, str(elsewhere), str(workspace.root / "data")).same


def test_what_chance_makes_of_few_rows_is_no_difference(tmp_path: Path) -> None:
    before = write_parquet(tmp_path / "a.parquet", _rows(4000, 3))
    after = write_parquet(tmp_path / "b.parquet", _rows(20, 4))
    found = diff_datasets(None, None, str(before), str(after), target="y")
    assert [one.moved for one in found.columns] == ["", ""]
    assert found.said[-1].endswith("The target y did not move enough to count.")


def test_every_format_and_none_of_a_workspace(tmp_path: Path) -> None:
    rows = [{"x": n / 7, "k": "ab"[n % 2], "y": n % 3} for n in range(300)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    text = "x,k,y\n" + "".join(f"{row['x']},{row['k']},{row['y']}\n" for row in rows)
    sides = [
        write_text(tmp_path / "a" / "d.csv", text),
        write_text(tmp_path / "b" / "d.csv.gz", gzip.compress(text.encode())),
        write_text(tmp_path / "c" / "d.jsonl", lines),
        write_text(tmp_path / "d" / "d.jsonl.gz", gzip.compress(lines.encode())),
        write_parquet(tmp_path / "e" / "d.parquet", {name: [row[name] for row in rows] for name in rows[0]}),
    ]
    for side in sides[1:]:
        found = diff_datasets(None, None, str(sides[0]), str(side.parent))
        assert (found.rows_a, found.rows_b, found.schema, found.trouble) == (300, 300, (), "")
        assert found.files_removed == ("d.csv",)
        assert [one.score for one in found.columns] == [0.0, 0.0, 0.0]


def test_columns_that_came_went_and_changed(tmp_path: Path) -> None:
    before = write_text(tmp_path / "a.csv", "x,k,gone\n" + "1.5,a,1\n2.5,b,2\n" * 50)
    after = write_text(tmp_path / "b.csv", "x,k,new\n" + "warm,a,1\ncold,b,2\n" * 50)
    found = diff_datasets(None, None, str(before), str(after))
    said = " ".join(found.schema)
    assert "'gone' is missing" in said
    assert "'new' is new" in said
    assert "'x' is text, where a number is expected" in said
    assert [one.column for one in found.columns] == ["k"]
    assert not found.trouble


def test_what_is_not_there_is_named(
    workspace: Workspace, store: Store, versions: tuple[DatasetVersion, DatasetVersion]
) -> None:
    for text, words in (
        ("nowhere", "no dataset version of that name"),
        ("latest~7", "there are 2 dataset versions"),
        ("0123abcd", "0123abcd"),
        ("'; DROP TABLE runs; --", "DROP TABLE"),
    ):
        with pytest.raises(NotFoundError, match=words):
            diff_datasets(workspace, store, text, "latest")


def test_versions_whose_bytes_are_gone_still_tell_files_and_schema(
    workspace: Workspace, store: Store, versions: tuple[DatasetVersion, DatasetVersion]
) -> None:
    for path in workspace.objects_dir.iterdir():
        path.unlink()
    found = diff_datasets(workspace, store, *versions)
    assert found.files_added == ("feb.parquet",)
    assert "cannot be compared" in found.trouble


@pytest.mark.parametrize("name", ["[/red]", "'; DROP TABLE x; --", "表 🚢", 'say "hi"', "latest"])
def test_hostile_names(tmp_path: Path, name: str) -> None:
    sides = [
        write_parquet(tmp_path / side / "d*x.parquet", {name: [1.0, 2.0, 3.0] * 30, "k": ["a"] * 90})
        for side in "ab"
    ]
    write_parquet(sides[1], {name: [9.0, 8.0, 7.0] * 30, "k": ["a"] * 90})
    found = diff_datasets(None, None, str(sides[0].parent), str(sides[1]))
    assert found.files_changed == ("d*x.parquet",)
    assert [one.column for one in found.columns if one.drifted] == [name]
