from __future__ import annotations

import json
import math
import random
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from piloting import HOSTILE, press, ready, rows_here, settle, shown

from pilothouse.store import open_store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.writer import RunStart, RunWriter, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.widgets.filter_line import FilterLine
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.line_chart import LineChart
from pilothouse.tui.widgets.picture import Picture
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

SIZES = [(80, 24), (200, 50)]
FILES = {
    "report.json": b'{"auc": 0.91, "folds": [1, 2, {"deep": null}]}',
    "broken.json": b'{"auc": [1,',
    "rows.csv": b'id,score,"a note"\n1,0.5,"line\nbreak"\n2,0.25,ok\n',
    "broken.parquet": b"PAR1 and nothing more",
    "cut.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 40, 30) + b"\x08\x02",
    "huge.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 90_000, 90_000) + b"\x08\x02",
    "blob.bin": bytes(range(256)),
    "empty.txt": b"",
    "change.patch": b"--- a\n+++ b\n@@ -1 +1 @@\n-old line\n+new line\n",
    "deep/er/notes.txt": b"\x1b[31mred\x1b[0m [bold]markup[/]\n",
    "drawing.svg": b"<svg xmlns='x'/>",
}


@dataclass
class Zoo:
    """A run with everything in it, the run it is a part of, and a part of its own."""

    workspace: Workspace
    run_id: str
    parent: str
    child: str
    writer: RunWriter


@pytest.fixture
def zoo(empty: Workspace) -> Zoo:
    chance = random.Random(5)
    parent = open_run(empty, RunStart(kind="script", name="the-sweep", status="RUNNING"), hold=True)
    start = RunStart(
        kind="recipe",
        name="zoo",
        model="late",
        recipe="logistic",
        status="RUNNING",
        dataset_version="7f3a99aa0011",
        parent_run_id=parent.run_id,
        params={"C": 0.5, **{f"p {name[:20]}": name for name in HOSTILE}},
        tags={"note": "the one"},
    )
    run = open_run(empty, start, hold=True)
    for step in range(120):
        run.log_metrics(
            {
                "valid_loss": math.exp(-step / 30) + chance.gauss(0, 0.02) if step != 60 else math.nan,
                "train_loss": math.exp(-step / 20),
                "accuracy": 1 - math.exp(-step / 30),
                "system/cpu_percent": 50.0 + step / 10,
                HOSTILE[2]: float(step),
            },
            step=step,
        )
    for name, data in FILES.items():
        path = run.artifacts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name in HOSTILE[:4]:
        if "/" not in name:
            (run.artifacts / name).write_text(name)
    (run.artifacts / "link").symlink_to("/etc")
    child = open_run(
        empty, RunStart(kind="script", name="a-trial", status="RUNNING", parent_run_id=run.run_id), hold=True
    )
    child.end("FAILED", 1, "no luck")
    fold(open_store(empty))
    return Zoo(empty, run.run_id, parent.run_id, child.run_id, run)


def run_screen(app: PilothouseApp) -> RunScreen:
    assert isinstance(app.screen, RunScreen)
    return app.screen


async def opened(app: PilothouseApp, pilot: object, zoo: Zoo) -> RunScreen:
    await ready(pilot)  # type: ignore[arg-type]
    app.push_screen(RunScreen(zoo.run_id))
    await pilot.pause()  # type: ignore[attr-defined]
    await settle(pilot, lambda: run_screen(app).about is not None)  # type: ignore[arg-type]
    return run_screen(app)


@pytest.mark.parametrize("size", SIZES)
async def test_every_part_comes_with_its_key_and_fits(zoo: Zoo, size: tuple[int, int]) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        for key, name in (
            ("c", "curves"),
            ("d", "code"),
            ("v", "environment"),
            ("a", "artifacts"),
            ("o", "overview"),
        ):
            await press(pilot, key)
            assert name == screen.tab.NAME
            drawn = shown(app)
            assert "\x1b" not in drawn
            assert all(len(line) <= size[0] for line in drawn.split("\n"))
            assert "zoo" in drawn or size[0] == 80
        await press(pilot, "right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert screen.tab.NAME == "curves"
        await press(pilot, "l")
        assert type(app.screen).__name__ == "LogScreen"
        await press(pilot, "escape")
        assert run_screen(app).tab.NAME == "curves"


async def test_a_part_is_made_when_it_is_shown_and_only_once(zoo: Zoo) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        assert [tab.NAME for tab in screen.query(RunTab)] == ["overview"]
        assert not screen.query(FilterLine)
        # Keys that come one right after the other find what the one before them made.
        await pilot.press("c", "space", "a", "slash", "r", "o", "escape", "c")
        await settle(pilot)
        assert [tab.NAME for tab in screen.query(RunTab)] == ["overview", "curves", "artifacts"]
        assert len(screen.query(FilterLine)) == 1
        names = screen.query_one("#metric-names", Table)
        assert names.cursor > 1, "space has drawn a metric and gone on to the next"
        assert not screen.query_one("#tab-overview").display
        await pilot.click("#run-tabs", offset=(1 + len("o Overview  c Curves  "), 0))
        await settle(pilot)
        assert screen.tab.NAME == "code"


async def test_the_overview_tells_best_step_relatives_and_range(zoo: Zoo) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        drawn = shown(app)
        line = next(line for line in drawn.split("\n") if "train_loss" in line)
        assert line.split()[2:] == ["0.0026", "0.0026", "▾", "119", "0.0026", "1.0000", "120", "│"]
        await press(pilot, "G")
        drawn = shown(app)
        assert "the-sweep" in drawn
        assert "a-trial" in drawn
        assert "■ failed" in drawn
        table = screen.query_one("#one-facts", Table)
        assert table.move_to_key(f"run {zoo.child}")
        await press(pilot, "enter")
        await settle(pilot, lambda: run_screen(app).run_id == zoo.child and run_screen(app).about is not None)
        await press(pilot, "escape")
        assert run_screen(app).run_id == zoo.run_id
        await press(pilot, "slash", *"note", "enter")
        assert {row.key for row in rows_here(table) if not row.key.startswith("section")} == {"tag note"}
        await press(pilot, "escape")
        assert table.total > 10


async def test_metrics_are_chosen_and_drawn_by_keys(zoo: Zoo) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(140, 44), notifications=True) as pilot:
        await opened(app, pilot, zoo)
        await press(pilot, "c")
        chart = app.screen.query_one("#one-curve", LineChart)
        await settle(pilot, lambda: "valid_loss" in chart.summary())
        assert "train_loss" in chart.summary(), "its like is drawn with it"
        assert "▲ 1 no number" in shown(app)
        names = app.screen.query_one("#metric-names", Table)
        assert names.move_to_key("metric accuracy")
        await press(pilot, "space")
        await settle(pilot, lambda: "accuracy" in chart.summary())
        assert not app.screen.query_one("#system-chart").display
        assert names.move_to_key("metric system/cpu_percent")
        await press(pilot, "enter")
        system = app.screen.query_one("#system-curve", LineChart)
        await settle(pilot, lambda: "system/cpu_percent" in system.summary())
        assert "system" not in chart.summary(), "the system has a chart of its own"
        assert "60%┤" in shown(app)
        await press(pilot, "x")
        await settle(pilot, lambda: "time since the start" in shown(app))
        await press(pilot, "tab", "plus", "s")
        assert chart.has_focus
        assert chart.view.low is not None
        assert "smoothed 0.3" in shown(app)
        assert "closer" in shown(app).split("\n")[-1]
        await press(pilot, "y")
        assert "valid_loss: last" in app.clipboard


async def test_a_key_of_another_part_says_where_it_belongs(zoo: Zoo) -> None:
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await opened(app, pilot, zoo)
        await press(pilot, "space")
        assert "c shows the curves first" in app.screen.query_one(StatusLine).said
    zoo.writer.end("FINISHED", 0)


async def test_a_live_run_is_followed(zoo: Zoo) -> None:
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await opened(app, pilot, zoo)
        await press(pilot, "c")
        chart = app.screen.query_one("#one-curve", LineChart)
        await settle(pilot, lambda: "step 119" in chart.summary())
        zoo.writer.log_metrics({"valid_loss": 9.0, "train_loss": 9.0}, step=120)
        await settle(pilot, lambda: "last 9.0000 at step 120" in chart.summary())
        await press(pilot, "a")
        (zoo.writer.artifacts / "late.txt").write_text("late")
        await settle(
            pilot,
            lambda: (
                "late.txt"
                in {row.key[5:] for row in rows_here(app.screen.query_one("#artifact-names", Table))}
            ),
        )
        zoo.writer.end("FINISHED", 0)
        await settle(pilot, lambda: "● finished" in shown(app))


async def test_every_kind_of_file_is_shown_or_said_why_not(zoo: Zoo) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    wanted = {
        "report.json": '"auc": 0.91',
        "broken.json": "It is not JSON",
        "rows.csv": "line break",
        "broken.parquet": "cannot be read as a table",
        "cut.png": "It is broken",
        "huge.png": "Too large to be drawn",
        "blob.bin": "00 01 02 03",
        "empty.txt": "There is nothing in it",
        "change.patch": "+new line",
        "deep/er/notes.txt": "red [bold]markup[/]",
        "drawing.svg": "a browser shows it",
    }
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        await press(pilot, "a")
        names = screen.query_one("#artifact-names", Table)
        await settle(pilot, lambda: names.total > len(FILES))
        assert "1 link not followed" in shown(app)
        for name, words in wanted.items():
            assert names.move_to_key(f"file {name}")
            await settle(pilot, lambda words=words: words in shown(app))  # type: ignore[misc]
        for name in HOSTILE[:4]:
            assert "/" in name or names.move_to_key(f"file {name}")
            await settle(pilot)
            assert "\x1b" not in shown(app)
        assert names.move_to_key("file blob.bin")
        await press(pilot, "y")
        assert app.clipboard == str(zoo.writer.artifacts / "blob.bin")
        assert names.move_to_key("folder deep")
        await press(pilot, "enter")
        assert not names.move_to_key("file deep/er/notes.txt")


async def test_json_folds_and_unfolds(zoo: Zoo) -> None:
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(140, 44), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        await press(pilot, "a")
        names = screen.query_one("#artifact-names", Table)
        await settle(pilot, lambda: names.total > len(FILES))
        assert names.move_to_key("file report.json")
        view = screen.query_one("#artifact-view").query_one(Table)
        await settle(pilot, lambda: view.total == 10)
        await press(pilot, "enter", "j", "j", "enter")
        assert view.total == 4
        assert '"folds": [ … ]  5 lines' in shown(app)
        await press(pilot, "enter")
        assert view.total == 10


async def test_a_picture_is_drawn_in_half_blocks(zoo: Zoo) -> None:
    image = pytest.importorskip("PIL.Image")
    for kind in ("png", "jpeg", "gif"):
        image.new("RGB", (400, 200), (200, 30, 30)).save(zoo.writer.artifacts / f"red.{kind}")
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        await press(pilot, "a")
        names = screen.query_one("#artifact-names", Table)
        await settle(pilot, lambda: names.total > len(FILES))
        for kind in ("png", "jpeg", "gif"):
            assert names.move_to_key(f"file red.{kind}")
            await settle(
                pilot,
                lambda: (
                    screen.query_one("#artifact-view").query_one(Picture).display
                    and "400 × 200 pixels" in shown(app)
                ),
            )
            assert "▀" in shown(app)
            red, green, blue = screen.query_one("#artifact-view").query_one(Picture)._pixels[5][5]
            assert abs(red - 200) < 12
            assert abs(green - 30) < 12
            assert abs(blue - 30) < 12


async def test_what_made_a_run_is_shown(zoo: Zoo) -> None:
    digest = "ab" * 32
    zoo.workspace.objects_dir.mkdir(parents=True, exist_ok=True)
    (zoo.workspace.objects_dir / digest).write_text("print('hello from the snapshot')\n")
    origin = {
        "git": {"commit": "0123456789abcdef", "branch": "main [/]", "dirty": True},
        "patch": "patch.diff",
        "code": [
            {"path": "train.py", "sha256": digest, "bytes": 33},
            {"path": "../../etc/\x1b[31mevil", "sha256": "../../../../etc/passwd", "bytes": 1},
            {"path": "gone.py", "sha256": "cd" * 32, "bytes": 1},
        ],
        "argv": ["train.py", "--lr", "0.1"],
        "packages": {"numpy": "2.4.6", "pandas": "3.1.1", HOSTILE[1]: HOSTILE[2]},
        "python": "3.11.9",
        "host": {
            "name": "box",
            "system": "Linux",
            "machine": "x86_64",
            "cpus": 2,
            "memory_bytes": 8_000_000_000,
        },
        "threads": {"OMP_NUM_THREADS": "1"},
        "seed": 7,
    }
    (zoo.writer.folder / "origin.json").write_text(json.dumps(origin))
    (zoo.writer.folder / "patch.diff").write_text("--- a/train.py\n+++ b/train.py\n-lr = 1\n+lr = 0.1\n")
    zoo.writer.end("FINISHED", 0)
    app = PilothouseApp(zoo.workspace)
    async with app.run_test(size=(140, 44), notifications=True) as pilot:
        screen = await opened(app, pilot, zoo)
        await press(pilot, "d")
        await settle(pilot, lambda: "+lr = 0.1" in shown(app))
        assert "commit 0123456789ab  on main [/]" in shown(app)
        assert "▲ changed since" in shown(app)
        names = screen.query_one("#code-names", Table)
        assert names.move_to_key("file train.py")
        await settle(pilot, lambda: "hello from the snapshot" in shown(app))
        assert names.move_to_key("file gone.py")
        await settle(pilot, lambda: "not in the workspace any more" in shown(app))
        assert names.move_to_key("file ../../etc/\x1b[31mevil")
        await settle(pilot, lambda: "has no hash" in shown(app))
        await press(pilot, "v")
        await settle(pilot, lambda: "OMP_NUM_THREADS" in shown(app))
        assert "8.0 GB" in shown(app)
        await press(pilot, "slash", *"numpy", "enter")
        assert "pandas" not in shown(app)
        await press(pilot, "j", "y")
        assert app.clipboard == "numpy==2.4.6"


async def test_a_run_without_anything_says_so(empty: Workspace) -> None:
    run = open_run(empty, RunStart(kind="api", name="bare", status="RUNNING"), hold=True)
    run.end("FINISHED", 0)
    (Path(run.artifacts)).rmdir()
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        app.push_screen(RunScreen(run.run_id))
        await pilot.pause()
        await settle(pilot, lambda: run_screen(app).about is not None)
        for key, words in (
            ("o", "It has no metrics, parameters or tags."),
            ("c", "has logged no metrics"),
            ("d", "was not recorded"),
            ("v", "was not recorded"),
            ("a", "has kept no files"),
        ):
            await press(pilot, key)
            assert words in shown(app), shown(app)
