"""The watcher's queue of harm: whatever is killed when, each arrival is judged exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

from pilothouse.autopilot.harm_progress import harm_lock
from pilothouse.processes import is_alive
from pilothouse.store import list_events, open_store
from pilothouse.workspace import Workspace
from steering import is_sound, land, pilothouse, rows, start, told_well
from waiting import wait_until
from watched import watching


def judged(workspace: Workspace) -> list[str]:
    return sorted(row["name"] for row in open_store(workspace).query("SELECT name FROM harms"))


def more_than(workspace: Workspace, count: int) -> bool:
    return len(judged(workspace)) >= count


def judge_pids(workspace: Workspace) -> list[int]:
    """The processes that judge the harm of this workspace."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"pilothouse.autopilot.harm_judge" in words and str(workspace.root).encode() in words:
            found.append(int(folder.name))
    return found


def test_each_is_judged_exactly_once_whatever_is_killed_when(trained: Workspace) -> None:
    chance = random.Random(5)
    names = [f"m{number}.csv" for number in range(4)]
    for number, name in enumerate(names):
        table = [{**row, "y": 1 - row["y"]} for row in rows(120, seed=20 + number)]
        land(trained.root / "data", name, table)
    for turn in range(4):
        watcher = start("watch", cwd=trained.root)
        # Kills fall before, in and after a judgement, of the watcher alone, or of its judge first.
        if turn:
            wait_until(lambda: judge_pids(trained) or len(judged(trained)) == len(names), 60, "a judge")
        if turn > 1:
            wait_until(partial(more_than, trained, turn), 60, "a judgement")
        if chance.random() < 0.6:
            for pid in judge_pids(trained):
                os.kill(pid, signal.SIGKILL)
        watcher.kill()
        watcher.wait()
    last = start("watch", cwd=trained.root)
    try:
        wait_until(lambda: judged(trained) == names, 90, "every judgement")
    finally:
        last.terminate()
        last.wait()
    wait_until(lambda: not is_alive(harm_lock(trained)), 30, "the end of the judge")
    assert judged(trained) == names
    told = Counter(event.subject for event in list_events(open_store(trained), kind="harm"))
    assert told == dict.fromkeys(names, 1)
    is_sound(trained)


def test_the_watcher_tells_and_the_command_shows(trained: Workspace) -> None:
    root = trained.root
    with watching(trained) as watched:
        land(root / "data", "fine.csv", rows(200, seed=31))
        wait_until(lambda: any("fine.csv: no harm shown" in line for line in watched.told), 60, "the harm")
    land(root / "data", "next.csv", rows(200, seed=32))
    assert pilothouse("watch", "--once", cwd=root).code == 0
    before = pilothouse("harm", "--json", cwd=root).json()
    assert before["waiting"] == ["next.csv"] and [one["name"] for one in before["harm"]] == ["fine.csv"]
    done = pilothouse("harm", "--judge", "--exit-code", cwd=root)
    assert done.code == 0 and "next.csv" in done.out and "holdout" in done.out, done
    one = pilothouse("harm", "next.csv", cwd=root)
    assert "worst groups" in one.out and "v1: " in one.out
    config = root / "pilothouse.toml"
    config.write_text(
        config.read_text()
        + '[business]\ncost = { sql = "count(*)" }\n[alerts]\ndear = { when = "cost >= 200" }\n'
    )
    again = pilothouse("harm", "next.csv", "--again", "--exit-code", cwd=root)
    assert again.code == 1 and "cost" in again.out and "alert dear (warning) fired" in again.err, again
    assert json.loads(pilothouse("harm", "next.csv", "--json", cwd=root).out)["business"] == {"cost": 200}
    config.write_text(config.read_text().replace("cost >= 200", "kost >= 200"))
    assert pilothouse("harm", "next.csv", "--again", cwd=root).code == 0
    unknown = pilothouse("harm", "--exit-code", cwd=root)
    assert unknown.code == 1 and "alert dear (warning) cannot be told" in unknown.err, unknown
    told_well(pilothouse("harm", "[/x]", cwd=root), "was not judged")
    told_well(pilothouse("harm", "--again", cwd=root), "needs the NAME", code=2)


def test_without_a_model_nothing_is_judged_and_nothing_is_said(fresh: Workspace) -> None:
    with watching(fresh) as watched:
        wait_until(lambda: watched.names() == ["first.csv"], 30, "the verdict")
        wait_until(lambda: (fresh.watch_dir / "status.json").exists(), 30, "a look")
    assert judged(fresh) == [] and not any("harm" in line for line in watched.told)
    done = pilothouse("harm", cwd=fresh.root)
    assert done.code == 0 and "nothing was judged yet" in done.err and done.out == ""
