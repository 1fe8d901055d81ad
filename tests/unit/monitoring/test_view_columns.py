"""What feature views make is an input of the live model, and watched as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import making_models
from making_data import write_parquet
from pilothouse.config import FeatureTable
from pilothouse.data.engine import connect_alone
from pilothouse.data.features.computing import FeatureRunner, define_features
from pilothouse.data.features.definition import FEATURES_NAME
from pilothouse.data.features.over_files import make_over_files
from pilothouse.data.features.views import FeatureView
from pilothouse.data.inferring import infer_schema
from pilothouse.data.reading import read_rows
from pilothouse.monitoring.file_reports import find_file_report
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.keeping_verdicts import Verdict
from pilothouse.monitoring.profile import profile_files
from pilothouse.monitoring.reference import find_reference
from pilothouse.monitoring.report_html import Part, render_html
from pilothouse.monitoring.side_by_side import column_before_now
from pilothouse.monitoring.verdict_words import of_data
from pilothouse.monitoring.verdicts import get_drift_report
from pilothouse.monitoring.view_columns import profile_views, view_file
from pilothouse.store import Store
from pilothouse.workspace import Workspace

TIER = "SELECT t.tier FROM rows r LEFT JOIN tiers t ON r.who = t.who"
SIZE = "SELECT x > 1 AS large, round(x) AS rounded FROM rows"
TABLE = {"tiers": FeatureTable("tiers.csv")}
VIEWS = (FeatureView("tier", TIER), FeatureView("size", SIZE))


def rows(seed: int, count: int, first: int = 0) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    return {
        "who": np.arange(first, first + count),
        "x": rng.normal(size=count),
        "late": rng.integers(0, 2, count),
    }


def write_tiers(path: Path, *, known: int = 5000, twice: str = "") -> None:
    # Every fifth customer has no tier.
    lines = [f"{who},{('gold', 'silver')[who % 2]}" for who in range(known) if who % 5]
    path.write_text("\n".join(["who,tier", *lines, *([twice] if twice else [])]) + "\n")


@pytest.fixture
def live(tmp_path: Path) -> tuple[Workspace, Store]:
    """A version that is live and has two views, one of which reads a table."""
    workspace, store = making_models.workspace(tmp_path / "w", 'id = "who"\n')
    write_tiers(workspace.root / "tiers.csv")
    data = write_parquet(workspace.root / "data" / "a.parquet", rows(1, 2000))
    schema = infer_schema([data])
    tables = {"tiers": workspace.root / "tiers.csv"}
    definition = define_features(VIEWS, TABLE, tables, schema, "late")
    profile = replace(profile_files([data], schema), made=profile_views(definition, tables, [data], schema))
    bundle = workspace.version_dir("late", 1)
    bundle.mkdir(parents=True)
    (bundle / "profile.json").write_text(profile.to_json())
    (bundle / FEATURES_NAME).write_text(definition.to_json())
    with store.transaction() as tx:
        tx.execute("INSERT INTO aliases VALUES ('late', 'champion', 1)")
    return workspace, store


def judged(live: tuple[Workspace, Store], name: str, first: int, count: int = 500) -> Verdict:
    workspace, store = live
    path = write_parquet(workspace.root / "data" / name, rows(7, count, first))
    return judge_file(workspace, store, workspace.config().model(), path)


def test_a_calm_file_is_compared_in_what_views_make_of_it(live: tuple[Workspace, Store]) -> None:
    report = judged(live, "b.parquet", 2000).report
    assert report is not None and not report.drifted and not report.notes
    assert [(one.column, one.kind) for one in report.columns] == [
        ("x", "numeric"), ("tier", "category"), ("large", "boolean"), ("rounded", "numeric"),
    ]  # fmt: skip
    (tier,) = [one for one in report.columns if one.column == "tier"]
    assert (tier.missing_reference, tier.missing_current) == (0.2, 0.2)


def test_a_feature_that_is_empty_from_now_on_is_told_everywhere(live: tuple[Workspace, Store]) -> None:
    workspace, store = live
    report = judged(live, "b.parquet", 9000).report
    assert report is not None
    (tier,) = [one for one in report.drifted if one.column == "tier"]
    assert (tier.missing_reference, tier.missing_current) == (0.2, 1.0)
    assert tier.told == "all values of `tier` are missing"
    stored = get_drift_report(store, "b.parquet")
    assert "tier" in [one.column for one in stored.report.drifted]
    assert "all values of `tier` are missing" in report.to_dict()["changes"]
    found = find_file_report(store, "late", "b.parquet")
    assert "tier" in render_html([Part(found.name, stored.report)], current="b.parquet", reference="late v1")
    told = column_before_now(workspace, store, workspace.config().model(), stored, "tier")
    assert told.before is not None and told.now is not None and not told.notes
    assert (told.before.rows, told.before.missing) == (2000, 400)
    assert (told.now.rows, told.now.missing) == (500, 500)
    assert dict(told.before.top) == {"gold": 800, "silver": 800}


def test_a_table_that_came_since_is_said_to_have(live: tuple[Workspace, Store]) -> None:
    workspace, store = live
    judged(live, "b.parquet", 9000)
    write_tiers(workspace.root / "tiers.csv", known=20_000)
    stored = get_drift_report(store, "b.parquet")
    told = column_before_now(workspace, store, workspace.config().model(), stored, "tier")
    assert told.now is not None and told.now.missing == 100
    assert told.notes == (
        "Its feature tables, or the file, have changed since it was judged: `now` is of today.",
    )


@pytest.mark.parametrize("how", ["twice", "gone", "no such column"])
def test_a_view_that_fails_costs_nothing_else(live: tuple[Workspace, Store], how: str) -> None:
    workspace, store = live
    path = workspace.root / "tiers.csv"
    if how == "twice":
        write_tiers(path, twice="2001,gold")
    elif how == "gone":
        path.unlink()
    else:
        path.write_text("customer,tier\n1,gold\n")
    verdict = judged(live, "b.parquet", 2000)
    why = {
        "twice": "It gives several rows for row 2.", "gone": "tiers.csv does not exist",
        "no such column": 'does not have a column named "who"',
    }[how]  # fmt: skip
    assert verdict.status == "ok"
    (finding,) = [one for one in verdict.findings if one.rule == "view"]
    assert (finding.severity, finding.column) == ("warning", "")
    assert finding.message.startswith("The feature view tier fails on b.parquet: ") and why in finding.message
    report = verdict.report
    assert report is not None and report.unreadable == ["tier"]
    # What the model cannot read is under no sign of what is sound.
    assert of_data(report)[0] == "▲"
    assert [one.column for one in report.columns] == ["x", "tier", "large", "rounded"]
    (tier,) = report.drifted
    assert tier.told == "`tier` cannot be read: it is not made, since its view fails, where text is expected"
    assert (
        sum(tier.current_counts)
        == 500
        == dict(zip(tier.bins, tier.current_counts, strict=True))["(unreadable)"]
    )
    (note,) = report.notes
    assert note.startswith("The feature view tier failed: ") and why in note
    told = column_before_now(
        workspace, store, workspace.config().model(), get_drift_report(store, "b.parquet"), "tier"
    )
    assert told.before is not None and told.now is None and why in told.notes[0]


def test_an_id_that_is_another_type_costs_only_the_views_that_read_it(
    live: tuple[Workspace, Store],
) -> None:
    workspace, store = live
    odd = rows(7, 500, 2000) | {"who": [f"C{at}" for at in range(500)]}
    path = write_parquet(workspace.root / "data" / "b.parquet", odd)
    reference = find_reference(workspace, store, workspace.config().model())
    assert reference is not None
    viewed = view_file(workspace, reference, path)
    assert [one.name for one in viewed.columns if one.unreadable is None] == ["large", "rounded"]
    ((view, why),) = viewed.troubles
    assert view == "tier" and why.startswith(
        "It reads the column 'who': In b.parquet the column 'who' is text"
    )


def test_a_profile_from_before_says_once_what_it_cannot_tell(live: tuple[Workspace, Store]) -> None:
    workspace, _ = live
    path = workspace.version_dir("late", 1) / "profile.json"
    path.write_text(path.read_text().split(',"made":')[0] + "}")
    verdict = judged(live, "b.parquet", 9000)
    assert verdict.status == "ok" and not verdict.findings
    report = verdict.report
    assert report is not None and {"tier", "large", "rounded"} <= set(report.left_out)
    assert report.notes == (
        "`tier`, `large`, `rounded` were not compared: feature views make them, and the profile of late v1 is"
        " from before these were kept in it. That of the next version has them.",
    )


def test_views_that_read_what_cannot_be_read_are_not_run(
    live: tuple[Workspace, Store], tmp_path: Path
) -> None:
    workspace, _ = live
    data = workspace.root / "data" / "a.parquet"
    schema = infer_schema([data])
    tables = {"tiers": workspace.root / "tiers.csv"}
    definition = define_features(VIEWS, TABLE, tables, schema, "late")
    with connect_alone() as con:
        made = make_over_files(
            con, definition, tables, [data], schema, tmp_path / "made.parquet", without=["x"]
        )
    assert [one.name for one in made.columns] == ["tier"]
    assert made.troubles == {
        "size": "It reads the column 'x': it is no longer what the version learned from."
    }


def test_files_give_what_requests_give(live: tuple[Workspace, Store], tmp_path: Path) -> None:
    workspace, _ = live
    data = tmp_path / "odd.parquet"
    values = rows(3, 300, 4800)
    values["x"] = np.where(np.arange(300) % 7 == 0, np.nan, values["x"])
    write_parquet(data, values)
    schema = infer_schema([data])
    tables = {"tiers": workspace.root / "tiers.csv"}
    definition = define_features(VIEWS, TABLE, tables, schema, "late")
    asked = FeatureRunner(definition, tables).compute(read_rows([data], schema=schema))
    path = tmp_path / "of" / "made.parquet"
    path.parent.mkdir()
    with connect_alone() as con:
        make_over_files(con, definition, tables, [data], schema, path)
    made = read_rows([path])
    for name in ("tier", "large", "rounded"):
        assert plain(made[name]) == plain(asked[name]), name


def plain(column: pd.Series) -> list[str]:
    # A request's truth values are 1.0 and 0.0.
    return sorted("-" if pd.isna(one) else one if isinstance(one, str) else str(float(one)) for one in column)
