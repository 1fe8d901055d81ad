"""Marking model versions, to compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.registry.versions import ModelVersion

MOST = 20


class VersionMarks(PilothouseScreen):
    """Keeps what is marked as `name/number`; the version that is live is the baseline if it is among them."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []

    def current(self) -> ModelVersion | None:
        """The version under the cursor."""
        raise NotImplementedError

    def live_ref(self) -> str | None:
        """The version that is live, as `name/number`."""
        raise NotImplementedError

    def do_mark_version(self) -> None:
        """Mark the version under the cursor and step down, or unmark it."""
        version = self.current()
        if version is None:
            return
        ref = f"{version.model}/{version.version}"
        if ref in self.marked:
            self.marked.remove(ref)
        elif len(self.marked) >= MOST:
            self.say("mark: twenty versions are marked already, the most that can be compared", "watch")
            return
        else:
            self.marked.append(ref)
        table = self.query_one("#versions", Table)
        table.marks = dict.fromkeys(self.marked, ("●", "accent"))
        table.refresh()
        table.action_move(1)
        self.say(f"{len(self.marked)} marked" + (": c compares them" if len(self.marked) > 1 else ""))
        self.refresh_keys()

    def compared_refs(self) -> list[str]:
        """What would be compared, the baseline first; with fewer than two marked, what is live and this."""
        version, live = self.current(), self.live_ref()
        chosen = list(self.marked)
        here = f"{version.model}/{version.version}" if version is not None else None
        if len(chosen) < 2 and here is not None and here not in chosen:
            chosen.append(here)
        if len(chosen) < 2 and live is not None and live not in chosen:
            chosen.append(live)
        if live in chosen:
            chosen.remove(live)
            return [live, *chosen]
        # The older one is what a newer one is held against.
        return sorted(chosen, key=lambda ref: int(ref.rpartition("/")[2]))

    def do_compare_versions(self) -> None:
        """Open the marked versions side by side."""
        from pilothouse.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(tuple(f"models:/{ref}" for ref in self.compared_refs())))

    def why_not(self, action: str) -> str:
        """Two are needed."""
        if action == "mark_version" and self.current() is None:
            return "there is no version under the cursor"
        if action == "compare_versions" and len(self.compared_refs()) < 2:
            return "mark two versions with space first"
        return super().why_not(action)

    def drop_marks(self) -> bool:
        """Unmark everything; False if nothing was marked."""
        if not self.marked:
            return False
        self.marked.clear()
        table = self.query_one("#versions", Table)
        table.marks = {}
        table.refresh()
        self.say("Marks are gone.")
        self.refresh_keys()
        return True
