"""The app: areas as modes, one workspace, one look."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import constants
from textual.app import App, SystemCommand
from textual.events import Event, Key
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import get_current_worker

from pilothouse.processes import collect_as_usual
from pilothouse.tui.actions import PARTS, actions_of, elsewhere_of
from pilothouse.tui.measuring import Measuring
from pilothouse.tui.undoing import Undoing

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.about import About
    from pilothouse.workspace import Workspace

THEME = Theme(
    name="pilothouse",
    primary="#5aa9e6",
    secondary="#b48ead",
    accent="#5aa9e6",
    warning="#e0af68",
    error="#e06c75",
    success="#7fb77e",
    foreground="#c9d1d9",
    background="#0f141a",
    surface="#151b23",
    panel="#1a222c",
    dark=True,
)


def _bridge() -> Screen[None]:
    from pilothouse.tui.screens.bridge import BridgeScreen

    return BridgeScreen()


def _runs() -> Screen[None]:
    from pilothouse.tui.screens.runs.screen import RunsScreen

    return RunsScreen()


def _models() -> Screen[None]:
    from pilothouse.tui.screens.models import ModelsScreen

    return ModelsScreen()


def _data() -> Screen[None]:
    from pilothouse.tui.screens.data import DataScreen

    return DataScreen()


def _serving() -> Screen[None]:
    from pilothouse.tui.screens.serving import ServingScreen

    return ServingScreen()


def _events() -> Screen[None]:
    from pilothouse.tui.screens.events import EventsScreen

    return EventsScreen()


class PilothouseApp(App[None]):
    """Pilothouse in a terminal. Each area is imported when it is first visited."""

    TITLE = "pilothouse"
    # The first screen's style comes with the app's own: loaded by itself it would be read three times.
    CSS_PATH = ["app.tcss", "screens/bridge.tcss"]  # noqa: RUF012 - as Textual declares it
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen]]] = {  # type: ignore[type-arg]
        "bridge": _bridge,
        "runs": _runs,
        "models": _models,
        "data": _data,
        "serving": _serving,
        "events": _events,
    }
    DEFAULT_MODE = "bridge"

    def __init__(self, workspace: Workspace, *, now: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self.workspace = workspace
        self.about: About | None = None
        self.model: str | None = None
        self.undoing = Undoing()
        self.measuring = Measuring()
        self._now = now
        self.register_theme(THEME)
        # Set before anything is styled and without its watcher, which would style everything twice.
        self.set_reactive(App.theme, THEME.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_mount(self) -> None:
        """Say at once where nothing can be changed, rather than at the first key that would."""
        if self.workspace.read_only:
            self.run_worker(self._tell_read_only, thread=True, group="read-only", exit_on_error=False)

    def _tell_read_only(self) -> None:
        from pilothouse.tui.snapshots.about import read_only_words

        words = read_only_words(self.workspace)
        if not get_current_worker().is_cancelled:
            self.call_from_thread(self.notify, words, title="Read-only", markup=False, timeout=20)

    def on_unmount(self) -> None:
        """Nobody waits for what is being measured."""
        self.measuring.close()

    def _load_screen_css(self, screen: Screen[object]) -> None:
        """Read the styles of a screen that is opened for the first time, and parse these alone: Textual would
        parse those of every widget anew. Rules of a screen name its own widgets, which are not there yet, so
        that nothing has to be styled again."""
        new = [path for path in screen.css_path if not self.stylesheet.has_source(str(path), "")]
        for path in new:
            self.stylesheet.read(path)
        if new:
            self.stylesheet.parse()
        super()._load_screen_css(screen)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own names for colours, so that the other themes have them too."""
        on_dark = {"dim": "#7d8896", "line": "#36424f", "curve-raw": "#4c5663"}
        on_light = {"dim": "#6a7480", "line": "#b8c0c8", "curve-raw": "#c3c9d0"}
        more = {"curve5": "#56b6c2", "curve6": "#d08770", "curve7": "#e5c07b", "curve8": "#c678dd"}
        return {**(on_dark if self.current_theme.dark else on_light), **more}

    async def on_event(self, event: Event) -> None:
        """Take away what was told before at the next key: it must not hide what that key says."""
        if isinstance(event, Key) and not event.is_forwarded:
            self.clear_notifications()
        await super().on_event(event)

    def now(self) -> datetime:
        """The time, which a test may freeze."""
        if self._now is not None:
            return self._now()
        return datetime.now().astimezone()

    def about_job(self) -> Callable[[], None]:
        """A callable for the thread of a poll that keeps ``about`` up to date with the configuration."""

        def work() -> None:
            from pilothouse.tui.snapshots.about import about

            self.about = about(self.workspace, self.about, self.model)

        return work

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: the actions of this screen, the areas, and the themes."""
        from pilothouse.tui.screens.base import PilothouseScreen

        if isinstance(screen, PilothouseScreen):
            for action in actions_of(screen.CONTEXT):
                if action.id in ("palette", "back"):
                    continue
                title = f"{action.label[0].upper()}{action.label[1:]}"
                title += f"  ({action.shown})" if action.keys else ""
                if action.id.startswith("go_"):
                    title = f"Go to {title}"
                yield SystemCommand(title, action.help, lambda key=action.id, on=screen: on.action_act(key))
            for part in PARTS.get(screen.CONTEXT, ()):
                for action in actions_of(part):
                    if action.where:
                        title = f"{part.capitalize()}: {action.label}  ({action.shown})"
                        yield SystemCommand(
                            title,
                            action.help,
                            lambda key=action.id, where=part, on=screen: on.action_part(where, key),
                        )
            if screen.AREA and screen.CONTEXT != screen.AREA:
                for action in elsewhere_of(screen.AREA, screen.CONTEXT):
                    yield SystemCommand(
                        f"{screen.AREA.capitalize()}: {action.label}",
                        action.help,
                        lambda key=action.id, on=screen: on.action_in_area(key),
                    )
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)


ESCAPE_MS = 40
"""Milliseconds after which an escape is the key and not the beginning of another's sequence. Textual waits
100, which is felt each time that something is closed; `ESCDELAY` says otherwise, as it does to curses."""


def run_tui(workspace: Workspace) -> None:
    """Open the terminal UI on ``workspace`` and return when the person leaves it."""
    if "ESCDELAY" not in os.environ:
        setattr(constants, "ESCAPE_DELAY", ESCAPE_MS / 1000)  # noqa: B010 - declared final, read at each key
    # Its pauses would be felt at the keys.
    collect_as_usual()
    PilothouseApp(workspace).run()
