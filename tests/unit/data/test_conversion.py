"""The same values in every format: infinite numbers, truth values, moments, and what mixes types."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_data import write_parquet, write_text
from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema, schema_read_as
from pilothouse.data.reading import DataError, read_rows
from pilothouse.data.schema import Column, Schema
from pilothouse.data.types_found import INFINITE, file_types
from pilothouse.monitoring.checks import check_file


def _types(path: Path) -> dict[str, str]:
    with connect() as con:
        return file_types(con, path)


def _schema(**types: str) -> Schema:
    return Schema(tuple(Column(name, kind, "text", False) for name, kind in types.items()))


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "-INFINITY", "+Inf", " inf "])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_infinite_values_of_a_csv_file_are_numbers_wherever_they_stand(
    tmp_path: Path, word: str, place: int
) -> None:
    values = ["NA", "1.5", "2"]
    values.insert(place, word)
    path = write_text(tmp_path / "x.csv", "x\n" + "\n".join(values) + "\n")
    assert _types(path) == {"x": "number"}
    read = read_rows([path])["x"].dropna().tolist()
    assert sorted(map(abs, read)) == [1.5, 2.0, math.inf]
    assert (min(read) < 0) == ("-" in word)


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1), st.booleans(), st.randoms())
def test_any_floats_that_python_writes_are_numbers(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], gzip: bool, random: object
) -> None:
    path = tmp_path_factory.mktemp("floats") / "x.csv"
    write_text(path, "x,k\n" + "".join(f"{value},a\n" for value in values))
    assert _types(path)["x"] in ("number", "integer")
    assert read_rows([path], schema=_schema(x="number"))["x"].tolist() == values


@pytest.mark.parametrize(
    "values", [["inf", "007"], ["inf", "n/a", "1"], ["information", "1"], ["2025-01-01", "inf"]]
)
def test_what_is_no_number_beside_it_stays_what_it_was(tmp_path: Path, values: list[str]) -> None:
    path = write_text(tmp_path / "x.csv", "x\n" + "\n".join(values) + "\n")
    assert _types(path)["x"] in ("text", "date")


def test_nothing_but_infinite_values_are_numbers_and_no_dates(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", "x\n" + "\n".join(word.strip() for word in INFINITE) + "\n")
    assert _types(path) == {"x": "number"}
    assert read_rows([path])["x"].abs().tolist() == [math.inf] * len(INFINITE)


def test_which_rows_are_infinite_is_found_alike_in_every_format(tmp_path: Path) -> None:
    files = [
        write_text(tmp_path / "a.csv", "x,k\ninf,a\n1.5,b\n-Infinity,b\n"),
        write_text(
            tmp_path / "b.jsonl", '{"x": "inf", "k": "a"}\n{"x": 1.5, "k": "b"}\n{"x": -Infinity, "k": "b"}'
        ),
        write_parquet(tmp_path / "c.parquet", {"x": [math.inf, 1.5, -math.inf], "k": ["a", "b", "b"]}),
    ]
    told = [check_file(file, _schema(x="number", k="text")) for file in files]
    for (found,) in told:
        assert (found.rule, found.count, [one.row for one in found.examples]) == ("finite", 2, [1, 3])
        assert found.message == "'x' is infinite in 2 of 3 rows."
    assert infer_schema(files).column("x") == infer_schema(files[2:]).column("x")
    with pytest.raises(DataError, match=r"a\.csv the column 'x' is a number \(for example 'inf'\)"):
        read_rows(files, schema=_schema(x="integer"))


def test_texts_beside_numbers_in_json_lines_are_texts_without_quotes(tmp_path: Path) -> None:
    lines = '{"x": 1.5, "y": {"a": 1}}\n{"x": "n/a", "y": [1]}\n{"x": true, "y": 2}\n'
    path = write_text(tmp_path / "x.jsonl", lines)
    assert _types(path) == {"x": "text", "y": "other"}
    assert read_rows([path])["x"].tolist() == ["1.5", "n/a", "true"]
    csv = write_text(tmp_path / "x.csv", "x,y\n1.5,1\nn/a,1\n2,1\n")
    of_lines, of_csv = (next(one for one in check_file(file, _schema(x="number")) if one.rule == "type")
                        for file in (path, csv))  # fmt: skip
    said = "In x.{} the column 'x' is text (for example 'n/a'), where a number is expected."
    assert [of_lines.message, of_csv.message] == [said.format("jsonl"), said.format("csv")]
    assert of_csv.count == 1 and of_csv.examples[0] == (2, "n/a")
    assert of_lines.count == 2 and of_lines.examples[0] == (2, "n/a")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_yes_and_no_are_truth_values_where_those_are_asked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    if suffix == "csv":
        write_text(path, "x\nyes\nNo\n\n".replace("\n\n", '\n""\n'))
    elif suffix == "jsonl":
        write_text(path, '{"x": "yes"}\n{"x": "No"}\n{"x": null}\n')
    else:
        write_parquet(path, {"x": ["yes", "No", None]})
    schema = _schema(x="boolean")
    assert not check_file(path, schema)
    assert read_rows([path], schema=schema)["x"].tolist()[:2] == [True, False]


def test_a_word_that_is_neither_is_named(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {"x": ["yes", "perhaps", None]})
    (found,) = check_file(path, _schema(x="boolean"))
    assert (found.rule, found.count, found.examples) == ("type", 1, ((2, "perhaps"),))
    with pytest.raises(DataError, match="'perhaps'"):
        read_rows([path], schema=_schema(x="boolean"))


def test_dates_and_times_of_day_are_such_in_every_format(tmp_path: Path) -> None:
    rows = [("2025-04-08", "08:30:00"), ("2025-04-09", "23:59:59")]
    files = [
        write_text(tmp_path / "a.csv", "d,t\n" + "".join(f"{d},{t}\n" for d, t in rows)),
        write_text(tmp_path / "b.jsonl", "".join(f'{{"d": "{d}", "t": "{t}"}}\n' for d, t in rows)),
        write_parquet(tmp_path / "c.parquet", {"d": [d for d, _ in rows], "t": [t for _, t in rows]}),
    ]
    for some in (*([file] for file in files), files):
        schema = infer_schema(some)
        assert [column.type for column in schema.columns] == ["date", "time"]
        assert all(not check_file(file, schema) for file in files)
        assert len(read_rows(files, schema=schema).dropna()) == 6


def test_a_file_is_read_with_the_types_that_a_model_learned(tmp_path: Path) -> None:
    csv = write_text(tmp_path / "a.csv", "pays,k,x\nyes,yes,1.5\nno,no,2.5\n")
    lines = write_text(
        tmp_path / "b.jsonl", '{"pays": "yes", "k": "yes", "x": 1.5}\n{"pays": "no", "k": "no", "x": 2.5}\n'
    )
    learned = {"pays": "boolean", "k": "text", "gone": "text", "x": "boolean"}
    read = [read_rows([file], schema=schema_read_as(file, learned)).to_dict("list") for file in (csv, lines)]
    # What cannot be read so stays what it is, and whoever needs it says so.
    assert read == [{"pays": [True, False], "k": ["yes", "no"], "x": [1.5, 2.5]}] * 2
