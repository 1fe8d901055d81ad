"""The trash: deleted runs, when they were deleted and what they hold; restored, or removed for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.screens.run_rows import run_facts, run_words
from pilothouse.tui.screens.runs.columns import SHORT
from pilothouse.tui.text import clock, counted, line, moment, safe, size
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.tracking.runs import Run
    from pilothouse.tracking.trash import Trashed
    from pilothouse.tui.snapshots.trash import Trash

COLUMNS = (
    Column("run_id", "run", width=SHORT),
    Column("name", "name", most=20),
    Column("deleted", "deleted", width=8),
    Column("size", "size", "right"),
    Column("version", "kept for", most=20),
)
EMPTY = "The trash is empty.\n D  on a run moves it here."


class TrashScreen(RunActs):
    """Opened with ``T`` where runs are; left with esc."""

    CONTEXT: ClassVar[str] = "trash"
    AREA: ClassVar[str] = "runs"
    CSS_PATH = "trash.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("trash")]

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self._trash: Trash | None = None

    def body(self) -> Iterable[Widget]:
        """The deleted runs, and the one under the cursor."""
        yield Horizontal(
            Panel("Trash", Table(COLUMNS, empty=EMPTY, marking=True, id="trash"), id="trash-panel"),
            Panel("Run", VerticalScroll(Words(id="trash-words"), Words(id="trash-facts")), id="trash-side"),
            id="trash-body",
        )

    def on_mount(self) -> None:
        """Start on the table."""
        self.table.focus()

    @property
    def table(self) -> Table:
        """The deleted runs."""
        return self.query_one("#trash", Table)

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object]:
        """Read the trash again where something changed."""
        from pilothouse.tui.snapshots.trash import trash

        workspace, before = self.workspace, self._trash
        return lambda: trash(workspace, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it where it is another one."""
        if snapshot is self._trash:
            return
        self._trash = snapshot  # type: ignore[assignment]
        trashed = self._trash.runs if self._trash is not None else ()
        here = {one.run.run_id for one in trashed}
        self.marked = [run_id for run_id in self.marked if run_id in here]
        self.table.set_rows([_row(one, self.pilothouse.now()) for one in trashed])
        self._draw_marks()
        freed = sum(one.bytes for one in trashed if not one.version)
        aside = f"{len(trashed):,}   purging frees {size(freed)}" if trashed else ""
        self.query_one("#trash-panel", Panel).retitle("Trash", aside)
        self._tell()

    @on(Table.Moved, "#trash")
    def _tell(self) -> None:
        self.refresh_keys()
        run = self.current()
        self.query_one("#trash-side", Panel).retitle(run.name if run is not None else "Run")
        cells = (self.query_one("#trash-side").content_size.width or 40) - 1
        empty = Content("")
        words = run_words(run, self.pilothouse.now(), cells) if run is not None else empty
        if (trashed := self._trashed_here()) is not None:
            what = (
                f"{counted(trashed.points, 'point')}, {counted(trashed.files, 'file')}, {size(trashed.bytes)}"
            )
            words = Content("\n").join(
                [
                    words,
                    line(("deleted  ", "$dim"), moment(trashed.run.deleted_at)),
                    line(("holds    ", "$dim"), what),
                ]
            )
        self.query_one("#trash-words", Words).show(words)
        self.query_one("#trash-facts", Words).show(run_facts(run, cells) if run is not None else empty)

    def current(self) -> Run | None:
        """The run under the cursor."""
        trashed = self._trashed_here()
        return trashed.run if trashed is not None else None

    def _trashed_here(self) -> Trashed | None:
        row = self.table.row
        return row.item if row is not None else None  # type: ignore[return-value]

    def targets(self) -> list[str]:
        """The marked runs, or the one under the cursor."""
        return list(self.marked) or super().targets()

    # ------------------------------------------------------------ acting

    def do_mark(self) -> None:
        """Mark the run under the cursor and step down, or unmark it."""
        run = self.current()
        if run is None:
            return
        if run.run_id in self.marked:
            self.marked.remove(run.run_id)
        else:
            self.marked.append(run.run_id)
        self._draw_marks()
        self.table.action_move(1)
        self.say(f"{len(self.marked)} marked: r restores, X purges")

    def _draw_marks(self) -> None:
        self.table.marks = dict.fromkeys(self.marked, ("●", "accent"))
        self.table.refresh()

    def do_restore(self) -> None:
        """Take runs out of the trash."""
        workspace, undoing, run_ids = self.workspace, self.pilothouse.undoing, self.targets()

        def act() -> str:
            from pilothouse.tui.snapshots.trash import delete, restore

            said = restore(workspace, run_ids)

            def back() -> str:
                return f"In the trash again: {delete(workspace, run_ids)[1]}."

            undoing.push("the restoring", back)
            return f"{said}  z undo"

        self.deed("Restoring", act, self._unmark)

    def do_purge(self) -> None:
        """Say what goes and what cannot be undone, then remove it."""
        from pilothouse.tui.dialogs.base import Confirm

        wanted = set(self.targets())
        chosen = [one for one in (self._trash.runs if self._trash else ()) if one.run.run_id in wanted]
        going = [one for one in chosen if not one.version]
        if not going:
            return
        what = _runs(len(going))
        self.app.push_screen(
            Confirm(
                f"Purge {what}", purge_words(going, [one for one in chosen if one.version]), f"Purge {what}"
            ),
            lambda yes: self._purge([one.run.run_id for one in going]) if yes else None,
        )

    def _purge(self, run_ids: list[str]) -> None:
        workspace = self.workspace

        def act() -> str:
            from pilothouse.tui.snapshots.trash import purge

            return purge(workspace, run_ids)

        self.deed("Purging", act, self._unmark)

    def _unmark(self) -> None:
        self.marked.clear()
        self._draw_marks()

    def do_back(self) -> None:
        """Drop the marks, then close."""
        if self.marked:
            self._unmark()
            self.say("Marks are gone.")
        else:
            super().do_back()

    @on(Table.Opened, "#trash")
    def _opened(self) -> None:
        self.action_act("details")

    def why_not(self, action: str) -> str:
        """Nothing to act on, or kept for a version."""
        if action in ("mark", "restore", "purge") and not self.targets():
            return "the trash is empty"
        if action == "purge":
            wanted = set(self.targets())
            trashed = [one for one in (self._trash.runs if self._trash else ()) if one.run.run_id in wanted]
            if trashed and all(one.version for one in trashed):
                first = trashed[0]
                return f"{first.version} was made by {first.run.name}: its lineage and holdout are needed"
        return super().why_not(action)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _row(one: Trashed, now: datetime) -> Row:
    run = one.run
    cells = (
        safe(run.run_id[:SHORT]),
        safe(run.name, 60),
        clock(run.deleted_at, now),
        size(one.bytes),
        safe(one.version, 40),
    )
    return Row(run.run_id, cells, ("dim", "", "dim", "", "watch"), one)


def purge_words(going: list[Trashed], kept: list[Trashed]) -> Content:
    """Say what purging frees and what of it cannot be undone, and which runs are not purged, and why."""
    names = ", ".join(safe(one.run.name, 24) for one in going[:5])
    more = f" and {len(going) - 5:,} more" if len(going) > 5 else ""
    points, files = sum(one.points for one in going), sum(one.files for one in going)
    parts: list[str | tuple[str, str]] = [
        ("Removed    ", "$dim"), (f"{names}{more}", "bold"), "\n",
        ("           ", "$dim"), f"{points:,} points of metrics, params and tags, {files:,} files", "\n",
        ("Freed      ", "$dim"), size(sum(one.bytes for one in going)), "\n",
        ("Kept       ", "$dim"), "the events that tell what happened", "\n\n",
        ("This cannot be undone: z does not bring purged runs back.", "$warning"),
    ]  # fmt: skip
    if kept:
        parts += ["\n\n", (f"Not purged: {_runs(len(kept))}", "bold")]
        for one in kept[:5]:
            name, version = safe(one.run.name, 24), safe(one.version, 40)
            parts += ["\n", f"{name}: {version} was made by it; its lineage and holdout are needed"]
    return line(*parts)
