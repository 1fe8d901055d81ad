"""What breaks a rule that was accepted holds a file; what was only suggested warns."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hostile import HOSTILE
from making_data import write_parquet, write_text
from pilothouse.data.inferring import infer_schema
from pilothouse.data.schema import Schema
from pilothouse.monitoring.checks import ERROR, WARNING, Finding, Roles, check_file, is_sound
from pilothouse.monitoring.quality.adapting import new_leaks
from pilothouse.monitoring.quality.advice import advised
from pilothouse.monitoring.quality.rules import WARN, ColumnRule, DatasetRules, FileRules
from pilothouse.monitoring.quality.telling import finding_lines

RULES = FileRules(
    (
        ColumnRule("temp", "number", max_missing=0.1, min=-30.0, max=120.0, varies=True),
        ColumnRule("k", "text", categories=("a", "b", "c"), max_new=0.05),
        ColumnRule("id", "integer", unique=True),
        ColumnRule("at", "timestamp", min="2013-01-01T00:00:00"),
    ),
    accepted=1,
)


def _columns(n: int = 200) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {
        "temp": rng.normal(60, 10, n).tolist(),
        "k": rng.choice(["a", "b", "c"], n).tolist(),
        "id": list(range(n)),
        "at": np.datetime64("2013-06-01") + np.arange(n),
    }


def _found(path: Path, rules: FileRules = RULES, **more: Any) -> list[Finding]:
    return check_file(path, None, Roles(time="at"), rules, **more)


def _with(tmp_path: Path, **changed: Any) -> list[Finding]:
    path = write_parquet(tmp_path / "x.parquet", {**_columns(), **changed})
    found = _found(path)
    # The same rules, if nobody has accepted them, never hold it.
    assert is_sound(check_file(path, None, Roles(time="at"), replace(RULES, accepted=None)))
    return found


def test_a_file_that_keeps_them(tmp_path: Path) -> None:
    assert _with(tmp_path) == []


@pytest.mark.parametrize(
    ("changed", "rule", "said", "count"),
    [
        ({"temp": [-999.0, 200.0] + [1.0, 2.0] * 99}, "range", "outside -30 to 120 in 2 of 200", 2),
        (
            {"temp": [None] * 60 + [1.0, 2.0] * 70},
            "missing",
            "missing in 60 of 200 rows (30%); at most 10%",
            60,
        ),
        ({"temp": [7.0] * 200}, "constant", "'temp' is 7 in all 200 rows; it should vary", 200),
        ({"k": ["z"] * 20 + ["a"] * 180}, "categories", "not known in 20 rows (10%); at most 5%", 20),
        ({"id": [1] * 2 + list(range(2, 200))}, "unique", "1 rows of x.parquet repeat a value of 'id'", 1),
        ({"at": ["2012-01-01"] + ["2 Feb 2013"] * 199}, "type", "is text", 199),
    ],
)
def test_what_breaks_a_rule(
    tmp_path: Path, changed: dict[str, Any], rule: str, said: str, count: int
) -> None:
    (found,) = (
        _with(tmp_path, **changed)
        if rule != "type"
        else _found(write_parquet(tmp_path / "x.parquet", {**_columns(), **changed}))
    )
    assert (found.severity, found.rule, found.count) == (ERROR, rule, count)
    assert said in found.message
    assert found.examples or rule in ("constant", "type")
    assert len(list(finding_lines(advised([found], "x.parquet", by_rules=True)))) == 2


def test_times_have_a_range(tmp_path: Path) -> None:
    (found,) = _with(tmp_path, at=np.datetime64("2012-12-31") + np.arange(200))
    assert "'at' is below 2013-01-01" in found.message
    assert found.examples[0].value == "2012-12-31 00:00:00"


def test_a_column_that_only_warns(tmp_path: Path) -> None:
    rules = replace(RULES, columns=tuple(replace(rule, on_fail=WARN) for rule in RULES.columns))
    path = write_parquet(tmp_path / "x.parquet", {**_columns(), "temp": [-999.0] * 200})
    found = _found(path, rules)
    assert {one.severity for one in found} == {WARNING}
    without = {name: values for name, values in _columns().items() if name != "temp"}
    assert is_sound(_found(write_parquet(path, without), rules))
    assert not is_sound(_found(path))


def test_the_file_as_a_whole(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", _columns())

    def found(now: float = 1.37e9, **asked: Any) -> list[str]:
        rules = replace(RULES, dataset=DatasetRules(**asked))
        return [one.message for one in _found(path, rules, now=now)]

    assert found(min_rows=200, max_rows=200, max_age="7d", max_duplicates=0.0) == []
    assert found(min_rows=201) == ["x.parquet has 200 rows; at least 201 are expected."]
    assert found(max_rows=199) == ["x.parquet has 200 rows; at most 199 are expected."]
    (old,) = found(now=1.4e9, max_age="7d")
    assert old == "The newest 'at' is 148 days old; at most 7d is expected."


def test_accepted_shares_are_kept_to_the_letter(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", {**_columns(4), "temp": [None, 1.0, 2.0, 3.0]})
    assert not is_sound(_found(path))
    assert _found(path, replace(RULES, accepted=None)) == []


@pytest.mark.parametrize("name", [name for name in HOSTILE if name and "\x00" not in name])
def test_hostile_names_and_values(tmp_path: Path, name: str) -> None:
    rules = FileRules((ColumnRule(name, "text", 0.0, categories=("fine",)),), accepted=1)
    path = write_parquet(tmp_path / "x.parquet", {name: [name, "fine", None]})
    fresh, missing = sorted(check_file(path, None, None, rules), key=lambda one: one.rule)
    assert (fresh.rule, missing.rule) == ("categories", "missing")
    assert fresh.examples[0].row == 1
    assert missing.examples == ((3, None),)


def test_traps(tmp_path: Path) -> None:
    empty = write_text(tmp_path / "empty.csv", "")
    header = write_text(tmp_path / "header.csv", "temp,k,id,at\n")
    packed = gzip.compress(("temp,k,id,at\n" + "1,a,2,2013-05-05 00:00:00\n" * 9999).encode())
    broken = write_text(tmp_path / "broken.csv.gz", packed[: len(packed) - 99])
    for path, said in ((empty, "is empty"), (header, "has a header but no rows"), (broken, "broken.csv.gz")):
        (found,) = [one for one in _found(path) if one.severity == ERROR]
        assert said in found.message
    infinite = write_parquet(
        tmp_path / "i.parquet", {**_columns(), "temp": [np.inf, -np.inf] + [1.0, 2.0] * 99}
    )
    assert [(one.rule, one.severity) for one in _found(infinite)] == [("finite", WARNING)]
    nothing = write_parquet(tmp_path / "n.parquet", {**_columns(), "temp": np.full(200, np.nan)})
    assert [(one.rule, one.count) for one in _found(nothing)] == [("missing", 200)]
    rows = (
        '{"temp": 1.5, "k": "a", "id": 1, "at": "2013-05-05 00:00:00"}\n{"temp": null, "k": "q", "id": 2}\n'
    )
    lines = write_text(tmp_path / "x.jsonl", rows)
    assert {one.rule for one in _found(lines)} == {"missing", "categories"}
    gaps = write_text(tmp_path / "y.jsonl", '{"temp": null, "k": "a", "id": 1, "at": null}\n' * 3)
    assert {one.rule for one in _found(gaps)} == {"missing", "unique"}


def test_leaks_and_first_sight(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    late = rng.integers(0, 2, 400)
    path = write_parquet(
        tmp_path / "x.parquet",
        {"late": late, "delay": late * 20.0 + rng.random(400), "n": np.arange(400), "same": ["v"] * 400},
    )
    found = {one.rule: one for one in check_file(path, None, Roles("late"))}
    assert set(found) == {"leak", "id-like", "constant"}
    assert "'delay' alone gives the target 'late' away" in found["leak"].message
    rules = FileRules(
        tuple(
            ColumnRule(column.name, column.type, leak_check=False) for column in infer_schema([path]).columns
        )
    )
    assert check_file(path, infer_schema([path]), Roles("late"), rules) == []
    # One that nobody has asked for is looked at before anybody accepts it.
    few = replace(rules, columns=tuple(one for one in rules.columns if one.name != "delay"))
    for asked in (few, replace(few, accepted=1)):
        schema = Schema(tuple(one for one in infer_schema([path]).columns if one.name != "delay"))
        (told,) = check_file(path, schema, Roles("late"), asked)
        assert (told.rule, told.severity, told.column) == ("new-leak", WARNING, "delay")
        assert told.message.startswith("The column 'delay' is new; nothing uses it. 'delay' alone gives")
        (advice,) = advised([told], "x.parquet", by_rules=True)
        assert "Do not accept it" in advice.next and "schema accept" not in advice.next
    assert check_file(path, schema, Roles("late", exclude=("delay",)), few)[0].rule == "new-column"
    assert [one.column for one in new_leaks(few, [path], Roles("late"))] == ["delay"]


def test_a_leak_is_found_in_a_file_sorted_by_the_target(tmp_path: Path) -> None:
    """Its first rows have one class, and so has any run of rows: they are drawn from all over the file."""
    rng = np.random.default_rng(5)
    late = np.sort(rng.integers(0, 2, 20_000))
    columns = {"late": late, "delay": late * 20.0 + rng.random(20_000), "noise": rng.random(20_000)}
    for path in (
        write_parquet(tmp_path / "x.parquet", columns),
        write_text(
            tmp_path / "x.csv",
            "late,delay,noise\n"
            + "".join(f"{a},{b:.4f},{c:.4f}\n" for a, b, c in zip(*columns.values(), strict=True)),
        ),
    ):
        found = [one for one in check_file(path, None, Roles("late")) if one.rule == "leak"]
        assert [one.column for one in found] == ["delay"]


def test_few_rows_that_do_not_fit_are_for_the_file_to_mend_and_most_for_the_schema() -> None:
    few = Finding("error", "age", "'age' has 'unknown'.", "type", 30)
    (said,) = advised([few], "x.csv", by_rules=True, rows=1500)
    assert said.next == "Correct the file: 30 of 1,500 rows do not fit, the others do."
    (said,) = advised([replace(few, count=1400)], "a folder/x.csv", by_rules=True, rows=1500)
    assert "accept its new type for good: `pilothouse schema accept 'a folder/x.csv'`" in said.next


def test_a_column_with_a_role_is_not_given_up_for_good() -> None:
    gone = Finding(ERROR, "sold_at", "x.csv has no column 'sold_at'.", "column")
    (said,) = advised([gone], "x.csv", by_rules=False, roles=Roles("price", "id", time="sold_at"))
    assert said.next == "Correct the file: it is the time under [data] in pilothouse.toml."
    (said,) = advised([replace(gone, column="rooms")], "x.csv", by_rules=False, roles=Roles("price", "id"))
    assert "accept that the column is gone for good" in said.next
