from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from making_data import month, write_parquet, write_text
from pilothouse.data.engine import connect
from pilothouse.data.reading import (
    DataError,
    DataFile,
    data_files,
    describe,
    expand,
    probe,
    read_rows,
    require_data_files,
)

NAMES = [
    "a*.csv", "a?.csv", "a[b].csv", "[!x].csv", "{x,y}.csv", "q'uote.csv", 'dou"ble.csv', "back\\slash.csv",
    "; DROP TABLE x; --.csv", "[bold]x[-].csv", "naïve 🚢 表.csv", "-rf.csv", "$HOME %s.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "a,b\n1,2\n")
    write_text(tmp_path / "ab.csv", "a,b\n1,2\n3,4\n")
    write_text(tmp_path / "ax.csv", "a,b\n1,2\n3,4\n")
    assert probe(tmp_path / name) == 1
    assert len(read_rows([tmp_path / name])) == 1


def test_a_folder_that_looks_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "year=2013" / "x.parquet", {"a": [1, 2]})
    assert list(read_rows([path]).columns) == ["a"]


@pytest.mark.parametrize(
    "name", ['say "hi"', "a'b", "x; DROP TABLE y", "a.b", "select", "[/red]", "ü 🚢", " "]
)
def test_a_hostile_column_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    path = write_parquet(tmp_path / "x.parquet", {name: [2, 1], "other": ["a", "b"]})
    table = read_rows([path], columns=[name], order_by=name)
    assert table[name].tolist() == [1, 2]


def test_only_whole_visible_data_files_count(tmp_path: Path) -> None:
    for name in ("b.csv", "a.parquet", "c.jsonl", "d.ndjson.gz", "E.CSV", "f.csv.gz"):
        (tmp_path / name).write_bytes(b"x")
    for name in (".hidden.csv", "x.csv.tmp", "y.csv.part", "notes.txt", "z.gz"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.csv").mkdir()
    assert [path.name for path in data_files(tmp_path)] == [
        "E.CSV", "a.parquet", "b.csv", "c.jsonl", "d.ndjson.gz", "f.csv.gz",
    ]  # fmt: skip


def test_an_empty_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    assert data_files(tmp_path) == []
    with pytest.raises(DataError, match="no data files"):
        require_data_files(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        data_files(tmp_path / "nowhere")


def _torn_parquet() -> bytes:
    return month(1).read_bytes()[:5000]


BROKEN = {
    "empty.csv": (b"", "is empty"),
    "empty.parquet": (b"", "is empty"),
    "empty.jsonl": (b"", "is empty"),
    "short.csv": (b"a,b,c\n1,2,3\n4,5\n", "line 3 has 2 fields where the header has 3"),
    "long.csv": (b"a,b,c\n1,2,3\n4,5,6,7\n", "line 3 has 4 fields where the header has 3"),
    "late.csv": (b"a,b,c\n" + b"1,2,3\n" * 40_000 + b"4\n", "line 40002 has 1 field where the header has 3"),
    "latin.csv": ("a,b\n1,café\n".encode("latin-1"), r"line 2 is not UTF-8 text \(byte 0xe9\)"),
    "utf16.csv": ("a,b\n1,x\n".encode("utf-16"), "UTF-16"),
    "quote.csv": (b'a,b\n1,"x\n2,3\n', "quotation mark that opens in line 2 is never closed"),
    "torn.parquet": (_torn_parquet(), "half-written"),
    "text.parquet": (b"this is no parquet at all", "not a Parquet file"),
    "torn.csv.gz": (gzip.compress(b"a,b\n" + b"1,2\n" * 9000)[:-30], "half-written"),
    "plain.csv.gz": (b"a,b\n1,2\n", "not a gzip file"),
    "torn.jsonl": (b'{"a": 1}\n{"a": 2, "b', r"last line \(2\) breaks off"),
    "bad.jsonl": (b'{"a": 1}\nhello\n{"a": 2}\n', "line 2 is not JSON"),
    "list.jsonl": (b"[1, 2]\n3\n", "line 1 is not a JSON object"),
    "latin.jsonl": ('{"a": "café"}\n'.encode("latin-1"), "line 1 is not UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_the_line_and_left_alone(tmp_path: Path, name: str) -> None:
    content, cause = BROKEN[name]
    path = write_text(tmp_path / name, content)
    with pytest.raises(DataError, match=cause) as caught:
        read_rows([path])
    assert name in caught.value.what
    assert path.read_bytes() == content


def test_the_broken_one_among_many_is_named(tmp_path: Path) -> None:
    good = [write_text(tmp_path / f"{n}.csv", "a,b\n1,2\n") for n in range(3)]
    damaged = bytearray(month(1).read_bytes())
    damaged[50:4000] = b"\xff" * 3950
    bad = write_text(tmp_path / "bad.parquet", bytes(damaged))
    with pytest.raises(DataError, match=r"bad\.parquet"):
        read_rows([*good, bad])


def test_damaged_pages_are_found_by_a_probe(tmp_path: Path) -> None:
    damaged = bytearray(month(1).read_bytes())
    damaged[1000:9000] = b"\xff" * 8000
    with pytest.raises(DataError, match="damaged"):
        probe(write_text(tmp_path / "x.parquet", bytes(damaged)))


def test_formats_mix_and_columns_are_matched_by_name(tmp_path: Path) -> None:
    files = [
        write_text(tmp_path / "a.csv", "x;y\n1;one\n"),
        write_text(tmp_path / "b.jsonl", '{"y": "two", "x": 2}\n'),
        write_parquet(tmp_path / "c.parquet", {"y": ["three"], "x": [3]}),
        write_text(tmp_path / "d.csv.gz", gzip.compress(b"x,y\n4,four\n")),
    ]
    table = read_rows(files, order_by="x")
    assert table["x"].tolist() == [1, 2, 3, 4]
    assert table["y"].tolist() == ["one", "two", "three", "four"]


def test_the_format_comes_from_the_name_not_the_path(tmp_path: Path) -> None:
    stored = write_text(tmp_path / "0badc0de", gzip.compress(b"a\n1\n2\n"))
    assert probe(("old name.csv.gz", stored)) == 2
    assert read_rows([DataFile("x.csv.gz", stored)])["a"].tolist() == [1, 2]


def test_a_byte_order_mark_and_windows_line_ends_are_no_data(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", "﻿a,b\r\n1,é\r\n".encode())
    table = read_rows([path])
    assert list(table.columns) == ["a", "b"]
    assert table["b"].tolist() == ["é"]


def test_a_hash_mark_starts_no_comment(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", "a,b\n#1,x\n#2,y\n")
    assert read_rows([path])["a"].tolist() == ["#1", "#2"]


def test_expand_takes_a_file_a_folder_and_a_pattern(tmp_path: Path) -> None:
    for name in ("a1.csv", "a2.csv", "b.csv", "a3.txt"):
        write_text(tmp_path / name, "x\n1\n")
    assert [p.name for p in expand(str(tmp_path / "b.csv"))] == ["b.csv"]
    assert [p.name for p in expand(str(tmp_path))] == ["a1.csv", "a2.csv", "b.csv"]
    assert [p.name for p in expand(str(tmp_path / "a*"))] == ["a1.csv", "a2.csv"]
    with pytest.raises(DataError):
        expand(str(tmp_path / "nothing*"))


def test_a_file_whose_name_is_a_pattern_is_itself(tmp_path: Path) -> None:
    write_text(tmp_path / "a*.csv", "x\n1\n")
    write_text(tmp_path / "ab.csv", "x\n1\n")
    assert [p.name for p in expand(str(tmp_path / "a*.csv"))] == ["a*.csv"]


def test_nothing_is_ever_fetched() -> None:
    with connect() as con:
        rows = con.execute(
            "SELECT value FROM duckdb_settings() WHERE name LIKE 'auto%_known_extensions' ORDER BY name"
        ).fetchall()
        assert [row[0] for row in rows] == ["false", "false"]


def test_describe_gives_the_columns_in_order() -> None:
    with connect() as con:
        types = describe(con, month(1))
    assert list(types)[:3] == ["flight_id", "sched_dep", "carrier"]
    assert types["sched_dep"] == "TIMESTAMP"
