from __future__ import annotations

import pytest

from pilothouse.cli.main import COMMAND_MODULES
from pilothouse.tui.actions import ACTIONS, AREAS, actions_of
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.bridge import BridgeScreen
from pilothouse.tui.screens.compare import CompareScreen
from pilothouse.tui.screens.data import DataScreen
from pilothouse.tui.screens.data_column import ColumnScreen
from pilothouse.tui.screens.data_file import FileScreen
from pilothouse.tui.screens.dataset_diff import DatasetDiffScreen
from pilothouse.tui.screens.datasets import DatasetsScreen
from pilothouse.tui.screens.drift_map import DriftMapScreen
from pilothouse.tui.screens.events import EventsScreen
from pilothouse.tui.screens.features import FeaturesScreen
from pilothouse.tui.screens.help import help_text
from pilothouse.tui.screens.log import LogScreen
from pilothouse.tui.screens.models import ModelsScreen
from pilothouse.tui.screens.performance import PerformanceScreen
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.screens.runs.screen import RunsScreen
from pilothouse.tui.screens.schema import SchemaScreen
from pilothouse.tui.screens.serving import ServingScreen
from pilothouse.tui.screens.sweep import SweepScreen
from pilothouse.tui.screens.trash import TrashScreen
from pilothouse.tui.widgets.line_chart import LineChart

SCREENS: list[type[PilothouseScreen]] = [
    BridgeScreen,
    RunsScreen,
    RunScreen,
    LogScreen,
    CompareScreen,
    ModelsScreen,
    DataScreen,
    DriftMapScreen,
    ColumnScreen,
    FileScreen,
    DatasetsScreen,
    DatasetDiffScreen,
    FeaturesScreen,
    SchemaScreen,
    ServingScreen,
    EventsScreen,
    TrashScreen,
    SweepScreen,
    PerformanceScreen,
]


@pytest.mark.parametrize("screen", SCREENS)
def test_every_action_of_a_screen_is_carried_out_there(screen: type[PilothouseScreen]) -> None:
    for action in actions_of(screen.CONTEXT):
        assert action.id.startswith("go_") or hasattr(screen, f"do_{action.id}"), action.id


def test_every_action_of_a_chart_is_carried_out_by_it() -> None:
    for action in actions_of(LineChart.CONTEXT):
        assert not action.where or hasattr(LineChart, f"do_{action.id}"), action.id


@pytest.mark.parametrize("screen", SCREENS)
def test_no_key_means_two_things_on_a_screen(screen: type[PilothouseScreen]) -> None:
    keys = [key for action in actions_of(screen.CONTEXT) for key in action.keys.split(",") if key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("screen", SCREENS)
def test_the_help_tells_every_action(screen: type[PilothouseScreen]) -> None:
    told = help_text(screen.CONTEXT).plain
    for action in actions_of(screen.CONTEXT):
        assert action.help in told or action.id.startswith("go_")


def test_every_context_of_the_table_is_a_screen() -> None:
    contexts = {screen.CONTEXT for screen in SCREENS} | {LineChart.CONTEXT}
    assert {where for action in ACTIONS for where in action.where} <= contexts
    assert {name for name, _, _ in AREAS} == set(PilothouseApp.MODES)


def test_every_command_that_is_named_exists() -> None:
    for action in ACTIONS:
        assert not action.command or action.command.split()[0] in COMMAND_MODULES, action.command
