"""The Data area by its keys: the map of drift, a column before and now, held files, retraining, reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from piloting import HOSTILE, column, press, ready, settle, shown, visit
from textual.widgets import Input

import making_models
from pilothouse.monitoring.glances import ColumnGlance
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.reports import DriftReport
from pilothouse.store import list_events, open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.data import DataScreen
from pilothouse.tui.screens.data_column import ColumnScreen
from pilothouse.tui.screens.drift_map import DriftMapScreen, columns_in_order
from pilothouse.tui.snapshots.arrival_names import LONGEST, in_order, short_names, without_name, years
from pilothouse.tui.text import width
from pilothouse.tui.widgets.drift_map import DriftMap
from pilothouse.tui.widgets.drift_shades import sign_of
from pilothouse.tui.widgets.histogram import beside
from pilothouse.workspace import Workspace
from ready_made import copied

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def judged(tmp_path: Path) -> Workspace:
    """A reference, two files that moved, and one that is held."""
    return Workspace(copied("judged", _judged, tmp_path / "ws"))


def _judged(root: Path) -> None:
    from pilothouse.data.versions import snapshot

    made, store = making_models.workspace(root)
    config, folder = made.config().model(), root / "data"
    folder.mkdir()
    table = making_models.flights(400)
    making_models.holdout(folder / "flights-2013-10.parquet", table)
    snapshot(made, store, config)
    for n, month in enumerate(("11", "12"), 1):
        moved = table.assign(distance=table["distance"] * (1 + n))
        path = folder / f"flights-2013-{month}.parquet"
        making_models.holdout(path, moved)
        judge_file(made, store, config, path)
    bad = table.astype({"distance": object})
    bad.loc[[3, 70], "distance"] = "n/a?"
    bad.to_csv(folder / "flights-2014-01.csv", index=False)
    judge_file(made, store, config, folder / "flights-2014-01.csv")


async def test_the_map_is_steered_by_keys_and_opens_a_column(judged: Workspace) -> None:
    app = PilothouseApp(judged)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "v")
        assert isinstance(app.screen, DriftMapScreen)
        drift = app.screen.query_one(DriftMap)
        assert [file.label for file in drift.files] == ["Nov", "Dec", "Jan"]
        assert drift.names[:2] == ("late", "distance")
        await press(pilot, "j", "h")
        await settle(pilot, lambda: "`distance` moved up by" in shown(app))
        assert drift.file is not None and drift.file.label == "Dec"
        drawn = shown(app)
        assert "[█" in drawn and "×" in drawn and "░ dataset" in drawn and "▼" in drawn
        await press(pilot, "home", "G", "g", "end", "l", "k")
        assert drift.file.label == "Jan" and drift.name_here == "late"
        assert "■ held" in shown(app)
        await press(pilot, "h", "s", "enter")
        await settle(pilot, lambda: isinstance(app.screen, ColumnScreen) and "median" not in shown(app))
        await press(pilot, "right_square_bracket")
        await settle(pilot, lambda: "median" in shown(app))
        assert "What it holds" in shown(app) and "reference" in shown(app)
        await press(pilot, "left_square_bracket", "left_square_bracket", "y", "escape")
        assert isinstance(app.screen, DriftMapScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, DataScreen)


async def test_a_held_file_shows_whole_rows_and_its_rules_and_is_no_offer_if_no_training_could_read_it(
    judged: Workspace,
) -> None:
    app = PilothouseApp(judged)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await settle(pilot, lambda: "Rows that show it  2 of 2" in shown(app))
        drawn = shown(app)
        assert "■ holds" in drawn and "n/a?" in drawn and "carrier" in drawn
        assert "○ note" in drawn and "a accepts it" not in drawn
        await press(pilot, "a")
        assert "accept: no training could read flights-2014-01.csv: the column 'distance' is text" in shown(
            app
        )
        # The newest file is another one then; the rules stand beside the one that was chosen.
        steady = judged.root / "data" / "flights-2013-11.parquet"
        landed = steady.rename(steady.with_name("flights-2014-02.parquet"))
        judge_file(judged, open_store(judged), judged.config().model(), landed)
        await settle(pilot, lambda: "flights-2014-02" in shown(app))
        await press(pilot, "s")
        await settle(pilot, lambda: "beside flights-2014-01.csv" in shown(app), timeout=60)
        assert "in flights-2014-01.csv" in shown(app)
    events = list_events(open_store(judged), 5)
    assert not any("accepted in spite of its checks" in event.message for event in events)


async def test_retraining_names_its_reason_and_leaves_an_event(judged: Workspace) -> None:
    app = PilothouseApp(judged)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "T")
        assert "is held: not compared" in shown(app)
        await press(pilot, "j", "T")
        drawn = shown(app)
        assert "Retrain, since columns of flights-2013-12.parquet moved" in drawn
        assert "1 held file left out" in drawn and "after-flights-2013-12" in drawn
        app.screen.query_one("#do").press()  # type: ignore[attr-defined]
        await settle(pilot, lambda: "started with" in shown(app), timeout=60)
    store = open_store(judged)
    said = [event.message for event in list_events(store, 20)]
    assert "Training started because columns of flights-2013-12.parquet moved." in said
    from pilothouse.tracking.folding import fold
    from pilothouse.tracking.runs import list_runs

    fold(store)
    [run] = list_runs(store)
    assert (run.tags["because"], run.name) == ("flights-2013-12.parquet", "after-flights-2013-12")
    from pilothouse.training.launch import stop_run

    stop_run(judged, run.run_id, grace=0)


async def test_a_report_is_written_where_the_person_says(judged: Workspace, tmp_path: Path) -> None:
    app = PilothouseApp(judged)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        for name, down in (("held.json", False), ("drifted.html", True)):
            if down:
                await press(pilot, "j")
            await press(pilot, "o")
            app.screen.query_one("#ask", Input).value = str(tmp_path / name)
            await press(pilot, "enter")
            await settle(pilot, lambda name=name: (tmp_path / name).is_file(), timeout=60)
            await settle(pilot, lambda name=name: f"Written to {tmp_path}"[:60] in shown(app))
        await press(pilot, "o")
        app.screen.query_one("#ask", Input).value = str(tmp_path / "drifted.html")
        await press(pilot, "enter")
        assert "exists already" in shown(app)
        (tmp_path / "drifted.html").write_text("mine")
        await press(pilot, "tab", "enter")
        await settle(pilot, lambda: (tmp_path / "drifted.html").read_text() != "mine", timeout=60)
    assert json.loads((tmp_path / "held.json").read_text())["status"] == "held"
    assert "<bdi>distance</bdi></b> moved up by" in (tmp_path / "drifted.html").read_text()


async def test_the_map_without_files_says_what_to_do(empty: Workspace) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "v", "j", "l", "enter", "s", "y", "T", "o", "a")
        assert "No file has been compared" in shown(app)
        await press(pilot, "escape", "T", "o")
        assert isinstance(app.screen, DataScreen)


async def test_two_hundred_columns_and_five_hundred_files_are_scrolled(empty: Workspace) -> None:
    store = open_store(empty)
    names = [f"column_{n:03d}" for n in range(199)] + [HOSTILE[1]]
    columns = tuple(column(name, (k % 40) / 50) for k, name in enumerate(names))
    report = DriftReport(True, 0.5, 600, 606, columns).to_json()
    with store.transaction() as tx:
        for n in range(500):
            told: dict[str, Any] = {
                "model": "late", "recorded_at": NOW + timedelta(minutes=n), "sha256": f"{n:064d}",
            }  # fmt: skip
            name = f"day-{n:04d}.csv"
            tx.insert("arrivals", [{**told, "name": name, "rows": 606, "status": "ok", "findings": "[]"}])
            tx.insert(
                "drift_reports",
                [{
                    **told, "report_id": f"r{n}", "subject": name, "reference": "late v1", "n_reference": 600,
                    "dataset_drift": True, "share_drifted": 0.5, "n_current": 606, "report": report,
                }],
            )  # fmt: skip
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await settle(pilot, lambda: "day-0499.csv" in shown(app), timeout=60)
        await press(pilot, "G", "v")
        drift = app.screen.query_one(DriftMap)
        assert (len(drift.names), len(drift.files)) == (200, 500)
        await press(pilot, "end", "G", "ctrl+u", "home", "ctrl+d", "end")
        await settle(pilot, lambda: "day-0499.csv" in shown(app))
        assert drift.scroll_offset.x > 0 and "‹" in shown(app)
        for across in (81, 83, 80):  # whatever part of a cell is left over beside the last whole one
            await pilot.resize_terminal(across, 24)
            await settle(pilot, lambda: 499 in drift._in_view() and "›" not in shown(app))
        await press(pilot, "home", "g")
        assert (drift.at_row, drift.at_file) == (0, 0) and "›" in shown(app)
        await press(pilot, "slash")
        await pilot.press(*"_012", "enter")
        await settle(pilot, lambda: drift.names == ("column_012",))
        await press(pilot, "dollar_sign", "escape")
        assert len(drift.names) == 200 and drift.name_here == "column_012" and app.focused is drift


# ---------------------------------------------------------------- pure parts


def test_signs_grow_with_the_score() -> None:
    assert [sign_of(score, True)[0] for score in (0.1, 0.3, 0.7, 3.0)] == ["░", "▒", "▓", "█"]
    assert sign_of(3.0, False)[0] == "·"


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=30),
    st.integers(24, 120),
    st.text(max_size=60),
)
def test_histograms_side_by_side_fit(bins: list[tuple[str, int, int]], across: int, head: str) -> None:
    drawn = beside([b[0] for b in bins], [b[1] for b in bins], [b[2] for b in bins], across, (head, head))
    assert all(width(line) <= across + 4 for line in drawn.plain.split("\n"))
    assert len(drawn.plain.split("\n")) <= 1 + sum(bool(b[1] or b[2]) for b in bins)


def test_files_are_in_the_order_of_their_names_numbers_or_of_their_arrival() -> None:
    def at(*names: str) -> list[str]:
        files = [(name, NOW - timedelta(minutes=n)) for n, name in enumerate(names)]
        return [names[place] for place in in_order(files)]

    assert at("b-10.csv", "b-9.csv", "b-1.parquet") == ["b-1.parquet", "b-9.csv", "b-10.csv"]
    assert at("x-1.csv", "y-2.csv") == ["y-2.csv", "x-1.csv"]
    assert at() == []


@given(st.lists(st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=40), unique=True, max_size=12))
def test_any_names_can_be_labelled_and_ordered(names: list[str]) -> None:
    labels = short_names(names)
    assert set(labels) == set(names) and all(len(label) <= LONGEST for label in labels.values())
    told = [label for name, label in labels.items() if not years([name])[0]]
    assert len(told) == len(set(told)), "only months of different years are called alike"
    assert sorted(in_order([(name, NOW) for name in names])) == list(range(len(names)))
    assert len(years(names)) == len(names)


def test_labels_are_months_or_days_where_names_end_in_them() -> None:
    assert short_names(["f-2013-01.parquet", "f-2013-12-31.csv.gz", "batch7.csv"]) == {
        "f-2013-01.parquet": "Jan", "f-2013-12-31.csv.gz": "12-31", "batch7.csv": "batc…",
    }  # fmt: skip
    assert short_names(["2024-09_text.csv", "2024-10_cents.csv", "2024-10_renamed.csv", "2024-11.csv"]) == {
        "2024-09_text.csv": "Sep", "2024-10_cents.csv": "cents", "2024-10_renamed.csv": "rena…",
        "2024-11.csv": "Nov",
    }  # fmt: skip
    assert list(short_names(["in-eu-raw.csv", "in-us-raw.csv"]).values()) == ["eu", "us"]
    assert list(short_names(["customers.csv", "custodian.csv"]).values()) == ["cu…rs", "cu…an"]
    assert list(short_names(["calm200.csv", "calm2000.csv", "2025-q1.csv"]).values()) == ["#1", "#2", "20…q1"]
    assert list(short_names(["stage_1.csv", "stage_12.csv", "x.csv"]).values()) == ["st…1", "st…12", "x"]
    assert short_names(["a.csv", "2024-01.csv", "Jan.csv"])["Jan.csv"] == "#3"
    assert list(short_names(["batch-1.csv", "batch-2.csv"]).values()) == ["1", "2"]
    assert years(["f-2013-01.parquet", "x.csv"]) == ["2013", ""]


def test_the_worst_column_stands_first_and_the_target_above_it() -> None:
    from pilothouse.monitoring.glances import Glance

    def glance(*columns: tuple[str, float]) -> Glance:
        made = tuple(ColumnGlance(name, score, score >= 0.1, "") for name, score in columns)
        return Glance(
            "r", "s", "h", NOW, "v1", True, 0.5, 0.3, 9, 9, made, ColumnGlance("late", 0, False, "")
        )

    glances = [glance(("a", 0.0), ("b", 0.2), ("c", 0.9)), glance(("a", 0.0), ("b", 0.3), ("c", 0.0))]
    assert columns_in_order(glances, worst_first=True) == (["late", "b", "c", "a"], "late")
    assert columns_in_order(glances, worst_first=False) == (["late", "a", "b", "c"], "late")


def test_what_stands_beside_the_name_of_a_file_does_not_say_it_again() -> None:
    assert without_name("In a.csv the column 'x' is text.", "a.csv") == "the column 'x' is text."
    assert without_name("a.csv has no column 'x'.", "a.csv") == "has no column 'x'."
    assert without_name("The file is empty.", "a.csv") == "The file is empty."


async def test_files_without_labels_and_copies_are_told_apart(judged: Workspace) -> None:
    store, config, folder = open_store(judged), judged.config().model(), judged.root / "data"
    waits = folder / "flights-2014-02.parquet"
    making_models.holdout(waits, making_models.flights(300, seed=5).drop(columns=["late"]))
    judge_file(judged, store, config, waits)
    copy = folder / "flights-2014-02-copy.parquet"
    copy.write_bytes(waits.read_bytes())
    judge_file(judged, store, config, copy)
    app = PilothouseApp(judged)
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await settle(pilot, lambda: "○ copy" in shown(app))
        drawn = shown(app)
        assert "is a copy of flights-2014-02.parquet, byte for byte" in drawn
        assert "no labels" in drawn and "■ held" in drawn


async def test_with_nothing_but_what_the_model_learned_from_the_list_says_so(empty: Workspace) -> None:
    from pilothouse.data.versions import snapshot

    making_models.holdout(empty.root / "data" / "flights-2013-10.parquet", making_models.flights(200))
    snapshot(empty, open_store(empty), empty.config().model())
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await settle(pilot, lambda: "No file has landed yet" in shown(app))
        await press(pilot, "u")
        await settle(pilot, lambda: "No file waits" in shown(app))
