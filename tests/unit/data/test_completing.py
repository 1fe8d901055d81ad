"""Files without labels, learned from once those came by the ids of their rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from pilothouse.data.completing import complete
from pilothouse.data.engine import connect
from pilothouse.data.keeping import keep
from pilothouse.data.reading import read_rows, scan_sql
from pilothouse.data.versions import dataset_paths, snapshot
from pilothouse.monitoring.judging import judge_file
from pilothouse.performance.labels_kept import keep_labels
from pilothouse.store import list_events, open_store
from pilothouse.workspace import Workspace
from steering import land, pilothouse_each, rows

FORMATS = ("csv", "csv.gz", "parquet", "jsonl", "jsonl.gz")


def blind(number: int = 40, seed: int = 7) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "y"} for row in rows(number, seed=seed)]


def written(path: Path, source: Path, suffix: str) -> Path:
    """The rows of a CSV file in another format."""
    packing = ", COMPRESSION gzip" if suffix.endswith(".gz") else ""
    kind = {"csv": "csv, HEADER", "parquet": "parquet", "jsonl": "json"}[suffix.removesuffix(".gz")]
    with connect() as con:
        con.execute(f"COPY (SELECT * FROM {scan_sql(source)}) TO '{path}' (FORMAT {kind}{packing})")
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_rows_with_a_label_are_written_with_it_in_the_files_own_format(
    fresh: Workspace, tmp_path: Path, suffix: str
) -> None:
    store, config = open_store(fresh), fresh.config().model()
    table = blind()
    source = land(tmp_path, "source.csv", table)
    path = written(tmp_path / f"june.{suffix}", source, suffix)
    kept = keep(fresh, path).file
    assert complete(store, config, kept) is None
    keep_labels(store, "late", {str(row["id"]): number % 2 for number, row in enumerate(table[5:30])}, "x")
    found = complete(store, config, kept)
    assert found is not None and (found.file.name, found.rows, found.labelled) == (path.name, 40, 25)
    assert found.words == (
        f"june.{suffix}: 25 of 40 rows have labels that came by their ids; the others are left out."
    )
    told = read_rows([found.file])
    before = read_rows([path])
    assert told["y"].astype(int).tolist() == [number % 2 for number in range(25)]
    assert told.drop(columns="y").equals(before.iloc[5:30].reset_index(drop=True))
    # The same again is the same to the byte, and nothing is left lying about.
    assert complete(store, config, kept) == found
    assert not list(fresh.state_dir.glob(".labels-*"))


def test_training_takes_them_in_and_the_dataset_version_says_so(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    table, told = rows(60, seed=71), []
    path = land(
        trained.root / "data", "later.csv", [{k: v for k, v in row.items() if k != "y"} for row in table]
    )
    judge_file(trained, store, config, path)
    before = snapshot(trained, store, config, tell=told.append)
    assert "later.csv" not in [file.name for file in before.files]
    assert told == ["later.csv is left out: no labels yet, in the file or by `pilothouse feedback`."]
    labels = land(trained.root, "labels.csv", [{"id": row["id"], "y": row["y"]} for row in table])
    given, trained_, shown = pilothouse_each(
        ["feedback", str(labels)], ["train"], ["check", "later.csv"], cwd=trained.root
    )
    assert given.code == 0, given
    assert "later.csv: all 60 rows have labels that came by their ids." in trained_.err, trained_
    assert trained_.code == 0, trained_
    made = snapshot(trained, store, config)
    (file,) = [file for file in made.files if file.name == "later.csv"]
    assert file.rows == 60 and made.rows == before.rows + 60
    assert read_rows(dataset_paths(trained, made), schema=made.schema)["y"].notna().all()
    event = list_events(store, kind="dataset")[0]
    assert event.data["completed"]["later.csv"]["labelled"] == 60
    assert event.data["completed"]["later.csv"]["sha256"] != file.sha256
    assert "`pilothouse feedback`" in shown.out + shown.err
    # A label that is changed later makes another version, and leaves this one as it is.
    keep_labels(store, "late", {str(table[0]["id"]): 1 - int(table[0]["y"])}, "again")
    other = snapshot(trained, store, config)
    assert other.version != made.version and dataset_paths(trained, made)


def test_yes_and_no_and_names_from_hell(fresh: Workspace, tmp_path: Path) -> None:
    store, config = open_store(fresh), fresh.config().model()
    names = ["id", "place", 'say "it"', "'; DROP TABLE labels; --", "[/b]"]
    path = tmp_path / "odd.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(names)
        writer.writerows([[f"{number}.0", "yes", 'a "b"; c', "", "007"] for number in range(6)])
    keep_labels(store, "late", {"1": True, "3": False, "5": "a;b"}, "x")
    found = complete(store, config, keep(fresh, path).file)
    assert found is not None and found.labelled == 3
    with connect() as con:
        told = con.execute(f"SELECT * FROM {scan_sql(found.file, verbatim=True)}").fetchall()
    assert told == [
        ("1.0", "yes", 'a "b"; c', None, "007", "true"),
        ("3.0", "yes", 'a "b"; c', None, "007", "false"),
        ("5.0", "yes", 'a "b"; c', None, "007", "a;b"),
    ]
