"""An id is one text, whatever the type and the format that its row came in."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.data.row_ids import id_sql, id_text, ids_of_file, ids_of_rows, usable_id

DUCK = duckdb.connect()


@given(st.one_of(st.integers(-(2**62), 2**62), st.floats(-1e14, 1e14).map(lambda value: float(round(value)))))
def test_a_whole_number_is_one_id_whatever_its_type(value: float) -> None:
    kind = "BIGINT" if isinstance(value, int) else "DOUBLE"
    sql = f"SELECT {id_sql('v', kind)} FROM (SELECT ?::{kind} AS v)"
    assert DUCK.execute(sql, [value]).fetchall() == [(id_text(value),)]
    assert id_text(value) == str(int(value))


@given(st.text(min_size=1, max_size=50))
def test_a_text_stands_as_it_is(text: str) -> None:
    assert id_text(text) == text == usable_id(text)


@given(st.one_of(st.integers(-(10**25), 10**25), st.floats(-1e14, 1e14), st.text(min_size=1, max_size=9)))
def test_json_says_the_same_as_python(value: object) -> None:
    # Of what lies between, both say it as exactly, but not digit for digit.
    if isinstance(value, float) and not value.is_integer():
        value = round(value, 2)
    sql = f"SELECT {id_sql('v', 'JSON')} FROM (SELECT ?::JSON AS v)"
    if isinstance(value, str) and "\x00" in value:
        return
    assert DUCK.execute(sql, [json.dumps(value)]).fetchall() == [(id_text(value),)]


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (["7", "8"], ["7", "8"]),
        # pandas writes whole numbers so where one is missing.
        (["7.0", "8.0", ""], ["7", "8", None]),
        (["007", "8"], ["007", "8"]),
        (["007", "7.0"], ["007", "7.0"]),
        (["7.0", "A1"], ["7.0", "A1"]),
        (["1.10", "2"], ["1.1", "2"]),
        (["18446744073709551615", "1"], ["18446744073709551615", "1"]),
        (["x" * 1001, "x" * 1000], [None, "x" * 1000]),
    ],
)
@pytest.mark.parametrize("name", ["id", "key", "row[/x]"])
def test_ids_of_csv(tmp_path: Path, name: str, column: list[str], ids: list[str | None]) -> None:
    path = tmp_path / "Upper.CSV"
    # A column of the file that is called as one of ours is nobody's id.
    others = [one for one in ("id", "key") if one != name]
    lines = [",".join([name, *others]), *(",".join([one, *("9" for _ in others)]) for one in column)]
    path.write_text("\n".join(lines) + "\n")
    assert ids_of_rows(path, name) == ids
    assert ids_of_file(path, name) == {one for one in ids if one is not None}
    assert ids_of_file(path, name, [ids[1] or "", "nobody"]) == {one for one in ids[1:2] if one}
    assert ids_of_file(path, None) == ids_of_file(path, "nope") == set() and ids_of_rows(path, "nope") is None


def test_ids_of_json_lines_and_parquet(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("".join(json.dumps({"id": one}) + "\n" for one in [7, 8.0, "A1", "", None, True]))
    assert ids_of_rows(mixed, "id") == ["7", "8", "A1", None, None, "true"]
    odd = tmp_path / "odd.parquet"
    values = ", ".join(["('')", "('7')", "(NULL)"])
    DUCK.execute(f"COPY (SELECT * FROM (VALUES {values}) AS t(id)) TO '{odd}' (FORMAT parquet)")
    assert ids_of_rows(odd, "id") == [None, "7", None]
    values = "('nan'::DOUBLE), (7.0), ('inf'::DOUBLE), (0.5)"
    DUCK.execute(f"COPY (SELECT * FROM (VALUES {values}) AS t(id)) TO '{odd}' (FORMAT parquet)")
    assert ids_of_rows(odd, "id") == [None, "7", None, "0.5"]
    DUCK.execute(f"COPY (SELECT 7.50::DECIMAL(9, 2) AS id UNION ALL SELECT 8) TO '{odd}' (FORMAT parquet)")
    assert ids_of_rows(odd, "id") == ["7.5", "8"]


def test_hostile_ids_come_as_they_stand(tmp_path: Path) -> None:
    given_ = [text for text in HOSTILE if 0 < len(text) <= 1000 and "\x00" not in text]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": one}) + "\n" for one in given_))
    assert ids_of_rows(path, "id") == given_
