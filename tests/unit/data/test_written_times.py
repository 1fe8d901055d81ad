"""Texts that are timestamps, in formats that do not know it."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest

from making_data import write_parquet, write_text
from pilothouse.cli.main import main
from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import read_rows
from pilothouse.data.schema import Column, Schema
from pilothouse.data.written_times import time_sql
from pilothouse.monitoring.checks import ERROR, check_file

TIMES = ["2026-03-01T00:24:53.000", "2026-03-02T01:00:00.123456", None]


def _lines(values: list[str | None]) -> str:
    return "".join(json.dumps({"t": value, "x": at * 1.5}) + "\n" for at, value in enumerate(values))


def test_what_pandas_writes_is_a_timestamp_beside_csv_and_alone(tmp_path: Path) -> None:
    csv = write_text(tmp_path / "a.csv", "t,x\n2026-01-01T00:00:00,1.5\n2026-01-02T00:00:00,2.5\n")
    lines = write_text(tmp_path / "b.jsonl", _lines(TIMES))
    parquet = write_parquet(tmp_path / "c.parquet", {"t": TIMES, "x": [1.5, 2.5, 3.5]})
    for files in ([csv, lines, parquet], [lines], [parquet], [lines, csv]):
        schema = infer_schema(files)
        column = schema.column("t")
        assert column and (column.type, column.kind) == ("timestamp", "time")
        found = read_rows(files, schema=schema)["t"]
        assert found.dropna().iloc[-1].year == 2026 and str(found.dtype).startswith("datetime64")
    schema = infer_schema([csv])
    for file in (lines, parquet):
        assert not [one for one in check_file(file, schema) if one.severity == ERROR]


def test_a_text_stays_one_where_it_always_was_or_one_value_is_no_time(tmp_path: Path) -> None:
    lines = write_text(tmp_path / "b.jsonl", _lines(TIMES))
    text = Schema((Column("t", "text", "text", False), Column("x", "number", "numeric", False)))
    assert read_rows([lines], schema=text)["t"][0] == TIMES[0]
    odd = write_text(tmp_path / "odd.jsonl", _lines([*TIMES, "later"]))
    column = infer_schema([odd]).column("t")
    assert column and column.type == "text"
    schema = infer_schema([lines])
    (found,) = [one for one in check_file(odd, schema) if one.severity == ERROR]
    assert (found.rule, found.count) == ("type", 1)
    assert "'later'" in found.message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T00:24:53.5", datetime(2026, 3, 1, 0, 24, 53, 500_000)),
        ("2026-03-01 00:24", datetime(2026, 3, 1, 0, 24)),
        ("2026-03-01T00:24:53Z", datetime(2026, 3, 1, 0, 24, 53)),
        ("2026-03-01T00:24:53+02:00", datetime(2026, 2, 28, 22, 24, 53)),
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-13-01T00:00", None),
        ("20260301T002453", None),
        ("x 2026-03-01T00:24", None),
        ("'; DROP TABLE x; --", None),
    ],
)
def test_moments_are_read_in_utc(text: str, moment: datetime | None) -> None:
    with connect() as con:
        assert con.execute(f"SELECT {time_sql('t')} FROM (SELECT ? AS t)", [text]).fetchall()[0][0] == moment


def test_a_column_of_another_type_leaves_the_others_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write_text(
        tmp_path / "a.csv", "t,x,k\n" + "".join(f"2026-01-01,{at / 7},a\n" for at in range(200))
    )
    rows = "".join(json.dumps({"t": "soon", "x": at / 7, "k": "a"}) + "\n" for at in range(200))
    after = tmp_path / "b.jsonl.gz"
    after.write_bytes(gzip.compress(rows.encode()))
    assert main(["drift", str(after), "--reference", str(before), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {column["column"] for column in told["columns"]} == {"x", "k"}
    said = "In b.jsonl.gz the column 't' is text (for example 'soon'), where a date is expected."
    assert told["notes"] == [f"{said} It was not compared."]
    write_text(tmp_path / "c.jsonl", '{"x": "no", "k": {"a": 1}, "t": "soon"}\n')
    assert main(["drift", str(tmp_path / "c.jsonl"), "--reference", str(before)]) == 1
    assert "folder" not in capsys.readouterr().err
