from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from making_data import month, write_parquet, write_text
from pilothouse.data.inferring import infer_schema
from pilothouse.data.schema import Column, Schema
from pilothouse.monitoring.checks import ERROR, NOTE, WARNING, Finding, Roles, check_file, is_sound
from pilothouse.monitoring.examples import LONGEST, MOST, Example
from pilothouse.monitoring.quality.rules import ColumnRule, FileRules

SCHEMA = Schema(
    (
        Column("id", "text", "text", True),
        Column("temp", "number", "numeric", False),
        Column("origin", "text", "category", True),
        Column("note", "text", "category", True),
        Column("late", "integer", "category", True),
    )
)
ROLES = Roles(target="late", id="id", exclude=("note",))
GOOD = "id,temp,origin,note,late\na,1.5,JFK,x,0\nb,2.5,EWR,y,1\n"


def _check(tmp_path: Path, text: str | bytes, name: str = "june.csv") -> list[Finding]:
    return check_file(write_text(tmp_path / name, text), SCHEMA, ROLES)


def _only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_good_file_has_no_findings(tmp_path: Path) -> None:
    assert _check(tmp_path, GOOD) == []
    assert check_file(month(2), infer_schema([month(1)]), Roles("late", "flight_id")) == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"", "june.csv is empty"),
        ("id,temp,origin,note,late\n", "june.csv has a header but no rows"),
        ("id,temp,origin,note,late\na,1.5,JFK,x,0\nb,2\n", "line 3 has 2 fields where the header has 5"),
        (GOOD.replace("JFK", "Zürich").encode("latin-1"), "line 2 is not UTF-8"),
        (b"PAR1" + b"\x00\xff" * 400, "june.csv cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_held_with_the_cause(
    tmp_path: Path, text: str | bytes, cause: str
) -> None:
    findings = _check(tmp_path, text)
    assert not is_sound(findings)
    assert findings[0].severity == ERROR
    assert cause in findings[0].message


def test_a_missing_column_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    found = _check(tmp_path, GOOD.replace("temp", "temps"))
    assert found[0] == Finding(ERROR, "temp", "june.csv has no column 'temp'; it has 'temps'.", "column")
    assert found[1] == Finding(WARNING, "temps", "The column 'temps' is new; nothing uses it.", "new-column")


def test_an_excluded_column_may_be_missing(tmp_path: Path) -> None:
    found = _only(_check(tmp_path, "id,temp,origin,late\na,1.5,JFK,0\nb,2,EWR,1\n"))
    assert (found.severity, found.column) == (WARNING, "note")


def test_another_type_is_an_error_with_an_example(tmp_path: Path) -> None:
    found = _only(_check(tmp_path, GOOD.replace("2.5", "warm")))
    assert (found.severity, found.column) == (ERROR, "temp")
    assert "june.csv" in found.message
    assert "'warm'" in found.message


def test_numbers_that_are_not_whole_are_no_integers(tmp_path: Path) -> None:
    found = _only(_check(tmp_path, GOOD.replace("x,0", "x,0.5")))
    assert (found.severity, found.column) == (ERROR, "late")
    assert "0.5" in found.message


def test_a_target_with_one_class_or_none_is_told_and_not_held(tmp_path: Path) -> None:
    one = _only(_check(tmp_path, GOOD.replace("y,1", "y,0")))
    said = "The target 'late' has one class only: '0' in all 2 rows."
    assert one == Finding(WARNING, "late", said, "target")
    none = _only(_check(tmp_path, GOOD.replace("x,0", "x,").replace("y,1", "y,")))
    assert "the file has no labels" in none.message
    assert is_sound([one, none])


def test_a_regression_target_may_have_one_value(tmp_path: Path) -> None:
    path = write_text(tmp_path / "x.csv", GOOD.replace("y,1", "y,0"))
    assert check_file(path, SCHEMA, Roles(target="late", classification=False)) == []


def test_infinite_and_newly_missing_values_and_repeated_ids_are_warnings(tmp_path: Path) -> None:
    text = GOOD.replace("2.5", "inf").replace("EWR", "") + "a,1,LGA,z,1\n"
    found = {finding.column: finding for finding in _check(tmp_path, text)}
    assert "infinite in 1 of 3 rows" in found["temp"].message
    assert "missing in 1 of 3 rows; it never was before" in found["origin"].message
    assert "repeat a value of 'id'" in found["id"].message
    assert is_sound(list(found.values()))


def test_a_column_named_twice_is_an_error(tmp_path: Path) -> None:
    findings = _check(tmp_path, "id,temp,temp,origin,note,late\na,1,2,JFK,x,0\nb,1,2,EWR,x,1\n")
    assert findings[0] == Finding(ERROR, "temp", "june.csv has two columns called 'temp'.", "named-twice")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {"id": ["a", "b"], "temp": ["x", "y"], "late": [0, 1]})
    findings = check_file(path, SCHEMA, ROLES)
    assert [finding.column for finding in findings if finding.severity == ERROR] == ["temp", "origin"]


def test_pages_damaged_in_the_middle_are_found(tmp_path: Path) -> None:
    damaged = bytearray(month(1).read_bytes())
    damaged[40_000:60_000] = b"\xff" * 20_000
    path = write_text(tmp_path / "x.parquet", bytes(damaged))
    findings = check_file(path, infer_schema([month(1)]))
    assert not is_sound(findings)
    assert "damaged" in findings[0].message


def test_without_a_schema_only_what_every_file_must_satisfy_is_checked(tmp_path: Path) -> None:
    assert check_file(write_text(tmp_path / "x.csv", "what,ever\n1,2\n"), None) == []
    assert not is_sound(check_file(write_text(tmp_path / "y.csv", "a,b\n1\n"), None))
    assert not is_sound(check_file(tmp_path / "nowhere.csv", None))


@pytest.mark.parametrize("name", ['say "hi"', "a'b", "x; DROP TABLE y", "[/red]", "ü 🚢"])
def test_hostile_columns_are_named_as_they_are(tmp_path: Path, name: str) -> None:
    schema = infer_schema([write_parquet(tmp_path / "r.parquet", {name: [1.5, 2.5], "b": [1.5, 2.5]})])
    other = write_parquet(tmp_path / "x.parquet", {name: ["x", "y"], "b": [1.5, 2.5]})
    found = _only(check_file(other, schema, Roles(target=name)))
    assert found.column == name
    gone = write_parquet(tmp_path / "y.parquet", {"b": [1.5, 2.5]})
    assert _only(check_file(gone, schema)).column == name


def test_a_finding_counts_its_rows_and_shows_the_first_of_them(tmp_path: Path) -> None:
    text = GOOD.replace("2.5", "inf").replace("EWR", "") + "a,1,LGA,z,1\n"
    found = {finding.rule: finding for finding in _check(tmp_path, text)}
    assert (found["finite"].count, found["finite"].examples) == (1, (Example(2, "inf"),))
    assert (found["missing"].count, found["missing"].examples) == (1, (Example(2, None),))
    assert (found["unique"].count, found["unique"].examples) == (1, (Example(3, "a"),))


def test_values_of_another_type_are_counted_and_shown(tmp_path: Path) -> None:
    lines = [f"i{n},{'warm' if n >= 5 else n},JFK,x,{n % 2}" for n in range(10)]
    found = _only(_check(tmp_path, "id,temp,origin,note,late\n" + "\n".join(lines) + "\n"))
    assert (found.rule, found.count) == ("type", 5)
    assert found.examples == (Example(6, "warm"), Example(7, "warm"), Example(8, "warm"))
    halves = _only(_check(tmp_path, GOOD.replace("x,0", "x,0.5")))
    assert (halves.count, halves.examples) == (1, (Example(1, "0.5"),))


def test_a_finding_comes_back_from_the_store_as_it_was(tmp_path: Path) -> None:
    text = GOOD.replace("2.5", "inf").replace("EWR", "")
    for finding in _check(tmp_path, text):
        assert Finding.from_stored(json.loads(json.dumps(asdict(finding)))) == finding
    old = {"severity": WARNING, "column": "temp", "message": "Stored before rules had names."}
    assert Finding.from_stored(old) == Finding(**old)


def test_few_rows_are_shown_in_the_files_order_however_large_it_is(tmp_path: Path) -> None:
    infinite = (200_001, 250_007, 290_000, 299_999)
    temps = [float("inf") if row in infinite else 1.5 for row in range(300_000)]
    path = write_parquet(tmp_path / "x.parquet", {"temp": temps})
    found = _only(check_file(path, Schema((SCHEMA.columns[1],))))
    assert found.count == len(infinite)
    assert [example.row for example in found.examples] == [row + 1 for row in infinite[:MOST]]


@pytest.mark.parametrize("name", ["value", "place", 'say "hi"', "x; DROP TABLE y", "[/red]", "ü 🚢"])
def test_hostile_names_and_values_are_shown_as_they_are(tmp_path: Path, name: str) -> None:
    worst = f"{name}\x1b[31m'\n" + "x" * 500
    schema = Schema((Column(name, "number", "numeric", False),))
    path = write_parquet(tmp_path / "x.parquet", {name: ["1", worst]})
    assert _only(check_file(path, schema)).examples == (Example(2, worst[:LONGEST]),)


def test_a_file_without_the_target_waits_for_labels_whatever_was_accepted(tmp_path: Path) -> None:
    text = "id,temp,origin,note\na,1.5,JFK,x\nb,2.5,EWR,y\n"
    said = "june.csv has no column 'late', the target: the file has no labels."
    note = Finding(NOTE, "late", said, "labels")
    assert _check(tmp_path, text) == [note]
    path = tmp_path / "june.csv"
    rules = FileRules(tuple(ColumnRule(one.name, one.type) for one in SCHEMA.columns), accepted=1)
    assert check_file(path, None, ROLES, rules) == [note]
    assert note in check_file(path, None, Roles("late"))
    renamed = _check(
        tmp_path, text.replace("note\n", "note,Late\n").replace("x\n", "x,0\n").replace("y\n", "y,1\n")
    )
    assert renamed[0].severity == WARNING
    assert "it has 'Late'" in renamed[0].message
    assert is_sound(renamed)


def test_the_nearest_column_is_none_that_is_known(tmp_path: Path) -> None:
    schema = Schema((Column("temp", "number", "numeric", False), Column("temp2", "number", "numeric", False)))
    (found,) = check_file(write_text(tmp_path / "x.csv", "temp\n1\n"), schema)
    assert found.message == "x.csv has no column 'temp2'."


@pytest.mark.parametrize("kind", ["text", "boolean"])
def test_two_classes_in_another_spelling_are_sound_and_a_third_is_held(tmp_path: Path, kind: str) -> None:
    first = '"yes"', '"no"'
    if kind == "boolean":
        first = "true", "false"
    lines = "".join(f'{{"x": {at}, "y": {first[at % 2]}}}\n' for at in range(40))
    schema = infer_schema([write_text(tmp_path / "first.jsonl", lines)], target="y")
    column = schema.column("y")
    assert column and column.type == kind
    rules = FileRules(
        tuple(ColumnRule(one.name, one.type, on_fail="warn") for one in schema.columns), accepted=1
    )
    text = "x,y\n" + "".join(f"{at},{('Yes', 'NO', '1', 'false')[at % 4]}\n" for at in range(40))
    assert check_file(write_text(tmp_path / "other.csv", text), schema, Roles("y")) == []
    assert check_file(tmp_path / "other.csv", schema, Roles("y"), rules) == []
    third = write_text(tmp_path / "third.csv", text + "41,maybe\n")
    for asked in (None, rules):
        found = _only(check_file(third, schema, Roles("y"), asked))
        assert (found.severity, found.column, found.rule, found.count) == (ERROR, "y", "type", 1)
        assert "'maybe'" in found.message
        assert found.examples == (Example(41, "maybe"),)


def test_texts_that_are_read_as_missing_are_named(tmp_path: Path) -> None:
    text = "id,temp,origin,note,late\n" + "".join(
        f"{at},1.5,{origin},x,{at % 2}\n"
        for at, origin in enumerate(["JFK", "NA", '"NA"', "null", "", "EWR"])
    )
    found = _only(_check(tmp_path, text))
    assert found.message == (
        "'origin' is missing in 4 of 6 rows; it never was before. "
        "Read as missing: the text 'NA' in 2 rows, the text 'null' in 1 row."
    )
    path = write_parquet(
        tmp_path / "x.parquet",
        {"id": ["a", "b"], "temp": [1.5, 2.5], "origin": ["NA", None], "note": ["x", "y"], "late": [0, 1]},
    )
    (found,) = check_file(path, SCHEMA, ROLES)
    assert found.message == "'origin' is missing in 1 of 2 rows; it never was before."
