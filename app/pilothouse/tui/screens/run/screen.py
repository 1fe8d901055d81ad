"""One run: overview, curves, code, environment, artifacts, each behind a key; its log has its own screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.screens.run.artifacts import ArtifactsTab
from pilothouse.tui.screens.run.code import CodeTab
from pilothouse.tui.screens.run.curves import CurvesTab
from pilothouse.tui.screens.run.environment import EnvironmentTab
from pilothouse.tui.screens.run.overview import OverviewTab
from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.signs import TONE_STYLES, run_state
from pilothouse.tui.widgets.tab_bar import TabBar
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tui.snapshots.run import RunAbout

TABS: tuple[type[RunTab], ...] = (OverviewTab, CurvesTab, CodeTab, EnvironmentTab, ArtifactsTab)


@dataclass(frozen=True, slots=True)
class RunLook:
    """What a poll brought: news of the run, and of one part of the screen."""

    about: RunAbout | None
    name: str
    part: object


class RunScreen(RunActs, FilteredScreen):
    """Opened with ``d`` or enter on a run; left with esc."""

    CONTEXT: ClassVar[str] = "run"
    AREA: ClassVar[str] = "runs"
    PLACEHOLDER: ClassVar[str] = "words in a name or a value"
    CSS_PATH = "run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("run")]

    def __init__(self, run_id: str, tab: str = "overview") -> None:
        super().__init__()
        self.run_id = run_id
        self.about: RunAbout | None = None
        self._tabs = {kind.NAME: kind(run_id) for kind in TABS}
        self.tab = self._tabs[tab]
        self._stale = True
        self._turning = asyncio.Lock()

    def body(self) -> Iterable[Widget]:
        """The line of parts, and the part that is shown first; the others are made when they are."""
        parts = tuple((kind.NAME, kind.KEY, kind.TITLE) for kind in TABS)
        yield TabBar((*parts, ("log", "l", "Log")), id="run-tabs")
        yield ContentSwitcher(self.tab, initial=self.tab.id, id="run-body")

    def on_mount(self) -> None:
        """Start on the first part."""
        self.query_one(TabBar).choose(self.tab.NAME)
        self.tab.arrive()

    def current(self) -> Run | None:
        """The run on screen."""
        return self.about.run if self.about is not None else None

    def main_table(self) -> Table:
        """The table of the part that is shown."""
        return self.tab.query(Table).first()

    def filtered(self) -> ContentSwitcher:
        """The filter stands above whichever part is shown."""
        return self.query_one(ContentSwitcher)

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object] | None:
        """News of the run while it lives, and what the part that is shown wants to read."""
        from pilothouse.tui.snapshots.run import run_about

        stale = self._stale or self.about is None or not self.about.run.ended
        self._stale = False
        inner = self.tab.job()
        if not stale and inner is None:
            return None
        workspace, run_id, name = self.workspace, self.run_id, self.tab.NAME
        return lambda: RunLook(
            run_about(workspace, run_id) if stale else None, name, inner() if inner is not None else None
        )

    def poll(self, *, now: bool = False) -> None:
        """A note may change a run that has ended: then it is read once more."""
        self._stale = self._stale or now
        super().poll(now=now)

    def do_refresh(self) -> None:
        """Read everything again now."""
        self.tab.forget()
        super().do_refresh()

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        look: RunLook = snapshot  # type: ignore[assignment]
        if look.about is not None:
            self.about = look.about
            self._tell()
        if look.part is not None:
            self._tabs[look.name].show(look.part)

    def _tell(self) -> None:
        if self.about is None:
            return
        run = self.about.run
        state, tone = run_state(run.status, run.progress)
        self.query_one(TabBar).tell((run.name, "bold"), ("  " + state, TONE_STYLES[tone]))
        self.tab.tell(self.about)

    # ------------------------------------------------------------ the parts

    async def show_tab(self, name: str) -> None:
        """Show another part; it is made the first time, and stands when this returns."""
        if name == "log":
            self.action_act("logs")
            return
        async with self._turning:  # a click may come while a key is making the part
            if name != self.tab.NAME:
                self.close_filter()
                parts, wanted = self.query_one(ContentSwitcher), self._tabs[name]
                if not wanted.is_attached:
                    await parts.add_content(wanted)
                self.tab = wanted
                parts.current = wanted.id
                self.query_one(TabBar).choose(name)
                self._tell()
            self.tab.arrive()
        self.refresh_keys()
        self.poll()

    async def draw_metric(self, key: str) -> None:
        """Show the curve of one metric."""
        curves = self._tabs["curves"]
        if isinstance(curves, CurvesTab):
            await self.show_tab("curves")
            curves.draw_only(key)

    def open_run(self, run_id: str) -> None:
        """Open a relative of this run."""
        self.app.push_screen(RunScreen(run_id))

    def deleted(self, run_ids: list[str]) -> None:
        """Nothing is left to look at."""
        super().deleted(run_ids)
        if self.is_current:
            self.app.pop_screen()

    @on(TabBar.Chosen)
    async def _chosen(self, message: TabBar.Chosen) -> None:
        await self.show_tab(message.name)

    async def do_tab_overview(self) -> None:
        """Show the overview."""
        await self.show_tab("overview")

    async def do_tab_curves(self) -> None:
        """Show the curves."""
        await self.show_tab("curves")

    async def do_tab_code(self) -> None:
        """Show the code."""
        await self.show_tab("code")

    async def do_tab_environment(self) -> None:
        """Show the environment."""
        await self.show_tab("environment")

    async def do_tab_artifacts(self) -> None:
        """Show the artifacts."""
        await self.show_tab("artifacts")

    async def do_next_tab(self) -> None:
        """Show the part to the right."""
        await self._turn_tab(1)

    async def do_previous_tab(self) -> None:
        """Show the part to the left."""
        await self._turn_tab(-1)

    async def _turn_tab(self, by: int) -> None:
        names = list(self._tabs)
        await self.show_tab(names[(names.index(self.tab.NAME) + by) % len(names)])

    def do_draw(self) -> None:
        """Draw the metric under the cursor, or take it away."""
        if isinstance(self.tab, CurvesTab):
            self.tab.do_draw()

    def do_x_axis(self) -> None:
        """Draw by step or by time."""
        if isinstance(self.tab, CurvesTab):
            self.tab.do_x_axis()

    def why_not(self, action: str) -> str:
        """Some keys are for one part only."""
        if action in ("draw", "x_axis") and self.tab.NAME != "curves":
            return "c shows the curves first"
        return self.tab.why_not(action) or super().why_not(action)

    def filter_changed(self) -> None:
        """Narrow the table of the part that is shown."""
        self.tab.filter(self.filter_text)

    def copied(self) -> str:
        """What the part has under its cursor, or the run's id."""
        return self.tab.copied() or super().copied()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A chart in focus has keys of its own."""
        self.refresh_keys()
