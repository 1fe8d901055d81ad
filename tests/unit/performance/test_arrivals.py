"""The harm of what landed: judged once, kept with its reasons, and never said of what cannot be judged."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilothouse.autopilot.harm_judge import judge_waiting
from pilothouse.config import AlertRule, BusinessMetric, ModelConfig
from pilothouse.data.engine import connect, interrupt_all
from pilothouse.data.reading import data_files, scan_sql
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.monitoring.judging import judge_file
from pilothouse.performance.arrivals import judge_arrival, rejudge
from pilothouse.performance.earlier import landed_before
from pilothouse.performance.files import measure_files
from pilothouse.performance.harms_kept import (
    NOT_JUDGED,
    Waiting,
    get_harm,
    read_harm,
    waiting_for_harm,
)
from pilothouse.performance.labels_kept import keep_labels
from pilothouse.performance.relabelling import short_of_labels
from pilothouse.registry.versions import ModelVersion, champion
from pilothouse.store import Store, list_events, open_store
from pilothouse.workspace import Workspace
from steering import land, pilothouse, pilothouse_each, rows


def landed(workspace: Workspace, name: str, table: list[dict[str, Any]]) -> Path:
    """A file in the data folder with its verdict."""
    path = land(workspace.root / "data", name, table)
    judge_file(workspace, open_store(workspace), workspace.config().model(), path)
    return path


def reader(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def live(store: Store) -> ModelVersion:
    found = champion(store, "late")
    assert found is not None
    return found


def flipped(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "y": 1 - row["y"]} for row in table]


def test_a_judgement_that_is_interrupted_in_a_query_is_none(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, config = open_store(trained), trained.config().model()
    landed(trained, "good.csv", rows(60, seed=7))
    (waiting,) = waiting_for_harm(store, "late")

    def query(*args: object) -> None:
        """What DuckDB makes of Ctrl-C."""
        with connect() as con:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            much = "range(10000000)"
            con.execute(
                f"SELECT count(*) FILTER (hash(a.range * b.range) = 1) FROM {much} a, {much} b"
            ).fetchall()

    def stop(number: int, frame: object) -> None:
        interrupt_all()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    monkeypatch.setattr("pilothouse.performance.arrivals.landed_before", query)
    try:
        with pytest.raises(KeyboardInterrupt):
            judge_arrival(store, live(store), config, waiting)
    finally:
        signal.signal(signal.SIGINT, before)
    assert read_harm(store, "late") == [] and len(waiting_for_harm(store, "late")) == 1


def test_each_arrival_is_judged_once_and_harm_leaves_an_event(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    landed(trained, "good.csv", rows(300, seed=7))
    landed(trained, "turned.csv", flipped(rows(300, seed=8)))
    # What the live version learned from is not among them.
    waiting = waiting_for_harm(store, "late")
    assert [one.name for one in waiting] == ["good.csv", "turned.csv"]
    for one in (*waiting, *waiting):
        judge_arrival(store, live(store), config, one)
    assert waiting_for_harm(store, "late") == []
    turned, good = read_harm(store, "late")
    assert (good.name, good.verdict, good.estimated) == ("good.csv", "no harm shown", False)
    assert (turned.verdict, turned.version, turned.metric) == ("harmful", 1, "roc_auc")
    harms = good.report["harm"], turned.report["harm"]
    assert [one["question"] for one in harms] == [1, 2] and [one["sure"] for one in harms] == [None, True]
    assert rejudge(store, live(store), config, "good.csv").report["harm"]["question"] == 1
    good = get_harm(store, "late", "good.csv")
    assert turned.value is not None and turned.expected is not None and turned.value < 0.3 < turned.expected
    assert turned.report["harm"]["groups"] and "worse on these rows" in turned.words
    events = list_events(store, kind="harm")
    assert [(event.subject, event.data["version"]) for event in events] == [("turned.csv", 1)]
    assert get_harm(store, "late", "good.csv") == good
    with pytest.raises(NotFoundError, match="was not judged"):
        get_harm(store, "late", "[/x]")


def test_rows_that_the_version_learned_from_do_not_hide_harm_in_a_growing_export(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    known = [dict(row) for path in data_files(trained.data_folder(config)) for row in reader(path)]
    new = flipped(rows(120, seed=7))
    # Some of the new ones have no usable id: nothing can be said of them.
    landed(
        trained, "export.csv", [*known, *({**row, "id": ""} if n < 20 else row for n, row in enumerate(new))]
    )
    (waiting,) = waiting_for_harm(store, "late")
    kept = judge_arrival(store, live(store), config, waiting)
    assert (kept.verdict, kept.report["harm"]["rows"], kept.report["learned"]) == ("harmful", 120, len(known))
    said = f"{len(known):,} more rows are of the data that v1 was made of, and do not count."
    assert said in kept.words
    assert kept.value is not None and kept.value < 0.3
    told, listed = pilothouse_each(["harm", "export.csv"], ["harm"], cwd=trained.root)
    assert said in " ".join(told.out.split())
    assert f"Rows that the version learned from do not count: {len(known):,} of export.csv." in listed.err
    # A file of nothing else is no measure of it, and one that grows is judged by what is new in it.
    part = landed(trained, "part.csv", known[:100])
    (waiting,) = waiting_for_harm(store, "late")
    kept = judge_arrival(store, live(store), config, waiting)
    assert (kept.verdict, kept.report) == (NOT_JUDGED, {}) and "all 100 rows are of the data" in kept.words
    found = measure_files(store, live(store), config, [part, trained.root / "data" / "export.csv"])
    assert [(one.name, one.rows) for one in found.chunks] == [("part.csv", 0), ("export.csv", 120)]
    assert found.learned == len(known) + 100


def test_ids_meet_whatever_the_file_makes_of_them(trained: Workspace) -> None:
    """An empty id in Parquet, 7.0 for 7 in CSV, and a column that is called as one of ours."""
    store, config = open_store(trained), trained.config().model()
    config = replace(config, data=replace(config.data, id="key"))
    table = [{**row, "key": f"{number}.0"} for number, row in enumerate(rows(60, seed=7))]
    blind = [{name: value for name, value in row.items() if name != "y"} for row in table]
    keep_labels(store, "late", {str(number): row["y"] for number, row in enumerate(table[:40])}, "later.csv")
    path = land(trained.root / "data", "ids.csv", blind)
    told: list[tuple[float, str]] = []
    found = measure_files(
        store, live(store), config, [path], progress=lambda share, what: told.append((share, what))
    )
    assert found.harm.labelled == 40
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and 0.85 <= shares[-1] <= 1
    assert any("intervals of 40 rows" in what for _, what in told)
    odd = trained.root / "data" / "ids.parquet"
    with connect() as con:
        key = "CASE WHEN key < 5 THEN '' ELSE key::INT::VARCHAR END AS key"
        con.execute(f"COPY (SELECT * REPLACE ({key}) FROM {scan_sql(path)}) TO '{odd}' (FORMAT parquet)")
    found = measure_files(store, live(store), config, [odd])
    assert (found.harm.rows, found.harm.labelled) == (60, 35)


def test_where_it_cannot_be_told_what_a_version_learned_from_that_is_said(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    path = land(trained.root / "data", "new.csv", rows(60, seed=7))
    found = measure_files(store, replace(live(store), dataset_version="gone"), config, [path])
    assert found.harm.rows == 60 and found.learned == 0
    assert "Whether v1 learned from rows" in found.notes[0] and "cannot be told" in found.notes[0]


def test_a_bad_label_costs_its_own_row_and_is_named(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    version = live(store)
    table: list[dict[str, Any]] = rows(300, seed=7)
    path = land(trained.root / "data", "words.csv", [
        {**row, "y": "maybe" if n < 2 else "yes" if row["y"] else "no"} for n, row in enumerate(table)
    ])  # fmt: skip
    found = measure_files(store, version, config, [path])
    assert found.harm.labelled == 298 and found.harm.realised is not None and found.strange == ("maybe", 2)
    assert found.notes == ["2 labels are none that v1 knows, the first 'maybe': left out."]
    land(trained.root / "data", "all.csv", [{**row, "y": "maybe"} for row in table])
    with pytest.raises(PilothouseError, match=r"all\.csv has the class 'maybe'"):
        measure_files(store, version, config, [trained.root / "data" / "all.csv"])


def test_without_the_target_it_is_estimated_until_labels_come(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    table = flipped(rows(300, seed=9))
    blind = [{key: value for key, value in row.items() if key != "y"} for row in table]
    path = land(trained.root / "data", "blind.csv", blind)
    judge_file(trained, store, config, path)
    store_as_sound(store, "blind.csv")
    (waiting,) = waiting_for_harm(store, "late")
    kept = judge_arrival(store, live(store), config, waiting)
    assert kept.estimated and kept.verdict == "unknown" and "blind to concept drift" in kept.words
    keep_labels(store, "late", {row["id"]: row["y"] for row in table}, "later.csv")
    again = rejudge(store, live(store), config, "blind.csv")
    assert again.verdict == "harmful" and not again.estimated
    assert [one.verdict for one in read_harm(store)] == ["harmful"]
    with pytest.raises(PilothouseError, match="not judged yet"):
        rejudge(store, live(store), config, "nope.csv")


def test_labels_that_come_later_have_the_file_judged_anew(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    table = flipped(rows(300, seed=9))
    blind = [{key: value for key, value in row.items() if key != "y"} for row in table]
    for name in ("blind.csv", "other.csv"):
        ids = [{**row, "id": f"{name}-{row['id']}"} for row in blind]
        judge_file(trained, store, config, land(trained.root / "data", name, ids))
        store_as_sound(store, name)
    assert [one.verdict for one in judge_waiting(trained, (config,))] == ["unknown", "unknown"]
    assert short_of_labels(store, "late", since=True) == []
    truth = {f"blind.csv-{row['id']}": row["y"] for row in table}
    keep_labels(store, "late", dict(list(truth.items())[:20]), "first.csv")
    # Both are looked at once: which of them the labels are of is known then.
    assert [one.file.name for one in short_of_labels(store, "late", since=True)] == ["blind.csv", "other.csv"]
    (few,) = judge_waiting(trained, (config,))
    assert (few.name, few.verdict, few.report["harm"]["labelled"]) == ("blind.csv", "unknown", 20)
    assert short_of_labels(store, "late", since=True) == [] and list(judge_waiting(trained, (config,))) == []
    keep_labels(store, "late", dict(list(truth.items())[:21]), "one.csv")
    assert list(judge_waiting(trained, (config,))) == []  # One more is not worth it.
    path = trained.root / "labels.csv"
    path.write_text("id,y\n" + "".join(f"{key},{'yes' if value else 'no'}\n" for key, value in truth.items()))
    told = pilothouse("feedback", path, cwd=trained.root)
    assert "300 belong to rows of blind.csv, whose labels were missing." in told.err, told
    assert (
        "■ blind.csv: harmful. The model is worse on these rows" in told.err
        and "no prediction" not in told.err
    )
    kept = get_harm(store, "late", "blind.csv")
    assert kept.verdict == "harmful" and not kept.estimated and kept.report["harm"]["labelled"] == 300
    assert get_harm(store, "late", "other.csv").estimated
    assert [one.file.name for one in short_of_labels(store, "late")] == ["other.csv"]
    # A version that is gone, or bytes that are, leave what was found.
    keep_labels(store, "late", {f"other.csv-{row['id']}": row["y"] for row in table}, "later.csv")
    (trained.root / "data" / "other.csv").unlink()
    list(judge_waiting(trained, (config,)))
    assert get_harm(store, "late", "other.csv").estimated
    assert short_of_labels(store, "late", since=True) == []


def store_as_sound(store: Store, name: str) -> None:
    """As a person does who accepts a file that lacks a column."""
    with store.transaction() as tx:
        tx.execute("UPDATE arrivals SET status = 'accepted' WHERE name = ?", [name])


def test_what_cannot_be_judged_is_kept_with_its_reason(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    landed(trained, "gone.csv", rows(100, seed=10)).unlink()
    landed(trained, "turned.csv", rows(100, seed=11))
    land(trained.root / "data", "turned.csv", rows(100, seed=12))
    for one in waiting_for_harm(store, "late"):
        kept = judge_arrival(store, live(store), config, one)
        assert kept.verdict == NOT_JUDGED and "is gone, or was changed" in kept.words
    assert waiting_for_harm(store, "late") == [] and list_events(store, kind="harm") == []
    odd = judge_arrival(store, live(store), config, Waiting("late", "[/x].csv", "0" * 64))
    assert odd.verdict == NOT_JUDGED


def test_what_goes_wrong_while_looking_again_leaves_what_was_found(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    table = rows(100, seed=9)
    blind = [{key: value for key, value in row.items() if key != "y"} for row in table]
    path = landed(trained, "blind.csv", blind)
    store_as_sound(store, "blind.csv")
    assert len(list(judge_waiting(trained, (config,)))) == 1
    found = get_harm(store, "late", "blind.csv")
    assert found.verdict == "unknown" and found.report["harm"]["rows"] == 100
    whole, bundle = path.read_bytes(), trained.version_dir("late", 1) / "model.joblib"
    model, mode = bundle.read_bytes(), bundle.stat().st_mode
    bundle.chmod(0o644)
    told: list[str] = []
    for name, break_, mend in (
        ("file", lambda: path.write_text("id"), lambda: path.write_bytes(whole)),
        ("bundle", lambda: bundle.write_bytes(b"half"), lambda: bundle.write_bytes(model)),
    ):
        break_()
        with pytest.raises(PilothouseError, match=r"blind\.csv cannot be judged again: ") as caught:
            rejudge(store, live(store), config, "blind.csv")
        assert caught.value.untouched == "What was found of it stays."
        assert get_harm(store, "late", "blind.csv") == found, name
        mend()
    keep_labels(store, "late", {row["id"]: row["y"] for row in table[:60]}, "later.csv")
    bundle.write_bytes(b"half")
    assert list(judge_waiting(trained, (config,), told.append)) == []
    assert told[-1].startswith("blind.csv cannot be judged again: ") and "What was found" in told[-1]
    kept = get_harm(store, "late", "blind.csv")
    assert (kept.verdict, kept.report["harm"]) == (found.verdict, found.report["harm"])
    # It is tried when more labels come, and all of them count then.
    bundle.write_bytes(model)
    bundle.chmod(mode)
    assert list(judge_waiting(trained, (config,))) == []
    keep_labels(store, "late", {table[60]["id"]: table[60]["y"]}, "one.csv")
    (again,) = judge_waiting(trained, (config,))
    assert again.report["harm"]["labelled"] == 61


def test_nothing_waits_where_nothing_is_live_or_everything_is_held(fresh: Workspace, store: Store) -> None:
    place = open_store(fresh)
    landed(fresh, "first.csv", rows(100, seed=13))
    assert waiting_for_harm(place, "late") == [] and read_harm(place) == []
    assert waiting_for_harm(store, "late") == []


def test_held_files_wait_for_a_person_first(trained: Workspace) -> None:
    store = open_store(trained)
    path = land(trained.root / "data", "torn.csv", rows(50, seed=14))
    path.write_text("id,when,a\n1,2\n")
    judge_file(trained, store, trained.config().model(), path)
    assert waiting_for_harm(store, "late") == []


def alerting(config: ModelConfig, **rules: str) -> ModelConfig:
    return replace(
        config,
        business={"cost": BusinessMetric("sum(5 * (prediction <> y)::INT)", True),
                  "odd": BusinessMetric('sum("nope [/x]")')},
        alerts={name: AlertRule(when, "critical") for name, when in rules.items()},
    )  # fmt: skip


def test_alerts_fire_on_the_figures_and_say_what_is_wrong_with_them(trained: Workspace) -> None:
    store = open_store(trained)
    config = alerting(
        trained.config().model(),
        costly="cost > 100 AND roc_auc < 0.5", quiet="cost > 1e9", hurt="harmful",
        blind="pr_auc < odd", wrong="nope > 1", two="1; DROP TABLE harms", reads="(SELECT 1 FROM harms) > 0",
    )  # fmt: skip
    landed(trained, "turned.csv", flipped(rows(300, seed=15)))
    (waiting,) = waiting_for_harm(store, "late")
    kept = judge_arrival(store, live(store), config, waiting)
    assert kept.business["cost"] > 500 and "odd" not in kept.business
    (trouble,) = kept.report["troubles"]
    assert "business metric 'odd'" in trouble and "nope [/x]" in trouble and "odd" not in kept.words
    (found,) = read_harm(store)
    alerts = {one["name"]: one for one in found.report["alerts"]}
    assert {name: one["fired"] for name, one in alerts.items()} == {
        "costly": True, "quiet": False, "hurt": True,
        "blind": None, "wrong": None, "two": None, "reads": None,
    }  # fmt: skip
    assert "nope" in alerts["wrong"]["words"] and "odd = unknown" in alerts["blind"]["words"]
    events = list_events(store, kind="alert")
    assert {event.subject for event in events} == {"costly", "hurt"}
    assert all(event.message.startswith("critical: ") for event in events)
    assert json.dumps(found.report)


def test_a_business_metric_added_later_is_filled_in_once_and_what_is_wrong_with_one_stands_apart(
    trained: Workspace,
) -> None:
    store = open_store(trained)
    for number, name in enumerate(("a.csv", "turned.csv")):
        table = rows(120, seed=50 + number)
        landed(trained, name, flipped(table) if number else table)
    landed(trained, "blind.csv", [{k: v for k, v in row.items() if k != "y"} for row in rows(60, seed=53)])
    assert pilothouse("harm", "--judge", cwd=trained.root).code == 0
    before = {one.name: one for one in read_harm(store, "late")}
    assert all(not one.business for one in before.values())
    toml = trained.root / "pilothouse.toml"
    toml.write_text(
        toml.read_text()
        + """
[business]
cost = { sql = "count(*)" }
wrong = { sql = "avg(prediction::VARCHAR)" }
nothing = { sql = "sum(NULL)" }
"""
    )
    (told,) = pilothouse_each(["harm"], cwd=trained.root)
    said = (
        "cost, wrong, nothing were added or changed after 2 files had been judged: `pilothouse harm --judge`"
    )
    assert said in told.err, told
    filled, told, one, fields = pilothouse_each(
        ["harm", "--judge"], ["harm"], ["harm", "a.csv"], ["harm", "--json"], cwd=trained.root
    )
    assert "Filling in cost, wrong, nothing of a.csv (2 to go)." in filled.err, filled
    assert filled.code == 0 and "were added or changed" not in told.err and "blind.csv" not in filled.err
    now = {one.name: one for one in read_harm(store, "late")}
    assert [now[name].business for name in ("a.csv", "turned.csv", "blind.csv")] == [
        {"cost": 120.0},
        {"cost": 120.0},
        {},
    ]
    assert all(
        (now[name].verdict, now[name].value) == (one.verdict, one.value) for name, one in before.items()
    )
    # What was told of harm is not told again.
    assert [event.subject for event in list_events(store, kind="harm")] == ["turned.csv"]
    trouble = "The business metric 'wrong' cannot be computed: No function matches"
    for shown in (told, one):
        assert trouble in shown.err and "Binder" not in shown.err + shown.out
    assert "business metric" not in now["a.csv"].words
    listed = {one["name"]: one for one in fields.json()["harm"]}
    assert listed["a.csv"]["troubles"][0].startswith(trouble) and listed["a.csv"]["business_lacking"] == []
    # What gave nothing or an error is asked once; an expression that changed is asked again.
    (again,) = pilothouse_each(["harm", "--judge"], cwd=trained.root)
    assert "Filling in" not in again.err
    toml.write_text(toml.read_text().replace("count(*)", "2 * count(*)"))
    changed, told = pilothouse_each(["harm"], ["harm", "--judge"], cwd=trained.root)
    assert "cost was added or changed after 2 files" in changed.err
    assert {one.business.get("cost") for one in read_harm(store, "late")} == {240.0, None}


def test_files_that_landed_before_are_those_measured_by_labels_and_not_held(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    for number, name in enumerate(("a.csv", "b.csv", "c.csv", "d.csv")):
        table = rows(60 if number != 1 else 20, seed=60 + number)
        landed(trained, name, table)
    for one in waiting_for_harm(store, "late"):
        judge_arrival(store, live(store), config, one)
    by_name = {one.name: one for one in read_harm(store, "late")}
    number, before = landed_before(store, live(store), "d.csv", by_name["d.csv"].sha256)
    # Of b.csv there are too few labels to measure it.
    assert (number, [one.name for one in before]) == (4, ["a.csv", "c.csv"])
    assert before[0].value == by_name["a.csv"].value and before[0].rows == 60 and not before[0].sure
    told = by_name["d.csv"].report["harm"]["earlier"]
    assert (told["files"], told["value"]["rows"]) == (2, 120)
    assert "There are 20 labels" in by_name["b.csv"].words and by_name["b.csv"].how == "estimated, 20 labels"
    with store.transaction() as tx:
        tx.execute("UPDATE arrivals SET status = 'held' WHERE name = 'c.csv'")
    assert [one.name for one in landed_before(store, live(store), "d.csv", by_name["d.csv"].sha256)[1]] == [
        "a.csv"
    ]
