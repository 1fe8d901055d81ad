"""Every format of data files goes the whole way: kept, trained on, checked, held against another."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.reading import SUFFIXES, DataError, probe
from pilothouse.data.versions import dataset_paths, fingerprint, get_dataset_version, snapshot
from pilothouse.monitoring.dataset_diff import diff_datasets
from pilothouse.monitoring.judging import judge_file
from pilothouse.registry.deployments import promote
from pilothouse.store import Store, open_store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.training.fit import fit_run
from pilothouse.training.spec import RunSpec, write_spec
from pilothouse.workspace import Workspace, init_workspace

CONFIG = """
[model]
name = "late"
target = "y"

[data]
folder = "data"
keep = "link"
time = "when"
id = "id"
"""
# Both spellings of JSON lines are read alike, and all formats together below.
WHOLE_WAY = (".csv", ".csv.gz", ".parquet", ".jsonl.gz", ".ndjson")
# How a file is packed is all the same to whoever fits.
TRAINED = (".csv", ".parquet", ".jsonl.gz")
HOSTILE_STEM = "'; DROP [red]*?{a},$(x) 表 🚢"


def rows(count: int, *, first: int = 0, shift: float = 0.0, levels: str = "ab") -> list[dict[str, Any]]:
    """Rows of every kind of column; `x` gives `y` away in part, and some values are missing."""
    rng = random.Random(count)
    made = []
    for at in range(first, first + count):
        x = rng.gauss(0, 1)
        made.append(
            {
                "id": at,
                "when": f"2026-{1 + at // 600:02d}-{1 + at // 24 % 25:02d} {at % 24:02d}:00:00",
                "x": round(x + shift, 6) if at % 10 else None,
                "n": rng.randrange(50),
                "k": rng.choice(levels) + ', "quoted"\nnewline',
                "flag": rng.random() < 0.3,
                "y": int(x + rng.gauss(0, 0.5) > 0),
            }
        )
    return made


def write(path: Path, made: list[dict[str, Any]]) -> Path:
    """Write rows in the format that the name says."""
    if path.name.endswith(".parquet"):
        import pandas as pd

        frame = pd.DataFrame(made).astype({"x": "float64"})
        frame["when"] = pd.to_datetime(frame["when"])
        return write_parquet(path, {name: frame[name] for name in frame})
    if ".csv" in path.name:
        import csv
        import io

        out = io.StringIO()
        sheet = csv.DictWriter(out, list(made[0]))
        sheet.writeheader()
        sheet.writerows(made)
        text = out.getvalue()
    else:
        text = "".join(json.dumps(row) + "\n" for row in made)
    return write_text(path, gzip.compress(text.encode()) if path.name.endswith(".gz") else text)


def train(workspace: Workspace, version: str) -> str:
    """Train on a dataset version, in this process; return the run's id."""
    model = workspace.config().model()
    start = RunStart(kind="recipe", model=model.name, recipe="logistic", dataset_version=version)
    run = open_run(workspace, start, hold=True)
    spec = RunSpec(
        model=model, recipe="logistic", params={"max_iter": 50}, dataset_version=version, seed=1, threads=1
    )
    write_spec(run.folder, spec)
    fit_run(run.folder)
    run.end("FINISHED", 0, "")
    fold(open_store(workspace))
    return run.run_id


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """What the formats tested so far gave: the same is wanted of each."""
    return {}


@pytest.mark.parametrize("suffix", WHOLE_WAY)
def test_a_file_of_each_format_goes_the_whole_way(
    tmp_path: Path, suffix: str, results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    workspace = init_workspace(tmp_path, CONFIG)
    store = open_store(workspace)
    model = workspace.config().model()
    first = write(tmp_path / "data" / f"{HOSTILE_STEM} 1{suffix}", rows(900))
    made = snapshot(workspace, store, model)
    assert (made.rows, made.files[0].name, made.files[0].sha256) == (900, first.name, fingerprint(first))
    assert dataset_paths(workspace, made)[0].path.samefile(first)

    if suffix in TRAINED:
        run_id = train(workspace, made.version)
        promote(workspace, store, "1", reason="the first")
        loss = round(get_run(store, run_id).metrics["log_loss"], 9)
        assert loss == results.setdefault("loss", loss)

    steady = write(tmp_path / "data" / f"{HOSTILE_STEM} 2{suffix}", rows(601, first=900))
    moved = write(
        tmp_path / "data" / f"{HOSTILE_STEM} 3{suffix}", rows(602, first=900, shift=2, levels="abc")
    )
    verdicts = {path: judge_file(workspace, store, model, path) for path in (steady, moved)}
    assert verdicts[steady].status == verdicts[moved].status == "ok", verdicts[moved].findings
    drifted = [
        {column.column for column in verdict.report.columns if column.drifted}
        for verdict in verdicts.values()
        if verdict.report is not None
    ]
    assert drifted == [set(), {"x", "k"}]

    moved.rename(moved.with_name(moved.name + ".part"))
    second = snapshot(workspace, store, model)
    diff = diff_datasets(workspace, store, "latest~1", "latest", target="y", exclude=("id", "when"))
    assert (diff.rows_a, diff.rows_b, diff.files_same, diff.files_added) == (
        900, 1501, (first.name,), (steady.name,),
    )  # fmt: skip
    assert not diff.schema
    assert not diff.trouble
    assert diff.target is not None
    assert not diff.target.drifted

    capsys.readouterr()
    assert main(["data", "show", "latest", "--workspace", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == second.version

    # The very same is found, whatever it was read from.
    found = {
        "schema": [(column.name, column.type, column.kind) for column in made.schema.columns],
        "diff": [(column.column, round(column.score, 9)) for column in diff.columns],
        "moved": [column.moved for column in verdicts[moved].report.columns],  # type: ignore[union-attr]
    }
    assert found == results.setdefault("found", found)


def test_formats_may_be_mixed(workspace: Workspace, store: Store) -> None:
    for at, suffix in enumerate(SUFFIXES):
        write(workspace.root / "data" / f"part {at}{suffix}", rows(100, first=100 * at))
    made = snapshot(workspace, store, workspace.config().model())
    assert made.rows == 700
    assert [file.rows for file in made.files] == [100] * 7
    assert made.schema.column("when").type == "timestamp"  # type: ignore[union-attr]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_text_is_refused_in_words(workspace: Workspace, store: Store) -> None:
    write_text(workspace.root / "data" / "good.csv", "x,y\n1,0\n2,1\n")
    bad = Path(os.fsdecode(os.fsencode(workspace.root) + b"/data/caf\xe9.csv"))
    try:
        bad.write_text("x,y\n1,0\n")
    except OSError:
        pytest.skip("this file system wants names to be text")
    with pytest.raises(DataError, match=r"caf\\udce9\.csv is not UTF-8 text"):
        snapshot(workspace, store, workspace.config().model())
    bad.unlink()
    made = snapshot(workspace, store, workspace.config().model())
    assert get_dataset_version(store, made.version).files[0].name == "good.csv"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl.gz"])
def test_a_link_to_a_file_is_read_as_the_file(
    workspace: Workspace, store: Store, tmp_path: Path, suffix: str
) -> None:
    real = write(tmp_path / "elsewhere" / f"real{suffix}", rows(100))
    (workspace.root / "data" / f"shown{suffix}").symlink_to(real)
    (workspace.root / "data" / f"dangling{suffix}").symlink_to(tmp_path / "nowhere")
    made = snapshot(workspace, store, workspace.config().model())
    assert [(file.name, file.rows) for file in made.files] == [(f"shown{suffix}", 100)]
    assert probe(dataset_paths(workspace, made)[0]) == 100
