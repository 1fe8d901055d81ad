"""The same rows are judged alike, whatever the format of their file."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making_data import write_parquet, write_text
from pilothouse.monitoring.checks import Roles, check_file
from pilothouse.monitoring.filedrift import Wishes, compare_files, open_reference
from pilothouse.monitoring.quality.suggesting import suggest_rules
from pilothouse.monitoring.reference import Reference

FORMATS = ("csv", "csv.gz", "jsonl", "parquet")
WISHES = Wishes(target="y")
Row = dict[str, Any]


def _row(at: int, dice: np.random.Generator) -> Row:
    return {
        "day": str(date(2025, 1, 1) + timedelta(days=at)),
        "x": round(float(dice.normal()), 3),
        "n": int(dice.integers(0, 500)),
        "rooms": int(dice.integers(1, 5)),
        "pays": "yes" if dice.random() < 0.6 else "no",
        "k": str(dice.choice(["a", "b", "Zürich"])),
        "y": "yes" if dice.random() < 0.3 else "no",
    }


def _write(folder: Path, rows: Sequence[Row], suffix: str) -> Path:
    """Write rows as each format is written: JSON with its types, Parquet with texts where they are mixed."""
    path = folder / f"rows.{suffix}"
    if suffix == "jsonl":
        return write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    if suffix == "parquet":
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        mixed = [
            name
            for name, values in columns.items()
            if len({*map(type, values)} - {type(None)} - {int, float})
        ]
        texts = {name: [None if value is None else str(value) for value in columns[name]] for name in mixed}
        return write_parquet(path, {**columns, **texts})
    text = pd.DataFrame(rows).astype(object).to_csv(index=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if suffix == "csv.gz" else text.encode())
    return path


@cache
def _rows(count: int, seed: int) -> tuple[Row, ...]:
    dice = np.random.default_rng(seed)
    return tuple(_row(at, dice) for at in range(count))


@pytest.fixture(scope="module", params=FORMATS)
def reference(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    path = _write(tmp_path_factory.mktemp("reference"), _rows(400, 1), request.param)
    return open_reference(str(path), WISHES)


CELL = st.sampled_from(
    [("x", math.inf), ("x", -math.inf), ("x", None), ("x", "n/a"), ("x", "12,5"), ("n", 2.5), ("n", "many"),
     ("rooms", 2.5), ("pays", None), ("pays", "No"), ("pays", "perhaps"), ("k", "new"), ("k", None),
     ("day", "soon"), ("y", None)]
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), CELL), max_size=8))
def test_a_table_gives_one_report_in_four_formats(
    tmp_path_factory: pytest.TempPathFactory, reference: Reference, cells: list[tuple[int, tuple[str, Any]]]
) -> None:
    rows = [dict(row) for row in _rows(60, 2)]
    for at, (name, value) in cells:
        rows[at][name] = value
    folder = tmp_path_factory.mktemp("rows")
    told = [_report(reference, _write(folder, rows, suffix), suffix) for suffix in FORMATS]
    assert told[1:] == told[:1] * 3


def _report(reference: Reference, path: Path, suffix: str) -> dict[str, Any]:
    report = compare_files(reference, [path], WISHES).to_dict()
    report["notes"] = [note.replace(f".{suffix}", "") for note in report["notes"]]
    return report


@pytest.mark.parametrize(
    "cell", [("x", math.inf), ("x", "n/a"), ("pays", "perhaps"), ("pays", "No"), ("k", "c")]
)
def test_checks_say_the_same_of_every_format(tmp_path: Path, cell: tuple[str, Any]) -> None:
    known = open_reference(str(_write(tmp_path / "then", _rows(400, 1), "csv")), WISHES)
    rules = suggest_rules(known.profile, target="y")
    rows = [dict(row) for row in _rows(60, 2)]
    rows[7][cell[0]] = cell[1]
    said = []
    for suffix in FORMATS:
        path = _write(tmp_path, rows, suffix)
        found = check_file(path, known.schema, Roles("y"), rules)
        said.append([(one.severity, one.rule, one.column, one.count,
                      [example.row for example in one.examples],
                      one.message.replace(f".{suffix}", "")) for one in found])  # fmt: skip
    assert said[1:] == said[:1] * 3
    (finding,) = said[0] or [None]
    if cell[1] in (math.inf, "n/a", "perhaps"):
        assert finding is not None and (finding[2], finding[3], finding[4]) == (cell[0], 1, [8])
    else:
        assert finding is None
