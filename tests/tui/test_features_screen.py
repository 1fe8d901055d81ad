"""Feature views on screen: their SQL, what they make of the data, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from piloting import assert_drawn, press, ready, settle, shown, visit

import making_models
from hostile import CONFIG
from making_data import write_text
from pilothouse.data.features.definition import FEATURES_NAME, FeatureDefinition
from pilothouse.data.features.views import FeatureView
from pilothouse.registry.feature_changes import feature_changes
from pilothouse.store import open_store
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.features import FeaturesScreen
from pilothouse.tui.snapshots.features import Skew, Skews
from pilothouse.tui.widgets.frame import StatusLine
from pilothouse.workspace import Workspace, init_workspace
from steering import pilothouse_each

SKEWS = Skews(
    3,
    40,
    {
        "far": Skew("far", 40, 0, None, ()),
        "above": Skew("above", 40, 5, 1.5, (("[/x]", "4.0", "5.5"), ("b", "nan", "2.25"))),
    },
)


@pytest.fixture
def viewed(tmp_path: Path) -> Workspace:
    """Two views over a small file, one of them with a hostile name."""
    root = tmp_path / "ws"
    write_text(
        root / "data" / "a.csv", "id,x,k,y\n" + "".join(f"{n},{n / 4},{n % 3},{n % 2}\n" for n in range(90))
    )
    write_text(root / "features" / "[red]odd.sql", "SELECT k * 2 AS twice FROM rows")
    write_text(
        root / "features" / "shape.sql",
        "-- Where x stands.\nSELECT x > 10 AS far, CASE WHEN x > 2 THEN x END AS above FROM rows\n",
    )
    return init_workspace(root, CONFIG + 'id = "id"\n')


async def opened(pilot, app: PilothouseApp) -> FeaturesScreen:  # type: ignore[no-untyped-def]
    await ready(pilot)
    await visit(pilot, "4")
    await press(pilot, "F")
    await settle(pilot, lambda: "on 90 rows" in shown(app) or "no feature views" in shown(app))
    assert isinstance(app.screen, FeaturesScreen)
    return app.screen


def said(app: PilothouseApp) -> str:
    return app.screen.query_one(StatusLine).said


async def test_views_are_drawn_with_what_they_make_on_a_small_terminal(viewed: Workspace) -> None:
    app = PilothouseApp(viewed)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await opened(pilot, app)
        screen._skews = SKEWS
        screen._draw()
        await press(pilot, "G")
        assert_drawn("features", app)


async def test_sql_that_is_edited_is_tried_again_and_refused_in_words(viewed: Workspace) -> None:
    app = PilothouseApp(viewed)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        screen = await opened(pilot, app)
        assert "[red]odd" in shown(app)
        screen._skews = SKEWS
        screen._draw()
        await press(pilot, "G")
        assert_drawn("features", app)
        screen._skews = None
        await press(pilot, "g")
        await press(pilot, "y")
        assert app.clipboard == "SELECT k * 2 AS twice FROM rows"
        await press(pilot, "enter")
        assert screen.focused is not screen.table
        await press(pilot, "escape")
        write_text(viewed.root / "features" / "cheat.sql", "SELECT y AS told FROM rows")
        await settle(pilot, lambda: "The SQL has changed since" in shown(app))
        await press(pilot, "u")
        await settle(pilot, lambda: "the target" in shown(app))
        assert "SELECT y AS told" not in shown(app)
        await press(pilot, "G")
        assert "SELECT y AS told" in shown(app)
        (viewed.root / "features" / "cheat.sql").unlink()
        await press(pilot, "s")
        await settle(pilot, lambda: "no version of late" in said(app))
        await press(pilot, "escape")
        assert not isinstance(app.screen, FeaturesScreen)


async def test_without_views_it_says_how_to_write_one(empty: Workspace) -> None:
    app = PilothouseApp(empty)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await opened(pilot, app)
        assert "features/NAME.sql" in shown(app)
        await press(pilot, "s")
        assert "there is no view" in said(app)


@pytest.fixture
def edited(steered: Workspace) -> Workspace:
    """The live version keeps two views; since then one file was edited, one was added and one is gone."""
    kept = (
        FeatureView("age", "SELECT 2026 - hour AS age FROM rows"),
        FeatureView("old", "SELECT 1 AS o FROM rows"),
    )
    bundle = steered.version_dir("late", 2)
    bundle.chmod(0o755)
    (bundle / FEATURES_NAME).write_text(FeatureDefinition(kept, {}, (), ()).to_json())
    write_text(steered.root / "features" / "age.sql", "SELECT 2030 - hour AS age FROM rows\n")
    write_text(steered.root / "features" / "far.sql", "SELECT distance > 900 AS far FROM rows\n")
    making_models.holdout(steered.root / "data" / "flights.parquet", making_models.flights(120))
    return steered


def test_what_changed_since_the_live_version_is_told(edited: Workspace) -> None:
    store, config = open_store(edited), edited.config().model()
    since = feature_changes(edited, store, config)
    assert since is not None and since.any
    assert (since.version, since.changed, since.new, since.gone) == (2, ("age",), ("far",), ("old",))
    assert since.words().startswith("Changed since v2: age, new far, gone old. v2 serves its own;")
    # Blanks and lines are no change.
    write_text(edited.root / "features" / "age.sql", "\nSELECT 2026 - hour  AS age\nFROM rows")
    again = feature_changes(edited, store, config)
    assert again is not None and again.changed == ()
    other = feature_changes(edited, store, config, 1)
    assert other is not None and other.new == ("age", "far") and "v1 has none of them" in other.words()
    told, as_json = pilothouse_each(["features"], ["features", "--json"], cwd=edited.root)
    assert "▲ Changed since v2: new far, gone old." in told.err
    assert json.loads(as_json.out)["changed_since"]["gone"] == ["old"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_screen_says_first_that_the_file_is_not_what_is_served(
    edited: Workspace, size: tuple[int, int]
) -> None:
    app = PilothouseApp(edited)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        await visit(pilot, "4")
        await press(pilot, "F")
        await settle(pilot, lambda: "on 120 rows" in shown(app), timeout=60)
        screen = app.screen
        assert isinstance(screen, FeaturesScreen)
        assert "▲ Changed since v2: age, new far, gone old." in shown(app) and said(app) == ""
        screen._skews = Skews(2, 300, {"age": Skew("age", 300, 0, None, ())})
        screen._draw()
        assert "served as v2 computes them" in " ".join(shown(app).split()) or size[0] == 80
        assert "served as they are computed" not in shown(app)
        assert "SELECT 2026 - hour AS age" in shown(app) and "● alike" in shown(app)
        screen._skews = Skews(2, 300, {"age": Skew("age", 300, 0, None, (), empty=299)})
        screen._draw()
        assert "○ empty" in shown(app) and "299 of them are empty on both sides" in shown(app)
        await pilot.press("u")
        await settle(pilot, lambda: "Tried just now: 2 features on 120 rows" in said(app), timeout=60)
