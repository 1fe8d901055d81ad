"""What a feature view may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from pilothouse.data.engine import connect
from pilothouse.data.features.views import FeatureError, FeatureView, ParsedView, parse_view

COLUMNS = ["sched_dep", "origin", "late", "distance", "Odd [/x]"]


def parsed(sql: str) -> ParsedView:
    with connect() as con:
        return parse_view(con, FeatureView("v", sql), columns=COLUMNS, target="late", tables=["alerts"])


@pytest.mark.parametrize(
    ("sql", "columns", "tables"),
    [
        ("SELECT hour(sched_dep) AS h FROM rows", ["sched_dep"], []),
        ("select R.DISTANCE * 2 d from rows r -- a comment", ["distance"], []),
        ('SELECT "Odd [/x]" + 1 AS "a ""b""" FROM rows;', ["Odd [/x]"], []),
        ("WITH far AS (SELECT distance > 9 f, __row FROM rows) SELECT f FROM far", ["distance"], []),
        (
            "SELECT n FROM rows r ASOF LEFT JOIN alerts a ON r.origin = a.origin AND sched_dep >= since",
            ["origin", "sched_dep"],
            ["alerts"],
        ),
    ],
)  # fmt: skip
def test_a_view_says_what_it_reads(sql: str, columns: list[str], tables: list[str]) -> None:
    view = parsed(sql)
    assert sorted(view.columns) == sorted(columns)
    assert list(view.tables) == tables
    assert "__row" in view.sql


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("", "empty"),
        ("-- nothing", "empty"),
        ("SELECT 1 x FROM rows; SELECT 2 y FROM rows", "not one plain SELECT"),
        ("SELECT 1 x FROM rows UNION SELECT 2 FROM rows", "not one plain SELECT"),
        ("DELETE FROM rows", "not a SELECT"),
        ("COPY rows TO '/tmp/x'", "not a SELECT"),
        ("ATTACH 'x.db'", "not a SELECT"),
        ("SELECT distance\nFRM rows", "line 2"),
        ("SELECT * FROM rows", "asks for *"),
        ("SELECT r.* FROM rows r", "asks for *"),
        ("SELECT COLUMNS('d.*') FROM rows", "asks for *"),
        ("SELECT late FROM rows", "'late', the target"),
        ("SELECT r.LATE + 1 x FROM rows r", "'late', the target"),
        ("SELECT (SELECT max(late) FROM rows) m FROM rows", "'late', the target"),
        ("SELECT x FROM elsewhere", "no table here"),
        ("SELECT x FROM store.runs", "no table here"),
        ("SELECT x FROM '/etc/passwd'", "no table here"),
        ("SELECT x FROM read_csv('/etc/passwd')", "calls a function in FROM"),
        ("SELECT random() r FROM rows", "random()"),
        ("SELECT now() r FROM rows", "now()"),
        ("SELECT current_date r FROM rows", "current_date()"),
        ("SELECT getenv('HOME') r FROM rows", "getenv()"),
    ],
)
def test_what_a_view_may_not_say_is_refused_with_the_reason(sql: str, why: str) -> None:
    with pytest.raises(FeatureError) as refused:
        parsed(sql)
    assert why in str(refused.value)


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_whatever_stands_in_a_file_of_sql_is_read_or_refused_in_words(text: str) -> None:
    try:
        parsed(text)
    except FeatureError as error:
        assert "feature view v" in str(error)
