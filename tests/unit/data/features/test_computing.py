"""Features of rows: the same alone, among others, and from what was known then."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.config import FeatureTable
from pilothouse.data.features.checking import check_features, same
from pilothouse.data.features.computing import FeatureRunner, define_features
from pilothouse.data.features.definition import FeatureDefinition
from pilothouse.data.features.views import FeatureError, FeatureView
from pilothouse.data.schema import Column, Schema
from pilothouse.errors import PilothouseError

SCHEMA = Schema(
    (
        Column("moment", "timestamp", "time", True),
        Column("origin", "text", "category", False),
        Column("distance", "integer", "numeric", False),
        Column("late", "integer", "category", True),
    )
)
TABLES = {"alerts": FeatureTable("alerts.csv", "since")}
START = datetime(2013, 1, 1)


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "alerts.csv"
    lines = [f"{origin},{START + timedelta(days=day)},{day}" for origin in "AB" for day in range(10)]
    path.write_text("\n".join(["origin,since,level", *lines]) + "\n")
    return path


def runner(alerts: Path, *sqls: str) -> FeatureRunner:
    views = [FeatureView(f"v{number}", sql) for number, sql in enumerate(sqls)]
    definition = define_features(views, TABLES, {"alerts": alerts}, SCHEMA, "late")
    # As a bundle keeps it.
    return FeatureRunner(FeatureDefinition.from_json(definition.to_json()), {"alerts": alerts})


def rows(*values: tuple[Any, Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "moment": np.array([value[0] for value in values], dtype="datetime64[us]"),
            "origin": np.array([value[1] for value in values], dtype=object),
            "distance": np.array([value[2] for value in values], dtype="float64"),
        }
    )


def many(count: int = 60) -> pd.DataFrame:
    return rows(*[(START + timedelta(hours=5 * n), "AB"[n % 2], float(n)) for n in range(count)])


GOOD = (
    "SELECT hour(moment) AS hour, distance > 7 far, if(distance > 30, origin || '!', NULL) shout FROM rows",
    "SELECT level, since FROM rows r ASOF LEFT JOIN alerts a ON r.origin = a.origin AND moment >= since",
)  # fmt: skip


def test_types_and_values(alerts: Path) -> None:
    views = runner(alerts, *GOOD)
    assert [(one.name, one.type, one.view) for one in views.definition.outputs] == [
        ("hour", "long", "v0"), ("far", "boolean", "v0"), ("shout", "string", "v0"),
        ("level", "long", "v1"), ("since", "datetime", "v1"),
    ]  # fmt: skip
    found = views.compute(
        rows((START + timedelta(days=2, hours=3), "A", 31.0), (START - timedelta(days=1), None, None))
    )
    assert found["hour"].tolist() == [3, 0] and found["far"].iloc[0] == 1
    assert found["shout"].iloc[0] == "A!" and found["level"].iloc[0] == 2
    assert found[["far", "shout", "level", "since"]].iloc[1].isna().all()


moments = st.datetimes(datetime(2012, 12, 25), datetime(2013, 1, 15)) | st.none()
values = st.tuples(
    moments, st.sampled_from(["A", "B", "C", "[/x]"]) | st.none(), st.integers(-50, 50) | st.none()
)


@pytest.fixture(scope="module")
def good(alerts: Path) -> FeatureRunner:
    return runner(alerts, *GOOD)


@settings(max_examples=25, deadline=None)
@given(st.lists(values, min_size=1, max_size=8))
def test_a_row_gets_the_same_alone_as_among_others(good: FeatureRunner, some: list[Any]) -> None:
    table = rows(*some)
    whole = good.compute(table)
    for place in range(len(some)):
        alone = good.compute(table.iloc[place : place + 1])
        assert all(same(alone[name].iloc[0], whole[name].iloc[place]) for name in whole)


def test_a_view_that_keeps_its_word_is_computed(alerts: Path) -> None:
    assert check_features(runner(alerts, *GOOD), many(), "moment").shape == (60, 5)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT count(*) OVER (PARTITION BY origin) n FROM rows", "depends on other rows"),
        ("SELECT avg(distance) OVER () m FROM rows", "depends on other rows"),
        ("SELECT (SELECT max(level) FROM alerts) m FROM rows", "looks into the future"),
        (
            "SELECT level FROM rows r ASOF LEFT JOIN alerts a ON r.origin = a.origin AND moment <= since",
            "looks into the future",
        ),
        ("SELECT a.level FROM rows r LEFT JOIN alerts a ON r.origin = a.origin", "gives 10 rows for row 1"),
        ("SELECT distance d FROM rows WHERE distance > 3", "gives nothing for row 1"),
        ("SELECT distance d FROM rows LIMIT 2", "gives nothing for row 3"),
        ("SELECT origin::INT i FROM rows", "fails"),
    ],
)  # fmt: skip
def test_a_view_that_does_not_keep_its_word_is_refused(alerts: Path, sql: str, why: str) -> None:
    with pytest.raises(FeatureError) as refused:
        check_features(runner(alerts, sql), many(), "moment")
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT count(*) n FROM rows", "not those of `rows`"),
        ("SELECT nope FROM rows", '"nope" not found'),
        ("SELECT distance FROM rows", "has already"),
        ("SELECT [1] l FROM rows", "no feature"),
    ],
)
def test_a_view_that_cannot_be_understood_is_refused(alerts: Path, sql: str, why: str) -> None:
    with pytest.raises(FeatureError) as refused:
        runner(alerts, sql)
    assert why in str(refused.value)


def test_two_views_do_not_give_the_same_column(alerts: Path) -> None:
    with pytest.raises(FeatureError, match="the view v0 has already"):
        runner(alerts, "SELECT distance d FROM rows", "SELECT distance D FROM rows")


def test_a_table_that_is_missing_or_has_no_such_time_is_told(tmp_path: Path, alerts: Path) -> None:
    views = [FeatureView("v", "SELECT (SELECT count(*) FROM alerts) n FROM rows")]
    with pytest.raises(PilothouseError, match=r"gone\.csv"):
        define_features(views, TABLES, {"alerts": tmp_path / "gone.csv"}, SCHEMA, "late")
    with pytest.raises(FeatureError, match="The table 'alerts' cannot be used"):
        define_features(views, {"alerts": FeatureTable("", "nope")}, {"alerts": alerts}, SCHEMA, "late")


def test_what_a_view_may_see_is_shut_off(alerts: Path) -> None:
    views = runner(alerts, GOOD[0])
    for sql in (
        "SELECT * FROM read_text('/etc/hosts')",
        "SET enable_external_access = true",
        "ATTACH '/tmp/elsewhere.duckdb' AS x",
    ):
        with pytest.raises(Exception, match=r"(?i)disabled|locked|cannot"):
            views._con.execute(sql).fetchall()
