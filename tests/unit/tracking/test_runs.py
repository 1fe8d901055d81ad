from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime

import pytest

from hostile import HOSTILE
from pilothouse.comparing.facts import compare_runs
from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.jsontext import dumps, loads
from pilothouse.processes import hold_alive
from pilothouse.store import Store, list_events
from pilothouse.tracking.columns import read_column
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import count_runs, get_run, list_runs, metric_history
from pilothouse.tracking.search import parse
from pilothouse.tracking.search.nodes import Word
from pilothouse.tracking.search.search import Search
from pilothouse.tracking.selecting import Order
from pilothouse.tracking.tagging import tag_runs
from pilothouse.tracking.writer import RunStart, attach_run, open_run
from pilothouse.workspace import Workspace
from waiting import wait_until


def make(workspace: Workspace, name: str = "", **params: object) -> str:
    writer = open_run(workspace, RunStart(kind="api", name=name, params=params, status="RUNNING"), hold=True)
    writer.log_metrics({"loss": 1.0}, 0)
    writer.log_metrics({"loss": 0.25}, 1)
    writer.log_metrics({"loss": 0.5}, 2)
    writer.end("FINISHED", 0)
    return writer.run_id


def test_a_run_is_told_as_it_was(workspace: Workspace, store: Store) -> None:
    run_id = make(workspace, "first", lr=0.1, kind="x")
    run = get_run(store, run_id)
    assert (run.name, run.status, run.exit_code) == ("first", "FINISHED", 0)
    assert run.params == {"lr": "0.1", "kind": "x"}
    summary = run.summaries["loss"]
    assert (summary.last, summary.min, summary.max, summary.last_step, summary.count) == (
        0.5,
        0.25,
        1.0,
        2,
        3,
    )
    assert [(point.step, point.value) for point in metric_history(store, run_id)["loss"]] == [
        (0, 1.0),
        (1, 0.25),
        (2, 0.5),
    ]
    assert [event.message for event in list_events(store)] == ["first finished.", "first started."]


def test_every_entry_counts_once_however_often_it_is_folded(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    for step in range(10):
        writer.log_metrics({"a": float(step)})
        fold(store)
        fold(store)
    writer.end("FINISHED", 0)
    assert [point.step for point in metric_history(store, writer.run_id)["a"]] == list(range(10))
    assert not any(workspace.active_dir.iterdir())
    assert fold(store) == []


def test_the_end_that_came_first_stands(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    other = attach_run(writer.folder)
    other.end("FAILED", 3, "why")
    writer.end("FINISHED", 0)
    run = get_run(store, writer.run_id)
    assert (run.status, run.exit_code, run.reason) == ("FAILED", 3, "why")


def test_numbers_that_are_none_do_not_hide_the_best(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    for value in (0.5, float("nan"), 0.25, float("inf")):
        writer.log_metrics({"loss": value})
    writer.end("FINISHED", 0)
    summary = get_run(store, writer.run_id).summaries["loss"]
    assert summary.min == 0.25
    assert math.isinf(summary.last)


def run_script(workspace: Workspace, code: str) -> int:
    script = "import os, sys, time\nimport pilothouse as ph\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script], cwd=workspace.root, capture_output=True, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [
        ("ph.start_run()", "FINISHED", 0),
        ("with ph.start_run(): pass", "FINISHED", 0),
        ("with ph.start_run(): sys.exit(0)", "FINISHED", 0),
        ("ph.start_run(); sys.exit(3)", "FAILED", 3),
        ("ph.start_run(); sys.exit('no')", "FAILED", 1),
        ("ph.start_run(); 1 / 0", "FAILED", 1),
        ("with ph.start_run(): raise SystemExit(4)", "FAILED", 4),
        ("ph.start_run(); os.kill(os.getpid(), 15); time.sleep(20)", "KILLED", 143),
        ("ph.start_run(); os.kill(os.getpid(), 2); time.sleep(20)", "KILLED", 130),
        ("ph.start_run(); os.kill(os.getpid(), 9); time.sleep(20)", "LOST", None),
        ("ph.start_run(); os._exit(0)", "LOST", None),
    ],
)
def test_a_script_ends_as_it_truly_ended(
    workspace: Workspace, store: Store, code: str, status: str, exit_code: int | None
) -> None:
    run_script(workspace, code)
    run = get_run(store, "latest")
    assert (run.status, run.exit_code) == (status, exit_code), run.reason


def test_outside_a_workspace_the_error_names_init(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import pilothouse as ph; ph.start_run()"],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert b"pilothouse init" in result.stderr


def test_a_living_run_is_running_and_a_dead_one_lost(workspace: Workspace, store: Store) -> None:
    code = "import pilothouse as ph, sys; ph.start_run(); print('on', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=workspace.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert get_run(store, "latest").status == "RUNNING"
        process.kill()
    run = get_run(store, "latest")
    assert run.status == "LOST"
    assert "died" in run.reason


def test_six_scripts_log_to_a_brand_new_workspace_at_once(workspace: Workspace, store: Store) -> None:
    code = "import pilothouse as ph\nwith ph.start_run() as r:\n  for i in range(100): r.log_metric('x', i)"
    scripts = [subprocess.Popen([sys.executable, "-c", code], cwd=workspace.root) for _ in range(6)]
    while any(script.poll() is None for script in scripts):
        fold(store)
    runs = list_runs(store)
    assert [run.status for run in runs] == ["FINISHED"] * 6
    assert all(run.summaries["x"].count == 100 for run in runs)


def test_killed_readers_and_writers_leave_every_point_exactly_once(
    workspace: Workspace, store: Store
) -> None:
    reader_code = (
        "import sys; from pathlib import Path; from pilothouse.store import Store\n"
        "from pilothouse.workspace import Workspace; from pilothouse.tracking.folding import fold\n"
        "store = Store(Workspace(Path(sys.argv[1])))\nprint('on', flush=True)\nwhile True: fold(store)"
    )
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    step = 0
    for _ in range(5):
        reader = subprocess.Popen(
            [sys.executable, "-c", reader_code, str(workspace.root)], stdout=subprocess.PIPE
        )
        assert reader.stdout is not None
        reader.stdout.readline()
        for _ in range(200):
            writer.log_metrics({"x": float(step)}, step)
            step += 1
        reader.kill()
        reader.wait()
    writer.end("FINISHED", 0)
    points = metric_history(store, writer.run_id)["x"]
    assert [point.step for point in points] == list(range(step))


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\x00" not in text])
def test_hostile_names_come_back_as_they_went_in(workspace: Workspace, store: Store, text: str) -> None:
    run_id = make(workspace, text, **{text or "k": text})
    run = get_run(store, run_id)
    assert run.name == (text or run.name)
    assert run.params[text or "k"] == text
    assert count_runs(store, where=Search(Word(text), text)) >= (
        1 if text.strip() and len(text.split()) == 1 else 0
    )
    tag_runs(store, [run_id], {text or "k": text})
    assert get_run(store, run_id).tags == {text or "k": text}


def test_runs_are_found_by_words_and_sorted_by_anything(workspace: Workspace, store: Store) -> None:
    ids = [make(workspace, f"run-{lr}", lr=lr) for lr in (0.1, 10, 2)]
    assert [run.name for run in list_runs(store, order=Order(read_column("params.lr")))] == [
        "run-10",
        "run-2",
        "run-0.1",
    ]
    assert list_runs(store, order=Order(read_column("params.lr"), False))[0].name == "run-0.1"
    assert [run.run_id for run in list_runs(store, where=parse("lr=0.1"))] == [ids[0]]
    assert count_runs(store, where=parse("finished run-1")) == 1
    assert list_runs(store, limit=1, offset=3) == []
    with pytest.raises(PilothouseError, match="sorted"):
        read_column("metrics")
    with pytest.raises(PilothouseError, match="sorted"):
        read_column("name; DROP TABLE runs")


def test_a_run_is_named_by_the_start_of_its_id_or_its_name(workspace: Workspace, store: Store) -> None:
    run_id = make(workspace, "steady-heron")
    assert get_run(store, run_id[:5]).run_id == run_id
    assert get_run(store, "steady-heron").run_id == run_id
    assert get_run(store, "latest").run_id == run_id
    make(workspace, "steady-heron")
    with pytest.raises(NotFoundError, match="names 2 runs"):
        get_run(store, "steady-heron")
    with pytest.raises(NotFoundError, match="no run"):
        get_run(store, "")


def test_comparison_shows_deltas_and_what_differs(workspace: Workspace, store: Store) -> None:
    one, two = make(workspace, "a", lr=0.1, depth=3), make(workspace, "b", lr=0.2, depth=3)
    comparison = compare_runs(store, [one, two])
    keys = {row.key for row in comparison.only_differences()}
    assert "lr" in keys
    assert "depth" not in keys
    loss = next(row for row in comparison.rows if row.key == "loss")
    assert loss.deltas == (None, 0.0)
    with pytest.raises(UsageError):
        compare_runs(store, [one])


def test_artifacts_stay_inside_the_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import pilothouse as ph

    monkeypatch.chdir(workspace.root)
    (workspace.root / "plot.txt").write_text("x")
    with ph.start_run() as run:
        kept = run.log_artifact("plot.txt", "deep/plot.txt")
        assert kept.read_text() == "x"
        with pytest.raises(PilothouseError, match="leads out"):
            run.log_artifact("plot.txt", "../../evil.txt")
        with pytest.raises(NotFoundError):
            run.log_artifact("nothing")


def test_importing_the_api_loads_nothing_heavy() -> None:
    code = "import sys, pilothouse\n"
    code += "heavy = 'duckdb pandas sklearn numpy textual click msgspec'.split()\n"
    code += "print([name for name in heavy if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_scheduled_run_that_nobody_starts_is_lost_in_the_end(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, RunStart(kind="recipe"))
    assert get_run(store, writer.run_id).status == "SCHEDULED"
    long_ago = 1_000_000_000
    for path in (writer.folder, *writer.folder.iterdir()):
        os.utime(path, (long_ago, long_ago))
    assert wait_until(lambda: get_run(store, writer.run_id)).status == "LOST"


def test_a_lost_run_ended_when_it_was_last_alive(workspace: Workspace, store: Store) -> None:
    writer = open_run(workspace, RunStart(kind="api", status="RUNNING"), hold=True)
    writer.log_metrics({"x": 1.0})
    writer.close()
    journal = writer.folder / "journal.jsonl"
    lines = [loads(line) for line in journal.read_text().splitlines()]
    began = time.time() - 3600
    journal.write_text("".join(dumps({**line, "t": began + 3 * n}) + "\n" for n, line in enumerate(lines)))
    os.utime(journal, (began + 4, began + 4))
    # Nobody has looked for an hour.
    run = get_run(store, writer.run_id)
    assert run.status == "LOST" and run.seconds == pytest.approx(4, abs=0.01)


def test_a_run_that_is_gone_on_with_took_what_its_parts_took(workspace: Workspace, store: Store) -> None:
    now = datetime.now(UTC).timestamp() - 10_000
    journal = workspace.run_dir("a" * 12) / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    parts: list[dict[str, object]] = [
        {"t": now, "kind": "start", "name": "long", "status": "RUNNING"},
        {"t": now + 2, "kind": "end", "status": "FAILED", "exit_code": 1, "reason": ""},
        {"t": now + 1000, "kind": "resume", "status": "RUNNING"},
        {"t": now + 1003, "kind": "end", "status": "KILLED", "exit_code": None, "reason": ""},
        {"t": now + 5000, "kind": "resume", "status": "RUNNING"},
        {"t": now + 5001, "kind": "end", "status": "FINISHED", "exit_code": 0, "reason": ""},
    ]
    # Read at once, and in parts: an end is known of the store or of the same look.
    for cut in (6, 2, 4, 3, 5):
        with store.transaction() as tx:
            for table in ("runs", "digests"):
                tx.execute(f"DELETE FROM {table}")
        for some in (parts[:cut], parts):
            journal.write_text("".join(dumps(part) + "\n" for part in some))
            (workspace.active_dir).mkdir(parents=True, exist_ok=True)
            (workspace.active_dir / ("a" * 12)).touch()
            with hold_alive(journal.parent / "alive") or contextlib.nullcontext():
                found = list_runs(store, where=parse("took < 1h"))
        run = get_run(store, "long")
        assert (run.status, run.seconds) == ("FINISHED", pytest.approx(6)), cut
        assert [one.run_id for one in found] == [run.run_id]
        assert list_runs(store, where=parse("took > 5.9s and took < 6.1s")) == [run]
        assert parse("took > 5.9s and took < 6.1s").matches(run)
