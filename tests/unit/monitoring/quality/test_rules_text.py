from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.monitoring.quality.rules import ColumnRule, DatasetRules, FileRules, changes
from pilothouse.monitoring.quality.rules_text import (
    RulesError,
    read_rules,
    rule_line,
    seconds_of,
    set_rule,
    with_rule_line,
    write_rules,
)

# TOML has no way to write half of a surrogate pair; DuckDB has none either.
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
_SHARES = st.one_of(st.none(), st.floats(0, 1))
_FAILS = st.sampled_from(["hold", "warn"])
_NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def _column(draw: st.DrawFn) -> ColumnRule:
    kind = draw(st.sampled_from(["integer", "number", "text", "boolean", "timestamp", "other", "empty"]))
    low, high = None, None
    if kind in ("integer", "number"):
        low, high = draw(_NUMBERS), draw(_NUMBERS)
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
    if kind == "timestamp":
        low = draw(st.one_of(st.none(), st.datetimes().map(lambda at: at.isoformat())))
    named = kind == "text" and draw(st.booleans())
    return ColumnRule(
        draw(_TEXTS),
        kind,
        draw(_SHARES),
        low,
        high,
        tuple(draw(st.lists(_TEXTS, min_size=1, max_size=4))) if named else None,
        draw(st.floats(0, 1)) if named else 0.0,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(_FAILS),
    )


_ROWS = st.one_of(st.none(), st.integers(0, 10**12))
_RULES = st.builds(
    FileRules,
    st.lists(_column(), min_size=1, max_size=4, unique_by=lambda rule: rule.name).map(tuple),
    st.builds(
        DatasetRules, _ROWS, st.none(), _SHARES, st.sampled_from([None, "7d", "36h", "90m", "2w"]), _FAILS
    ),
)


@given(_RULES, _TEXTS)
def test_text_and_json_give_the_same_rules_back(rules: FileRules, model: str) -> None:
    assert read_rules(write_rules(rules, model)) == rules
    assert FileRules.from_json(rules.to_json()) == rules
    assert changes(rules, rules) == []


RULES = FileRules(
    (
        ColumnRule("temp", "number", 0.05, -30.0, 120.0),
        ColumnRule("k", "text", categories=("a", "b"), max_new=0.05),
        ColumnRule("at", "timestamp"),
        ColumnRule("a.b", "integer"),
    )
)


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if "=" not in name and name.strip() == name and name]
)
def test_hostile_names_and_categories(name: str) -> None:
    rules = FileRules((ColumnRule(name, "text", categories=(name, "x")),))
    assert read_rules(write_rules(rules, name)) == rules
    assert set_rule(rules, f"{name}.max_new=0.5").columns[0].max_new == 0.5


def test_one_rule_is_set_or_taken_away() -> None:
    assert set_rule(RULES, "temp.min=-40").columns[0].min == -40.0
    assert set_rule(RULES, "temp.min=").columns[0].min is None
    assert set_rule(RULES, " temp.on_fail = warn").columns[0].on_fail == "warn"
    assert set_rule(RULES, "a.b.unique=true").columns[3].unique
    assert set_rule(RULES, 'k.categories=["c"]').columns[1].categories == ("c",)
    assert set_rule(RULES, "at.min=2013-01-01T00:00:00").columns[2].min == "2013-01-01T00:00:00"
    assert set_rule(RULES, "dataset.max_age=36h").dataset.max_age == "36h"


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("temp.min=warm", "must be a number"),
        ("temp.mn=3", "not a rule"),
        ("tmp.min=3", "no rules for a column 'tmp'"),
        ("temp", "sets nothing"),
        ("temp.min=200", "max 120.0 lies below min 200.0"),
        ("temp.max_missing=1.5", "a share from 0 to 1"),
        ("temp.min=nan", "must be a number"),
        ("temp.unique=1", "must be true or false"),
        ("temp.categories=[1]", "list of texts"),
        ("temp.max_new=0.1", "goes with categories"),
        ("temp.type=nmber", "is no type"),
        ("temp.on_fail=explode", '"hold" or "warn"'),
        ("at.min=yesterday", "no timestamp in ISO form"),
        ("k.min=3", "a text has no min"),
        ("dataset.max_age=soon", "is no age"),
        ("dataset.min_rows=-1", "a whole number from 0"),
        ("dataset.mn_rows=", "is not a rule"),
    ],
)
def test_what_cannot_be_is_refused(assignment: str, said: str) -> None:
    with pytest.raises(RulesError) as caught:
        set_rule(RULES, assignment)
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns", "not valid TOML"),
        ("[colums.x]\ntype='text'", "'colums' is neither"),
        ("", "there is no column"),
        ('[dataset]\n\n[columns."a b"]\ntype = "text"\nmin = 3', "Line 5: column 'a b': a text has no min"),
        ("[columns.x]\nunique = true", "the type is missing"),
        ("columns = 3", "must be a table"),
    ],
)
def test_errors_name_the_line(text: str, said: str) -> None:
    with pytest.raises(RulesError) as caught:
        read_rules(text)
    assert said in caught.value.what


@given(st.text(string.printable, max_size=60))
def test_any_text_is_rules_or_an_error_in_words(text: str) -> None:
    for act in (read_rules, lambda given: set_rule(RULES, given)):
        try:
            act(text)
        except RulesError as error:
            assert error.what.endswith(".")


def test_changes_in_words() -> None:
    new = set_rule(set_rule(RULES, "temp.min=-40"), 'k.categories=["b", "[red]"]')
    assert changes(RULES, new) == ["temp.min: -30 → -40", "k.categories: + [red], − a"]
    assert changes(RULES, FileRules(RULES.columns[1:])) == ["column 'temp' is gone"]
    many = FileRules((ColumnRule("k", "text", categories=tuple(f"c{at}" for at in range(20))),))
    assert changes(FileRules((RULES.columns[1],)), many)[0].endswith("and 14 more")


def test_ages() -> None:
    assert [seconds_of(age) for age in ("90m", "2w")] == [5400, 1209600]
    for age in ("", "0d", "7", "d", "1y", "-1d"):
        with pytest.raises(ValueError, match=age or "^$"):
            seconds_of(age)


@given(_RULES)
def test_the_line_of_a_column_gives_its_rules_back(rules: FileRules) -> None:
    for name in ["", *(rule.name for rule in rules.columns)]:
        assert with_rule_line(rules, name, rule_line(rules, name)) == rules


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("min = ", "cannot be read"),
        ("", "the type is missing"),
        ("type = 'text'}\nother = {a = 1", "more than rules"),
        ("type = 'number', mn = 3", "'mn' is not a rule"),
    ],
)
def test_a_line_that_cannot_be(line: str, said: str) -> None:
    with pytest.raises(RulesError) as caught:
        with_rule_line(RULES, "temp", line)
    assert said in caught.value.what


def test_a_new_type_takes_away_what_only_the_old_one_had() -> None:
    rules = read_rules(
        '[columns.k]\ntype = "text"\ncategories = ["a"]\nmax_new = 0.1\nmax_missing = 0.2\n'
        '[columns.x]\ntype = "integer"\nmin = 1\nmax = 9\n[columns.t]\ntype = "date"\nmin = 2025-01-01\n'
    )
    rules = set_rule(rules, "k.type=number")
    assert rule_line(rules, "k") == 'type = "number", max_missing = 0.2'
    assert rule_line(set_rule(rules, "x.type=number"), "x") == 'type = "number", min = 1.0, max = 9.0'
    assert rule_line(set_rule(rules, "x.type=text"), "x") == 'type = "text"'
    assert rule_line(set_rule(rules, "t.type=integer"), "t") == 'type = "integer"'
    assert rule_line(set_rule(rules, "t.type=timestamp"), "t").endswith('min = "2025-01-01T00:00:00"')
