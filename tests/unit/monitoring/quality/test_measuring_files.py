"""The figures of one pass, against pandas."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from making_data import write_parquet, write_text
from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, Source
from pilothouse.data.schema import Column
from pilothouse.data.types_found import types_for
from pilothouse.monitoring.quality import measuring
from pilothouse.monitoring.quality.measuring import FileFigures, Wanted, measure
from pilothouse.monitoring.quality.rules import ColumnRule, DatasetRules, FileRules

_FLOATS = st.one_of(st.none(), st.sampled_from([0.0, -1.5, 7.0, math.inf, -math.inf]), st.floats(-1e6, 1e6))
_FRAMES = st.lists(
    st.fixed_dictionaries(
        {
            "f": _FLOATS,
            "i": st.one_of(st.none(), st.integers(-50, 50)),
            "t": st.one_of(st.none(), st.sampled_from(["a", "b", "c", "o'x", "new"])),
            "b": st.one_of(st.none(), st.booleans()),
        }
    ),
    min_size=1,
    max_size=40,
)
RULES = FileRules(
    (
        ColumnRule("f", "number", min=-10.0, max=10.0),
        ColumnRule("i", "integer", min=0.0, max=20.0, unique=True),
        ColumnRule("t", "text", categories=("a", "b", "o'x")),
        ColumnRule("b", "boolean"),
    ),
    DatasetRules(max_duplicates=0.0),
)
COLUMNS = tuple(Column(rule.name, rule.type, "text", False) for rule in RULES.columns)


def _measured(source: Source, rules: FileRules | None, types: dict[str, str], **more: Any) -> FileFigures:
    columns = tuple(Column(name, kind, "text", False) for name, kind in types.items())
    with connect() as con:
        return measure(con, source, Wanted(columns, types, rules, **more))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_FRAMES, st.sampled_from(["x.parquet", "x.csv", "x.jsonl"]))
def test_figures_equal_pandas(rows: list[dict[str, Any]], name: str) -> None:
    frame = pd.DataFrame(
        {
            "f": pd.array([row["f"] for row in rows], dtype="Float64"),
            "i": pd.array([row["i"] for row in rows], dtype="Int64"),
            "t": pd.array([row["t"] for row in rows], dtype="string"),
            "b": pd.array([row["b"] for row in rows], dtype="boolean"),
        }
    )
    with tempfile.TemporaryDirectory() as folder, connect() as con:
        path = Path(folder) / name
        con.execute(
            "CREATE OR REPLACE TEMP TABLE given AS"
            " SELECT * FROM (SELECT unnest(?::STRUCT(f DOUBLE, i BIGINT, t VARCHAR, "
            "b BOOLEAN)[], recursive := true))",
            [rows],
        )
        options = {".csv": "(FORMAT csv, HEADER)", ".parquet": "(FORMAT parquet)"}.get(path.suffix)
        if options is None:
            # DuckDB writes infinities that JSON has not.
            con.execute("UPDATE given SET f = NULL WHERE isinf(f)")
            frame["f"] = frame["f"].where(~frame["f"].isin([math.inf, -math.inf]))
            options = "(FORMAT json)"
        con.execute(f"COPY given TO '{path}' {options}")
        types = types_for(con, path, COLUMNS)
        found = measure(con, path, Wanted(COLUMNS, types, RULES))
    assert found.rows == len(frame)
    whole = frame.astype(object).where(frame.notna(), None)
    assert found.repeated == int(whole.duplicated().sum())
    assert found.compared == len(frame)
    for column in COLUMNS:
        seen, values = found.columns[column.name], frame[column.name].dropna()
        assert seen.present == seen.written == len(values)
        if column.name in ("f", "i"):
            numbers = values.astype(float)
            finite = numbers[np.isfinite(numbers)]
            assert seen.infinite == len(numbers) - len(finite)
            low, high = (-10, 10) if column.name == "f" else (0, 20)
            assert seen.outside == int(((finite < low) | (finite > high)).sum())
            assert (seen.low, seen.high) == ((finite.min(), finite.max()) if len(finite) else (None, None))
        if column.name == "i":
            assert seen.distinct == values.nunique()
        if column.name == "t":
            assert seen.fresh == int((~values.isin(["a", "b", "o'x"])).sum())


def test_nan_is_missing_and_unreadable_values_are_counted(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {"f": [1.0, math.nan, 2.5], "t": ["1", "x", None]})
    found = _measured(path, None, {"f": "number", "t": "text"})
    assert (found.columns["f"].present, found.columns["f"].unreadable) == (2, 0)
    with connect() as con:
        wanted = Wanted((Column("f", "integer", "numeric", False),), {"f": "number", "t": "text"})
        assert measure(con, path, wanted).columns["f"].unreadable == 1


@pytest.mark.parametrize(
    "name", [*[n for n in HOSTILE if n and "\x00" not in n], "r0", "v0", "whole", "value"]
)
def test_hostile_names(tmp_path: Path, name: str) -> None:
    path = write_parquet(tmp_path / "x.parquet", {name: [1, 2, 30], "other": ["a", "b", name]})
    rules = FileRules(
        (ColumnRule(name, "integer", max=9.0), ColumnRule("other", "text", categories=("a", name)))
    )
    found = _measured(path, rules, {name: "integer", "other": "text"}, target="other", leaks=(name,))
    assert (found.columns[name].outside, found.columns["other"].fresh) == (1, 1)
    assert sorted(row[1] for row in found.sample) == [1.0, 2.0, 30.0]


def test_repeats_are_told_by_a_share_of_the_rows_of_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    path = write_parquet(tmp_path / "x.parquet", {"a": np.concatenate([values, values[:5_000]])})
    rules = FileRules((ColumnRule("a", "number"),), DatasetRules(max_duplicates=0.1))
    exact = _measured(path, rules, {"a": "number"})
    assert (exact.compared, exact.repeated) == (15_000, 5_000)
    monkeypatch.setattr(measuring, "HASHED_BYTES", path.stat().st_size // 4)
    part = _measured(path, rules, {"a": "number"})
    assert 2_000 < part.compared < 5_000
    assert part.repeated / part.compared == pytest.approx(1 / 3, abs=0.05)


def test_a_file_that_breaks_off_is_read_to_where_it_does(tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(("a,b\n" + "1,2\n" * 50_000).encode())
    path = write_text(tmp_path / "x.csv.gz", packed[: len(packed) // 2])
    with pytest.raises(DataError):
        _measured(path, None, {"a": "integer", "b": "integer"})


def test_the_newest_moment(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", "at,a\n2013-01-01 00:00:00,1\n2013-01-02 00:00:00,2\n")
    types = {column.name: column.type for column in infer_schema([path]).columns}
    assert _measured(path, None, types, time="at").newest == 1357084800.0
    assert _measured(path, None, types).newest is None
