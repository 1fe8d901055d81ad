from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pilothouse.demo.opening import prepare_demo
from pilothouse.demo.processes import stop_everything
from pilothouse.demo.sample import sample_files
from pilothouse.demo.workspace import deliver, earlier_demo, make_demo, waiting_files
from pilothouse.errors import PilothouseError
from pilothouse.processes import hold_alive
from pilothouse.store import open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.workspace import Workspace


def test_the_sample_is_the_twelve_months_in_order() -> None:
    assert [path.name[-10:-8] for path in sample_files()] == [f"{month:02d}" for month in range(1, 13)]


def test_a_fresh_demo_has_eight_months_and_four_to_come(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "demo")
    model = demo.config().model()
    assert len(list(demo.data_folder(model).iterdir())) == 8
    assert [path.name[-10:-8] for path in waiting_files(demo)] == ["09", "10", "11", "12"]
    assert deliver(demo).name == "flights-2013-09.parquet"
    assert len(list(demo.data_folder(model).iterdir())) == 9
    assert len(waiting_files(demo)) == 3


def test_an_older_demo_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    old = make_demo(tmp_path / "demo")
    deliver(old)
    run = open_run(old, RunStart(kind="api"))
    run.end("FINISHED")
    told: list[str] = []
    new = make_demo(tmp_path / "demo", told.append)
    assert len(waiting_files(new)) == 4
    assert not new.runs_dir.exists()
    kept = Workspace(tmp_path / "demo-1")
    assert len(told) == 1 and str(kept.root) in told[0]
    assert [one.run_id for one in list_runs(open_store(kept))] == [run.run_id]
    assert len(waiting_files(kept)) == 3
    make_demo(tmp_path / "demo", told.append)
    assert len(told) == 2 and str(tmp_path / "demo-2") in told[1]


def test_in_the_terminal_a_demo_goes_on(tmp_path: Path) -> None:
    old = make_demo(tmp_path / "demo")
    run = open_run(old, RunStart(kind="api"))
    run.end("FINISHED")
    told: list[str] = []
    try:
        found = prepare_demo(tmp_path / "demo", fresh=False, tell=told.append)
        assert [one.run_id for one in list_runs(open_store(found))] == [run.run_id]
        assert len(told) == 1 and "--fresh" in told[0]
    finally:
        stop_everything(old)
    assert earlier_demo(tmp_path) is None


def test_a_demo_whose_training_still_runs_is_not_cleared(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "demo")
    run = open_run(demo, RunStart(kind="api", status="RUNNING"), hold=True)
    with pytest.raises(PilothouseError, match="still runs"):
        make_demo(tmp_path / "demo")
    assert run.folder.exists()
    run.end("FINISHED")


@pytest.mark.parametrize("name", ["pilothouse.toml", "data", ".pilothouse", "notes"])
def test_what_is_no_demo_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / name).write_text("mine")
    with pytest.raises(PilothouseError, match="not a demo"):
        make_demo(tmp_path / "demo")
    assert (tmp_path / "demo" / name).read_text() == "mine"


def test_a_taken_port_is_not_chosen(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8080))
            taken.listen()
        except OSError:
            pass  # Somebody else has it, which serves as well.
        port = make_demo(tmp_path / "demo").config().serving.port
    assert port != 8080
    assert 1024 <= port <= 65535


def test_nothing_is_delivered_where_there_is_no_demo(workspace: Workspace) -> None:
    with pytest.raises(PilothouseError, match="No month is left"):
        deliver(workspace)


def test_a_lock_that_nobody_holds_stops_nothing(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "demo")
    lock = hold_alive(demo.watch_dir / "alive")
    assert lock is not None
    lock.release()
    assert len(waiting_files(make_demo(tmp_path / "demo"))) == 4
