from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_data import month, write_parquet, write_text
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import DataError, read_rows
from pilothouse.data.schema import Column, Schema, differences, fits, type_of


def _kinds(schema: Schema) -> dict[str, tuple[str, str]]:
    return {column.name: (column.type, column.kind) for column in schema.columns}


def test_the_sample_has_the_schema_that_its_readme_tells() -> None:
    schema = infer_schema([month(1), month(2)])
    kinds = _kinds(schema)
    assert kinds["flight_id"] == ("text", "text")
    assert kinds["sched_dep"] == ("timestamp", "time")
    assert kinds["carrier"] == ("text", "category")
    assert kinds["dest"] == ("text", "category")
    assert kinds["distance"] == ("integer", "numeric")
    assert kinds["pressure"] == ("number", "numeric")
    assert kinds["late"] == ("integer", "category")
    pressure, carrier = schema.column("pressure"), schema.column("carrier")
    assert pressure and carrier
    assert (pressure.required, carrier.required) == (False, True)


def test_integers_with_few_values_are_categories_unless_the_file_is_tiny(tmp_path: Path) -> None:
    many = write_parquet(tmp_path / "many.parquet", {"code": [1, 2, 3, 4] * 50, "n": list(range(200))})
    assert _kinds(infer_schema([many])) == {"code": ("integer", "category"), "n": ("integer", "numeric")}
    tiny = write_parquet(tmp_path / "tiny.parquet", {"code": [1, 2, 3, 4], "flag": [0, 1, 0, 1]})
    assert _kinds(infer_schema([tiny])) == {"code": ("integer", "numeric"), "flag": ("integer", "category")}


def test_text_with_mostly_unique_values_is_no_category(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {"id": [f"row {n}" for n in range(500)]})
    assert _kinds(infer_schema([path]))["id"] == ("text", "text")


def test_leading_zeros_survive_in_a_text_column(tmp_path: Path) -> None:
    a = write_text(tmp_path / "a.csv", "zip,n\n007,1\nA07,2\n")
    b = write_text(tmp_path / "b.csv", "zip,n\n008,3\n")
    assert read_rows([a, b])["zip"].tolist() == ["007", "A07", "008"]


def test_a_column_without_a_value_is_empty_in_csv_and_takes_any_type_later(tmp_path: Path) -> None:
    a = write_text(tmp_path / "a.csv", "x,y\n1,\n2,NA\n")
    b = write_text(tmp_path / "b.csv", "x,y\n1,2.5\n")
    assert _kinds(infer_schema([a]))["y"] == ("empty", "text")
    assert _kinds(infer_schema([a, b]))["y"] == ("number", "numeric")
    assert read_rows([a, b])["y"].isna().tolist() == [True, True, False]


def test_integer_and_number_meet_as_number(tmp_path: Path) -> None:
    a = write_parquet(tmp_path / "a.parquet", {"x": [1, 2]})
    b = write_parquet(tmp_path / "b.parquet", {"x": [1.5, float("nan")]})
    schema = infer_schema([a, b])
    assert _kinds(schema)["x"] == ("number", "numeric")
    assert read_rows([a, b], schema=schema)["x"].tolist()[:3] == [1.0, 2.0, 1.5]


def test_files_that_disagree_are_both_named(tmp_path: Path) -> None:
    a = write_parquet(tmp_path / "a.parquet", {"x": [1.5, 2.5]})
    b = write_parquet(tmp_path / "b.parquet", {"x": ["warm", "cold"]})
    with pytest.raises(DataError, match=r"'x' is .* in [ab]\.parquet but .* in [ab]\.parquet"):
        infer_schema([a, b])


def test_another_type_is_told_with_an_example(tmp_path: Path) -> None:
    schema = Schema((Column("temp", "number", "numeric", True),))
    path = write_text(tmp_path / "x.csv", "temp\n1.5\nwarm\n2\n")
    with pytest.raises(DataError, match=r"x\.csv the column 'temp' is text \(for example 'warm'\)"):
        read_rows([path], schema=schema)


def test_integers_that_pandas_wrote_as_floats_are_taken_only_if_whole(tmp_path: Path) -> None:
    schema = Schema((Column("n", "integer", "numeric", False),))
    whole = write_parquet(tmp_path / "a.parquet", {"n": [1.0, float("nan"), 3.0]})
    assert read_rows([whole], schema=schema)["n"].dropna().tolist() == [1, 3]
    broken = write_parquet(tmp_path / "b.parquet", {"n": [1.0, 2.5]})
    with pytest.raises(DataError, match="an integer is expected"):
        read_rows([broken], schema=schema)
    endless = write_parquet(tmp_path / "c.parquet", {"n": [1.0, float("inf")]})
    with pytest.raises(DataError, match="an integer is expected"):
        read_rows([endless], schema=schema)


def test_differences_are_told_in_sentences() -> None:
    ours = Schema((Column("a", "number", "numeric", True), Column("b", "text", "category", True)))
    theirs = Schema((Column("a", "text", "category", True), Column("c", "text", "category", True)))
    assert differences(ours, theirs) == [
        "The column 'a' is text, where a number is expected.",
        "The column 'b' is missing.",
        "The column 'c' is new.",
    ]
    assert differences(ours, ours) == []


def test_every_type_fits_itself_and_nothing_is_always_welcome() -> None:
    for kind in ("integer", "number", "boolean", "text", "timestamp", "date", "time", "other"):
        assert fits(kind, kind)
        assert fits(kind, "empty")
    assert not fits("number", "text")
    assert not fits("text", "number")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("DECIMAL(18,3)", "number"),
        ("HUGEINT", "number"),
        ("DOUBLE[3]", "other"),
        ("INTEGER[]", "other"),
        ("VARCHAR[]", "other"),
        ("STRUCT(a INTEGER)", "other"),
        ("BLOB", "other"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp"),
        ("TIMESTAMP_NS", "timestamp"),
        ("ENUM('a', 'b')", "text"),
        ('"NULL"', "empty"),
    ],
)
def test_types_of_duckdb_are_translated(theirs: str, ours: str) -> None:
    assert type_of(theirs) == ours


_columns = st.builds(
    Column,
    st.text(),
    st.sampled_from(["integer", "text"]),
    st.sampled_from(["numeric", "text"]),
    st.booleans(),
)


@given(st.lists(_columns))
def test_a_schema_survives_json(columns: list[Column]) -> None:
    schema = Schema(tuple(columns))
    assert Schema.from_json(schema.to_json()) == schema
