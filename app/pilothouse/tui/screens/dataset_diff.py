"""Two dataset versions side by side: files, rows, columns, and what moved in each column."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.worker import get_current_worker

from pilothouse.monitoring.verdict_words import of_column
from pilothouse.tracking.durations import on_the_clock
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES
from pilothouse.tui.text import line, percent, safe
from pilothouse.tui.widgets.histogram import two_histograms
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.dataset_diff import DatasetDiff
    from pilothouse.monitoring.reports import ColumnDrift
    from pilothouse.tui.commands import Stop

COLUMNS = (
    Column("column", "column", most=22),
    Column("psi", "effect", "right", most=7),
    Column("needs", "needs", "right", most=7),
    Column("moved", "what changed", most=200, grow=True),
    Column("missing", "missing", "right", most=12),
    Column("kind", "kind", most=9),
)
NARROW = tuple(column for column in COLUMNS if column.key in ("column", "psi", "moved"))
"""What there is room for on a small screen; the sentences above the table tell the rest."""
_ALIKE = "No column that both have is distributed differently enough to count.\nx shows all of them."
_TICK = 0.2
_BROAD = 110


class DatasetDiffScreen(PilothouseScreen):
    """Opened with ``c`` on the dataset versions; esc leaves, and stops what is still being compared."""

    CONTEXT: ClassVar[str] = "dataset_diff"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "dataset_diff.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("dataset_diff")]

    def __init__(self, older: str, newer: str) -> None:
        super().__init__()
        self._refs = (older, newer)
        self._found: DatasetDiff | None = None
        self._stop: Stop | None = None
        self._saying = ""
        self._began = 0.0
        self.only_differences = True

    def body(self) -> Iterable[Widget]:
        """What is to be said, the columns, and the one under the cursor."""
        older, newer = self._refs
        columns = COLUMNS if self.app.size.width >= _BROAD else NARROW
        yield Panel(f"Dataset {older}  →  {newer}", Words(id="dataset-diff-words"), id="dataset-diff-panel")
        yield Horizontal(
            Panel("Columns", Table(columns, empty="", id="diff-columns"), id="diff-columns-panel"),
            Panel("Column", VerticalScroll(Words(id="diff-bars"), can_focus=True), id="diff-column-panel"),
            id="dataset-diff-body",
        )

    def on_mount(self) -> None:
        """Begin to compare, in a process of its own."""
        from pilothouse.tui.commands import Stop
        from pilothouse.tui.snapshots.datasets import difference

        self.query_one("#diff-columns").focus()
        self._began, self._stop = time.monotonic(), Stop()
        workspace, about, refs, stop = self.workspace, self.pilothouse.about, self._refs, self._stop
        model = about.model if about else None

        def work() -> None:
            worker = get_current_worker()
            found: DatasetDiff | None = None
            trouble: Exception | None = None
            try:
                found = difference(workspace, *refs, model, self._told, stop)
            except Exception as error:  # noqa: BLE001 - told in words
                trouble = error
            if not worker.is_cancelled:
                self.app.call_from_thread(self._ended, found, trouble)

        self.run_worker(work, thread=True, group="difference", exit_on_error=False)
        self._ticking = self.set_interval(_TICK, self._draw)
        self._draw()

    def on_unmount(self) -> None:
        """Whoever left waits no longer."""
        if self._stop is not None:
            self._stop.asked = True

    def _told(self, words: str) -> None:
        self._saying = words

    def _ended(self, found: DatasetDiff | None, trouble: Exception | None) -> None:
        self._ticking.stop()
        if not self.is_mounted:
            return
        if trouble is not None:
            self._saying = ""
            self.query_one("#dataset-diff-words", Words).show(
                line(("■ They could not be compared: ", "$error"), safe(trouble, 300))
            )
            self.complain(trouble)
            return
        self._found = found
        self._draw()
        self.refresh_keys()

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        found = self._found
        if found is None:
            waited = on_the_clock(time.monotonic() - self._began)
            said = self._saying.strip() or "comparing …"
            words = line((waited, "$accent"), f"   {safe(said, 200)}", ("   esc stops it", "$dim"))
            self.query_one("#dataset-diff-words", Words).show(words)
            return
        self.query_one("#dataset-diff-words", Words).show(
            Content("\n").join([line(("· ", "$dim"), safe(one, 600)) for one in found.said])
        )
        columns = list(found.columns)
        if found.target is not None:
            columns.insert(0, found.target)
        shown = [one for one in columns if one.drifted or one.moved or not self.only_differences]
        table = self.query_one("#diff-columns", Table)
        unlike = "Not compared: see above." if found.trouble else "They are the very same files."
        table.empty = _ALIKE if columns else unlike
        keys = [column.key for column in table.columns]
        table.set_rows([_row(one, one is found.target, keys) for one in shown])
        moved = sum(one.drifted for one in found.columns)
        which = "what differs" if self.only_differences else "all"
        aside = f"{moved} of {len(found.columns)} moved   {which}: x" if columns else ""
        self.query_one("#diff-columns-panel", Panel).retitle("Columns", aside)
        self._draw_column()

    @on(Table.Moved, "#diff-columns")
    def _moved(self) -> None:
        self._draw_column()

    def on_resize(self) -> None:
        """The bars are as long as there is room."""
        self.call_after_refresh(self._draw_column)

    def _draw_column(self) -> None:
        row = self.query_one("#diff-columns", Table).row
        words, panel = self.query_one("#diff-bars", Words), self.query_one("#diff-column-panel", Panel)
        if row is None:
            words.show(Content(""))
            panel.retitle("Column")
            return
        one: ColumnDrift = row.item  # type: ignore[assignment]
        sign = of_column(one)[0]
        tone = SIGN_TONES[sign]
        said = one.told or "Nothing in it changed that is worth a word."
        # Bins for values that neither side has would only take room.
        bins = [
            found
            for found in zip(one.bins, one.reference_counts, one.current_counts, strict=True)
            if found[1] or found[2]
        ]
        bars = two_histograms(
            [label for label, _, _ in bins],
            [before for _, before, _ in bins],
            [after for _, _, after in bins],
            max(24, panel.content_size.width - 1),
            rows=max(4, panel.content_size.height - 3),
        )
        verdict = "distributed differently" if one.drifted else "not enough to count"
        head = line((f"{sign} {verdict}", TONE_STYLES[tone]))
        words.show(Content("\n").join([head, line(safe(said, 300)), Content(""), bars]))
        panel.retitle(one.column, "before ░   after █")

    # ------------------------------------------------------------ acting

    def do_differences(self) -> None:
        """Show what differs, or every column."""
        self.only_differences = not self.only_differences
        self._draw()

    def why_not(self, action: str) -> str:
        """Nothing can be done with what is not here yet."""
        if action in ("differences", "copy") and self._found is None:
            return "they are still being compared"
        return super().why_not(action)

    def copied(self) -> str:
        """The difference in words."""
        if self._found is None:
            return ""
        columns = [one.told for one in self._found.columns if one.told]
        return "\n".join(safe(one, 600) for one in (*self._found.said, *columns))

    def do_copy(self) -> None:
        """Copy all of it; the words are too many for the status line."""
        self.app.copy_to_clipboard(self.copied())
        self.say("Copied the difference in words.", "good")


def _row(one: ColumnDrift, is_target: bool, keys: list[str]) -> Row:
    sign = of_column(one)[0]
    tone = SIGN_TONES[sign]
    missing = (
        f"{percent(one.missing_reference)} → {percent(one.missing_current)}"
        if one.missing_reference or one.missing_current
        else ""
    )
    cells = {
        "column": (f"{sign} {safe(one.column, 60)}{' (target)' if is_target else ''}", tone),
        "psi": (f"{one.score:.3f}", tone if one.drifted else ""),
        "needs": (f"{one.threshold:.3f}", "dim"),
        "moved": (safe(one.moved, 300), ""),
        "missing": (missing, ""),
        "kind": (safe(one.kind), "dim"),
    }
    shown = [cells[key] for key in keys]
    return Row(one.column, tuple(text for text, _ in shown), tuple(tone for _, tone in shown), one)
