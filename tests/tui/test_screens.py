"""Every screen, small and large, with nothing and with names from hell."""

from __future__ import annotations

import pytest
from piloting import press, ready, rows_here, settle, shown, visit

from pilothouse.tui.actions import AREAS
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

SIZES = [(80, 24), (200, 50)]


def assert_harmless(app: PilothouseApp) -> None:
    """Nothing that a terminal would obey is on the screen, and no line is wider than it."""
    for strip in app.screen._compositor.render_strips():
        assert strip.cell_length <= app.size.width
        for segment in strip:
            assert segment.text.isprintable(), repr(segment.text)


@pytest.mark.parametrize("size", SIZES)
async def test_every_area_stands_names_from_hell(hostile: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        for _, key, title in AREAS:
            await visit(pilot, key)
            assert title in shown(app)
            assert_harmless(app)
            await press(pilot, "j", "tab", "G", "k")
            assert_harmless(app)


async def test_what_opens_from_the_runs_stands_them_too(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "2")
        for n in range(2):
            for key in ("d", "l"):
                await pilot.press(key)
                await ready(pilot)
                assert_harmless(app)
                await press(pilot, "tab", "j", "escape")
            for key in ("e", "R", "question_mark", "t"):
                await press(pilot, key)
                assert_harmless(app)
                await press(pilot, "escape")
                assert type(app.screen).__name__ == "RunsScreen", (n, key)
            await press(pilot, "space")
        await pilot.press("c")
        await ready(pilot)
        assert_harmless(app)
        await press(pilot, "x", "tab", "p", "y")
        await ready(pilot)
        assert_harmless(app)


EMPTY = {
    "1": "trains a first model",
    "2": "No runs yet",
    "3": "No version yet",
    "4": "No file has been judged yet",
    "5": "Nothing is live yet",
    "6": "Nothing has happened yet",
}


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_screen_says_what_to_do_next(empty: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        for key, words in EMPTY.items():
            await visit(pilot, key)
            await settle(pilot, lambda words=words: words in shown(app))
            await press(pilot, "j", "enter", "d", "y", "escape")
            assert_harmless(app)


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_shown_is_what_is_there(hostile: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        first = shown(app)
        assert "Needs you" in first
        assert "is held" in first
        assert "temp" in first
        await visit(pilot, "2")
        runs = shown(app)
        assert "../../etc/passwd" in runs
        assert "● finished" in runs
        assert "■ failed" in runs
        assert "▲ lost" in runs
        assert "0.78" in runs
        await visit(pilot, "4")
        data = shown(app)
        await press(pilot, "G")
        data += shown(app)
        assert "■ drifted" in data
        assert "■ held" in data
        assert "temp rose" in data
        await visit(pilot, "5")
        assert "□ stopped" in shown(app)
        assert "2.50" in shown(app)
        await visit(pilot, "6")
        # Runs are folded in the order of their ids: on a small screen the lost one may stand further down.
        await pilot.press("slash", *"lost", "enter")
        assert "was lost" in shown(app)


async def test_colours_can_be_off(hostile: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = PilothouseApp(hostile)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await ready(pilot)
        for _, key, _ in AREAS:
            await visit(pilot, key)
        assert app.no_color
        assert "■ failed" not in shown(app)  # events are last; the words stand without colour elsewhere


async def test_every_theme_has_the_colours_that_the_screens_name(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "2")
        for name in ("textual-light", "nord", "dracula"):
            app.theme = name
            await press(pilot, "j")
            assert "roc_auc" in shown(app)


async def test_a_screen_follows_the_size(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await ready(pilot)
        for _, key, _ in AREAS:
            await visit(pilot, key)
            for size in ((30, 8), (120, 40)):
                await pilot.resize_terminal(*size)
                await settle(pilot)
                assert_harmless(app)


async def test_a_zoomed_panel_leaves_the_header_and_the_keys_in_sight(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        for key in ("2", "3", "4"):
            await visit(pilot, key)
            before = shown(app).split("\n")
            await press(pilot, "plus")
            zoomed = shown(app).split("\n")
            assert (zoomed[0], zoomed[-1]) == (before[0], before[-1])
            assert zoomed[1].startswith("╭") and zoomed[-3].startswith("╰")
            await press(pilot, "plus")
            assert shown(app).split("\n")[0] == before[0]


async def test_a_broken_configuration_is_told_and_nothing_crashes(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await ready(pilot)
        hostile.config_path.write_text("[model\nname = [/x]")
        await settle(pilot, lambda: "■" in shown(app).split("\n")[-2])
        await press(pilot, "j", "k", "question_mark", "escape")
        assert_harmless(app)


async def test_the_first_screen_has_our_colours(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await ready(pilot)
        assert app.theme == "pilothouse"
        for name in ("background", "accent"):
            assert app.theme_variables[name].lower() == getattr(app.current_theme, name)
        assert app.screen.styles.background.hex.lower() == app.current_theme.background
        assert (
            app.screen.query_one("#needs-panel").styles.border.top[1].hex.lower() == app.current_theme.accent
        )
        await visit(pilot, "2")
        assert app.screen.styles.background.hex.lower() == app.current_theme.background


async def test_what_waits_is_opened_where_it_is(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        needs = app.screen.query_one("#needs", Table)
        files = [row.key.removeprefix("data ") for row in rows_here(needs) if row.key.startswith("data ")]
        assert len(set(files)) > 1
        for name in dict.fromkeys(files):
            assert needs.move_to_key(f"data {name}")
            needs.focus()
            await press(pilot, "enter")
            await ready(pilot)
            table = app.screen.query_one("#files", Table)
            await settle(pilot, lambda name=name, table=table: table.row.key == name)  # type: ignore[misc]
            await press(pilot, "1")
        lately = app.screen.query_one("#lately", Table)
        lately.focus()
        await press(pilot, "j", "j")
        wanted = lately.row.key  # type: ignore[union-attr]
        await press(pilot, "enter")
        trail = app.screen.query_one("#trail", Table)
        await settle(pilot, lambda: trail.row is not None and trail.row.key == wanted)


async def test_d_shows_the_whole_of_a_prediction_on_a_small_screen(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await visit(pilot, "5")
        panel = app.screen.query_one("#prediction-panel")
        narrow, low = panel.size
        await press(pilot, "d")
        assert panel.size.width > narrow
        assert panel.size.height > low
        await press(pilot, "d")
        assert (narrow, low) == panel.size
