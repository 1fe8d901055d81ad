"""From tree to SQL over the table `runs`. Values and keys are bound, never written into the statement.

Every piece is true or false, never NULL, so that NOT means the same as in Python. A metric, parameter or tag
is asked for by a semi-join: one pass over its table, which a hundred thousand runs can afford.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from pilothouse.tracking.names import may_be_in_run_id
from pilothouse.tracking.search.fields import BY_NAME
from pilothouse.tracking.search.matching import WORD_COLUMNS, lower, which_column
from pilothouse.tracking.search.nodes import (
    Among,
    And,
    Compare,
    Field,
    Missing,
    Moment,
    Node,
    Not,
    Number,
    Or,
    Text,
    Value,
    Word,
)
from pilothouse.tracking.search.times import sure_moment

Condition: TypeAlias = tuple[str, list[Any]]
"""SQL that is true or false for each row of `runs`, and the values of its question marks."""

_Test: TypeAlias = Callable[[Condition, Condition], Condition]
"""From the expressions of a field's text and number to a condition on them."""


TOOK = (
    "(date_diff('microsecond', runs.started_at, coalesce(runs.ended_at, ?)) / CAST(1e6 AS DOUBLE)"
    " - coalesce(runs.idle_seconds, 0))"
)
"""SQL for the seconds that a run took; one that has not ended, until the moment that is bound."""

_IN_NUMBERS = frozenset("etruefals")
"""The ASCII letters of all texts that stand for a number: an exponent's, and those of the truth values."""


def condition(node: Node | None, now: datetime | None = None) -> Condition:
    """Return the condition that a search puts on `runs`.

    Args:
        node: the search; None matches everything.
        now: what relative times count from; the present unless given.
    """
    now = now or datetime.now(UTC)
    match node:
        case None:
            return "TRUE", []
        case Word(value):
            return _word(value)
        case Not(item):
            sql, bound = condition(item, now)
            return f"NOT ({sql})", bound
        case And(items):
            return _joined(" AND ", (condition(item, now) for item in items))
        case Or(items):
            return _joined(" OR ", (condition(item, now) for item in items))
        case Missing(field, negated):
            sql, bound = _having(field, lambda text, number: ("TRUE", []), now)
            return (sql if negated else f"NOT ({sql})"), bound
        case Among(field, values, negated):
            return _having(
                field,
                lambda text, number: _turned(
                    _joined(" OR ", (_equal(text, number, value, now) for value in values)), negated
                ),
                now,
            )
        case Compare(field, sign, value):
            return _having(field, lambda text, number: _compare(text, number, sign, value, now), now)


def _joined(word: str, parts: Iterable[Condition]) -> Condition:
    pieces = list(parts)
    return word.join(f"({sql})" for sql, _ in pieces), [value for _, bound in pieces for value in bound]


def _turned(test: Condition, negated: bool) -> Condition:
    # What cannot be compared (a parameter that is no number) is NULL, and as good as false.
    return (f"NOT coalesce({test[0]}, FALSE)", test[1]) if negated else test


def _having(field: Field, test: _Test, now: datetime) -> Condition:
    """Ask for runs that have the field and pass the test on its text and its number."""
    if field.section == "attributes":
        return _attribute(field, test, now)
    if field.section == "metrics":
        column = which_column(field)
        # The last value is what was logged; a range is of finite ones, also in stores older than this rule.
        finite = "" if column == "last" else f"isfinite({column}) AND "
        text, number, present = column, column, f"{column} IS NOT NULL AND {finite}"
    else:
        text, number, present = "value", "number" if field.section == "params" else "NULL", ""
    sql, bound = test((text, []), (number, []))
    inner = f"SELECT run_id FROM {field.section} WHERE key = ? AND {present}({sql})"
    return f"runs.run_id IN ({inner})", [field.key, *bound]


def _attribute(field: Field, test: _Test, now: datetime) -> Condition:
    attribute = BY_NAME[field.key]
    column: Condition = (f"runs.{attribute.column}", [])
    if attribute.kind == "seconds":
        column = (TOOK, [now])
    elif attribute.kind == "text":
        column = (f"nullif(runs.{attribute.column}, '')", [])
    sql, bound = test(column, column)
    return f"({column[0]} IS NOT NULL AND coalesce({sql}, FALSE))", [*column[1], *bound]


def _equal(text: Condition, number: Condition, value: Value, now: datetime) -> Condition:
    match value:
        case Text(wanted):
            return _sql("{} = ?", text, wanted)
        case Number(wanted):
            if math.isnan(wanted):
                return _sql("isnan({})", number)
            return _sql("{} = ?", number, wanted)
        case Moment(wanted):
            start, end = sure_moment(wanted, now)
            if start == end:
                return _sql("{} = ?", text, start)
            return _joined(" AND ", (_sql("{} >= ?", text, start), _sql("{} < ?", text, end)))


def _compare(text: Condition, number: Condition, sign: str, value: Value, now: datetime) -> Condition:
    if sign in ("=", "!="):
        return _turned(_equal(text, number, value, now), sign == "!=")
    match value:
        case Text(wanted):
            return _sql(f"{{}} {sign} ?", text, lower(wanted) if "ILIKE" in sign else wanted)
        case Moment(wanted):
            return _sql(f"{{}} {sign} ?", text, sure_moment(wanted, now)[0])
        case Number(wanted):
            if math.isnan(wanted):
                return "FALSE", []
            compared = _sql(f"{{}} {sign} ?", number, wanted)
            if sign in ("<", "<="):
                return compared
            # DuckDB puts NaN above everything; here it is neither above nor below anything.
            return _joined(" AND ", (compared, _sql("{} < CAST('NaN' AS DOUBLE)", number)))


def _sql(template: str, expression: Condition, *values: Any) -> Condition:
    return template.format(expression[0]), [*expression[1], *values]


_SPLITS = 3
"""With more equals signs than this in a word, keys and values are joined after all."""


def _word(word: str) -> Condition:
    """Ask for runs in which the word occurs.

    ILIKE is the quickest test without regard to case; keys and values are looked at apart, because joining
    them for every row costs more than all the rest.
    """
    pattern, escape = _pattern(word)
    test = f"ILIKE ?{escape}"
    bound: list[Any] = []
    tests = []
    for column in WORD_COLUMNS:
        if column == "run_id" and not may_be_in_run_id(lower(word)):
            continue
        if escape:
            # ESCAPE takes half as long again, and nearly every text fails where _ and % may be anything.
            tests.append(f"(runs.{column} ILIKE ? AND runs.{column} {test})")
            bound.append(f"%{lower(word)}%")
        else:
            tests.append(f"runs.{column} {test}")
        bound.append(f"%{pattern}%")
    own = " OR ".join(tests)
    in_params = in_tags = f"key {test} OR value {test}"
    if _in_no_number(word):
        in_params = f"key {test} OR (number IS NULL AND value {test})"
    values = [f"%{pattern}%"] * 2
    places = [at for at, char in enumerate(word) if char == "="]
    if len(places) > _SPLITS:
        in_params = in_tags = f"key || '=' || value {test}"
        values, places = [f"%{pattern}%"], []
    found = [
        (f"SELECT run_id FROM {table} WHERE {where}", values)
        for table, where in (("params", in_params), ("tags", in_tags))
    ]
    for at in places:
        (left, escape_left), (right, escape_right) = _pattern(word[:at]), _pattern(word[at + 1 :])
        # Below CASE, a value is looked at only where the key fits; after AND, every one of them would be.
        fits = f"CASE WHEN key IS NULL THEN FALSE ELSE value ILIKE ?{escape_right} END"
        for table in ("params", "tags"):
            sql = f"SELECT run_id FROM {table} WHERE key ILIKE ?{escape_left} AND {fits}"
            found.append((sql, [f"%{left}", f"{right}%"]))
    both = " UNION ALL ".join(sql for sql, _ in found)
    bound += [value for _, values in found for value in values]
    return f"coalesce({own}, FALSE) OR runs.run_id IN ({both})", bound


def _in_no_number(word: str) -> bool:
    """Tell whether the word cannot occur in a value that reads as a number, so that those need not be read.

    Most values are numbers, all different, and to read them is most of the work.
    """
    return any(char == "=" or ("a" <= char <= "z" and char not in _IN_NUMBERS) for char in lower(word))


def _pattern(word: str) -> tuple[str, str]:
    """Return the word as a pattern that means itself, and the clause that makes it so where one is needed.

    It is in small letters already: over a column that is all ASCII, ILIKE lowers only the ASCII letters of
    its pattern, although the small letter of some others (the Kelvin sign) is ASCII.
    """
    word = lower(word)
    if not any(char in "%_" for char in word):
        return word, ""
    for char in "!%_":
        word = word.replace(char, f"!{char}")
    return word, " ESCAPE '!'"
