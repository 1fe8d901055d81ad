from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.data.preview import preview
from pilothouse.data.reading import DataError


def test_a_csv_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,"a ""b"""\n007,"line\nbreak"\n1\n')
    found = preview(path, "a.csv")
    assert found.columns == ("id", 'a "b"')
    assert found.rows == (("007", "line\nbreak"), ("1", None))
    assert (found.total_rows, found.total_columns) == (2, 2)


def test_only_the_first_rows_and_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    columns = ", ".join(f"i AS c{n}" for n in range(450))
    duckdb.connect().execute(f"COPY (SELECT {columns} FROM range(1000) t(i)) TO '{path}'")
    found = preview(path, "wide.parquet", 5)
    assert (len(found.rows), len(found.rows[0]), found.total_rows, found.total_columns) == (5, 400, 1000, 450)
    assert found.types[0] == "bigint"


def test_hostile_columns_cells_and_names_are_only_data(tmp_path: Path) -> None:
    path = tmp_path / "it's [a] *.parquet"
    con = duckdb.connect()
    names = [name for name in HOSTILE if name and "\0" not in name and len(name) < 200]
    cells = ", ".join(
        f"'{name.replace(chr(39), chr(39) * 2)}' AS \"{name.replace(chr(34), chr(34) * 2)}\""
        for name in names
    )
    con.execute(f"COPY (SELECT {cells}) TO '{str(path).replace(chr(39), chr(39) * 2)}'")
    found = preview(path, path.name)
    assert found.columns == tuple(names)
    assert found.rows == (tuple(names),)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.jsonl"])
def test_a_broken_file_is_told_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PAR1 {broken\x00\xff")
    with pytest.raises(DataError, match="cannot be read as a table"):
        preview(path, name)
    with pytest.raises(DataError, match="not a table"):
        preview(path, "a.txt")


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_csv_or_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        preview(path, "any.csv")
    except DataError as error:
        assert "any.csv" in error.what


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_the_rows_of_the_whole_file_are_counted(tmp_path: Path, name: str, packed: bool) -> None:
    if name.endswith("csv"):
        text = "a,b\n" + "".join(f'{n},"two\nlines"\n' for n in range(1234))
    else:
        text = "".join(f'{{"a": {n}, "b": "two\\nlines"}}\n' for n in range(1234))
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found = preview(path, path.name, 10)
    assert (len(found.rows), found.total_rows) == (10, 1234)


def test_rows_are_not_counted_where_that_takes_long_or_a_later_one_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"a": {n}}}\n' for n in range(50_000)) + '{"a": \n' * 3)
    found = preview(path, path.name, 10)
    assert (len(found.rows), found.total_rows) == (10, None)
    path.write_text("".join(f'{{"a": {n}}}\n' for n in range(300)))
    assert preview(path, path.name, 10).total_rows == 300
    monkeypatch.setattr("pilothouse.data.preview.MOST_COUNTED", 100)
    assert preview(path, path.name, 10).total_rows is None
