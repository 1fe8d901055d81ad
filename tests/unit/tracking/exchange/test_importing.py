from __future__ import annotations

import contextlib
import math
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from foreign_runs import END, START, make_database, make_folder
from hostile import HOSTILE
from pilothouse.errors import PilothouseError, UsageError
from pilothouse.store import Store, list_events
from pilothouse.tracking.exchange import mlflow_sqlite
from pilothouse.tracking.exchange.exporting import export_runs
from pilothouse.tracking.exchange.importing import import_runs
from pilothouse.tracking.exchange.opening import open_source
from pilothouse.tracking.exchange.report import ImportReport
from pilothouse.tracking.exchange.selecting import select_runs
from pilothouse.tracking.runs import Run, count_runs, get_run, list_runs, metric_history
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.trash import delete_runs, purge_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace, init_workspace


def take(store: Store, path: Path, **options: object) -> ImportReport:
    return import_runs(store, open_source(str(path)), **options)  # type: ignore[arg-type]


def by_source(store: Store) -> dict[str, Run]:
    return {run.tags["mlflow.run_id"]: run for run in list_runs(store, limit=1000)}


def test_a_run_comes_as_it_was(store: Store, tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "mlflow.db",
        [
            {
                "id": "a" * 32,
                "name": "first",
                "params": {"lr": "0.1"},
                "tags": {"mlflow.note.content": "why", "team": "blue", "mlflow.parentRunId": "b" * 32},
                "metrics": {"loss": [(1, 0.5, START + 5), (0, 1.0, START), (1, 0.25, START + 9)]},
            }
        ],
    )
    report = take(store, path)
    assert (report.imported, report.known, report.unreadable) == (1, 0, [])
    run = by_source(store)["a" * 32]
    assert (run.name, run.status, run.kind, run.exit_code) == ("first", "FINISHED", "import", None)
    assert (run.started_at.timestamp() * 1000, run.seconds) == (START, 60.0)
    assert run.params == {"lr": "0.1"}
    assert run.tags == {
        "note": "why",
        "team": "blue",
        "mlflow.parentRunId": "b" * 32,
        "mlflow.run_id": "a" * 32,
        "mlflow.experiment": "exp",
    }
    summary = run.summaries["loss"]
    assert (summary.last, summary.min, summary.max, summary.last_step, summary.count) == (
        0.25,
        0.25,
        1.0,
        1,
        3,
    )
    assert [(p.step, p.value) for p in metric_history(store, run.run_id)["loss"]] == [
        (0, 1.0),
        (1, 0.5),
        (1, 0.25),
    ]
    assert [event.message for event in list_events(store)] == ["Imported 1 run from MLflow's mlflow.db."]
    assert not store.workspace.active_dir.exists()


def test_a_second_import_adds_nothing(store: Store, tmp_path: Path) -> None:
    path = make_database(tmp_path / "m.db", [{"id": f"{n:032}", "params": {"n": str(n)}} for n in range(30)])
    assert take(store, path).imported == 30
    tag_runs(store, [by_source(store)["0" * 32].run_id], {"mine": "yes"})
    before = (list_runs(store), len(list_events(store)))
    again = take(store, path)
    assert (again.imported, again.renewed, again.known) == (0, 0, 30)
    assert (list_runs(store), len(list_events(store))) == before


def test_a_run_that_was_deleted_here_does_not_come_back_but_a_purged_one_may(
    store: Store, tmp_path: Path
) -> None:
    path = make_database(tmp_path / "m.db", [{"id": "a" * 32}])
    take(store, path)
    (run,) = list_runs(store)
    delete_runs(store, [run.run_id])
    assert take(store, path).known == 1
    assert count_runs(store) == 0
    purge_runs(store, [run.run_id])
    assert take(store, path).imported == 1
    assert get_run(store, "latest").run_id == run.run_id


def test_a_run_that_went_on_is_taken_over_anew(store: Store, tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "m.db",
        [{"id": "a" * 32, "status": "RUNNING", "end": None, "metrics": {"loss": [(0, 1.0, START + 500)]}}],
    )
    take(store, path)
    (run,) = list_runs(store)
    assert (run.status, run.seconds, run.tags["mlflow.status"]) == ("LOST", 0.5, "RUNNING")
    assert run.reason == "It was RUNNING in MLflow when it was imported."
    assert take(store, path).known == 1
    con = sqlite3.connect(path)
    con.execute("UPDATE runs SET status = 'FINISHED', end_time = ?", [END])
    con.execute("INSERT INTO metrics VALUES ('loss', 0.5, ?, ?, 1, 0)", [START + 900, "a" * 32])
    con.commit()
    con.close()
    assert take(store, path).renewed == 1
    (again,) = list_runs(store)
    assert (again.run_id, again.status, again.seconds) == (run.run_id, "FINISHED", 60.0)
    assert again.summaries["loss"].count == 2
    assert "mlflow.status" not in again.tags


def test_what_was_done_here_meanwhile_stays(store: Store, tmp_path: Path) -> None:
    tags = {"mlflow.note.content": "theirs", "team": "blue"}
    path = make_database(
        tmp_path / "m.db",
        [
            {"id": letter * 32, "name": letter, "status": "RUNNING", "end": None, "tags": tags}
            for letter in "ab"
        ],
    )
    take(store, path)
    ids = {run.name: run.run_id for run in list_runs(store)}
    tag_runs(store, [ids["a"]], {"note": "mine", "owner": "ana"})
    delete_runs(store, [ids["b"]])
    with contextlib.closing(sqlite3.connect(path)) as con:
        con.execute("UPDATE runs SET status = 'FINISHED', end_time = ?", [END])
        con.execute("UPDATE tags SET value = 'red' WHERE key = 'mlflow.user'")
        con.commit()
    assert take(store, path).renewed == 2
    (run,) = list_runs(store)
    assert (run.name, run.status) == ("a", "FINISHED")
    kept = {key: value for key, value in run.tags.items() if not key.startswith("mlflow.")}
    assert kept == {"note": "mine", "owner": "ana", "team": "blue"}
    assert get_run(store, ids["b"]).deleted_at is not None


def test_a_run_without_a_status_is_not_taken_over_again_and_again(store: Store, tmp_path: Path) -> None:
    path = make_database(tmp_path / "m.db", [{"id": "a" * 32, "status": None, "end": None}])
    assert take(store, path).imported == 1
    report = take(store, path)
    assert (report.renewed, report.known) == (0, 1)


def test_points_come_in_pieces_that_fit_into_memory(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_sqlite, "MOST_POINTS", 10)
    counts = {"a": 3, "b": 9, "c": 0, "d": 25, "e": 4, "f": 6}
    runs = [
        {"id": name * 32, "metrics": {"m": [(step, step / 8, START + step) for step in range(count)]}}
        for name, count in counts.items()
    ]
    assert take(store, make_database(tmp_path / "m.db", runs)).imported == 6
    found = by_source(store)
    for name, count in counts.items():
        history = metric_history(store, found[name * 32].run_id).get("m", [])
        assert [point.value for point in history] == [step / 8 for step in range(count)]


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("FINISHED", "FINISHED"),
        ("FAILED", "FAILED"),
        ("KILLED", "KILLED"),
        ("RUNNING", "LOST"),
        ("SCHEDULED", "LOST"),
    ],
)
def test_status(store: Store, tmp_path: Path, there: str, here: str) -> None:
    take(store, make_database(tmp_path / "m.db", [{"id": "a" * 32, "status": there}]))
    assert get_run(store, "latest").status == here


def test_infinities_and_numbers_that_are_none(store: Store, tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "m.db", [{"id": "a", "metrics": {"m": [(0, 1.7976931348623157e308, START)]}}]
    )
    con = sqlite3.connect(path)
    con.execute("INSERT INTO metrics VALUES ('m', 0, ?, 'a', 1, 1)", [START])
    con.commit()
    con.close()
    take(store, path)
    run = get_run(store, "latest")
    points = [point.value for point in metric_history(store, run.run_id)["m"]]
    assert points[0] == math.inf
    assert math.isnan(points[1])


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_strings_are_only_strings(store: Store, tmp_path: Path, text: str) -> None:
    run = {
        "id": text,
        "name": text,
        "params": {text: text},
        "tags": {text: text},
        "metrics": {text: [(0, 1, START)]},
    }
    path = make_database(tmp_path / "m.db", [{**run, "uri": text}, {"id": "good"}])
    report = take(store, path)
    assert report.imported == 2
    found = by_source(store)[text]
    assert (found.name, found.params, found.tags[text]) == (text, {text: text}, text)
    assert list(found.metrics) == [text]
    assert report.files == 0


def test_a_broken_run_is_told_and_left_out_whole(store: Store, tmp_path: Path) -> None:
    path = make_database(
        tmp_path / "m.db",
        [
            {"id": "good", "params": {"a": "1"}},
            {"id": "word", "params": {"a": "1"}, "metrics": {"m": [(0, "many", START)]}},
            {"id": "timeless", "params": {"a": "1"}, "start": None, "end": None},
            {"id": "eternal", "params": {"a": "1"}, "start": 10**18},
            {"id": "step", "params": {"a": "1"}, "metrics": {"m": [("far", 1.0, START)]}},
            {"id": "gone", "stage": "deleted"},
        ],
    )
    report = take(store, path)
    assert (report.imported, report.deleted) == (1, 1)
    assert sorted(one.source_id for one in report.unreadable) == ["eternal", "step", "timeless", "word"]
    assert all(one.why for one in report.unreadable)
    assert store.query("SELECT count(DISTINCT run_id) AS n FROM params") == [{"n": 1}]


@pytest.mark.parametrize(
    "odd",
    [
        {"start": math.inf},
        {"end": -math.inf},
        {"metrics": {"m": [(math.inf, 1.0, START)]}},
        {"metrics": {"m": [(0, 1.0, math.inf)]}},
    ],
    ids=["start", "end", "step", "timestamp"],
)
def test_a_time_without_end_spoils_no_other_run(store: Store, tmp_path: Path, odd: dict[str, object]) -> None:
    path = make_database(tmp_path / "m.db", [{"id": "a"}, {"id": "odd", **odd}, {"id": "z"}])
    report = take(store, path)
    assert (report.imported, [one.source_id for one in report.unreadable]) == (2, ["odd"])


def test_a_time_of_thousands_of_digits_spoils_no_other_run(store: Store, tmp_path: Path) -> None:
    for run_id, start in (("a", START), ("odd", "9" * 5000), ("z", START)):
        make_folder(tmp_path / "mlruns", run_id, meta=f"run_id: {run_id}\nstatus: 3\nstart_time: {start}\n")
    report = take(store, tmp_path / "mlruns")
    assert (report.imported, [one.source_id for one in report.unreadable]) == (2, ["odd"])


def test_a_run_whose_metrics_may_not_be_looked_into_is_left_out_whole(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in ("a", "odd", "linked"):
        folder = make_folder(
            tmp_path / "mlruns", run_id, files={"params/lr": "1", "metrics/m": f"{START} 1 0"}
        )
    (folder / "tags").symlink_to(tmp_path)
    real = os.scandir

    def scandir(path: Any) -> Any:
        # The superuser may look into everything, so that permissions refuse nothing where tests run as one.
        if str(path).endswith("odd/metrics"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = take(store, tmp_path / "mlruns")
    assert (report.imported, [one.source_id for one in report.unreadable]) == (2, ["odd"])
    assert "Permission denied" in report.unreadable[0].why
    assert not any("mlruns" in key for run in list_runs(store) for key in run.tags)


def test_older_stores_without_steps_are_read(store: Store, tmp_path: Path) -> None:
    con = sqlite3.connect(tmp_path / "old.db")
    con.executescript(
        "CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT);"
        "CREATE TABLE runs (run_uuid TEXT, status TEXT, start_time BIGINT, end_time BIGINT,"
        " lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);"
        "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);"
        "CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);"
        "CREATE TABLE metrics (key TEXT, value REAL, timestamp BIGINT, run_uuid TEXT);"
        "INSERT INTO runs VALUES ('old', 'FINISHED', 1000, 2000, 'active', '', 7);"
        "INSERT INTO tags VALUES ('mlflow.runName', 'grandfather', 'old');"
        "INSERT INTO metrics VALUES ('m', 0.5, 1500, 'old');"
    )
    con.close()
    take(store, tmp_path / "old.db")
    run = get_run(store, "grandfather")
    assert (run.metrics, run.tags["mlflow.experiment"]) == ({"m": 0.5}, "")


def test_what_was_exported_from_here_is_here(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    def run(name: str, parent: str = "") -> str:
        start = RunStart(kind="api", name=name, status="RUNNING", parent_run_id=parent)
        writer = open_run(workspace, start, hold=True)
        writer.log_metric("loss", 0.5, 1)
        writer.end("FINISHED")
        return writer.run_id

    sweep = run("sweep")
    trials = [run(f"trial {n}", sweep) for n in range(2)]
    export_runs(store, select_runs(store), str(tmp_path / "ex"), format="mlflow")
    report = take(store, tmp_path / "ex")
    assert (report.imported, report.known, report.filled) == (0, 3, 0)
    delete_runs(store, [trials[0]])
    assert take(store, tmp_path / "ex").known == 3, "what lies in the trash is here"
    # One that is here no more comes again, as a part of the sweep that is.
    purge_runs(store, [trials[0]])
    report = take(store, tmp_path / "ex")
    assert (report.imported, report.known) == (1, 2)
    again = get_run(store, "trial 0")
    assert (again.run_id == trials[0], again.parent_run_id) == (False, sweep)
    assert take(store, tmp_path / "ex").known == 3
    # Another workspace takes all, and gives them back without any coming twice.
    other = Store(init_workspace(tmp_path / "other", '[model]\nname = "m"\ntarget = "y"\n'))
    assert take(other, tmp_path / "ex").imported == 3
    export_runs(other, select_runs(other), str(tmp_path / "back"), format="mlflow")
    assert (take(store, tmp_path / "back").imported, count_runs(store)) == (0, 3)


def test_a_tag_alone_does_not_make_a_foreign_run_one_of_here(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    writer = open_run(workspace, RunStart(kind="api", name="mine", status="RUNNING"), hold=True)
    writer.end("FINISHED")
    tags = ({"pilothouse.run_id": said} for said in (writer.run_id, "'; DROP TABLE runs; --", *HOSTILE))
    runs = [{"id": f"r{n}", "params": {"a": "1"}, "tags": mine} for n, mine in enumerate(tags)]
    assert take(store, make_database(tmp_path / "mlflow.db", runs)).imported == len(runs)
    files = {"tags/pilothouse.run_id": writer.run_id}
    make_folder(tmp_path / "mlruns", "two", files=files)
    assert take(store, tmp_path / "mlruns").imported == 1


def test_of_equal_steps_the_last_is_the_one_that_mlflow_takes(store: Store, tmp_path: Path) -> None:
    # In the order in which SQLite gives them: by step, then time, then value.
    points = [(1, 0.9, START), (2, 0.5, START), (2, 0.8, START), (2, 0.3, START), (2, 0.4, START - 5)]
    both = {"m": points, "told": points}
    path = make_database(tmp_path / "mlflow.db", [{"id": "one", "metrics": both}])
    con = sqlite3.connect(path)
    con.execute("INSERT INTO latest_metrics VALUES ('told', 0.5, ?, 2, 0, 'one')", [START])
    con.commit()
    con.close()
    lines = "".join(f"{at} {value} {step}\n" for step, value, at in points)
    make_folder(tmp_path / "mlruns", "two", files={"metrics/m": lines})
    take(store, path)
    take(store, tmp_path / "mlruns")
    one, two = sorted(list_runs(store), key=lambda run: len(run.metrics), reverse=True)
    assert (one.metrics, two.metrics) == ({"m": 0.8, "told": 0.5}, {"m": 0.8})
    for run in (one, two):
        assert {
            key: found[-1].value for key, found in metric_history(store, run.run_id).items()
        } == run.metrics


def test_a_folder_of_runs(store: Store, tmp_path: Path) -> None:
    root = tmp_path / "mlruns"
    files = {
        "params/a/b": "two\nlines\n",
        "metrics/loss": f"{START} nan 0\n{START} 0.5 1 data digest\n",
        "metrics/old": f"{START} -inf\n",
        "tags/mlflow.note.content": "why",
        "artifacts/deep/er/x.txt": "hello",
    }
    make_folder(root, "good", files=files)
    make_folder(root, "torn", files={"params/p": "1", "metrics/loss": "17000 0.5 0\n170"})
    make_folder(root, "meta", meta="just words")
    make_folder(root, "other", meta="run_id: good\nstatus: 3\n")
    make_folder(root, "gone", meta="run_id: gone\nlifecycle_stage: deleted\n")
    (root / "1" / "linked").symlink_to(root / "1" / "good")
    report = take(store, root)
    assert (report.imported, report.deleted, report.files) == (1, 1, 1)
    assert sorted(one.source_id for one in report.unreadable) == ["meta", "other", "torn"]
    run = by_source(store)["good"]
    assert run.params == {"a/b": "two\nlines\n"}
    assert run.tags["note"] == "why"
    assert run.summaries["loss"].count == 2
    assert run.metrics["old"] == -math.inf
    kept = store.workspace.run_dir(run.run_id) / "artifacts"
    assert (kept / "deep/er/x.txt").read_text() == "hello"
    assert take(store, tmp_path).known == 1
    assert not list(store.workspace.runs_dir.glob(".import-*"))


def test_artifacts_of_a_store_that_was_moved_are_found(store: Store, tmp_path: Path) -> None:
    there = tmp_path / "moved" / "mlartifacts" / "1" / "run" / "artifacts"
    there.mkdir(parents=True)
    (there / "x.txt").write_text("hello")
    for name, uri in (
        ("a", "file:///gone/mlartifacts/1/run/artifacts"),
        ("b", "mlflow-artifacts:/1/run/artifacts"),
    ):
        path = make_database(tmp_path / "moved" / f"{name}.db", [{"id": "run", "uri": uri}])
        report = take(store, path)
        assert (report.files, report.without_artifacts) == (1, [])
        run = get_run(store, "latest")
        assert (store.workspace.run_dir(run.run_id) / "artifacts" / "x.txt").read_text() == "hello"
        purge_runs(store, [run.run_id])


def test_a_store_cannot_lead_out_of_its_folder(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret" / "run" / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    inside = tmp_path / "store" / "1" / "linked" / "artifacts"
    inside.parent.mkdir(parents=True)
    inside.symlink_to(secret)
    plain = tmp_path / "store" / "1" / "plain" / "artifacts"
    plain.mkdir(parents=True)
    (plain / "key").symlink_to(secret / "key")
    (plain / "folder").symlink_to(secret)
    os.mkfifo(plain / "pipe")
    claims = {
        "run": secret.as_uri(),
        "run2": str(secret),
        "linked": "1/linked/artifacts",
        "dots": "../secret/run/artifacts",
        "etc": "file:///etc",
        "home": "~/.ssh",
        "quoted": "file:///%2e%2e/%2e%2e/etc",
        "host": "file://server/share/host/artifacts",
        "far": "s3://bucket/far/artifacts",
        "zero": "a\0b",
        "bad": "http://[",
        "..": "../../artifacts",
    }
    runs = [{"id": name, "uri": uri} for name, uri in claims.items()]
    path = make_database(tmp_path / "store" / "m.db", [*runs, {"id": "plain", "uri": "1/plain/artifacts"}])
    report = take(store, path)
    assert (report.imported, report.files, report.bytes) == (len(claims) + 1, 0, 0)
    # There is nothing in a folder called `~`, so nothing is missing.
    assert {one.source_id for one in report.without_artifacts} == set(claims) - {"home"}
    assert not list(store.workspace.runs_dir.rglob("key"))


def test_a_folder_that_the_user_names_may_be_read(store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "run" / "artifacts"
    outside.mkdir(parents=True)
    (outside / "x").write_text("hello")
    (tmp_path / "store").mkdir()
    path = make_database(tmp_path / "store" / "m.db", [{"id": "run", "uri": outside.as_uri()}])
    report = take(store, path)
    assert "--artifacts" in report.without_artifacts[0].why
    purge_runs(store, ["latest"])
    assert take(store, path, artifact_roots=[tmp_path / "elsewhere"]).files == 1
    purge_runs(store, ["latest"])
    assert take(store, path, artifacts=False).files == 0


def test_what_an_older_export_said_with_dots_is_found(store: Store, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for run_id in "ab":
        kept = tmp_path / "mlf" / "artifacts" / run_id / "artifacts"
        kept.mkdir(parents=True)
        (kept / "x.txt").write_text("hello")
    place = f"file://{tmp_path}/{{}}/../mlf/artifacts/{{}}/artifacts"
    runs = [{"id": "a", "uri": place.format("p", "a")}, {"id": "b", "uri": place.format("gone", "b")}]
    report = take(store, make_database(tmp_path / "mlf" / "m.db", runs))
    assert (report.files, report.without_artifacts) == (2, [])


def test_only_artifacts_that_there_are_count_as_missing(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for run_id in ("full", "empty"):
        (elsewhere / run_id / "artifacts").mkdir(parents=True)
    (elsewhere / "full" / "artifacts" / "x").write_text("hello")
    (tmp_path / "store").mkdir()
    runs = [
        *(
            {"id": name, "uri": (elsewhere / name / "artifacts").as_uri()}
            for name in ("full", "empty", "none")
        ),
        {"id": "odd", "uri": (elsewhere / "none").as_uri()},
        {"id": "dots", "uri": f"file://{elsewhere}/../nowhere/dots/artifacts"},
    ]
    report = take(store, make_database(tmp_path / "store" / "m.db", runs))
    assert (report.imported, report.files) == (5, 0)
    assert [one.source_id for one in report.without_artifacts] == ["full"]


@pytest.mark.parametrize("kind", ["database", "folder"])
def test_a_second_import_fills_in_the_artifacts_that_did_not_come(
    store: Store, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "store").mkdir()
    if kind == "database":
        away = tmp_path / "elsewhere" / "run" / "artifacts" / "deep" / "x"
        away.parent.mkdir(parents=True)
        away.write_text("hello")
        uri = (tmp_path / "elsewhere" / "run" / "artifacts").as_uri()
        path = make_database(tmp_path / "store" / "m.db", [{"id": "run", "uri": uri}, {"id": "bare"}])
        first, then = {}, {"artifact_roots": [tmp_path / "elsewhere"]}
    else:
        path = tmp_path / "store"
        make_folder(path, "run", files={"artifacts/deep/x": "hello"})
        make_folder(path, "bare", files={"params/p": "1"})
        first, then = {"artifacts": False}, {}
    assert take(store, path, **first).files == 0
    run = by_source(store)["run"]
    tag_runs(store, [run.run_id], {"mine": "yes"})
    before = list_runs(store)

    report = take(store, path, **then)
    assert (report.imported, report.renewed, report.known, report.filled) == (0, 0, 1, 1)
    assert (report.files, report.bytes, report.without_artifacts) == (1, 5, [])
    kept = store.workspace.run_dir(run.run_id) / "artifacts" / "deep" / "x"
    assert kept.read_text() == "hello"
    assert list_runs(store) == before
    assert list_events(store)[0].message == f"Filled in the artifacts of 1 run from {report.source}."
    events = len(list_events(store))

    kept.write_text("changed here")
    again = take(store, path, **then)
    assert (again.known, again.filled, again.files) == (2, 0, 0)
    assert kept.read_text() == "changed here"
    assert len(list_events(store)) == events
    assert not list(store.workspace.runs_dir.glob(".import-*"))


def test_artifacts_that_cannot_be_copied_leave_no_half_run(
    store: Store, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mlruns"
    make_folder(root, "a", files={"artifacts/x": "hello", "params/p": "1"})
    workspace.runs_dir.mkdir(parents=True)
    workspace.runs_dir.chmod(0o500)
    if os.access(workspace.runs_dir, os.W_OK):
        workspace.runs_dir.chmod(0o700)
        pytest.skip("the superuser may write everywhere")
    report = take(store, root)
    workspace.runs_dir.chmod(0o700)
    assert (report.imported, len(report.unreadable)) == (0, 1)
    assert take(store, root).imported == 1


def test_what_is_no_store_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("words")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\0 and no more")
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("text.db", "no SQLite file"),
        ("other.db", "not an MLflow store"),
        ("torn.db", "cannot be read|not an MLflow"),
        ("empty", "holds no MLflow runs"),
        ("nothing", "nothing at"),
    ):
        with pytest.raises(PilothouseError, match=words):
            take(store, tmp_path / name)
    with pytest.raises(UsageError, match="not on this machine"):
        open_source("postgresql://user:word@host/db")


def test_thousands_of_runs_come_in_batches(store: Store, tmp_path: Path) -> None:
    runs = (
        {
            "id": f"{number:032}",
            "params": {f"p{n}": str(n) for n in range(10)},
            "metrics": {f"m{n}": [(0, 0.5, START)] for n in range(20)},
        }
        for number in range(2_050)
    )
    path = make_database(tmp_path / "m.db", runs)
    seen: list[int] = []
    assert take(store, path, on_progress=lambda done, total: seen.append(done)).imported == 2_050
    assert seen[-1] == 2_050
    assert count_runs(store) == 2_050
    assert len(list_events(store)) == 5
