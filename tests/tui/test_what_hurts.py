"""What waits on the Bridge, and what the list of files says of harm and of files that are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from piloting import press, ready, settle, shown, visit

from pilothouse.monitoring.glances import ColumnGlance, Glance
from pilothouse.monitoring.verdicts import Arrival
from pilothouse.performance.harm_glances import HarmGlance
from pilothouse.serving.fate import ServerNow
from pilothouse.store import open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.bridge_panels import heat_columns
from pilothouse.tui.screens.data_rows import FILES_NARROW, file_row
from pilothouse.tui.screens.drift_map import map_files
from pilothouse.tui.snapshots.bridge import _needs, harmful, unlearned_drift
from pilothouse.tui.snapshots.data import Data, FileVerdict
from pilothouse.tui.snapshots.data import data as read_data
from pilothouse.tui.snapshots.models import models
from pilothouse.workspace import Workspace
from steering import pilothouse_each

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _file(name: str, *, drifted: bool, harm: str = "", held: bool = False) -> FileVerdict:
    arrival = Arrival("late", name, name, NOW, 600, "held" if held else "ok", ())
    moved = ColumnGlance("rooms", 3.0 if drifted else 0.0, drifted, "")
    report = Glance("r" + name, name, name, NOW, "late v2", drifted, 0.5, 0.3, 600, 600, (moved,), None)
    return FileVerdict(
        arrival, None if held else report, HarmGlance(harm, "worse by 0.1", 2, False) if harm else None
    )


@pytest.fixture
def seen() -> Data:
    files = (
        _file("h.csv", drifted=False, held=True),
        _file("calm.csv", drifted=False, harm="no harm shown"),
        _file("worse.csv", drifted=True, harm="harmful"),
        _file("moved.csv", drifted=True, harm="benign"),
        _file("older.csv", drifted=True),
    )
    return Data((), "late", "data", files, (), None, 0)


def test_the_bridge_and_the_map_call_a_file_alike() -> None:
    files = (
        _file("calm2000.csv", drifted=False),
        _file("calm200.csv", drifted=False, held=True),
        _file("calm20000.csv", drifted=False),
        _file("2025-06.csv", drifted=True),
    )
    known = Data((), "late", "data", files, (), None, 0)
    on_map = {one.key: one.label for one in map_files(known)}
    assert list(on_map.values()) == ["Jun", "#2", "#3", "#4"]
    assert [one.label for one in heat_columns(known)] == ["Jun", "#2", "#4"], "a held file has its place, too"


def test_what_hurts_needs_a_person_before_what_is_held(steered: Workspace, seen: Data) -> None:
    known = models(steered, "late", None)
    assert [file.arrival.name for file in harmful(known, seen)] == ["worse.csv"]
    assert [file.arrival.name for file in unlearned_drift(known, seen)] == ["moved.csv", "older.csv"]
    told = [(need.key, need.words) for need in _needs(known, seen, ServerNow()) if need.kind == "data"]
    assert told == [
        ("worse.csv", "worse.csv is harmful: worse by 0.1"),
        ("moved.csv", "2 files drifted, last moved.csv, 1 of 1: rooms"),
        ("h.csv", "h.csv is held: see Data"),
    ]
    held, calm, *others = seen.files
    assert calm.report
    changed = ColumnGlance("late", 0.5, True, "'1' rose from 18% to 51%")
    told_apart = replace(calm, harm=None, report=replace(calm.report, target=changed))
    other = replace(seen, files=(held, told_apart, *others))
    words = [need.words for need in _needs(known, other, ServerNow()) if need.key == "calm.csv"]
    assert words == ["calm.csv: the target moved, late '1' rose from 18% to 51%"]
    gone = replace(seen, files=tuple(replace(file, gone=True) for file in seen.files))
    assert not [need for need in _needs(known, gone, ServerNow()) if need.kind == "data"]


def test_a_small_screen_shows_harm_by_its_sign(seen: Data) -> None:
    at = [column.key for column in FILES_NARROW].index("harm")
    assert [file_row(file, NOW, narrow=True).cells[at] for file in seen.files] == ["–", "●", "■", "●", "–"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_file_that_was_deleted_is_gone(steered: Workspace, size: tuple[int, int]) -> None:
    from pilothouse.monitoring.judging import judge_file

    folder, store = steered.root / "data", open_store(steered)
    for name in ("one.csv", "two.csv"):
        (folder / name).write_text(f"another\n{name}\n")
        judge_file(steered, store, steered.config().model(), folder / name)
    app = PilothouseApp(steered)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await settle(pilot, lambda: "data  2 " in shown(app))
        (folder / "one.csv").unlink()
        await press(pilot, "R")
        await settle(pilot, lambda: "data  1, 1 gone" in shown(app) and "□ gone" in shown(app))
    folder.rename(folder.with_name("elsewhere"))
    # A folder that cannot be listed says nothing of its files.
    assert not any(file.gone for file in read_data(steered, "late", None).files)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_file_shows_what_was_found_and_which_versions_contain_it(
    steered: Workspace, size: tuple[int, int]
) -> None:
    import making_models
    from pilothouse.data.versions import snapshot
    from pilothouse.monitoring.judging import judge_file

    folder, store, config = steered.root / "data", open_store(steered), steered.config().model()
    making_models.holdout(folder / "taken.parquet", making_models.flights(400))
    judge_file(steered, store, config, folder / "taken.parquet")
    made = snapshot(steered, store, config)
    (folder / "held.csv").write_text("another\n1\n")
    judge_file(steered, store, config, folder / "held.csv")
    app = PilothouseApp(steered)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "j", "d")
        await settle(pilot, lambda: made.version in shown(app) and "● as it is" in shown(app))
        assert "taken.parquet" in shown(app) and "events" in shown(app)
        await press(pilot, "enter")
        await settle(pilot, lambda: f"Version {made.version}" in shown(app))
        await press(pilot, "escape", "escape", "k", "d")
        await settle(pilot, lambda: "no training has taken it in" in shown(app))
        assert "what was found" in shown(app) and "■ held" in shown(app)
        await press(pilot, "escape")
    told, other, none = pilothouse_each(
        ["data", "taken.parquet"], ["data", "held.csv"], ["data", "none.csv"], cwd=steered.root
    )
    assert made.version in told.out and "as it is" in told.out and "No dataset version has it" in other.out
    assert none.code == 1 and "No file called 'none.csv' was judged" in none.err


async def test_accepting_on_the_bridge_means_the_file_under_the_cursor(
    steered: Workspace, seen: Data
) -> None:
    from pilothouse.tui.screens.bridge import BridgeScreen

    app = PilothouseApp(steered)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        screen = app.screen
        assert isinstance(screen, BridgeScreen) and screen._known is not None
        needs = tuple(_needs(screen._known.models, seen, ServerNow()))
        screen.show_snapshot(replace(screen._known, data=seen, needs=needs))
        named = []
        for _ in needs:
            file = screen.current_file()
            named.append(file.arrival.name if file else "")
            screen._table("needs").action_move(1)
        # v3 waits first: there it is the first file that is held.
        assert named == ["h.csv", "worse.csv", "moved.csv", "h.csv"]
        assert screen.why_not("accept") == ""
