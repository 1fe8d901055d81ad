"""The filter box: where a search cannot be read, what may come next, and that it owns its keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloting import HOSTILE, press, settle, shown, visit
from textual.pilot import Pilot

from pilothouse.tracking.search import SearchError, parse
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.runs.screen import RunsScreen
from pilothouse.tui.text import safe, width
from pilothouse.tui.widgets.filter_box import FilterBox, pointing
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

SIZES = [(80, 24), (120, 36)]


async def type_in(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*("space" if char == " " else char for char in text))
    await settle(pilot)


def box(app: PilothouseApp) -> FilterBox:
    return app.screen.query_one(FilterBox)


def rows(app: PilothouseApp) -> int:
    return app.screen.query_one("#runs", Table).total


@pytest.mark.parametrize("size", SIZES)
async def test_a_mistake_is_pointed_at_and_the_last_result_stays(
    hostile: Workspace, size: tuple[int, int]
) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await type_in(pilot, "failed")
        await settle(pilot, lambda: rows(app) == 3)
        await type_in(pilot, " and sttus = 3")
        await settle(pilot, lambda: box(app).error is not None)
        lines = shown(app).split("\n")
        at = next(n for n, line in enumerate(lines) if "sttus = 3" in line)
        assert lines[at + 1].index("^^^^^") == lines[at].index("sttus")
        assert "'sttus' is no attribute" in "".join(lines[at + 1 : at + 3])
        assert "status" in lines[at + 1] + lines[at + 2]
        await press(pilot, "enter")
        assert app.screen.focused is app.screen.query_one("#runs")
        assert "'sttus' is no attribute" in shown(app)
        assert isinstance(app.screen, RunsScreen) and app.screen.filter_text == "failed"
        await settle(pilot, lambda: rows(app) == 3)


@pytest.mark.parametrize("size", SIZES)
async def test_a_search_is_written_with_the_proposals_alone(
    hostile: Workspace, size: tuple[int, int]
) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await settle(pilot, lambda: box(app).keys is not None)
        await type_in(pilot, "metrics.roc")
        await press(pilot, "tab")
        assert box(app).line.value == "metrics.roc_auc"
        await press(pilot, "space", "down", "down", "enter")
        assert box(app).line.value == "metrics.roc_auc >"
        assert box(app).line.has_focus
        await type_in(pilot, " 0.75 and params.dep")
        await press(pilot, "right", "space", "tab", "space")
        await settle(pilot, lambda: [one.text for one in box(app).proposals] == ["0", "1", "2"])
        assert "2" in shown(app)
        await press(pilot, "up", "tab")
        assert box(app).line.value == "metrics.roc_auc > 0.75 and params.depth = 2"
        await settle(pilot, lambda: rows(app) == 1)
        await press(pilot, "enter")
        assert app.screen.focused is app.screen.query_one("#runs")


async def test_esc_puts_the_list_away_first_and_then_the_text(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await type_in(pilot, "sta")
        assert box(app).proposals
        await press(pilot, "escape")
        assert not box(app).proposals and box(app).line.value == "sta"
        await press(pilot, "t")
        assert box(app).proposals
        await press(pilot, "escape", "escape")
        assert box(app).line.value == "" and not box(app).line.has_class("-shown")
        await settle(pilot, lambda: rows(app) == 10)
        await press(pilot, "slash", "tab")
        assert len(box(app).proposals) > 10
        await pilot.press(*["down"] * 12)
        assert safe(box(app).proposals[12].text) in shown(app)


async def test_values_of_tags_are_proposed_too(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZES[1], notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await type_in(pilot, "tags.why = ")
        await settle(pilot, lambda: box(app).proposals)
        offered = {one.text for one in box(app).proposals}
        assert {"'[bold red]x[/]'", "'''; DROP TABLE runs; --'", "'naïve 🚢 表'"} <= offered
        assert all(text.isprintable() for text in offered)
        while not box(app).proposals[box(app).chosen].text.startswith("'''"):
            await press(pilot, "down")
        await press(pilot, "tab")
        await settle(pilot, lambda: rows(app) == 1)


async def test_hostile_texts_go_through_the_box(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        for text in HOSTILE:
            quoted = "'" + text.replace("'", "''") + "'"
            for search in (text, quoted, f"params.{quoted} = {quoted}", f"zzz > {quoted}"):
                box(app).line.value = search
                await pilot.pause()
                assert "\x1b" not in shown(app) and "\u202e" not in shown(app)
        await press(pilot, "escape", "escape", "escape")
        await settle(pilot, lambda: rows(app) == 10)


@settings(deadline=None, max_examples=200)
@given(st.text("ab =<>'(.,表\u202e\x1b", max_size=60), st.integers(0, 30), st.integers(20, 80))
def test_the_carets_stand_under_the_mistake(text: str, scrolled: int, room: int) -> None:
    try:
        parse(text)
    except SearchError as error:
        for mistake in (True, False):
            drawn = pointing(error, scrolled, room, mistake=mistake).plain
            assert drawn.isprintable() or "\n" in drawn
            first = drawn.split("\n")[0]
            assert width(first) <= room
            before = width(safe(text[: error.start])) - scrolled
            if 0 <= before < room:
                assert first[width(first[:before]) :].lstrip("ab").startswith("^") or "^" in first
                assert width(first[: first.rindex("^")]) >= before


async def test_an_empty_list_says_why_and_tells_of_no_run(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "2")
        side = app.screen.query_one("#run-words")
        await settle(pilot, lambda: str(side.render()).strip() != "")
        await press(pilot, "slash")
        await type_in(pilot, "metrics.los < 3")
        await settle(pilot, lambda: rows(app) == 0 and "did you mean" in shown(app))
        assert "No run has a metric `los`; did you mean `loss`?" in shown(app)
        assert "runs match." in shown(app) and "No runs yet" not in shown(app)
        await settle(pilot, lambda: str(side.render()).strip() == "")
        await press(pilot, "escape", "escape")
        await settle(pilot, lambda: rows(app) > 0)


@pytest.mark.parametrize("size", SIZES)
async def test_a_filter_that_is_not_finished_shows_rows_of_what_is(
    hostile: Workspace, size: tuple[int, int]
) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await settle(pilot, lambda: rows(app) == 10)
        await type_in(pilot, "best(loss) < 0.53 and zzqq")
        await settle(pilot, lambda: "None of the 10 runs match" in shown(app))
        await type_in(pilot, " =")
        await settle(pilot, lambda: rows(app) == 3)
        drawn = shown(app)
        assert "rows by its first part" in drawn and "None of the" not in drawn


async def test_a_mistake_at_the_beginning_never_says_that_nothing_matches(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await type_in(pilot, "bestt")
        await settle(pilot, lambda: rows(app) == 0)
        await type_in(pilot, " <")
        await settle(pilot, lambda: rows(app) == 10)
        assert "None of the" not in shown(app)


async def test_a_broken_filter_has_no_count(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash")
        await type_in(pilot, "failed")
        await settle(pilot, lambda: "3 of 10" in shown(app))
        await type_in(pilot, " and metrics.loss <")
        await settle(pilot, lambda: box(app).error is not None)
        assert " of 10" not in shown(app) and "the filter cannot be read" in shown(app)
        await type_in(pilot, " 9")
        await settle(pilot, lambda: "3 of 10" in shown(app) and "cannot be read" not in shown(app))
