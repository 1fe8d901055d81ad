from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from hostile import HOSTILE
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.store import Store, Transaction, list_events, open_store
from pilothouse.tracking.exchange.exporting import export_runs, format_of
from pilothouse.tracking.exchange.importing import import_runs
from pilothouse.tracking.exchange.opening import open_source
from pilothouse.tracking.exchange.selecting import select_runs
from pilothouse.tracking.runs import get_run, list_runs, metric_history
from pilothouse.tracking.trash import delete_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace, init_workspace

TEXTS = [text for text in HOSTILE if text and "\0" not in text]


def make(workspace: Workspace, name: str = "", text: str = "x", status: str = "FINISHED") -> str:
    start = RunStart(
        kind="api", name=name, status="RUNNING", params={text: text}, tags={text: text, "note": "why"}
    )
    writer = open_run(workspace, start, hold=True)
    for step, value in enumerate((1.0, math.nan, math.inf, -math.inf, 0.1)):
        writer.log_metrics({text: value}, step)
    (writer.artifacts / "deep").mkdir()
    (writer.artifacts / "deep" / "x.txt").write_text("hello")
    writer.end(status, 0 if status == "FINISHED" else 1)
    return writer.run_id


def out(store: Store, path: Path, format: str, **options: bool) -> Path:
    export_runs(store, select_runs(store), str(path), format=format, **options)
    return path


def test_csv_and_parquet_say_the_same(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    ids = [make(workspace, f"run {index}", text) for index, text in enumerate(TEXTS)]
    with out(store, tmp_path / "a.csv", "csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = out(store, tmp_path / "a.parquet", "parquet")
    con = duckdb.connect()
    con.execute(f"SELECT * FROM '{path}'")
    names = [column[0] for column in con.description or ()]
    columns = [dict(zip(names, row, strict=True)) for row in con.fetchall()]
    con.close()
    assert [row["run_id"] for row in rows] == [row["run_id"] for row in columns] == ids
    for index, text in enumerate(TEXTS):
        for row in (rows[index], columns[index]):
            assert row[f"params.{text}"] == row[f"tags.{text}"] == text
            assert float(row[f"metrics.{text}"]) == 0.1
        assert not columns[index - 1][f"params.{text}"]
    assert columns[0]["started_at"].isoformat() in rows[0]["started_at"]
    assert list_events(store)[0].message == f"Exported {len(ids)} runs as parquet to a.parquet."


def test_names_that_differ_only_in_case_stay_apart(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    writer = open_run(
        workspace, RunStart(kind="api", status="RUNNING", params={"lr": 1, "LR": 2, "lr (2)": 3}), hold=True
    )
    writer.end("FINISHED", 0)
    path = out(store, tmp_path / "a.parquet", "parquet")
    con = duckdb.connect()
    con.execute(f"SELECT COLUMNS('params.*') FROM '{path}'")
    names = [column[0] for column in con.description or ()]
    assert len({name.casefold() for name in names}) == 3
    assert sorted(con.fetchall()[0]) == ["1", "2", "3"]
    con.close()


def test_json_has_everything(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    run_id = make(workspace, "a\nb", TEXTS[0])
    (told,) = json.loads(out(store, tmp_path / "a.json", "json", history=True).read_text())
    assert (told["run_id"], told["name"], told["params"]) == (run_id, "a\nb", {TEXTS[0]: TEXTS[0]})
    assert told["summaries"][TEXTS[0]]["count"] == 5
    assert [value for _, value, _ in told["history"][TEXTS[0]]] == [1.0, "NaN", "Infinity", "-Infinity", 0.1]


def test_history_is_one_row_a_point(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    run_id = make(workspace, text="loss")
    path = out(store, tmp_path / "a.parquet", "parquet", history=True)
    con = duckdb.connect()
    rows = con.execute(f"SELECT run_id, key, step, value FROM '{path}' ORDER BY step").fetchall()
    con.close()
    assert [row[:3] for row in rows] == [(run_id, "loss", step) for step in range(5)]
    assert [str(row[3]) for row in rows] == ["1.0", "nan", "inf", "-inf", "0.1"]
    with out(store, tmp_path / "a.csv", "csv", history=True).open() as file:
        assert len(list(csv.DictReader(file))) == 5


def test_many_names_make_many_columns(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    params = {f"p{number}": number for number in range(2000)}
    open_run(workspace, RunStart(kind="api", status="RUNNING", params=params), hold=True).end("FINISHED", 0)
    path = out(store, tmp_path / "a.parquet", "parquet")
    con = duckdb.connect()
    assert con.execute(f"SELECT \"params.p1999\" FROM '{path}'").fetchall() == [("1999",)]
    con.close()


def test_which_runs(workspace: Workspace, store: Store) -> None:
    with pytest.raises(NotFoundError):
        select_runs(store)
    one, two = make(workspace, "one"), make(workspace, "two", status="FAILED")
    assert select_runs(store) == [one, two]
    assert select_runs(store, ["two", one, two]) == [two, one]
    assert select_runs(store, search="status = failed") == [two]
    with pytest.raises(NotFoundError):
        select_runs(store, search="status = killed")
    delete_runs(store, [one])
    assert select_runs(store) == [two]
    assert select_runs(store, ["one"]) == [one]


def test_runs_that_match_all_along_are_chosen_whatever_else_changes_meanwhile(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in "abcdefgh":
        writer = open_run(workspace, RunStart(kind="api", status="RUNNING", tags={"keep": "y"}), hold=True)
        writer.set_tags({"which": text})
        writer.end("FINISHED", 0)
    every = [run.run_id for run in reversed(list_runs(store))]
    transaction, gone = Store.transaction, every[:4]

    @contextlib.contextmanager
    def busy(store: Store) -> Iterator[Transaction]:
        """Whenever somebody has read, another one lets go of a run."""
        with transaction(store) as tx:
            yield tx
        with transaction(store) as tx:
            tx.execute("DELETE FROM tags WHERE run_id = ?", [gone.pop(0)] if gone else [""])

    monkeypatch.setattr("pilothouse.tracking.exchange.selecting.PAGE", 2)
    for name in ("reading", "transaction"):
        monkeypatch.setattr(Store, name, busy)
    assert set(every[4:]) <= set(select_runs(store, search="tags.keep = y"))


def test_nothing_is_overwritten_unasked(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    make(workspace)
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(PilothouseError, match="exists already"):
        out(store, path, "csv")
    assert path.read_text() == "mine"
    out(store, path, "csv", force=True)
    assert path.read_text().startswith("run_id,")
    with pytest.raises(PilothouseError, match="not empty"):
        out(store, tmp_path, "mlflow")
    with pytest.raises(PilothouseError, match="is a folder"):
        out(store, tmp_path, "csv")
    with pytest.raises(PilothouseError, match="cannot be written"):
        out(store, path / "below" / "a.csv", "csv")
    assert not list(tmp_path.glob(".export-*"))


def test_the_format_is_told_by_the_ending() -> None:
    assert [format_of(f"x.{end}", None) for end in ("csv", "JSON", "parquet")] == ["csv", "json", "parquet"]
    assert (format_of("-", None), format_of("x", "mlflow")) == ("json", "mlflow")
    for dest, named in (("x", None), ("-", "parquet"), ("-", "mlflow")):
        with pytest.raises(UsageError):
            format_of(dest, named)


def test_a_csv_holds_no_formula(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    evil, numbers = ["=HYPERLINK(1)", "@x", "-m a", " +cmd|x"], ["-1", "+1e3", "-.5", "-inf"]
    for text in (*evil, *numbers):
        make(workspace, text, text)
    for path in (
        out(store, tmp_path / "a.csv", "csv"),
        out(store, tmp_path / "b.csv", "csv", history=True),
    ):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for line in csv.reader(file) for cell in line]
        assert {f"'{text}" for text in evil} | set(numbers) <= set(cells)
        assert not set(evil) & set(cells)


def test_standard_output(workspace: Workspace, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    make(workspace, "one")
    export_runs(store, select_runs(store), "-", format="csv")
    assert next(csv.DictReader(io.StringIO(capsys.readouterr().out)))["name"] == "one"


def test_through_an_mlflow_store_and_back(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    for index, text in enumerate(TEXTS):
        make(workspace, text, text, status=("FINISHED", "FAILED", "KILLED", "LOST")[index % 4])
    folder = out(store, tmp_path / "store", "mlflow")
    (tmp_path / "elsewhere" / "data").mkdir(parents=True)
    other = init_workspace(tmp_path / "elsewhere", workspace.config_path.read_text())
    back = open_store(other)
    report = import_runs(back, open_source(str(folder)))
    assert (report.imported, report.files, report.unreadable, report.without_artifacts) == (
        len(TEXTS),
        len(TEXTS),
        [],
        [],
    )
    for run in list_runs(store):
        again = get_run(
            back, next(r.run_id for r in list_runs(back) if r.tags["mlflow.run_id"] == run.run_id)
        )
        assert (again.name, again.params) == (run.name, run.params)
        facts = ("status", "reason", "exit_code", "recipe", "command", "dataset_version")
        assert [getattr(again, name) for name in facts] == [getattr(run, name) for name in facts]
        assert {key: again.tags[key] for key in run.tags} == run.tags
        assert abs((again.started_at - run.started_at).total_seconds()) < 0.001
        there, here = metric_history(store, run.run_id), metric_history(back, again.run_id)
        assert {key: [(p.step, str(p.value)) for p in mine] for key, mine in there.items()} == {
            key: [(p.step, str(p.value)) for p in mine] for key, mine in here.items()
        }
        assert (other.run_dir(again.run_id) / "artifacts" / "deep" / "x.txt").read_text() == "hello"


def test_a_nested_run_stays_nested(workspace: Workspace, store: Store, tmp_path: Path) -> None:
    outer = open_run(workspace, RunStart(kind="api", name="outer", status="RUNNING"), hold=True)
    inner = open_run(
        workspace,
        RunStart(kind="api", name="inner", status="RUNNING", parent_run_id=outer.run_id),
        hold=True,
    )
    for writer in (inner, outer):
        writer.end("FINISHED", 0)
    folder = out(store, tmp_path / "store", "mlflow")
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as con:
        pairs = con.execute(
            "SELECT child.name, parent.name FROM tags JOIN runs AS child USING (run_uuid)"
            " JOIN runs AS parent ON parent.run_uuid = tags.value WHERE tags.key = 'mlflow.parentRunId'"
        ).fetchall()
    assert pairs == [("inner", "outer")]
    (tmp_path / "back" / "data").mkdir(parents=True)
    back = open_store(init_workspace(tmp_path / "back", workspace.config_path.read_text()))
    import_runs(back, open_source(str(folder)))
    assert get_run(back, "inner").parent_run_id == get_run(back, "outer").run_id


def test_a_place_said_with_dots_is_resolved(
    workspace: Workspace, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(workspace)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for format, name in (("csv", "a.csv"), ("mlflow", "mlf")):
        report = export_runs(store, select_runs(store), f"../{name}", format=format)
        assert report.dest == str((tmp_path / name).resolve())
    assert ".." not in report.uri
    with contextlib.closing(sqlite3.connect(tmp_path / "mlf" / "mlflow.db")) as con:
        claims = [
            row[0]
            for row in con.execute(
                "SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM experiments"
            )
        ]
    assert claims
    assert not [claim for claim in claims if ".." in claim]


def test_an_id_that_is_no_id_does_not_become_a_path(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    run_id = make(workspace)
    writer = open_run(
        workspace, RunStart(kind="api", status="RUNNING", tags={"mlflow.run_id": "../../x"}), hold=True
    )
    writer.end("FINISHED", 0)
    folder = out(store, tmp_path / "store", "mlflow")
    con = sqlite3.connect(folder / "mlflow.db")
    assert {row[0] for row in con.execute("SELECT run_uuid FROM runs")} == {run_id, writer.run_id}
    con.close()
    assert not (tmp_path / "x").exists()
