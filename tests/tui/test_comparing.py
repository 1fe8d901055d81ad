"""The compare screen by keys: facts at once, then intervals, curves, slices, code, environment, data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from piloting import press, ready, settle, shown, visit
from textual.pilot import Pilot
from textual.widgets import Input

from pilothouse.comparing.findings import BETTER, UNDECIDED, Findings, Interval, Judgement, Measured
from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import list_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.compare import CompareScreen
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace
from waiting import wait_until

SIZES = [(80, 24), (120, 36)]


async def opened(pilot: Pilot[Any], *refs: str) -> CompareScreen:
    screen = CompareScreen(refs)
    pilot.app.push_screen(screen)
    await ready(pilot)
    await settle(pilot, lambda: screen.complete, timeout=60)
    return screen


async def typed(pilot: Pilot[Any], key: str, answer: str) -> None:
    """Press a key that asks for a line, and answer it."""
    await press(pilot, key)
    pilot.app.screen.query_one("#ask", Input).value = answer
    await press(pilot, "enter")


@pytest.mark.parametrize("size", SIZES)
async def test_every_part_by_its_key(trained: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(trained)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await opened(pilot, "models:/late/1", "models:/late/2")
        text = shown(app)
        assert "Judged on the same 60 rows" in text
        assert "no difference sh" in text or "too few rows" in text
        assert "roc_auc" in text
        await press(pilot, "c")
        assert "ROC" in shown(app)
        assert "on the shared rows" in shown(app)
        assert "false positive rate" in shown(app)
        await press(pilot, "tab")
        assert isinstance(app.focused, LineChart)
        await press(pilot, "tab")
        assert isinstance(app.focused, Table)
        await press(pilot, "l")
        assert "? " in shown(app)
        assert "Bonferroni" in shown(app)
        await press(pilot, "d")
        assert "a built-in recipe" in shown(app) or "where it comes from" in shown(app)
        await press(pilot, "v")
        assert "facts are alike" in shown(app)
        few = screen.query_one("#environment", Table).total
        await press(pilot, "x")
        assert screen.query_one("#environment", Table).total > few
        await press(pilot, "a")
        assert "The same dataset version" in shown(app)
        await press(pilot, "right_square_bracket")
        assert screen.part == "facts"
        await press(pilot, "left_square_bracket")
        assert screen.part == "data"


async def test_marking_versions_pinning_copying_and_saving(trained: Workspace) -> None:
    app = PilothouseApp(trained)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "3")
        await press(pilot, "space", "space", "escape")
        assert app.screen.marked == []  # type: ignore[attr-defined]
        await press(pilot, "g", "space", "space")
        await pilot.press("c")
        await ready(pilot)
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        # What is live is the baseline.
        assert screen.refs == ("models:/late/1", "models:/late/2")
        await settle(pilot, lambda: screen.complete, timeout=60)
        judged = screen.findings.judgement
        assert judged is not None
        await pilot.press("p")
        await settle(pilot, lambda: screen.refs[0].endswith("2") and screen.complete, timeout=60)
        back = screen.findings.judgement
        assert back is not None
        one, other = judged.metrics[0].intervals[1], back.metrics[0].intervals[1]
        assert one is not None
        assert other is not None
        assert one.difference == -other.difference
        # What was found is kept: turned back, it is there at once.
        await press(pilot, "p")
        await settle(pilot, lambda: screen.complete and screen.known.refs == screen.refs)  # type: ignore[union-attr]
        assert screen.findings.judgement == judged
        await press(pilot, "y")
        assert app.clipboard.startswith("# v1 against v2")
        await typed(pilot, "w", "both.json")
        await settle(pilot, (trained.root / "both.json").exists)
        assert json.loads((trained.root / "both.json").read_text())["judgement"]["rows"] == 60
        told = [event.message for event in list_events(open_store(trained), kind="compare")]
        assert told == ["v1 against v2 was saved as both.json."]
        await typed(pilot, "w", "both.json")
        assert "exists already" in shown(app)
        (trained.root / "both.json").write_text("{}")
        await press(pilot, "tab", "enter")
        await settle(pilot, lambda: (trained.root / "both.json").read_text() != "{}")
        await typed(pilot, "w", "both.doc")
        assert "which kind of document" in shown(app)


async def test_slicing_by_a_column_and_one_that_is_not_there(trained: Workspace) -> None:
    app = PilothouseApp(trained)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(pilot, "models:/late/1", "models:/late/2")
        await typed(pilot, "b", "a")
        await settle(pilot, lambda: screen.by == ("a",) and screen.complete, timeout=60)
        assert screen.findings.slices is not None
        assert [column.column for column in screen.findings.slices.columns] == ["a"]
        await typed(pilot, "b", "height")
        await settle(pilot, lambda: screen.by == ("height",) and screen.complete, timeout=60)
        assert "no column 'height'" in shown(app)


async def test_leaving_ends_the_process(trained: Workspace) -> None:
    app = PilothouseApp(trained)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = CompareScreen(("models:/late/1", "models:/late/2"))
        app.push_screen(screen)
        await settle_started(pilot, screen)
        process = screen._process
        assert process is not None
        assert screen.why_not("save")
        await pilot.press("escape")
        wait_until(lambda: process.poll() is not None, 10, "the end of the process")


async def settle_started(pilot: Pilot[Any], screen: CompareScreen) -> None:
    for _ in range(2000):
        await pilot.pause(0.005)
        if screen._process is not None:
            return
    raise AssertionError("nothing was started")


async def test_a_process_that_breaks_says_why(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from piloting import add_runs

    ids = add_runs(workspace, ["gull", "otter"], steps=2)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pandas.py").write_text("raise RuntimeError('built for another machine [/x]')")
    paths = [str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    app = PilothouseApp(workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, *ids)
        assert "RuntimeError: built for another machine [/x]" in shown(app)
        assert screen.findings.code is not None, "what came before it stays"
        await press(pilot, "l")
        assert shown(app).count("RuntimeError: built for another machine [/x]") == 2, "the part and the line"


async def test_names_from_hell_and_twenty_of_them(hostile: Workspace, tmp_path: Path) -> None:
    from piloting import add_runs

    add_runs(hostile, [f"name {n}" for n in range(20)], steps=3)
    ids = [run.run_id for run in list_runs(open_store(hostile), limit=20)]
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot, *ids)
        assert "Not judged on the same rows" in shown(app)
        for key in "cldvaf":
            await press(pilot, key)
            assert all(char.isprintable() or char == "\n" for char in shown(app))
        await press(pilot, "x", "tab", "tab", *["right"] * 10)
        assert screen.chosen == 3
        await pilot.press("p")
        await settle(pilot, lambda: screen.refs[0] == ids[3] and screen.complete, timeout=60)


async def test_what_is_said_is_of_the_chosen_one(workspace: Workspace) -> None:
    from piloting import add_runs

    ids = add_runs(workspace, ["sweep-123", "sweep-12", "sweep-1"], steps=2)
    better, open_ = Interval(0.01, 0.002, 0.018, BETTER), Interval(-0.01, -0.03, 0.01, UNDECIDED)
    judged = Judgement(
        "some rows", 60, "rows", 60, 2000, 7, 0.95,
        (Measured("auc", (0.7, 0.71, 0.69), (None, better, open_)),),
    )  # fmt: skip
    app = PilothouseApp(workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, *ids)
        screen._kept[screen.asked] = Findings(judgement=judged)
        screen.draw()
        await pilot.pause()
        assert "sweep-12 is better than sweep-123" in shown(app)
        await press(pilot, "tab")
        assert "no difference between sweep-1 and sweep-123" in shown(app)
        # Until the new order is read, nothing is said of one by the name of another.
        screen.refs, screen.chosen = (ids[2], ids[0], ids[1]), 1
        screen._kept[screen.asked] = Findings(judgement=judged)
        screen.draw()
        assert "sweep-12 is better than sweep-123" not in str(screen.query_one("#compare-words").visual)
        assert "still being read" in screen.why_not("copy")


async def test_runs_that_still_learn_are_drawn_as_they_are_now(workspace: Workspace) -> None:
    writers = [
        open_run(workspace, RunStart(kind="api", name=name, status="RUNNING"), hold=True)
        for name in ("gull", "otter")
    ]

    def log(first: int, last: int) -> None:
        for writer in writers:
            for step in range(first, last):
                writer.log_metrics({"loss": 1 - step / 30}, step)

    def drawn(screen: CompareScreen) -> list[int]:
        (loss,) = (curve for curve in screen._curves() if curve.name == "loss")
        return [len(points) for points in loss.points]

    log(0, 3)
    app = PilothouseApp(workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, "gull", "otter")
        assert drawn(screen) == [3, 3]
        log(3, 20)
        await settle(pilot, lambda: drawn(screen) == [20, 20], timeout=30)
        for writer in writers:
            writer.end("FINISHED", 0)
        await settle(
            pilot,
            lambda: screen.known is not None and all(run.ended for run in screen.known.comparison.runs),
            timeout=30,
        )
        assert drawn(screen) == [20, 20]
