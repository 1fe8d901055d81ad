from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from hostile import HOSTILE
from pilothouse.autopilot.status import watcher_status, write_status
from pilothouse.autopilot.watching import Watcher
from pilothouse.data.versions import snapshot
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.verdicts import accept_arrival, hold_arrival, list_arrivals
from pilothouse.processes import hold_alive
from pilothouse.store import list_events, open_store, verify_events
from pilothouse.workspace import Workspace
from steering import csv_text, land, rows
from waiting import wait_until
from watched import once, watching


@pytest.fixture
def data(fresh: Workspace) -> Path:
    return fresh.root / "data"


def test_what_arrived_while_it_was_off_is_judged_first_and_once(fresh: Workspace, data: Path) -> None:
    land(data, "second.csv", rows(40, seed=1))
    assert once(fresh).names() == ["first.csv", "second.csv"]
    again = once(fresh)
    assert (again.told, again.names()) == ([], ["first.csv", "second.csv"])


def test_a_file_that_lands_is_judged_within_a_second_or_two(fresh: Workspace, data: Path) -> None:
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        land(data, "second.csv", rows(40, seed=1))
        wait_until(lambda: watched.names() == ["first.csv", "second.csv"], 10)
    assert [line.split(" is sound")[0] for line in watched.told] == ["● first.csv", "● second.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a file is closed")
def test_a_half_written_file_waits_until_it_is_whole(fresh: Workspace, data: Path) -> None:
    whole = csv_text(rows(60, seed=1)).encode()
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        with (data / "slow.csv").open("wb", buffering=0) as file:
            file.write(whole[:300])
            land(data, "other.csv", rows(40, seed=2))
            # This one came later, and settled.
            wait_until(lambda: "other.csv" in watched.names(), 4)
            assert "slow.csv" not in watched.names()
            file.write(whole[300:])
        wait_until(lambda: "slow.csv" in watched.names(), 4)
    assert watched.judged() == [("first.csv", "ok"), ("other.csv", "ok"), ("slow.csv", "ok")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when a file is closed")
def test_a_file_that_somebody_keeps_open_is_judged_once_it_stands_still(fresh: Workspace, data: Path) -> None:
    with watching(fresh) as watched, (data / "kept.csv").open("w") as file:
        file.write(csv_text(rows(60, seed=1)))
        file.flush()
        wait_until(lambda: "kept.csv" in watched.names())


def test_a_copy_that_keeps_its_date_is_judged_at_once(fresh: Workspace, data: Path) -> None:
    outside = land(fresh.root, "copied.csv", rows(40, seed=1))
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        shutil.copy2(outside, data / "copied.csv")
        wait_until(lambda: "copied.csv" in watched.names(), 4)


def test_a_file_that_was_left_torn_is_held_and_judged_again_once_it_is_mended(
    fresh: Workspace, data: Path
) -> None:
    whole = csv_text(rows(60, seed=1))
    with watching(fresh) as watched:
        (data / "torn.csv").write_text(whole[:-9])
        wait_until(lambda: ("torn.csv", "held") in watched.judged())
        (data / "torn.csv").write_text(whole)
        wait_until(lambda: ("torn.csv", "ok") in watched.judged())


def test_new_content_is_judged_again_and_old_content_is_not(fresh: Workspace, data: Path) -> None:
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        old = (data / "first.csv").read_text()
        land(data, "first.csv", rows(40, seed=1))
        wait_until(lambda: watched.names() == ["first.csv"] * 2)
        (data / "first.csv").write_text(old)
        land(data, "last.csv", rows(40, seed=2))
        wait_until(lambda: "last.csv" in watched.names())
    assert watched.names() == ["first.csv", "first.csv", "last.csv"]


def test_a_file_that_is_put_back_has_its_own_verdict_again(fresh: Workspace, data: Path) -> None:
    store, path = open_store(fresh), data / "a.csv"

    def said() -> str:
        newest = next(one for one in list_arrivals(store, "late") if one.name == "a.csv")
        return f"{newest.status} {newest.rows}"

    torn, sound, told = "id,when,a\n1,2\n", csv_text(rows(40, seed=1)), []
    for text, status in ((torn, "held 0"), (sound, "ok 40"), (torn, "held 0"), (sound, "ok 40")):
        path.write_text(text)
        told.append(once(fresh).told)
        assert said() == status
        assert once(fresh).told == []  # It is known then, and the newest of its name.
    assert told[2][0].startswith("■ a.csv is held") and told[3][0].startswith("● a.csv is sound")
    again = [event for event in list_events(store, kind="check") if "is again what it was" in event.message]
    assert [event.subject for event in again] == ["a.csv", "a.csv"]
    # The one that lies there is the one that a person decides of.
    with pytest.raises(NotFoundError, match=r"No file called 'a\.csv' is held"):
        accept_arrival(store, "late", "a.csv")
    path.write_text(torn)
    once(fresh)
    assert accept_arrival(store, "late", "a.csv").rows == 0 and said() == "accepted 0"
    path.write_text(sound)
    once(fresh)
    with pytest.raises(NotFoundError, match=r"No file called 'a\.csv' was accepted"):
        hold_arrival(store, "late", "a.csv")


def test_what_the_model_learned_from_is_put_back(trained: Workspace) -> None:
    store, path = open_store(trained), trained.root / "data" / "first.csv"
    whole = path.read_text()
    path.write_text("id,when,a\n1,2\n")
    once(trained)
    path.write_text(whole)
    once(trained)
    newest, before = (one for one in list_arrivals(store, "late") if one.name == "first.csv")
    assert (newest.status, newest.rows, before.status) == ("ok", 300, "held")
    assert once(trained).told == []


def test_a_touched_file_is_not_judged_again(fresh: Workspace, data: Path) -> None:
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        os.utime(data / "first.csv", (1, 1))
        land(data, "last.csv", rows(40, seed=2))
        wait_until(lambda: "last.csv" in watched.names())
    assert watched.names() == ["first.csv", "last.csv"]
    assert len(watched.told) == 2


def test_deleted_files_and_a_deleted_folder_do_not_end_it(fresh: Workspace, data: Path) -> None:
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        (data / "first.csv").unlink()
        data.rmdir()
        wait_until(lambda: any("does not exist" in line for line in watched.told))
        status = wait_until(lambda: _status(fresh))
        assert "does not exist" in status["error"]
        data.mkdir()
        land(data, "back.csv", rows(40, seed=2))
        wait_until(lambda: "back.csv" in watched.names())
    assert sum("does not exist" in line for line in watched.told) == 1


def _status(workspace: Workspace) -> dict[str, str]:
    from pilothouse.jsontext import loads

    told: dict[str, str] = loads((workspace.watch_dir / "status.json").read_bytes())
    return told if told["error"] else {}


def test_a_configuration_in_the_making_does_not_end_it(fresh: Workspace, data: Path) -> None:
    text = fresh.config_path.read_text()
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"])
        fresh.config_path.write_text(text + "[half")
        wait_until(lambda: any("not valid TOML" in line for line in watched.told))
        fresh.config_path.write_text(text)
        land(data, "last.csv", rows(40, seed=2))
        wait_until(lambda: "last.csv" in watched.names())


def test_what_is_no_data_file_is_passed_over(fresh: Workspace, data: Path) -> None:
    for name in ("notes.txt", ".hidden.csv", "x.csv.tmp", "x.csv.part"):
        (data / name).write_text("a,b\n1,2\n")
    (data / "folder.csv").mkdir()
    (data / "gone.csv").symlink_to("nowhere")
    if hasattr(os, "mkfifo"):
        os.mkfifo(data / "pipe.csv")
    assert once(fresh).names() == ["first.csv"]


def test_hostile_names_are_judged_like_others(fresh: Workspace, data: Path) -> None:
    names = sorted({f"{name[:60]}.csv" for name in HOSTILE if name.strip() and not set(name) & set("/\0")})
    for number, name in enumerate(names):
        (data / name).write_text(csv_text(rows(40, seed=number)))
    assert sorted(once(fresh).names()) == sorted(["first.csv", *names])
    assert verify_events(open_store(fresh)) is None


def test_without_its_folder_it_does_not_start(fresh: Workspace, data: Path) -> None:
    (data / "first.csv").unlink()
    data.rmdir()
    with pytest.raises(NotFoundError, match="does not exist"):
        once(fresh)


def test_its_start_and_end_are_events(fresh: Workspace) -> None:
    once(fresh)
    events = list_events(open_store(fresh), kind="watch")[::-1]
    assert [event.message for event in events] == ["The watcher started.", "The watcher stopped."]
    assert str(fresh.root) not in str([event.data for event in events]), "nothing absolute is stored"


def test_what_a_dead_watcher_said_is_not_believed(fresh: Workspace) -> None:
    from datetime import UTC, datetime

    at = datetime.now(UTC)
    write_status(fresh, at, ("data",), state="idle", judged=3, last_file="x.csv", error="")
    assert watcher_status(fresh) is None
    with hold_alive(fresh.watch_dir / "alive") or pytest.fail("the lock is held"):
        status = watcher_status(fresh)
        assert status is not None
        assert (status.judged, status.last_file, status.pid) == (3, "x.csv", os.getpid())


def test_it_stops_at_once_even_with_many_files_waiting(fresh: Workspace, data: Path) -> None:
    for number in range(30):
        land(data, f"f{number:02d}.csv", rows(40, seed=number))
    with watching(fresh) as watched:
        wait_until(lambda: len(watched.names()) >= 2)
        began = time.monotonic()
        watched.watcher.stop()
    assert time.monotonic() - began < 5
    before = len(watched.names())
    once(fresh)
    assert len(set(watched.names())) == len(watched.names()) == 31
    assert before < 31


def test_it_stops_in_the_midst_of_a_file_which_is_judged_at_the_next_start(
    fresh: Workspace, data: Path
) -> None:
    told: list[str] = []

    def hear(share: float, what: str) -> None:
        told.append(what)
        watcher.stop()

    watcher = Watcher(fresh, told.append, hear)
    assert watcher.run() == 0
    assert told == ["first.csv: reading"]
    assert list_arrivals(open_store(fresh), "late") == []
    assert once(fresh).names() == ["first.csv"]


def test_it_says_which_file_of_how_many_it_is_at(fresh: Workspace, data: Path) -> None:
    land(data, "second.csv", rows(40, seed=1))
    told: list[tuple[float, str]] = []
    Watcher(fresh, lambda line: None, lambda share, what: told.append((share, what))).run(once=True)
    assert told[0] == (0.0, "first.csv (1 of 2): reading")
    assert any(what.startswith("second.csv (2 of 2): ") and share >= 0.5 for share, what in told)
    assert all(0 <= share <= 1 for share, _ in told)


def test_a_copy_of_what_the_model_learned_from_is_named(fresh: Workspace, data: Path) -> None:
    snapshot(fresh, open_store(fresh), fresh.config().model())
    shutil.copy2(data / "first.csv", data / "first-again.csv")
    first = once(fresh)
    said = "first-again.csv is a copy of first.csv, byte for byte: it is not judged, and not used again."
    assert (first.told, first.judged()) == ([f"○ {said}"], [("first-again.csv", "copy")])
    assert once(fresh).told == []
    (data / "first.csv").unlink()
    # It was renamed, then, and is still what was learned from.
    assert once(fresh).told == []
    (data / "first-again.csv").rename(data / "third.csv")
    assert once(fresh).told == []
