"""What the judge of harm says of itself: while it lives, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pilothouse.autopilot.harm_judge import judge_waiting
from pilothouse.autopilot.harm_progress import (
    HarmProgress,
    forget_progress,
    harm_lock,
    harm_progress,
    progress_json,
    say_progress,
)
from pilothouse.autopilot.status import write_status
from pilothouse.monitoring.judging import judge_file
from pilothouse.performance.harms_kept import read_harm
from pilothouse.processes import hold_alive
from pilothouse.store import open_store
from pilothouse.workspace import Workspace
from steering import land, pilothouse_each, rows


def test_each_file_is_told_with_its_place_while_it_is_judged(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    for number in range(3):
        path = land(trained.root / "data", f"m{number}.csv", rows(60, seed=40 + number))
        judge_file(trained, store, config, path)
    told: list[HarmProgress | None] = []

    def look(_: str) -> None:
        told.append(harm_progress(trained))

    assert harm_progress(trained) is None
    assert (
        len(list(judge_waiting(trained, trained.config().models, look))) == 3 == len(read_harm(store, "late"))
    )
    assert [one and (one.model, one.name, one.at, one.of) for one in told] == [
        ("late", f"m{number}.csv", number + 1, 3) for number in range(3)
    ]
    assert harm_progress(trained) is None and not (trained.watch_dir / "harm.json").exists()


def test_status_and_harm_say_what_is_being_judged(trained: Workspace) -> None:
    store, config = open_store(trained), trained.config().model()
    for name in ("big.csv", "next.csv"):
        judge_file(trained, store, config, land(trained.root / "data", name, rows(60, seed=len(name))))
    with (
        hold_alive(trained.watch_dir / "alive") or pytest.fail("the lock is held"),
        hold_alive(harm_lock(trained)) or pytest.fail("the lock is held"),
    ):
        write_status(trained, datetime.now(UTC), ("data",), state="idle", judged=2, last_file="", error="")
        words = (["watch", "--status"], ["watch", "--status", "--json"], ["harm"], ["harm", "--json"])
        text, fields, listed, harm = pilothouse_each(*words, cwd=trained.root)
        # A judge that has just begun has said nothing yet.
        assert "harm: 2 files to judge" in text.err and fields.json()["harm"] is None
        assert fields.json()["harm_waiting"] == 2
        say_progress(trained, "late", "big.csv", 3, 8)
        text, fields, listed, harm = pilothouse_each(*words, cwd=trained.root)
        assert "idle, 2 judged since" in text.err and "judging harm: 3 of 8, big.csv, " in text.err
        said = fields.json()["harm"]
        assert (said["name"], said["at"], said["of"]) == ("big.csv", 3, 8) and said["seconds"] >= 0
        assert "Judging now: 3 of 8, big.csv, " in listed.err and "After it: next.csv." in listed.err
        assert harm.json()["judging"]["name"] == "big.csv"
        assert harm.json()["waiting"] == ["big.csv", "next.csv"]


def test_what_a_dead_judge_said_or_nobody_understands_is_not_believed(fresh: Workspace) -> None:
    say_progress(fresh, "late", "x.csv", 1, 2)
    assert harm_progress(fresh) is None and progress_json(None) is None
    with hold_alive(harm_lock(fresh)) or pytest.fail("the lock is held"):
        found = harm_progress(fresh)
        assert found is not None and found.name == "x.csv"
        later = found.since + timedelta(seconds=12.9)
        assert found.words(later) == "1 of 2, x.csv, 12 s"
        assert found.seconds(found.since - timedelta(seconds=5)) == 0
        for broken in ("", "[]", "{}", '{"since": 3}', '{"since": "2025-01-01T00:00:00+00:00", "new": 1}'):
            (fresh.watch_dir / "harm.json").write_text(broken)
            assert harm_progress(fresh) is None
        forget_progress(fresh)
        assert harm_progress(fresh) is None
