from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making_models import HOSTILE
from pilothouse.errors import PilothouseError
from pilothouse.registry.signature import TYPES, Field, Signature, SignatureError, infer_type

ALL = Signature(
    (
        Field("flag", "boolean"),
        Field("small", "integer"),
        Field("count", "long"),
        Field("share", "double"),
        Field("name", "string"),
        Field("at", "datetime"),
        Field("maybe", "double", required=False),
    )
)
GOOD = {
    "flag": True,
    "small": 1,
    "count": 2,
    "share": 0.5,
    "name": "x",
    "at": "2013-12-01T08:30:00",
    "maybe": None,
}

GOOD_VALUES = st.fixed_dictionaries(
    {
        "flag": st.booleans(),
        "small": st.integers(-(2**31), 2**31 - 1),
        "count": st.integers(-(2**63), 2**63 - 1),
        "share": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9),
        "name": st.text(st.characters(exclude_categories=["Cs"])),
        "at": st.datetimes().map(datetime.isoformat),
    },
    optional={"maybe": st.none() | st.floats(allow_nan=False, allow_infinity=False)},
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def problems(record: object, signature: Signature = ALL) -> tuple[str, ...]:
    with pytest.raises(SignatureError) as caught:
        signature.validate([record])
    return caught.value.problems


@given(GOOD_VALUES)
def test_what_fits_passes_with_every_value_kept(record: dict[str, object]) -> None:
    (row,) = ALL.validate([record])
    assert row[0] is record["flag"]
    assert row[2] == record["count"]
    assert row[4] == record["name"]
    assert row[6] == record.get("maybe")


@given(st.dictionaries(st.sampled_from([*GOOD, "other"]), ANYTHING) | ANYTHING)
def test_anything_at_all_is_either_whole_or_refused_in_words(record: object) -> None:
    try:
        rows = ALL.validate([record])
    except SignatureError as error:
        assert error.problems and all(text.strip() and "\n" not in text for text in error.problems)
    else:
        (row,) = rows
        assert type(row[0]) is bool and type(row[1]) is int and type(row[4]) is str
        assert all(math.isfinite(value) for value in row if type(value) is float)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "maybe"])
def test_a_missing_and_a_null_field_are_each_named(name: str) -> None:
    assert problems({key: value for key, value in GOOD.items() if key != name})[0].startswith(
        f"field '{name}' is missing"
    )
    assert problems({**GOOD, name: None}) == (f"field '{name}' is null, but it is required.",)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("flag", 1, "true or false, not the number 1"),
        ("small", 2**31, "a whole number (32 bits), not the number 2147483648"),
        ("count", True, "a whole number, not true"),
        ("count", 1.5, "a whole number, not the number 1.5"),
        ("count", 2**63, "a whole number, not the number 9223372036854775808"),
        ("count", "1", "a whole number, not the text '1'"),
        ("share", "0.5", "a number, not the text '0.5'"),
        ("share", float("nan"), "a number, not the number nan"),
        ("share", float("inf"), "a number, not the number inf"),
        ("share", 10**400, "a number, not the number 1000"),
        ("name", 3, "a text, not the number 3"),
        ("name", "\ud800", "a text, not a text with half of a surrogate pair"),
        ("at", "yesterday", "a time such as '2013-12-01T08:30:00', not the text 'yesterday'"),
        ("at", {}, "not an object"),
        ("maybe", [], "a number, not a list"),
    ],
)
def test_a_wrong_type_says_what_was_expected_and_what_came(name: str, value: object, said: str) -> None:
    (text,) = problems({**GOOD, name: value})
    assert text.startswith(f"field '{name}' must be ") and said in text


def test_an_unknown_field_names_the_nearest() -> None:
    assert problems({**GOOD, "cuont": 1}) == (
        "field 'cuont' is not an input of the model; did you mean 'count'?",
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_text(name: str) -> None:
    signature = Signature((Field(name, "long"),))
    assert Signature.from_json(signature.to_json()) == signature
    assert signature.validate([{name: 1}]) == [[1]]
    assert len(problems({name: name}, signature)) == 1
    assert len(problems({name: 1, name + "?": 2}, signature)) == 1


def test_every_bad_field_of_every_row_has_its_sentence() -> None:
    with pytest.raises(SignatureError) as caught:
        ALL.validate([GOOD, {**GOOD, "count": "x", "flag": None}, 7])
    assert [text.split(":")[0] for text in caught.value.problems] == ["Row 2", "Row 2", "Row 3"]


def test_a_thousand_bad_rows_do_not_make_a_thousand_sentences() -> None:
    with pytest.raises(SignatureError) as caught:
        ALL.validate([{}] * 1000)
    assert len(caught.value.problems) == 6
    assert caught.value.problems[0].startswith("Rows 1, 2, 3 and 997 more: field 'flag' is missing")
    with pytest.raises(SignatureError) as caught:
        ALL.validate([{**GOOD, "count": f"x{number}"} for number in range(1000)])
    assert len(caught.value.problems) == 21


def test_tables_with_and_without_column_names() -> None:
    two = Signature((Field("a", "long"), Field("b", "double")))
    assert two.validate_table(["b", "a"], [[0.5, 1]]) == [[1, 0.5]]
    assert two.validate_table(None, [[1, 2]]) == [[1, 2.0]]
    for columns, data in (
        (["a"], [[1, 2]]),
        (["a", "a"], [[1, 2]]),
        ([1, "b"], [[1, 2]]),
        (None, [[1]]),
        (None, [3]),
    ):
        with pytest.raises(SignatureError):
            two.validate_table(columns, data)


def test_a_truth_value_may_be_a_word() -> None:
    for word, meant in (("yes", True), ("No ", False), ("TRUE", True), ("0", False)):
        assert ALL.validate([{**GOOD, "flag": word}])[0][0] is meant
    assert problems({**GOOD, "flag": "perhaps"}) == (
        "field 'flag' must be true or false, not the text 'perhaps'.",
    )


def test_columns_of_the_data_that_are_no_inputs_are_left_out_where_it_can_be_said() -> None:
    known = replace(ALL, beside=frozenset({"target", "count"}))
    left_out: dict[str, None] = {}
    assert known.validate([{**GOOD, "target": 3}], left_out) == ALL.validate([GOOD])
    assert list(left_out) == ["target"] and known == ALL
    assert problems({**GOOD, "target": 3}, known) == ("field 'target' is not an input of the model.",)
    with pytest.raises(SignatureError, match="did you mean 'count'"):
        known.validate([{**GOOD, "cuont": 3}], left_out)


def test_a_zone_is_put_on_utcs_clock() -> None:
    assert ALL.validate([{**GOOD, "at": "2013-12-01T08:30:00+02:00"}])[0][5] == datetime(2013, 12, 1, 6, 30)


def test_unknown_types_double_names_and_damaged_files_are_refused() -> None:
    for wrong in (lambda: Field("a", "int"), lambda: Signature((Field("a", "long"), Field("a", "long")))):
        with pytest.raises(PilothouseError):
            wrong()
    for text in ("", "[]", "{}", '{"inputs": [{}], "outputs": []}', '{"inputs": 3, "outputs": []}'):
        with pytest.raises(PilothouseError):
            Signature.from_json(text)


def test_types_are_inferred() -> None:
    assert [infer_type(v) for v in ([1, None], [1, 2.5], [True], ["a", 1], [])] == [
        "long",
        "double",
        "boolean",
        "string",
        "string",
    ]
    assert set(TYPES) >= {"long", "double", "boolean", "string"}
