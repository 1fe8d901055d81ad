from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import making_models as making
from making_models import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.registry.signature import Field, Signature
from pilothouse.serving.records import records_of_file, records_of_json

SIGNATURE = Signature(making.INPUTS)


def test_rows_of_a_file_have_only_what_the_model_takes(tmp_path: Path) -> None:
    making.holdout(tmp_path / "x.parquet")
    records, left_out = records_of_file(tmp_path / "x.parquet", SIGNATURE, 7)
    assert len(records) == 7 and left_out == ["late"] and list(records[0]) == list(SIGNATURE.names)
    assert SIGNATURE.validate(records)


def test_codes_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("carrier,hour,distance\n1,2,3\n2,3,\n")
    assert records_of_file(path, SIGNATURE)[0] == [
        {"distance": 3, "hour": 2, "carrier": "1"},
        {"distance": None, "hour": 3, "carrier": "2"},
    ]


def test_times_and_hostile_names(tmp_path: Path) -> None:
    path = tmp_path / "a'b [x].csv"
    path.write_text('"at; DROP TABLE x","d"\n2013-12-01 08:30:00,2013-12-01\n')
    signature = Signature((Field("at; DROP TABLE x", "datetime"), Field("d", "datetime")))
    records, _ = records_of_file(path, signature)
    assert records == [{"at; DROP TABLE x": "2013-12-01 08:30:00", "d": "2013-12-01"}]
    assert signature.validate(records) == [[datetime(2013, 12, 1, 8, 30), datetime(2013, 12, 1)]]


@pytest.mark.parametrize("name", ["none.csv", "x.txt", "broken.parquet", "other.csv"])
def test_files_that_will_not_do_are_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(PilothouseError):
        records_of_file(tmp_path / name, SIGNATURE)


def test_json_in_its_forms() -> None:
    for text in ('{"a": 1}', '[{"a": 1}]', '{"dataframe_records": [{"a": 1}]}', '{"instances": [{"a": 1}]}'):
        assert records_of_json(text) == [{"a": 1}]


@pytest.mark.parametrize("text", ["", "3", "[]", "[1]", '[{"a": NaN}]', "[" * 100_000, *HOSTILE])
def test_json_that_is_no_rows_is_told(text: str) -> None:
    with pytest.raises(PilothouseError):
        records_of_json(text)
