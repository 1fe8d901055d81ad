"""What the parts of the run's screen share: each is a panel or two, reads its own things off the UI's
thread, and says what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Horizontal

from pilothouse.tui.text import no_match
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.screens.run.screen import RunScreen
    from pilothouse.tui.snapshots.run import RunAbout
    from pilothouse.workspace import Workspace


class RunTab(Horizontal):
    """One part of the screen. Subclasses say what to read and how to show it."""

    DEFAULT_CSS = "RunTab { height: 1fr; }"
    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    KEY: ClassVar[str] = ""

    def __init__(self, run_id: str) -> None:
        super().__init__(id=f"tab-{self.NAME}")
        self.run_id = run_id
        self.about: RunAbout | None = None
        self.wanted = ""

    @property
    def run_screen(self) -> RunScreen:
        """The screen, as what it is."""
        return cast("RunScreen", self.screen)

    @property
    def workspace(self) -> Workspace:
        """The workspace on screen."""
        return self.run_screen.workspace

    def job(self) -> Callable[[], object] | None:
        """What to read in a thread now; None for nothing."""
        return None

    def tell(self, about: RunAbout) -> None:
        """Take what is known of the run, which comes before ``show``."""
        self.about = about

    def show(self, look: object) -> None:
        """Show what ``job`` returned."""

    def filter(self, text: str) -> None:
        """Show only what matches."""
        self.wanted = text

    def nothing(self, without: str) -> str:
        """What a table without rows says: ``without`` only where it is no filter that left none."""
        return no_match(self.wanted) if self.wanted else without

    def why_not(self, action: str) -> str:
        """Why this action cannot be done on this part."""
        return ""

    def copied(self) -> str:
        """What ``y`` copies here; empty for the run's id."""
        return ""

    def forget(self) -> None:
        """Read everything again at the next look."""

    def arrive(self) -> None:
        """Take the focus."""
        for table in self.query(Table):
            table.focus()
            return
