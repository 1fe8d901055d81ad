from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_models import HOSTILE, INPUTS
from pilothouse.registry.signature import Signature
from pilothouse.serving.requests import RequestError, read_rows

SIGNATURE = Signature(INPUTS)
ROW = {"distance": 500.5, "hour": 12, "carrier": "UA", "wind": 1.0}
EXPECTED = [[500.5, 12, "UA", 1.0]]
JSON = "application/json"


def refused(body: Any, content_type: str = JSON) -> tuple[int, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RequestError) as caught:
        read_rows(content_type, raw, SIGNATURE)
    return caught.value.status, " ".join(caught.value.problems)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [ROW]},
        {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}},
        {
            "dataframe_split": {
                "columns": [*reversed(ROW)],
                "index": [0],
                "data": [[1, "UA", 12.0, 500.5]],
            }
        },
        {"instances": [ROW]},
        {"instances": [list(ROW.values())]},
        {"inputs": [ROW]},
        {"inputs": {key: [value] for key, value in ROW.items()}},
        {"inputs": ROW},
        {"dataframe_records": [ROW], "params": {}},
    ],
)
def test_every_form_of_mlflow_is_read(body: Any) -> None:
    for content_type in (JSON, "", "Application/JSON; charset=utf-8"):
        assert read_rows(content_type, json.dumps(body).encode(), SIGNATURE) == EXPECTED


def test_csv_is_read() -> None:
    body = b'\xef\xbb\xbfwind,carrier,hour,distance\n,"[/x],\n",3,4\n'
    assert read_rows("text/csv", body, SIGNATURE) == [[4.0, 3, "[/x],\n", None]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"instances": [{"distance": NaN}]}', "not JSON"),
        (b'{"instances": [{"distance": Infinity}]}', "not JSON"),
        (b'{"instances": [{"distance": 1e999}]}', "not JSON"),
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        ([ROW], "must be a JSON object"),
        ({}, "it has none"),
        ({"instances": [ROW], "inputs": [ROW]}, "it has instances, inputs"),
        ({"instances": [ROW], "extra": 1}, "not read here: 'extra'"),
        ({"instances": [ROW], "params": {"a": 1}}, "not read here: 'params'"),
        ({"instances": []}, "no rows"),
        ({"instances": {}}, "must be a list"),
        ({"instances": 3}, "must be a list"),
        ({"inputs": 3}, "inputs must be"),
        ({"inputs": {"distance": [1, 2], "hour": [1]}}, "equally long"),
        ({"inputs": {}}, "no rows"),
        ({"dataframe_records": ROW}, "must be a list"),
        ({"dataframe_split": {"columns": ["distance"]}}, "columns and data"),
        ({"dataframe_split": {"columns": 1, "data": []}}, "must be lists"),
        ({"dataframe_split": {"columns": list(ROW), "data": [[1]]}}, "4 values were expected, not 1"),
        ({"instances": [ROW, [1, 2, "x", 3]]}, "Row 2: an object"),
        ({"instances": [{**ROW, "hour": "12"}]}, "field 'hour' must be a whole number"),
        ({"instances": [{**ROW, "hour": None}]}, "field 'hour' is null"),
        ({"instances": [{**ROW, "hours": 1}]}, "did you mean 'hour'?"),
        ({"instances": [{"hour": 1, "carrier": "UA"}]}, "field 'distance' is missing (double)"),
    ],
)
def test_each_bad_body_is_a_400_in_words(body: Any, said: str) -> None:
    status, words = refused(body)
    assert status == 400 and said in words and "\n" not in words


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no header"),
        (b"distance,hour,carrier\n", "no rows"),
        (b"distance,hour,carrier\n1,2\n", "3 values were expected, not 2"),
        (b"distance,hour,carrier\n1,x,UA\n", "field 'hour' must be a whole number"),
        (b"distance,hour,carrier\n1,,UA\n", "field 'hour' is null"),
        (b"distance,hour,carrier\nnan,1,UA\n", "field 'distance' is null"),
        (b"distance,hour,carrier\ninf,1,UA\n", "field 'distance' must be a number"),
        (b'distance,hour,carrier\n1,1,"UA\n', "not CSV"),
        (b"\xff\xfe", "UTF-8"),
        (b"distance,distance\n1,1\n", "named twice"),
    ],
)
def test_bad_csv_is_a_400_in_words(body: bytes, said: str) -> None:
    status, words = refused(body, "text/csv")
    assert status == 400 and said in words


def test_other_content_types_are_refused() -> None:
    assert refused(b"x", "application/xml")[0] == 415


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_values_like_any_other(text: str) -> None:
    body = json.dumps({"instances": [{**ROW, "carrier": text}]}).encode()
    assert read_rows(JSON, body, SIGNATURE)[0][2] == text
    assert refused({"instances": [{**ROW, text + "?": 1}]})[0] == 400
    assert refused({text: [ROW]})[0] == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(list(ROW)), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs"]), json_values)
def test_any_json_is_rows_or_a_refusal(form: str, content: Any) -> None:
    try:
        rows = read_rows(JSON, json.dumps({form: content}).encode(), SIGNATURE)
    except RequestError as error:
        assert error.status == 400 and error.problems
    else:
        assert rows and all(len(row) == len(INPUTS) for row in rows)


@given(st.binary(max_size=200), st.sampled_from([JSON, "text/csv"]))
def test_any_bytes_are_rows_or_a_refusal(body: bytes, content_type: str) -> None:
    try:
        read_rows(content_type, body, SIGNATURE)
    except RequestError as error:
        assert error.problems
