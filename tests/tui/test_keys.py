"""What the keys do, screen by screen; the dialogs; the palette; and the words when a key does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from piloting import press, ready, rows_here, settle, shown, visit
from textual.widgets import Input

from pilothouse.store import list_events, open_store
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.runs.screen import RunsScreen
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.tui.widgets.table import Table
from pilothouse.workspace import Workspace, find_workspace

SIZE = (120, 36)


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


def screen(app: PilothouseApp) -> str:
    return type(app.screen).__name__


async def test_digits_go_to_areas_and_esc_never_quits(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ready(pilot)
        for key, name in (("2", "Runs"), ("4", "Data"), ("6", "Events"), ("1", "Bridge")):
            await visit(pilot, key)
            assert screen(app) == f"{name}Screen"
            await press(pilot, "escape", "escape")
            assert screen(app) == f"{name}Screen"
            assert app.is_running
        await pilot.press("q")
        await pilot.pause()
        assert not app._running or app._exit


async def test_a_text_field_owns_all_printable_keys(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "slash", *"q13t?:", "space", *"P")
        assert screen(app) == "RunsScreen"
        assert app.screen.query_one("#filter", Input).value == "q13t?: P"
        await press(pilot, "escape", "escape")
        assert app.screen.query_one("#filter", Input).value == ""
        assert app.screen.focused is app.screen.query_one("#runs")


async def test_the_filter_narrows_and_enter_goes_back_to_the_rows(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        table = app.screen.query_one("#runs", Table)
        await press(pilot, "slash", *"failed", "enter")
        await settle(pilot, lambda: table.total == 3)
        assert app.screen.focused is table
        assert "3 of 10" in shown(app)
        await press(pilot, "slash", *"nothing-like-it")
        await settle(pilot, lambda: table.total == 0)
        await settle(pilot, lambda: "None of the 10 runs match" in shown(app))
        await press(pilot, "escape")
        await settle(pilot, lambda: table.total == 10)


async def test_a_key_that_does_nothing_says_why(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "c")
        assert "mark two runs" in said(app)
        await press(pilot, "S")
        assert "has ended already" in said(app)
        await visit(pilot, "3")
        await press(pilot, "ctrl+l")
        assert "nothing is live" in said(app)
        await visit(pilot, "5")
        await press(pilot, "i")
        assert "the server does not run" in said(app)


async def test_mark_compare_differences_and_baseline(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "space", "space")
        assert isinstance(app.screen, RunsScreen)
        first, second = app.screen.marked
        await pilot.press("c")
        await ready(pilot)
        assert screen(app) == "CompareScreen"
        facts = app.screen.query_one("#facts", Table)
        some = facts.total
        assert "only differences" in shown(app)
        assert "no interval" in shown(app) and "better" not in shown(app) and "worse" not in shown(app)
        await press(pilot, "x")
        assert facts.total > some
        await pilot.press("p")
        await ready(pilot)
        assert app.screen.refs == (second, first)  # type: ignore[attr-defined]
        await press(pilot, "escape")
        assert screen(app) == "RunsScreen"
        await press(pilot, "escape")
        assert app.screen.marked == []  # type: ignore[attr-defined]


async def test_a_pinned_baseline_turns_metrics_into_changes(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "p")
        await settle(pilot, lambda: "−0.010" in shown(app))
        assert "◆" in shown(app)
        await press(pilot, "p")
        await settle(pilot, lambda: "−0.010" not in shown(app))


async def test_sorting_goes_from_column_to_column(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        table = app.screen.query_one("#runs", Table)
        await press(pilot, "s", "s")
        await settle(pilot, lambda: "roc_auc▼" in shown(app))
        assert table.row is not None and table.row.item.metrics["roc_auc"] == pytest.approx(0.79)  # type: ignore[attr-defined]
        await press(pilot, "o")
        await settle(pilot, lambda: "roc_auc▲" in shown(app))
        assert table.row.item.metrics["roc_auc"] == pytest.approx(0.70)  # type: ignore[attr-defined]


async def test_a_note_is_kept(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    store = open_store(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        run = app.screen.current()  # type: ignore[attr-defined]
        await press(pilot, "e", *"best[/]", "enter")
        await settle(pilot, lambda: get_run(store, run.run_id).tags.get("note") == "best[/]")
        await settle(pilot, lambda: "best[/]" in shown(app))
        await press(pilot, "e", "escape")
        assert get_run(store, run.run_id).tags["note"] == "best[/]"


async def test_the_log_is_shown_without_its_escapes_and_followed(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        run = app.screen.current()  # type: ignore[attr-defined]
        await pilot.press("l")
        await ready(pilot)
        await settle(pilot, lambda: "last" in shown(app))
        assert "green" in shown(app)
        with (hostile.run_dir(run.run_id) / "output.log").open("a") as log:
            log.write("step: 1\rstep: 2\nand more\n")
        await settle(pilot, lambda: "and more" in shown(app))
        assert "step: 1" not in shown(app)
        # A bar that runs is where it stands, not where it began.
        for piece, stands, gone in (("\r 10%|#|\r 21%|##|", "21%", "10%"), ("\r 32%|#", "32%", "21%")):
            with (hostile.run_dir(run.run_id) / "output.log").open("a") as log:
                log.write(piece)
            await settle(pilot, lambda stands=stands: stands in shown(app))
            assert gone not in shown(app)
        table = app.screen.query_one("#log", Table)
        assert table.cursor == table.total - 1
        await press(pilot, "slash", *"green")
        assert table.total == 1
        await press(pilot, *"er than that")
        assert "Nothing here matches greener than that." in shown(app)
        # An area is as it was left; from within it its key leads to the list.
        await press(pilot, "escape")
        await visit(pilot, "3")
        await visit(pilot, "2")
        assert screen(app) == "LogScreen"
        await visit(pilot, "2")
        assert screen(app) == "RunsScreen"


async def test_a_log_that_nobody_kept_says_so(empty: Workspace) -> None:
    run = open_run(empty, RunStart(kind="api", name="alone", status="RUNNING"), hold=True)
    run.end("FINISHED", 0)
    app = PilothouseApp(empty)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await pilot.press("l")
        await ready(pilot)
        await settle(pilot, lambda: "is not recorded" in shown(app))
        assert "pilothouse run -- COMMAND" in shown(app) and "Nothing" not in shown(app)
        (empty.run_dir(run.run_id) / "output.log").touch()
        await settle(pilot, lambda: "Nothing was printed." in shown(app))


async def test_details_show_curves_of_every_metric(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await pilot.press("enter")
        await ready(pilot)
        assert screen(app) == "RunScreen"
        await settle(pilot, lambda: "valid_roc_auc" in shown(app))
        await press(pilot, "tab")
        assert "0.5" in shown(app)


async def test_the_cursor_stays_while_new_runs_arrive(hostile: Workspace) -> None:
    from piloting import add_runs

    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        table = app.screen.query_one("#runs", Table)
        await press(pilot, "j", "j")
        here = table.row.key if table.row else ""
        add_runs(hostile, ["newcomer"], steps=2)
        await settle(pilot, lambda: table.total == 11)
        assert table.row is not None and table.row.key == here


async def test_help_lists_the_keys_and_any_of_several_keys_closes_it(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=(100, 44), notifications=True) as pilot:
        await visit(pilot, "2")
        await press(pilot, "question_mark")
        assert "Mark the run under the cursor" in shown(app)
        assert "pilothouse compare" in shown(app)
        await press(pilot, "escape")
        assert screen(app) == "RunsScreen"


async def test_the_palette_does_what_the_keys_do(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        await pilot.press("colon", *"Go to Events")
        await settle(pilot, lambda: "Go to Events" in shown(app))
        await pilot.press("enter")
        await settle(pilot, lambda: screen(app) == "EventsScreen")


@pytest.mark.parametrize(("area", "key"), [("2", "R"), ("3", "P"), ("3", "ctrl+l"), ("5", "ctrl+l")])
async def test_enter_alone_changes_nothing_where_much_depends_on_it(
    steered: Workspace, area: str, key: str
) -> None:
    from piloting import add_runs

    add_runs(steered, ["one"], steps=2)
    store = open_store(steered)
    runs, events = len(list_runs(store)), len(list_events(store, 999))
    app = PilothouseApp(steered)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, area)
        await pilot.press(key)
        await pilot.pause()
        focused = app.screen.focused
        assert focused is not None and focused.id == ("cancel" if key == "R" else "reason")
        await pilot.press("enter")
        await pilot.pause()
    assert len(list_runs(store)) == runs
    assert len(list_events(store, 999)) == events


async def test_the_next_model_is_steered_by_a_key(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        assert "only one" in said(app)
        hostile.config_path.write_text('[model.late]\ntarget = "late"\n\n[model.other]\ntarget = "late"\n')
        await settle(pilot, lambda: app.about is not None and len(app.about.models) == 2)
        await press(pilot, "m")
        await settle(pilot, lambda: "pilothouse ─ other" in shown(app))
        await visit(pilot, "3")
        assert "No version yet" in shown(app)


async def test_a_model_that_is_only_registered_is_steered_too(hostile: Workspace) -> None:
    hostile.version_dir("bc", 1).mkdir(parents=True)
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ready(pilot)
        await press(pilot, "m")
        await settle(pilot, lambda: "pilothouse ─ bc" in shown(app))
        assert app.about is not None and not app.about.configured
        for area in "1234567":
            await visit(pilot, area)
        await visit(pilot, "2")
        await press(pilot, "t")
        assert "bc" in said(app) and "pilothouse.toml" in said(app)


async def test_a_registered_model_where_none_is_configured(tmp_path: Path) -> None:
    """A workspace that only tracks runs may have a version of a script's model."""
    (tmp_path / "pilothouse.toml").write_text("")
    workspace = find_workspace(tmp_path)
    workspace.version_dir("bc", 1).mkdir(parents=True)
    app = PilothouseApp(workspace)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await ready(pilot)
        await settle(pilot, lambda: "pilothouse ─ bc" in shown(app))
        for area in "1234567":
            await visit(pilot, area)


async def test_v_marks_a_range_and_esc_drops_its_anchor(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        runs = app.screen
        assert isinstance(runs, RunsScreen)
        await press(pilot, "v", "escape", "v", "j", "j", "j", "v")
        shown_rows = [row.key for row in rows_here(runs.main_table())[:4]]
        assert runs.marked == shown_rows
        await press(pilot, "escape")
        assert runs.marked == []


async def test_plus_gives_a_panel_the_whole_screen_and_esc_takes_it_back(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        before = app.screen.query_one("#runs-panel").size
        await press(pilot, "plus")
        assert app.screen.query_one("#runs-panel").size.width > before.width
        await press(pilot, "escape")
        assert app.screen.query_one("#runs-panel").size == before
        await press(pilot, "plus", "plus")
        assert app.screen.query_one("#runs-panel").size == before


async def test_z_puts_back_the_last_changes_one_by_one(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        runs = app.screen
        assert isinstance(runs, RunsScreen)
        run = runs.current()
        assert run is not None
        store = open_store(hostile)
        await press(pilot, "z")
        assert "nothing was changed" in said(app)
        await press(pilot, "e", *"hm", "enter")
        await press(pilot, "e", "ctrl+u", *"!!", "enter")
        assert get_run(store, run.run_id).tags["note"] == "!!"
        await press(pilot, "D")
        await settle(pilot, lambda: runs.main_table().total == 9)
        assert get_run(store, run.run_id).deleted_at is not None
        assert "z undo" in shown(app)
        await press(pilot, "z")
        assert get_run(store, run.run_id).deleted_at is None
        await pilot.press("z", "z", "z")
        await settle(pilot)
        assert "note" not in get_run(store, run.run_id).tags
        assert app.undoing.last is None


async def test_d_moves_the_marked_runs_to_the_trash(hostile: Workspace) -> None:
    app = PilothouseApp(hostile)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, "2")
        runs = app.screen
        assert isinstance(runs, RunsScreen)
        await press(pilot, "space", "space", "space", "p", "D")
        await settle(pilot, lambda: runs.main_table().total == 7)
        assert runs.marked == []
        await press(pilot, "d")
        await ready(pilot)
        await press(pilot, "D")
        assert screen(app) == "RunsScreen"
        await settle(pilot, lambda: runs.main_table().total == 6)
        await press(pilot, "z")
        await press(pilot, "z")
        await settle(pilot, lambda: runs.main_table().total == 10)
