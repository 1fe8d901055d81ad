"""Whatever is wrong with what Pilothouse is given, it says so in words and loses nothing."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.training.watching import read_log
from pilothouse.workspace import Workspace
from steering import (
    CONFIG,
    GOOD_ROW,
    copy_of,
    csv_text,
    is_sound,
    land,
    make_workspace,
    pilothouse,
    pilothouse_each,
    post,
    rows,
    serving,
    start,
    told_well,
)
from waiting import wait_until

CONFIG_MISTAKES = {
    "missing key": (CONFIG.replace('target = "y"\n', ""), ["line 1", "model.target", "missing"]),
    "misspelt key": (CONFIG.replace("folder", "foldr"), ["line 6", "data.foldr", "Did you mean 'folder'"]),
    "misspelt table": (CONFIG.replace("[training]", "[trainin]"), ["line 10", "Did you mean 'training'"]),
    "wrong type": (CONFIG.replace("port = 0", 'port = "eighty"'), ["line 15", "serving.port", "eighty"]),
    "not a choice": (CONFIG.replace("level = 0", "level = 7"), ["line 18", "autonomy.level", "7"]),
    "a list of numbers": (
        CONFIG.replace('id = "id"', "exclude = [1]"),
        ["data.exclude", "list of texts"],
    ),
    "no model": (CONFIG.replace("[model]", "[serving2]"), ["serving2"]),
    "not TOML": ("[model\nname", ["not valid TOML", "line 1"]),
    "nothing": ("", ["has no model", "[model]"]),
    "a section of no model": ("[gates]\nauc = { min = 0.7 }\n", ["line 1", "[model] is missing"]),
    "a name that is a path": (CONFIG.replace('"late"', '"../late"'), ["line 2", "../late"]),
}


@pytest.mark.parametrize("mistake", CONFIG_MISTAKES)
def test_a_mistake_in_the_configuration_is_named_with_its_line(tmp_path: Path, mistake: str) -> None:
    text, words = CONFIG_MISTAKES[mistake]
    (tmp_path / "pilothouse.toml").write_text(text)
    (tmp_path / "data").mkdir()
    before = sorted(tmp_path.rglob("*"))
    told_well(pilothouse("train", cwd=tmp_path), "pilothouse.toml", *words)
    assert sorted(tmp_path.rglob("*")) == before


def test_every_command_tells_a_bad_configuration_alike(fresh: Workspace) -> None:
    fresh.config_path.write_bytes(b"[model]\nname = '\xff'")
    *told, doctor = pilothouse_each(
        ["train"], ["run", "--", "true"], ["check"], ["drift"], ["data"], ["watch", "--once"], ["serve"],
        ["predict", "data/first.csv"], [], ["doctor"], cwd=fresh.root,
    )  # fmt: skip
    for done in told:
        told_well(done, "not UTF-8")
    assert doctor.code == 1


def test_outside_a_workspace_the_way_in_is_named(tmp_path: Path) -> None:
    told_well(pilothouse("runs", cwd=tmp_path), "pilothouse init")
    assert list(tmp_path.iterdir()) == []


TEXT = csv_text(rows(60))
LINES = TEXT.splitlines()


def parquet(folder: Path) -> bytes:
    source, target = folder / "source.csv", folder / "target.parquet"
    source.write_text(TEXT)
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet)")
    return target.read_bytes()


BAD_FILES: dict[str, tuple[str, Callable[[Path], bytes], list[str]]] = {
    "empty": ("x.csv", lambda _: b"", ["empty"]),
    "header only": ("x.csv", lambda _: LINES[0].encode() + b"\n", ["rows"]),
    "ragged": ("x.csv", lambda _: TEXT.encode() + b"r,2024-01-01 00:00:00,1\n", ["line 62", "3 fields", "6"]),
    "torn": ("x.csv", lambda _: TEXT.encode()[:-9], ["line 61"]),
    "latin-1": ("x.csv", lambda _: TEXT.replace("AA", "Ä").encode("latin-1"), ["not UTF-8"]),
    "utf-16": ("x.csv", lambda _: TEXT.encode("utf-16"), ["UTF-16"]),
    "binary": ("x.csv", lambda _: bytes(range(256)) * 20, ["cannot be read"]),
    "broken gzip": ("x.csv.gz", lambda _: gzip.compress(TEXT.encode())[:-100], ["breaks off"]),
    "no gzip": ("x.csv.gz", lambda _: TEXT.encode(), ["gzip"]),
    "half-written Parquet": ("x.parquet", lambda folder: parquet(folder)[:900], ["half-written"]),
    "no Parquet": ("x.parquet", lambda _: b"id,when\n1,2\n", ["not a Parquet file"]),
    "torn JSON": ("x.jsonl", lambda _: b'{"id":"a","y":1}\n{"id":\n', ["line 2", "JSON"]),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_named_with_its_cause_and_nothing_is_trained(tmp_path: Path, kind: str) -> None:
    name, content, words = BAD_FILES[kind]
    root = tmp_path / "w"
    workspace = make_workspace(root)
    (root / "data" / "first.csv").unlink()
    (root / "data" / name).write_bytes(content(tmp_path))
    trained, held = pilothouse_each(["train"], ["check", "--json"], cwd=root)
    told_well(trained, name if kind != "header only" else "late", *words)
    assert list_runs(open_store(workspace)) == []
    assert (held.code, held.err) == (1, "")
    [verdict] = held.json()
    assert verdict["status"] == "held"
    assert all(word.lower() in verdict["findings"][0]["message"].lower() for word in words)


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ([{k: v for k, v in row.items() if k != "b"} for row in rows(60)], "b", ["no column 'b'"]),
        ([{("B" if k == "b" else k): v for k, v in row.items()} for row in rows(60)], "b", ["no column 'b'"]),
        ([{**row, "a": "much"} for row in rows(60)], "a", ["'a'", "much"]),
    ],
    ids=["missing", "misspelt", "of another type"],
)
def test_a_file_unlike_the_others_is_held_and_never_learned_from(
    trained: Workspace, table: list[dict[str, Any]], column: str, words: list[str]
) -> None:
    land(trained.root / "data", "second.csv", table)
    watched, drift, data, started = pilothouse_each(
        ["watch", "--once"], ["drift", "data/second.csv"], ["data", "--json"], ["train", "--detach"],
        cwd=trained.root,
    )  # fmt: skip
    assert watched.code == 0
    assert "second.csv is held" in watched.out
    assert (drift.code, drift.out[:14]) == (1, "■ held; a look")
    assert all(word in drift.err for word in ("second.csv is held", *words)), drift.err
    told = data.json()
    [held] = [file for file in told["files"] if file["status"] == "held"]
    assert held["findings"][0]["column"] == column
    before = {version["version"] for version in told["versions"]}
    assert started.code == 0, started
    assert get_run(open_store(trained), started.out.strip()).dataset_version in before


def test_no_data_no_folder_and_no_target_are_told_before_anything_starts(fresh: Workspace) -> None:
    data = fresh.root / "data"
    (data / "first.csv").write_text("\n".join(line.rsplit(",", 1)[0] for line in LINES))
    told_well(pilothouse("train", cwd=fresh.root), "target", "'y'", "have: id, when, a, b, c")
    (data / "first.csv").unlink()
    for done in pilothouse_each(["train"], ["check"], cwd=fresh.root):
        told_well(done, "no data files", str(data))
    data.rmdir()
    commands = ["train"], ["check"], ["watch", "--once"], ["watch", "--detach"]
    for done in pilothouse_each(*commands, cwd=fresh.root):
        told_well(done, "does not exist", str(data))
    assert list_runs(open_store(fresh)) == []


def test_a_target_with_one_class_makes_no_version(fresh: Workspace) -> None:
    land(fresh.root / "data", "first.csv", [{**row, "y": 1} for row in rows(60)])
    done, models = pilothouse_each(["train"], ["models", "--json"], cwd=fresh.root)
    assert (done.code, done.out) == (1, "")
    assert "one class" in done.err
    assert "Traceback" not in done.err
    assert models.json() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_file_name_that_is_no_text_is_told_and_the_others_are_judged(fresh: Workspace) -> None:
    odd = os.fsdecode(b"a\xff.csv")
    (fresh.root / "data" / odd).write_text(TEXT)
    watched, trained = pilothouse_each(["watch", "--once"], ["train"], cwd=fresh.root)
    assert watched.code == 0
    assert "first.csv is sound" in watched.out
    assert "not UTF-8 text" in watched.out
    told_well(trained, "not UTF-8 text", "Rename")


SCRIPTS = {
    "crashes": ("raise ValueError('[/x] boom')", "FAILED", 1, "ValueError: [/x] boom"),
    "exits with 3": ("import sys; print('tell'); sys.exit(3)", "FAILED", 3, "tell"),
    "dies of a signal": ("import os; os.kill(os.getpid(), 11)", "FAILED", 139, "SIGSEGV"),
    "prints garbage": (
        "import sys; w = sys.stdout.buffer.write; w(bytes(range(256)) * 300);"
        "w(b'\\x1b]0;x\\x07\\xff: 1\\nloss: 0.5\\nloss: abc\\nloss: 1e999\\n' + b'x' * 3_000_000 + b': 7')",
        "FINISHED",
        0,
        "",
    ),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_script_ends_as_it_ended(fresh: Workspace, what: str) -> None:
    code, status, exit_code, reason = SCRIPTS[what]
    done = pilothouse("run", "--json", "--", sys.executable, "-c", code, cwd=fresh.root)
    assert done.code == (0 if status == "FINISHED" else 1)
    assert "pilothouse: something" not in done.err
    told = done.json()
    assert (told["status"], told["exit_code"]) == (status, exit_code)
    assert reason in told["reason"]
    if what == "prints garbage":
        assert told["metrics"]["loss"] in ("Infinity", 0.5)
        logs, shown = pilothouse_each(["logs", "latest"], ["show", "latest"], cwd=fresh.root)
        assert logs.code == 0
        assert "\x1b" not in shown.out


def test_a_script_that_hangs_and_will_not_hear_is_killed(fresh: Workspace) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\n"
    started = pilothouse(
        "run", "--detach", "--", sys.executable, "-c", code + "while 1: time.sleep(1)", cwd=fresh.root
    )
    run_id = started.out.strip()
    wait_until(lambda: "up" in read_log(fresh, run_id)[0])
    logs, stopped, again = pilothouse_each(
        ["logs", run_id], ["stop", run_id, "--grace", "0.3", "--json"], ["stop", run_id], cwd=fresh.root
    )
    assert "up" in logs.out
    assert stopped.code == 0
    assert stopped.json()["status"] == "KILLED"
    told_well(again, "has ended already", "Nothing was changed")


def test_ctrl_c_leaves_a_training_to_itself(fresh: Workspace) -> None:
    watching = start(
        "run", "--", sys.executable, "-c", "input() if 0 else __import__('time').sleep(60)", cwd=fresh.root
    )
    run_id = wait_until(lambda: [run.run_id for run in list_runs(open_store(fresh), status="RUNNING")])[0]
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 130
    assert get_run(open_store(fresh), run_id).status == "RUNNING"
    assert pilothouse("stop", run_id, cwd=fresh.root).code == 0


def test_a_store_of_a_newer_version_is_left_alone(fresh: Workspace) -> None:
    with open_store(fresh).transaction() as tx:
        tx.execute("UPDATE meta SET value = '999' WHERE key = 'shape'")
    before = fresh.store_path.read_bytes()
    *told, doctor = pilothouse_each(
        ["runs"], ["events"], ["models"], ["train"], ["watch", "--once"], ["promote", "1", "--yes"],
        ["doctor"], cwd=fresh.root,
    )  # fmt: skip
    for done in told:
        told_well(done, "newer Pilothouse", "Nothing in it was changed")
    assert fresh.store_path.read_bytes() == before
    assert doctor.code == 1


def test_a_store_that_is_none_is_left_alone(fresh: Workspace) -> None:
    fresh.store_path.write_bytes(b"not a database" * 100)
    told_well(pilothouse("runs", cwd=fresh.root), "store.duckdb", "not changed")
    assert fresh.store_path.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize("how", [["--detach"], []], ids=["detached", "here"])
def test_a_port_in_use_is_told(trained: Workspace, how: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told_well(pilothouse("serve", *how, "--port", port, cwd=trained.root), str(port), "in use", "--port")
    assert pilothouse("serve", "--status", cwd=trained.root).code == 1


def test_nothing_live_is_nothing_to_serve(fresh: Workspace) -> None:
    served, predicted, back = pilothouse_each(
        ["serve", "--detach"], ["predict"], ["rollback", "--yes"], cwd=fresh.root, given=["", "[{}]", ""]
    )
    told_well(served, "nothing to serve", "promote")
    told_well(predicted, "is live", "promote")
    told_well(back)


def record(**changes: Any) -> dict[str, Any]:
    return {"dataframe_records": [{**GOOD_ROW, **changes}]}


def test_a_request_that_does_not_fit_is_refused_field_by_field(trained: Workspace) -> None:
    import json

    bad: list[tuple[Any, list[str]]] = [
        ({"dataframe_records": [{"a": 1.0, "c": "AA"}]}, ["'b'", "missing"]),
        (record(zz=1), ["'zz'"]),
        (record(a=None), ["'a'"]),
        (record(a="much"), ["'a'", "much"]),
        (record(b=[1]), ["'b'"]),
        (record(c={"x": 1}), ["'c'"]),
        (record(a=True), ["'a'"]),
        ({"dataframe_records": [GOOD_ROW, 7]}, []),
        ({"dataframe_records": []}, []),
        ({"rows": [GOOD_ROW]}, []),
        ([], []),
        (7, []),
        (None, []),
    ]
    with serving(trained) as server:
        port = server["port"]
        for body, words in bad:
            status, answer = post(port, json.dumps(body))
            assert (status, bool(answer["errors"])) == (400, True), body
            assert all(word in answer["message"] for word in words), (body, answer)
        for raw, kind in (
            (b"", "application/json"),
            (b"{", "application/json"),
            (b"\xff\xfe", "application/json"),
            (b"[" * 100_000, "application/json"),
            (b'{"dataframe_records": [{"a": NaN, "b": 1, "c": "AA"}]}', "application/json"),
            (b'{"dataframe_records": [{"a": 1e999, "b": 1, "c": "AA"}]}', "application/json"),
            (b"a,b\n1,2\n", "text/csv"),
            (b"a,b,c\n1,2\n", "text/csv"),
            (json.dumps(record()).encode(), "application/x-pickle"),
        ):
            status, answer = post(port, raw, kind)
            assert status in (400, 415), (raw[:40], kind, answer)
            assert "Traceback" not in answer["message"]
        assert post(port, json.dumps(record()))[0] == 200
        status_now, predicted = pilothouse_each(
            ["serve", "--status", "--json"], ["predict"], cwd=trained.root, given=["", '[{"a": 1}]']
        )
        assert status_now.json()["errors"] == 0
        told_well(predicted, "'b'", "missing")
    logged = list((trained.serving_dir / "predictions").glob("*.jsonl"))
    assert sum(len(path.read_text().splitlines()) for path in logged) == 1


def test_rows_for_predict_that_are_no_rows(trained: Workspace) -> None:
    no_text = "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")
    given = ["", "{", "7", "[7]", "[]", '"x"', no_text, ""]
    commands = [["predict"]] * 7 + [["predict", "nowhere.csv"]]
    told = pilothouse_each(*commands, cwd=trained.root, given=given)
    for done in told:
        told_well(done)
    told_well(told[-1], "nowhere.csv")


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    # The version shares its bytes with the run that made it; a new file changes only the version.
    path.unlink()
    path.write_bytes(content)


def test_a_bundle_whose_bytes_changed_is_never_loaded(trained: Workspace) -> None:
    store = open_store(trained)
    change_a_byte(trained.version_dir("late", 2) / "model.joblib")
    promoted, models, told = pilothouse_each(
        ["promote", "2", "--yes"], ["models", "--json"], ["doctor", "--json"], cwd=trained.root
    )
    told_well(promoted, "model.joblib", "sha256", "backup")
    assert models.json()[1]["aliases"] == ["champion"]
    assert told.code == 1
    assert [item["what"] for item in told.json() if not item["sound"] and item["what"] != "disk"] == [
        "bundles"
    ]
    change_a_byte(trained.version_dir("late", 1) / "model.joblib")
    commands = ["serve", "--detach"], ["serve"], ["predict", "data/first.csv", "--limit", "1"]
    for done in pilothouse_each(*commands, cwd=trained.root):
        told_well(done, "model.joblib", "sha256")
    (trained.version_dir("late", 1) / "manifest.json").unlink()
    told_well(pilothouse("serve", "--detach", cwd=trained.root), "manifest.json")
    assert len(store.query("SELECT 1 FROM deployments")) == 1


def test_a_rollback_to_changed_bytes_leaves_what_is_live(trained: Workspace) -> None:
    assert pilothouse("promote", "2", "--yes", "--force", cwd=trained.root).code == 0
    change_a_byte(trained.version_dir("late", 1) / "model.joblib")
    with serving(trained) as server:
        told_well(pilothouse("rollback", "--yes", cwd=trained.root), "model.joblib", "sha256")
        assert post(server["port"], '{"dataframe_records": [{"a": 1, "b": 2, "c": "AA"}]}')[0] == 200
        assert pilothouse("serve", "--status", "--json", cwd=trained.root).json()["version"] == 2


def test_two_terminals_train_and_promote_at_once(trained: Workspace) -> None:
    trainings = [start("train", "-p", f"C=0.{n}", "--recipe", "logistic", cwd=trained.root) for n in (3, 7)]
    assert [one.wait(120) for one in trainings] == [0, 0]
    versions = pilothouse("models", "--json", cwd=trained.root).json()
    assert sorted(one["version"] for one in versions) == [1, 2, 3, 4]
    assert len({one["run_id"] for one in versions}) == 4
    promotions = [start("promote", n, "--yes", "--force", cwd=trained.root) for n in (3, 4)]
    codes = [one.wait(60) for one in promotions]
    assert 0 in codes
    changes = pilothouse("models", "--history", "--json", cwd=trained.root).json()
    # Each change starts from what the one before it made live, and a promotion that lost says so with 1.
    assert len(changes) == 1 + codes.count(0)
    chain = sorted(changes, key=lambda one: one["deployment_id"])
    assert [one["from_version"] for one in chain[1:]] == [one["to_version"] for one in chain[:-1]]
    [live] = [one for one in pilothouse("models", "--json", cwd=trained.root).json() if one["aliases"]]
    assert live["version"] == chain[-1]["to_version"]
    is_sound(trained)


def test_two_terminals_serve_and_watch_one_workspace(trained: Workspace) -> None:
    with serving(trained) as server:
        detached, here, status = pilothouse_each(
            ["serve", "--detach", "--port", 0], ["serve", "--port", 0], ["serve", "--status", "--json"],
            cwd=trained.root,
        )  # fmt: skip
        told_well(detached, "runs already", str(server["pid"]))
        told_well(here, "runs already", "It goes on")
        assert status.json()["pid"] == server["pid"]
    assert pilothouse("watch", "--detach", cwd=trained.root).code == 0
    try:
        commands = [["watch", *how] for how in (["--detach"], ["--once"], [])]
        for done in pilothouse_each(*commands, cwd=trained.root):
            told_well(done, "being watched already", "--stop")
    finally:
        assert pilothouse("watch", "--stop", cwd=trained.root).code == 0
    assert pilothouse("watch", "--once", cwd=trained.root).code == 0


def test_debug_shows_where_and_only_debug_does(fresh: Workspace) -> None:
    # A process for the first: its traceback is Python's own, printed as it ends.
    done = pilothouse("show", "nothing", "--debug", cwd=fresh.root)
    assert done.code == 1
    assert "Traceback" in done.err
    told_well(pilothouse("show", "nothing", cwd=fresh.root), "no run 'nothing'")


def test_copying_a_workspace_takes_nothing_with_it_that_names_the_old_place(
    template: Path, tmp_path: Path
) -> None:
    moved = copy_of(template, tmp_path / "moved [x] 'y'")
    is_sound(moved)
    done = pilothouse("predict", "data/first.csv", "--limit", "2", "--json", cwd=moved.root)
    assert (done.code, len(done.json()["predictions"])) == (0, 2)
