"""Bridge: is everything all right, and what waits for me?

The first thing that is painted: what it shows is imported and put in right after the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.data_acts import DataActs
from pilothouse.tui.screens.deploy_acts import DeployActs
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.screens.upkeep_acts import UpkeepActs
from pilothouse.tui.text import counted

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.bridge import Bridge
    from pilothouse.tui.snapshots.data import Data, FileVerdict
    from pilothouse.tui.snapshots.models import Models
    from pilothouse.tui.widgets.table import Table


class BridgeScreen(DeployActs, DataActs, TrainActs, UpkeepActs):
    """Live and Drift on the left; Needs you, Working and Lately on the right."""

    CONTEXT: ClassVar[str] = "bridge"
    AREA: ClassVar[str] = "bridge"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("bridge")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Bridge | None = None
        self.furnished = False

    def body(self) -> Iterable[Widget]:
        """Room for the panels: the frame alone is painted first, for a quicker first sight."""
        yield Vertical(id="bridge-deck")

    def on_mount(self) -> None:
        """Put the panels in right after the first paint."""
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        from pilothouse.tui.screens.bridge_panels import panels

        await self.query_one("#bridge-deck").mount(panels())
        self.furnished = True
        self.query_one("#needs").focus()  # start where a person is needed
        self.poll()

    def known_models(self) -> Models | None:
        """The versions and deployments."""
        return self._known.models if self._known is not None else None

    def known_data(self) -> Data | None:
        """The files."""
        return self._known.data if self._known is not None else None

    def current_file(self) -> FileVerdict | None:
        """The file under the cursor; where the cursor is on something else, the first that is held."""
        if self._known is None:
            return None
        files = [file for file in self._known.data.files if not file.gone]
        held = next((file for file in files if file.arrival.status == "held"), None)
        kind, _, key = row.key.partition(" ") if (row := self._table("needs").row) else ("", "", "")
        return next((file for file in files if kind == "data" and file.arrival.name == key), held)

    def candidate(self) -> int | None:
        """The newest version that waits."""
        from pilothouse.tui.snapshots.bridge import waiting_versions

        waiting = waiting_versions(self._known.models) if self._known is not None else []
        return waiting[0] if waiting else None

    def job(self) -> Callable[[], object] | None:
        """Everything, cheaply."""
        if not self.furnished:
            return None
        workspace, before, app = self.workspace, self._known, self.pilothouse

        def work() -> object:
            from pilothouse.tui.snapshots.bridge import bridge

            return bridge(workspace, app.about.model if app.about else None, before)

        return work

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        from pilothouse.config.next_steps import without_a_model
        from pilothouse.tui.screens import bridge_panels as panels
        from pilothouse.tui.widgets.heatmap import Heatmap
        from pilothouse.tui.widgets.panel import Panel, Words

        known: Bridge = snapshot  # type: ignore[assignment]
        self._known = known
        now, narrow, folder = self.pilothouse.now(), self.has_class("-narrow"), known.data.folder
        live = self.query_one("#live-words", Words)
        live.show(panels.live_words(known, now, live.size.width))
        self.query_one("#live", Panel).retitle("Live", "now")
        files = panels.heat_columns(known.data)
        empty = "No file has been compared yet.\nw watches the folder, u judges what is in it now."
        if not known.data.model:
            empty = without_a_model("drift")
        self.query_one("#heatmap", Heatmap).show(files, empty)
        compared = next((file.report for file in known.data.files if file.report is not None), None)
        against = (
            f"{counted(len(files), 'file')} against {compared.reference}" if compared is not None else ""
        )
        self.query_one("#drift", Panel).retitle("Drift", against)
        self._table("needs").set_rows(panels.need_rows(known))
        count = len(known.needs)
        self.query_one("#needs-panel", Panel).retitle("Needs you", f"{count}, enter opens" if count else "")
        self._table("working").set_rows(panels.working_rows(known, now))
        aside = "" if known.data.watcher is not None or not folder else f"{folder} is not watched: w"
        self.query_one("#working-panel", Panel).retitle("Working", aside)
        self._table("lately").set_columns(panels.LATELY_NARROW if narrow else panels.LATELY)
        self._table("lately").set_rows(panels.lately_rows(known, now, narrow))

    def _table(self, name: str) -> Table:
        from pilothouse.tui.widgets.table import Table

        return self.query_one(f"#{name}", Table)

    def on_table_moved(self) -> None:
        """Other things can be done now."""
        self.refresh_keys()

    async def on_table_opened(self, message: Table.Opened) -> None:
        """Jump to what was opened."""
        kind, _, key = message.row.key.partition(" ")
        if message.table.id == "lately":
            await self._open_in("events", message.row.key)
        elif message.table.id == "working":
            self._open_work(kind)
        elif kind == "promote":
            self.action_act("promote")
        elif kind == "judge":
            self.action_act("check")
        else:
            await self._open_in(kind, key)

    async def _open_in(self, area: str, key: str) -> None:
        """Go to an area's first screen, the cursor on the row with this key if it is there."""
        from pilothouse.tui.screens.filtered import FilteredScreen

        await self._go(area)
        while len(self.app.screen_stack) > 1:
            await self.app.pop_screen()
        screen = self.app.screen
        if key and isinstance(screen, FilteredScreen):
            screen.close_filter()
            screen.put_cursor_on(key)

    def _open_work(self, key: str) -> None:
        from pilothouse.tui.screens.run.screen import RunScreen

        if key == "watcher":
            self.app.switch_mode("data")
        else:
            self.app.push_screen(RunScreen(key))
