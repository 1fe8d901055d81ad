"""Dataset versions: which files make each, how they are kept, and which runs and models used them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.dataset_words import ALL, dataset_content, dataset_row
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.tui.snapshots.datasets import Datasets


class DatasetsScreen(PilothouseScreen):
    """Opened with ``d`` on Data; left with esc."""

    CONTEXT: ClassVar[str] = "datasets"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "datasets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("datasets")]
    POLL: ClassVar[float] = 2.0

    def __init__(self, versions: tuple[DatasetVersion, ...], chosen: str) -> None:
        super().__init__()
        self._versions, self._chosen = versions, chosen
        self._known: Datasets | None = None
        self.marked: list[str] = []

    def body(self) -> Iterable[Widget]:
        """Versions and what is in them."""
        empty = "No dataset version yet.\nThe first training makes one of the data folder."
        yield Horizontal(
            Panel(
                "Dataset versions",
                Table(ALL, empty=empty, marking=True, id="all-versions"),
                id="all-versions-panel",
            ),
            Panel("Version", VerticalScroll(Words(id="dataset-words"), can_focus=True), id="dataset-panel"),
            id="datasets-body",
        )

    def on_mount(self) -> None:
        """Show what is known already; the rest is read."""
        self._draw_rows()
        self.table.move_to_key(self._chosen)
        self.table.focus()

    @property
    def table(self) -> Table:
        """The versions."""
        return self.query_one("#all-versions", Table)

    @property
    def current(self) -> DatasetVersion | None:
        """The version under the cursor."""
        row = self.table.row
        return row.item if row else None  # type: ignore[return-value]

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object]:
        """The versions, how their files are now, and who used the one under the cursor."""
        from pilothouse.tui.snapshots.datasets import datasets

        workspace, before, about, one = self.workspace, self._known, self.pilothouse.about, self.current
        model, chosen = about.model if about else None, one.version if one else ""
        return lambda: datasets(workspace, model, chosen, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw what changed."""
        found: Datasets = snapshot  # type: ignore[assignment]
        fresh = self._known is None or (found.versions, found.kept, found.counts) != (
            self._known.versions,
            self._known.kept,
            self._known.counts,
        )
        self._known, self._versions = found, found.versions
        if fresh:
            self._draw_rows()
        self._draw_version()

    # ------------------------------------------------------------ drawing

    def _draw_rows(self) -> None:
        known, now = self._known, self.pilothouse.now()
        self.table.set_rows(
            [
                dataset_row(
                    one,
                    known.kept.get(one.version) if known else None,
                    known.counts.get(one.version) if known else None,
                    now,
                )
                for one in self._versions
            ]
        )

    def _draw_version(self) -> None:
        one, known = self.current, self._known
        if one is None:
            return
        kept = known.kept.get(one.version) if known else None
        usage = known.usage if known and known.chosen == one.version else None
        self.query_one("#dataset-words", Words).show(dataset_content(one, kept, usage))
        how = ""
        if kept:
            links = sum(found.shared for found in kept.values())
            how = (
                "kept as links"
                if links == len(kept)
                else "kept as copies"
                if not links
                else "kept as links and copies"
            )
        self.query_one("#dataset-panel", Panel).retitle(f"Version {one.version}", how)

    @on(Table.Moved, "#all-versions")
    def _moved(self, message: Table.Moved) -> None:
        self._draw_version()
        self.refresh_keys()
        if self.is_current:
            self.poll(now=True)

    @on(Table.Opened, "#all-versions")
    def _opened(self) -> None:
        self.query_one("#dataset-panel VerticalScroll").focus()

    # ------------------------------------------------------------ acting

    def do_mark_dataset(self) -> None:
        """Mark the version under the cursor and step down, or unmark it."""
        one = self.current
        if one is None:
            return
        if one.version in self.marked:
            self.marked.remove(one.version)
        elif len(self.marked) == 2:
            self.say("mark: two versions are marked already; space on one of them unmarks it", "watch")
            return
        else:
            self.marked.append(one.version)
        self._draw_marks()
        self.table.action_move(1)
        self.say(f"{len(self.marked)} marked" + (": c compares them" if len(self.marked) == 2 else ""))

    def _draw_marks(self) -> None:
        self.table.marks = dict.fromkeys(self.marked, ("●", "accent"))
        self.table.refresh()
        self.refresh_keys()

    def compared(self) -> tuple[str, str] | None:
        """The two that would be compared, the older first; None where there are no two."""
        names = [one.version for one in self._versions]
        chosen = [name for name in self.marked if name in names]
        here = self.current
        if len(chosen) < 2 and here is not None and here.version not in chosen:
            chosen.append(here.version)
        if len(chosen) == 1 and not self.marked:
            before = names.index(chosen[0]) + 1
            chosen += names[before : before + 1]
        if len(chosen) < 2:
            return None
        older, newer = sorted(chosen[:2], key=names.index, reverse=True)
        return older, newer

    def do_compare_datasets(self) -> None:
        """Open the difference of two versions."""
        from pilothouse.tui.screens.dataset_diff import DatasetDiffScreen

        if two := self.compared():
            self.app.push_screen(DatasetDiffScreen(*two))

    def why_not(self, action: str) -> str:
        """What is missing."""
        if action in ("copy", "mark_dataset") and self.current is None:
            return "there is no version under the cursor"
        if action == "compare_datasets" and self.compared() is None:
            if len(self._versions) < 2:
                return "there is only one dataset version" if self._versions else "there is none yet"
            return "this is the oldest version: mark it and another one with space"
        return super().why_not(action)

    def copied(self) -> str:
        """The version's name."""
        return self.current.version if self.current else ""

    def do_back(self) -> None:
        """From the details to the versions, then drop the marks, then leave."""
        if self.focused is not self.table:
            self.table.focus()
        elif self.marked:
            self.marked.clear()
            self._draw_marks()
            self.say("Marks are gone.")
        else:
            super().do_back()
