"""A target that says yes or no in another spelling than before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_data import write_parquet, write_text
from pilothouse.data.engine import connect
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, literal, read_rows
from pilothouse.data.schema import Column, Schema
from pilothouse.data.spelling import NO, YES, class_sql, meaning, pair_of, respelled
from pilothouse.errors import PilothouseError
from pilothouse.registry.evaluation import class_codes

SPELLINGS = {
    "truth.csv": "x,y\n1,yes\n2,no\n3,no\n",
    "capital.csv": "x,y\n1,Yes\n2,No\n3,\n",
    "digits.csv": "x,y\n1,1\n2,0\n3,0\n",
    "floats.csv": "x,y\n1,1.0\n2,0.0\n3,\n",
    "text.jsonl": '{"x": 1, "y": "yes"}\n{"x": 2, "y": "no"}\n{"x": 3, "y": "no"}\n',
    "title.jsonl": '{"x": 1, "y": "True"}\n{"x": 2, "y": "False"}\n{"x": 3, "y": " true "}\n',
    "truth.jsonl": '{"x": 1, "y": true}\n{"x": 2, "y": false}\n{"x": 3, "y": null}\n',
}


@pytest.mark.parametrize("first", [name for name in SPELLINGS if name != "floats.csv"])
@pytest.mark.parametrize("second", list(SPELLINGS))
def test_every_spelling_is_read_as_the_first(tmp_path: Path, first: str, second: str) -> None:
    one = write_text(tmp_path / first, SPELLINGS[first])
    schema = Schema.from_json(infer_schema([one], target="y").to_json())
    column = schema.column("y")
    assert column and len(column.classes) == 2
    read = read_rows([write_text(tmp_path / "other" / second, SPELLINGS[second])], schema=schema)
    no, yes = column.classes
    values = [str(value).lower() if column.type == "boolean" else str(value) for value in read["y"][:2]]
    assert [value.removesuffix(".0") for value in values] == [yes, no]


def test_files_of_several_spellings_are_one_table_with_two_classes(tmp_path: Path) -> None:
    files = [write_text(tmp_path / name, text) for name, text in SPELLINGS.items()]
    schema = infer_schema(files, target="y")
    assert read_rows(files, schema=schema)["y"].dropna().nunique() == 2
    texts = [path for path in files if path.name == "text.jsonl"] * 2 + [tmp_path / "truth.jsonl"]
    column = infer_schema(texts, target="y").column("y")
    assert column and (column.type, column.classes) == ("text", ("no", "yes"))
    # A column that is no target has no classes to name: it is a truth value.
    assert infer_schema(texts).column("y") == Column("y", "boolean", "boolean", False)
    assert read_rows(texts)["y"].dropna().isin([True, False]).all()
    maybe = write_text(tmp_path / "maybe.jsonl", '{"y": "maybe"}')
    with pytest.raises(DataError, match=r"is text in maybe\.jsonl but a truth value in"):
        infer_schema([maybe, *texts[2:], write_text(tmp_path / "more.jsonl", SPELLINGS["truth.jsonl"])])


def test_any_other_class_is_named_and_no_other_target_is_touched(tmp_path: Path) -> None:
    truth = write_text(tmp_path / "truth.csv", SPELLINGS["truth.csv"])
    maybe = write_text(tmp_path / "maybe.jsonl", SPELLINGS["text.jsonl"].replace('"no"', '"maybe"'))
    with pytest.raises(DataError, match=r"maybe\.jsonl the column 'y' is text \(for example 'maybe'\)"):
        read_rows([maybe], schema=infer_schema([truth], target="y"))
    with pytest.raises(DataError, match=r"maybe\.jsonl"):
        infer_schema([write_text(tmp_path / "truth.jsonl", SPELLINGS["truth.jsonl"]), maybe], target="y")
    three = write_parquet(tmp_path / "three.parquet", {"y": ["yes", "no", "maybe"]})
    column = infer_schema([three], target="y").column("y")
    assert column and column.classes == ()


def test_labels_are_told_by_what_they_say() -> None:
    assert class_codes(["yes", "No", True, "0"], [False, True]).tolist() == [1, 0, 1, 0]
    assert class_codes([True, 0, "true"], ["no", "yes"]).tolist() == [1, 0, 1]
    with pytest.raises(PilothouseError, match=r"june\.csv has the class 'maybe'.*it knows: no, yes"):
        class_codes(["yes", "maybe"], ["no", "yes"], "june.csv")
    with pytest.raises(PilothouseError, match="'yes'"):
        class_codes(["yes"], ["a", "b"])
    assert pair_of(["yes", "true"]) is None
    assert respelled("yes", [0, 1]) == 1


@given(st.one_of(st.text(max_size=8), st.sampled_from(YES + NO).map(str.upper)))
def test_sql_reads_what_python_reads(text: str) -> None:
    text = text.replace("\0", "")
    with connect() as con:
        for classes, type_ in ((("no", "yes"), "boolean"), (("0", "1"), "integer")):
            found = con.execute(f"SELECT {class_sql(literal(text), classes, type_)}").fetchall()[0][0]
            assert found == meaning(text)
