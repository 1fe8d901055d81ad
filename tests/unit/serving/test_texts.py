"""CSV is read by what the model's signature says, alike in a request and in a file."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.registry.model import Outputs
from pilothouse.registry.signature import Field, Signature, SignatureError
from pilothouse.serving.batching import body_of
from pilothouse.serving.likeliest import likeliest
from pilothouse.serving.records import records_of_file
from pilothouse.serving.requests import RequestError, header_of, read_rows, told_left_out
from pilothouse.serving.texts import read_csv, read_texts

SIGNATURE = Signature(
    (
        Field("plan", "string"),
        Field("autopay", "boolean"),
        Field("age", "double", required=False),
        Field("since", "datetime", required=False),
        Field("calls", "long", required=False),
    )
)
ROWS = """customer_id;plan;autopay;age;since;calls
C1;007;yes;NA;27.04.2025;4
C2;basic;No;57.0;12.04.2025;3.0
C3;NULLs;1;;;
"""
READ = [
    ["007", True, None, datetime(2025, 4, 27), 4],
    ["basic", False, 57.0, datetime(2025, 4, 12), 3],
    ["NULLs", True, None, None, None],
]


def test_a_request_and_a_file_are_read_alike(tmp_path: Path) -> None:
    left_out: dict[str, None] = {}
    assert read_rows("text/csv", ROWS.encode(), SIGNATURE, left_out) == READ
    assert list(left_out) == ["customer_id"]
    plain, packed = tmp_path / "x.csv", tmp_path / "y.csv.gz"
    plain.write_text("\ufeff" + ROWS, encoding="utf-8")
    packed.write_bytes(gzip.compress(ROWS.encode()))
    for path in (plain, packed):
        records, others = records_of_file(path, SIGNATURE)
        assert SIGNATURE.validate(records) == READ and others == ["customer_id"]
    assert len(records_of_file(plain, SIGNATURE, 2)[0]) == 2


def test_what_a_value_is_does_not_hang_on_the_others_of_its_request() -> None:
    # One row of codes looks like numbers, and one `1` like a count.
    for line in ROWS.splitlines()[1:]:
        alone = read_rows("text/csv", (ROWS.splitlines()[0] + "\n" + line).encode(), SIGNATURE)
        assert alone[0][:3] == next(row for row in READ if row[0] == line.split(";")[1])[:3]


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["2025-04-27", "2025-04-27T10:00:00Z"], ["2025-04-27", "2025-04-27T10:00:00Z"]),
        (["27.04.2025 08:30", ""], ["2025-04-27T08:30:00", None]),
        (["04/27/2025", "05/01/2025"], ["2025-04-27T00:00:00", "2025-05-01T00:00:00"]),
        # It may be the first of April or the fourth of January: nobody guesses.
        (["01/04/2025"], ["01/04/2025"]),
        (["soon"], ["soon"]),
    ],
)
def test_dates_are_read_where_they_can_only_be_one(texts: list[str], read: list[Any]) -> None:
    assert read_texts("datetime", texts) == read


def test_what_is_wrong_is_told_as_of_a_request(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for text, said in (
        ("plan,plan\na,b\n", "named twice"),
        ("plan,autopay\na\n", "2 values were expected, not 1"),
        ("other\n1\n", "none of the columns"),
        ("plan,autopay,agee\na,yes,3\n", "did you mean 'age'"),
        ('plan,autopay\n"a,b\n', "CSV"),
        ("\n", "no header"),
    ):
        path.write_text(text)
        with pytest.raises(PilothouseError, match=said):
            records_of_file(path, SIGNATURE)
    for raw in (b"\xff\xfe\x00", b""):
        path.write_bytes(raw)
        with pytest.raises(PilothouseError):
            records_of_file(path, SIGNATURE)
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress(ROWS.encode())[:30])
    with pytest.raises(PilothouseError, match="cannot be read as CSV"):
        records_of_file(tmp_path / "y.csv.gz", SIGNATURE)


def test_a_slip_is_told_before_an_input_is_missing_in_silence() -> None:
    text = b"plan,autopay,agee\na,yes,3\n"
    with pytest.raises(RequestError, match="'agee' is not an input of the model; did you mean 'age'"):
        read_rows("text/csv", text, SIGNATURE)
    # Unless the data that the model learned from had such a column, too; or the input is there.
    known = replace(SIGNATURE, beside=frozenset({"agee"}))
    left_out: dict[str, None] = {}
    assert read_rows("text/csv", text, known, left_out) == [["a", True, None, None, None]]
    read_rows("text/csv", b"plan,autopay,agee,age\na,yes,3,4\n", SIGNATURE, left_out)
    assert list(left_out) == ["agee"]
    optional = Signature((Field("age", "double", required=False),))
    with pytest.raises(RequestError, match="None of these columns is an input of the model: x, y"):
        read_rows("text/csv", b"x,y\n1,2\n", optional)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_hostile_columns_are_one_line_of_ascii_in_a_header(name: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerows([["plan", "autopay", name], ["a", "yes", 1]])
    left_out: dict[str, None] = {}
    try:
        read_rows("text/csv", written.getvalue().encode("utf-8", "replace"), SIGNATURE, left_out)
    except RequestError:
        return
    _, value = header_of(left_out)
    assert value.isascii() and value.decode().isprintable() and len(value) < 10_000
    assert value.startswith(b"Left out, since the model does not take them: ")


def test_many_columns_that_are_left_out_are_counted() -> None:
    assert told_left_out([]) == ""
    assert told_left_out("abcdefghijkl").endswith("i, j and 2 more.")


def test_of_several_classes_the_likeliest_are_named() -> None:
    outputs = Outputs(["b"], [[0.1, 0.7, 0.2]])
    body = body_of(outputs, ["a", "b", "c"])
    assert body == {"predictions": ["b"], "probabilities": [[0.1, 0.7, 0.2]], "classes": ["a", "b", "c"]}
    assert "classes" not in body_of(Outputs([1], [0.7]), [0, 1])
    assert likeliest([0.1, 0.7, 0.2], body["classes"], 2) == [("b", 0.7), ("c", 0.2)]
    assert likeliest([0.1, 0.9], None) == [("1", 0.9), ("0", 0.1)]


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_refused_in_words(text: str) -> None:
    try:
        names, rows, _ = read_csv(io.StringIO(text, newline=""), SIGNATURE)
    except (SignatureError, csv.Error) as error:
        assert str(error)
    else:
        assert all(len(row) == len(names) for row in rows)
