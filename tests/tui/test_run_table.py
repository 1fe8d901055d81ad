"""The list of runs by its keys: columns, groups, ranges, tags, and rows that live."""

from __future__ import annotations

from typing import Any

import pytest
from piloting import HOSTILE, add_runs, press, rows_here, settle, shown, visit
from textual.pilot import Pilot

from pilothouse.store import list_events, open_store
from pilothouse.tracking.layouts import TableLayout, load_layout, runs_layout
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.search.nodes import Field
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.dialogs.columns import ColumnsDialog
from pilothouse.tui.dialogs.group import GroupDialog
from pilothouse.tui.screens.runs.screen import RunsScreen
from pilothouse.tui.widgets.edit_line import EditLine
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace

SIZE = (120, 36)
SIZES = [(80, 24), SIZE]


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


def runs_of(app: PilothouseApp) -> RunsScreen:
    assert isinstance(app.screen, RunsScreen)
    return app.screen


async def open_runs(pilot: Pilot[Any]) -> RunsScreen:
    await visit(pilot, "2")
    screen = runs_of(pilot.app)  # type: ignore[arg-type]
    await settle(pilot, lambda: screen.main_table().loaded)
    return screen


def headers(screen: RunsScreen) -> list[str]:
    return [column.label + column.mark for column in screen.main_table().columns]


def many(workspace: Workspace, count: int) -> None:
    """Finished runs, one a second, without journals."""
    with open_store(workspace).transaction() as tx:
        tx.execute(
            "INSERT INTO runs (run_id, name, model, kind, recipe, status, started_at, ended_at) SELECT "
            "printf('r%05d', n), 'run ' || n, 'late', 'api', '', 'FINISHED', "
            "TIMESTAMP '2026-01-01' + to_seconds(CAST(n AS INTEGER)), TIMESTAMP '2026-01-02' "
            "FROM range(?) t(n)",
            [count],
        )


# ------------------------------------------------------------ columns


@pytest.mark.parametrize("size", SIZES[:1], ids=["80x24"])
async def test_columns_are_chosen_seen_at_once_and_remembered(
    hostile: Workspace, size: tuple[int, int]
) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await open_runs(pilot)
        assert headers(screen)[:3] == ["run", "name", "status"]
        await press(pilot, "C")
        dialog = app.screen
        assert isinstance(dialog, ColumnsDialog)
        await settle(pilot, lambda: "valid_roc_auc" in str(rows_here(dialog.query_one("#fields", Table))))
        await press(pilot, "j", "J", "plus")
        assert headers(screen)[:3] == ["run", "status", "name"]
        await pilot.press("slash", *"valid", "enter")
        await press(pilot, "a", "a", "a", "s")
        assert "best valid_roc_auc▼" in headers(screen)
        await press(pilot, "a", "o")
        assert "last" not in headers(screen)
        assert "valid_roc_auc▲" in headers(screen)
        await press(pilot, "a", "a", "a", "o", "enter")
        assert app.screen is screen
        assert "best valid_roc_auc▼" in headers(screen)
        assert all(run.summaries["valid_roc_auc"].max for run in list_runs(open_store(hostile)))
        kept = screen.arrangement
        await settle(pilot, lambda: load_layout(open_store(hostile), runs_layout("late"))[0] == kept)
    again = PilothouseApp(hostile)
    async with again.run_test(size=size, notifications=True) as pilot:
        screen = await open_runs(pilot)
        assert screen.arrangement == kept
        assert "best valid_roc_auc▼" in headers(screen)
        await press(pilot, "C", "space", "escape")
        assert screen.arrangement == kept
        await press(pilot, "C", "r")
        assert screen.arrangement == TableLayout()
        assert headers(screen)[:3] == ["run", "name", "status"]
    assert load_layout(open_store(hostile), runs_layout("late")) == (TableLayout(), "")


async def test_every_column_there_is_can_be_shown(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_runs(pilot)
        await press(pilot, "C")
        table = app.screen.query_one("#fields", Table)
        await settle(pilot, lambda: table.total > 30)
        table.move_to(len(screen.columns.fields))
        await pilot.press(*["space"] * (table.total - table.cursor), "enter")
        await settle(pilot, lambda: len(headers(screen)) > 30)
        await pilot.press(*["right"] * 6)
        await press(pilot, "s", "o")
        assert any("[/foo]" in header for header in headers(screen))


async def test_a_layout_that_cannot_be_read_is_said(hostile: Workspace) -> None:
    with open_store(hostile).transaction() as tx:
        tx.insert(
            "layouts",
            [{"name": "runs/late", "layout": '{"columns": [{"section": "[/x]"}]}', "saved_at": None}],
        )
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_runs(pilot)
        await settle(pilot, lambda: "cannot be read" in said(app))
        assert headers(screen)[0] == "run"


# ------------------------------------------------------------ groups


@pytest.mark.parametrize("size", SIZES[1:], ids=["120x36"])
async def test_groups_open_into_their_runs_and_back(hostile: Workspace, size: tuple[int, int]) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await open_runs(pilot)
        table = screen.main_table()
        await press(pilot, "b")
        assert isinstance(app.screen, GroupDialog)
        await settle(pilot, lambda: app.screen.query_one("#fields", Table).total > 5)
        await pilot.press("slash", *"depth", "enter", "enter")
        await settle(pilot, lambda: screen.grouping is not None and table.total == 3)
        assert "3 groups" in shown(app)
        assert headers(screen)[:6] == ["depth", "runs▼", "failed", "killed", "lost", "mean roc_auc"]
        assert "± 0.0" in str(rows_here(table))
        await press(pilot, "space")
        assert "a group is under the cursor" in said(app)
        await press(pilot, "s", "s", "s", "s", "o")
        assert "mean roc_auc▲" in headers(screen)
        await press(pilot, "j")
        group = screen.current_group()
        assert group is not None

        def at() -> str | None:
            now = screen.current_group()
            return now.value if now else "no group"

        await pilot.press("enter")
        await settle(pilot, lambda: screen.grouping is None and table.total == group.count)
        assert screen.filter_text == f"params.depth = '{group.value}'"
        assert {run.params["depth"] for row in rows_here(table) if (run := row.item)} == {group.value}  # type: ignore[attr-defined]
        await pilot.press("escape")
        await settle(pilot, lambda: table.total == 3 and at() == group.value)
        assert screen.filter_text == ""
        await pilot.press("escape")
        await settle(pilot, lambda: table.total == 10)


async def test_groups_show_what_most_of_their_runs_have_and_not_the_newest(hostile: Workspace) -> None:
    with open_store(hostile).transaction() as tx:
        for key, year, count in (("z", 2020, 200), ("acc", 2001, 1000)):
            tx.execute(
                "INSERT INTO runs (run_id, name, model, kind, recipe, status, started_at, ended_at) SELECT"
                " printf(? || '%05d', n), ?, 'late', 'api', '', 'KILLED', make_timestamp(?, 1, 1, 0, 0, 0),"
                " make_timestamp(?, 1, 1, 0, 0, 1) FROM range(?) t(n)",
                [key, key, year, year, count],
            )
            tx.execute(
                "INSERT INTO metrics SELECT run_id, ?, 0.5, 0.5, 0.5, 0, 1 FROM runs WHERE name = ?",
                [key, key],
            )
    app = PilothouseApp(hostile)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_runs(pilot)
        assert "z" in headers(screen) and "acc" not in headers(screen)
        screen._grouped((Field("attributes", "status"),))
        await settle(pilot, lambda: "mean acc" in headers(screen))
        assert "mean z" not in headers(screen)
        await press(pilot, "s", "s")
        await settle(pilot, lambda: "mean acc" in headers(screen) and not screen.main_table().busy)
        screen._grouped((None,))
        screen.put_filter("name = z")
        screen._grouped((Field("attributes", "status"),))
        await settle(pilot, lambda: "mean z" in headers(screen))


async def test_a_click_on_a_header_sorts_by_it_and_another_turns_it_round(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        screen = await open_runs(pilot)
        table = screen.main_table()

        async def click(label: str) -> None:
            top = table.content_region.y
            x = shown(app).split("\n")[top].index(label)
            await pilot.click(offset=(x + 1, top))
            await settle(pilot, lambda: not table.busy)

        await click("log_loss")
        assert "log_loss▲" in headers(screen), "the better end comes first"
        first = [row.key for row in rows_here(table)]
        await click("log_loss")
        assert "log_loss▼" in headers(screen)
        assert [row.key for row in rows_here(table)] == first[::-1]
        screen._grouped((Field("params", "depth"),))
        await settle(pilot, lambda: not table.busy and table.loaded)
        assert "runs▼" in headers(screen)
        await click("runs")
        assert "runs▲" in headers(screen)
        await click("± spread")
        assert "± spread▲" in headers(screen)


async def test_hostile_groups_open_too(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_runs(pilot)
        table = screen.main_table()
        await press(pilot, "b")
        await pilot.press("slash", *"why tag", "enter", "enter")
        await settle(pilot, lambda: screen.grouping is not None and table.total == len(HOSTILE))
        for n in range(3):
            group = screen.current_group()
            assert group is not None
            await pilot.press("enter")
            await settle(pilot, lambda: screen.grouping is None and table.total == 1 and not table.busy)
            run = screen.current()
            assert run is not None
            assert run.tags["why"] == group.value
            await pilot.press("escape")
            await settle(
                pilot, lambda n=n: table.total == len(HOSTILE) and screen.current_group() is not None
            )
            await press(pilot, "j")


# ------------------------------------------------------------ marks and ranges


async def test_a_range_holds_its_run_while_others_come_and_goes_over_rows_never_seen(
    empty: Workspace,
) -> None:
    many(empty, 400)
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_runs(pilot)
        table = screen.main_table()
        await press(pilot, "j", "j", "v", "j")
        assert shown(app).count("│ │") == 2
        add_runs(empty, ["newcomer"], steps=2)
        await settle(pilot, lambda: table.total == 401)
        assert table.far_end == ("r00397", 3)
        assert table.row is not None and table.row.key == "r00396"
        assert shown(app).count("│ │") == 2
        await press(pilot, "G", "space")
        await settle(pilot, lambda: len(screen.marked) == 398)
        assert screen.marked[0] == "r00397"
        assert screen.marked[-1] == "r00000"
        assert "398 marked" in shown(app)
        await press(pilot, "c")
        assert "20 is the most" in said(app)
        assert app.screen is screen
        await pilot.press("slash", *"newcomer", "enter")
        await settle(pilot, lambda: table.total == 1)
        assert len(screen.marked) == 398
        await press(pilot, "escape", "escape")
        assert screen.marked == []
        await press(pilot, "v", "j", "escape", "j")
        assert table.far_end is None
        assert screen.marked == []


# ------------------------------------------------------------ rows that live


async def test_live_rows_change_where_they_stand(empty: Workspace) -> None:
    many(empty, 300)
    live = open_run(empty, RunStart(kind="api", name="live", status="RUNNING"), hold=True)
    live.progress(0.1, "")
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_runs(pilot)
        table = screen.main_table()
        await settle(pilot, lambda: "▶ 10%" in shown(app))
        for _ in range(3):
            await press(pilot, "ctrl+d")
        top, here = table.scroll_offset.y, table.row
        assert here is not None and top > 0
        other = open_run(empty, RunStart(kind="api", name="other", status="RUNNING"), hold=True)
        await settle(pilot, lambda: table.total == 302)
        assert table.row is not None and table.row.key == here.key
        assert table.scroll_offset.y == top + 1
        await press(pilot, "g")
        assert table.row.key == other.run_id
        live.progress(0.6, "")
        live.log_metrics({"auc": 0.5}, 0)
        await settle(pilot, lambda: "▶ 60%" in shown(app))
        assert table.row.key == other.run_id
        third = open_run(empty, RunStart(kind="api", name="third", status="RUNNING"), hold=True)
        await settle(pilot, lambda: table.total == 303)
        assert table.row.key == other.run_id
        assert table.cursor == 1
        for run in (live, other, third):
            run.end("FINISHED", 0)
        await settle(pilot, lambda: "▶" not in shown(app))


# ------------------------------------------------------------ tags and notes


async def test_tags_are_typed_under_the_table_for_all_marked(hostile: Workspace) -> None:
    app, store = PilothouseApp(hostile), open_store(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        screen = await open_runs(pilot)
        await press(pilot, "space", "space")
        await press(pilot, "number_sign")
        assert "tags of 2 marked runs" in shown(app)
        await press(pilot, "w", "tab")
        await pilot.press(*"q13 a='b ", "enter")
        await settle(pilot)
        assert "quote is not closed" in said(app)
        assert app.screen.query_one(EditLine).is_open
        await press(pilot, *"c'", "enter")
        await settle(pilot, lambda: "Tagged 2 runs: why, a" in said(app))
        before = {run_id: get_run(store, run_id).tags for run_id in screen.marked}
        assert list(before.values()) == [{"a": "b c", "why": "q13"}] * 2
        await pilot.press("number_sign", *"why= a=", "enter")
        await settle(pilot, lambda: all(get_run(store, run_id).tags == {} for run_id in screen.marked))
        await press(pilot, "z")
        await settle(pilot, lambda: {it: get_run(store, it).tags for it in screen.marked} == before)
        assert "put back" in list_events(store, 1)[0].message
        await pilot.press("e", *"both [/]", "enter")
        await settle(pilot, lambda: all(get_run(store, it).tags.get("note") for it in screen.marked))
        await pilot.press("number_sign", *"x=1")
        await press(pilot, "escape")
        assert not app.screen.query_one(EditLine).is_open
        assert len(screen.marked) == 2
        assert "x" not in get_run(store, screen.marked[0]).tags


async def test_the_last_words_of_tags_are_completed() -> None:
    from pilothouse.tui.screens.runs.tagging import suggestion

    keys, mine = ["owner", "note", "sweep", "a b"], {"team": "blue", "odd": "two words"}
    assert suggestion("ow", keys, mine) == "owner="
    assert suggestion("x='1 2' te", keys, mine) == "x='1 2' team="
    assert suggestion("team=b", keys, mine) == "team=blue"
    assert suggestion("x=1 team=", keys, mine) == "x=1 team=blue"
    for text in ("", "x=1 ", "a", "'ow", "odd=t", "team=blue", "\x00", *HOSTILE):
        assert suggestion(text, keys, mine) is None or text == "a"


async def test_tags_are_set_where_a_run_is_open_too(hostile: Workspace) -> None:
    app, store = PilothouseApp(hostile), open_store(hostile)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_runs(pilot)
        run = screen.current()
        assert run is not None
        await pilot.press("enter")
        await settle(pilot, lambda: app.screen is not screen and app.screen.current() is not None)  # type: ignore[attr-defined]
        await press(pilot, "number_sign")
        await pilot.press(*"x=[/] why=", "enter")
        await settle(pilot, lambda: get_run(store, run.run_id).tags == {"x": "[/]"})
