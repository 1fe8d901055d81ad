"""What a screen says in place of what it cannot show is the reason, and all of it can be read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from piloting import press, settle, shown, visit
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets._toast import Toast

from pilothouse.store import open_store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.widgets.curves import Series
from pilothouse.tui.widgets.drawing import _shortened
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

SMALL = (80, 24)
ORIGIN = {
    "git": {},
    "code": [{"path": "train.py", "sha256": "ab" * 32, "bytes": 33}],
    "argv": ["train.py"],
    "packages": {"duckdb": "2.0"},
    "python": "3.11.9",
    "host": {"name": "box", "system": "Linux", "machine": "x86_64", "cpus": 2, "memory_bytes": 8_000_000_000},
    "threads": {"OMP_NUM_THREADS": "1"},
    "seed": 7,
}


def add_run(workspace: Workspace, files: tuple[str, ...] = (), **values: float) -> str:
    """A run that ended, with a curve, one of the machine, and these files."""
    run = open_run(
        workspace, RunStart(kind="api", name="kite", status="RUNNING", params={"depth": 3}), hold=True
    )
    for step in range(20):
        run.log_metrics({"loss": 1 / (step + 1), "system/cpu_percent": 40.0 + step, **values}, step=step)
    for name in files:
        path = run.artifacts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("something\n")
    run.end("FINISHED", 0)
    fold(open_store(workspace))
    return run.run_id


async def opened(app: PilothouseApp, pilot: object, run_id: str, *keys: str) -> RunScreen:
    await settle(pilot)  # type: ignore[arg-type]
    app.push_screen(RunScreen(run_id))
    await settle(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.about is not None)  # type: ignore[arg-type]
    await press(pilot, *keys)  # type: ignore[arg-type]
    assert isinstance(app.screen, RunScreen)
    return app.screen


def chart(app: PilothouseApp, name: str) -> LineChart:
    return app.screen.query_one(f"#{name}-curve", LineChart)


async def test_the_machine_is_drawn_beside_another_curve_on_a_small_screen(empty: Workspace) -> None:
    run_id = add_run(empty)
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, pilot, run_id, "c")
        table = app.screen.query_one("#metric-names", Table)
        assert table.move_to_key("metric system/cpu_percent")
        await press(pilot, "space")
        await settle(pilot, lambda: "system/cpu_percent" in chart(app, "system").summary())
        assert not chart(app, "system").blank
        assert not chart(app, "one").blank
        assert "Nothing is drawn" not in shown(app)
        assert table.move_to_key("metric system/cpu_percent")
        await press(pilot, "space")
        assert table.move_to_key("metric loss")
        await press(pilot, "space")
        assert chart(app, "one").blank.startswith("Nothing is drawn: space draws")


class OneChart(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#888888"}

    def compose(self) -> ComposeResult:
        yield LineChart(empty="none was given")


@pytest.mark.parametrize(
    ("points", "size", "log", "said"),
    [
        (((0.0, 1.0), (1.0, 2.0)), (60, 3), False, "Too little room to draw it here."),
        (((0.0, 1.0), (1.0, 2.0)), (12, 20), False, "Too little"),
        (((0.0, -1.7e308), (1.0, 1.7e308)), (60, 20), False, "These values lie too far apart to be drawn."),
        (((0.0, math.nan), (1.0, math.inf)), (60, 20), False, "None of its 2 values is a number (nan, inf)."),
        (((0.0, 0.0), (1.0, -2.0)), (60, 20), True, "A log scale shows nothing of it: 2 of its values"),
        ((), (60, 20), False, "none was given"),
        (((0.0, 1.0), (1.0, 2.0)), (60, 20), False, ""),
    ],
)
async def test_a_chart_that_stays_blank_says_why(
    points: tuple[tuple[float, float], ...], size: tuple[int, int], log: bool, said: str
) -> None:
    app = OneChart()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        here = app.query_one(LineChart)
        here.show((Series("a", points),))
        if log:
            here.do_log_scale()
        assert here.blank.startswith(said)
        assert bool(here.blank) == bool(said)


async def test_a_run_without_artifacts_waits_for_no_file(empty: Workspace) -> None:
    run_id = add_run(empty)
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, pilot, run_id, "a")
        await settle(pilot, lambda: "There is no file to show." in shown(app))
        assert "reading" not in shown(app)
        await press(pilot, "d")
        assert "reading" not in shown(app)


async def test_a_folder_among_the_artifacts_is_told_as_one(empty: Workspace) -> None:
    run_id = add_run(empty, ("sub/a.txt", "b.txt"))
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, pilot, run_id, "a")
        await settle(pilot, lambda: "A folder: its files are under it." in shown(app))
        assert "sub/  10 B" in shown(app)
        await press(pilot, "j")
        await settle(pilot, lambda: "something" in shown(app))
        await press(pilot, "k")
        await settle(pilot, lambda: "something" not in shown(app))
        assert "reading" not in shown(app)
        await press(pilot, "slash", *"zz", "enter")
        await settle(pilot, lambda: "There is no file to show." in shown(app))
        assert "Nothing here matches zz." in shown(app)


@pytest.mark.parametrize("part", ["o", "c", "v", "a", "d"])
async def test_what_a_filter_leaves_out_is_not_said_to_be_missing(empty: Workspace, part: str) -> None:
    run_id = add_run(empty, ("a.txt",))
    (empty.run_dir(run_id) / "origin.json").write_text(json.dumps(ORIGIN))
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, pilot, run_id, part, "slash", *"zzzz", "enter")
        assert "Nothing here matches zzzz.  esc shows all" in shown(app)
        await press(pilot, "escape")
        assert "Nothing here" not in shown(app)


async def test_a_filter_of_the_events_that_nothing_matches_says_so(empty: Workspace) -> None:
    add_run(empty)
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL) as pilot:
        await visit(pilot, "6")
        await press(pilot, "slash", *"zzzz")
        await settle(pilot, lambda: "Nothing here matches zzzz." in shown(app))


@pytest.mark.parametrize(
    "text", ["5.00e-05", "-1.25e+12", "812 kB", "0.7402", "1,234,567", "0.9000 ▴", "12 s"]
)
def test_half_a_number_is_never_shown(text: str) -> None:
    for cells in range(len(text)):
        for align in ("left", "right"):
            cut = _shortened(text, cells, align, "…").strip()
            assert cut in ("", "…"), f"{cut} of {text}"
    assert _shortened(text, len(text), "right", "…") == text


def test_half_a_word_is_shown_as_that() -> None:
    assert _shortened("lucky-otter", 6, "left", "…") == "lucky…"
    assert _shortened("7f3a99aa", 6, "left", "…") == "7f3a9…"
    assert _shortened("eeeeeeee", 6, "left", "…") == "eeeee…"


async def test_a_message_that_does_not_fit_is_told_in_whole_beside_the_line(empty: Workspace) -> None:
    run_id = add_run(empty)
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await opened(app, pilot, run_id, "R")
        assert "▲ run again: a script started this run by itself: start that again by hand" in shown(app)
        screen.say(f"{'mast ' * 20}[/] sail", "watch")
        await settle(pilot)
        line = next(line for line in shown(app).split("\n") if "▲ mast mast" in line)
        assert line.rstrip().endswith("…")
        assert not app.screen.query_one(StatusLine).fits
        (toast,) = app.screen.query(Toast)
        assert toast._notification.message.endswith("mast [/] sail")
        await pilot.resize_terminal(160, 40)
        await settle(pilot)
        assert "mast [/] sail" in shown(app)
        assert app.screen.query_one(StatusLine).fits


async def test_a_message_that_fits_is_told_once(empty: Workspace, tmp_path: Path) -> None:
    run_id = add_run(empty)
    app = PilothouseApp(empty)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(app, pilot, run_id, "space")
        assert "▲ draw: c shows the curves first" in shown(app)
        assert not app.screen.query(Toast)


class Told(App[None]):
    CSS = "#low { max-height: 3; } Panel { height: 4; } #all { height: auto; }"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#888888", "line": "#444444"}

    def compose(self) -> ComposeResult:
        yield Words(id="low")
        yield Panel("Told", Words(id="in-a-panel"))
        yield Words(id="all")


async def test_words_that_do_not_fit_end_in_a_sign() -> None:
    app = Told()
    async with app.run_test(size=(20, 24)) as pilot:
        for words in app.query(Words):
            words.show(Content("one two three four " * 5))
        await pilot.pause()
        lines = shown(app).split("\n")  # type: ignore[arg-type]
        assert lines[:3] == ["one two three four", "one two three four", "one two three four…"]
        assert lines[5].strip(" │") == "four one two…"
        assert [line.strip() for line in lines[7:12]] == ["one two three four"] * 5
        for words in app.query(Words):
            words.show(Content("short"))
        await pilot.pause()
        assert "…" not in shown(app)  # type: ignore[arg-type]
