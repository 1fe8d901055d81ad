"""A server that was killed is called lost, whoever looks; one that was stopped is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import making_models as making
from pilothouse.autopilot.doctor import examine
from pilothouse.errors import PilothouseError
from pilothouse.processes import hold_alive
from pilothouse.registry.deployments import promote
from pilothouse.registry.generation import alive_path, status_path
from pilothouse.serving.control import stop_server
from pilothouse.serving.fate import server_now
from pilothouse.serving.listening import the_only_one
from pilothouse.serving.status import ServerStatus, write_status
from pilothouse.store import Event, list_events, open_store
from pilothouse.tui.snapshots.bridge import bridge
from pilothouse.workspace import Workspace

BEGAN = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
WORDS = ServerStatus(
    4242, 8080, "http://127.0.0.1:8080", "ready", BEGAN.isoformat(),
    (BEGAN + timedelta(minutes=5)).isoformat(), "late", 1, requests=7,
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workspace]:
    yield making.workspace(tmp_path / "w")[0]


def lost_events(workspace: Workspace) -> list[Event]:
    return [one for one in list_events(open_store(workspace), kind="serving") if "lost" in one.message]


def test_one_that_ended_without_saying_so_is_lost_and_told_once(place: Workspace) -> None:
    write_status(place, WORDS)
    looks = [threading.Thread(target=server_now, args=(place,)) for _ in range(4)]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    now = server_now(place)
    assert now.status is None and not now.starting
    assert now.lost == replace(WORDS, state="lost")
    (event,) = lost_events(place)
    assert event.at == BEGAN + timedelta(minutes=5) and event.subject == "late/1" and event.actor == "server"
    assert event.data == {"started_at": WORDS.started_at, "pid": 4242, "requests": 7}


def test_the_event_is_not_written_again_when_its_sign_is_gone(place: Workspace) -> None:
    write_status(place, WORDS)
    server_now(place)
    (place.serving_dir / "lost").unlink()
    server_now(place)
    assert len(lost_events(place)) == 1
    write_status(place, replace(WORDS, started_at=BEGAN.replace(hour=14).isoformat()))
    server_now(place)
    assert len(lost_events(place)) == 2


def test_one_that_lives_starts_or_was_stopped_is_not_lost(place: Workspace) -> None:
    assert server_now(place).lost is None
    lock = hold_alive(alive_path(place))
    assert lock is not None
    with lock:
        assert server_now(place).starting
        write_status(place, WORDS)
        assert server_now(place).status == WORDS
        write_status(place, replace(WORDS, state="stopping"))
    now = server_now(place)
    assert now.status is None and not now.starting and now.lost is None
    assert lost_events(place) == []


def test_one_that_could_not_start_is_not_lost(place: Workspace) -> None:
    def start() -> None:
        with the_only_one(place):
            write_status(place, replace(WORDS, state="starting", version=None))
            raise PilothouseError("The version cannot be loaded.")

    with pytest.raises(PilothouseError):
        start()
    assert server_now(place).lost is None and lost_events(place) == []


def test_who_starts_after_a_lost_one_tells_of_it(place: Workspace) -> None:
    write_status(place, WORDS)
    with the_only_one(place):
        assert len(lost_events(place)) == 1
        assert not status_path(place).exists()
    assert server_now(place).lost is None


def test_stopping_a_lost_one_sets_it_aside(place: Workspace) -> None:
    write_status(place, WORDS)
    assert stop_server(place) is False
    assert server_now(place).lost is None
    assert len(lost_events(place)) == 1


def test_doctor_and_bridge_say_it_too(place: Workspace) -> None:
    write_status(place, WORDS)
    (found,) = [one for one in examine(place) if one.what == "server"]
    assert not found.sound and "was lost" in found.detail
    assert bridge(place, "late", None).needs == ()  # nothing is live, so nobody misses it
    making.register(place, open_store(place))
    promote(place, open_store(place), "1")
    assert "server lost" in bridge(place, "late", None).needs[0].words
    stop_server(place)
    assert bridge(place, "late", None).needs == ()
