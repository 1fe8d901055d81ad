"""Data: files with their verdicts, and one column before and now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.data_acts import DataActs
from pilothouse.tui.screens.data_rows import (
    COLUMNS,
    EMPTY,
    FILES,
    VERSIONS,
    column_row,
    file_row,
    version_row,
)
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.screens.train_acts import TrainActs
from pilothouse.tui.signs import TONE_STYLES, drifted
from pilothouse.tui.text import line, percent, safe
from pilothouse.tui.widgets.histogram import two_histograms
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.drift import ColumnDrift
    from pilothouse.tui.snapshots.data import Data, FileVerdict


class DataScreen(DataActs, TrainActs, FilteredScreen):
    """Files and versions above; below, the columns of the file under the cursor and the histograms of one
    of them."""

    CONTEXT: ClassVar[str] = "data"
    AREA: ClassVar[str] = "data"
    PLACEHOLDER: ClassVar[str] = "part of a file's name, held, drifted"
    CSS_PATH = "data.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("data")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Data | None = None

    def body(self) -> Iterable[Widget]:
        """The four panels."""
        yield Container(
            Panel("Files", *self.filter_widgets(), Table(FILES, empty=EMPTY, id="files"), id="files-panel"),
            Panel(
                "Dataset versions",
                Table(VERSIONS, empty="None yet: the first training makes one.", id="versions"),
                id="versions-panel",
            ),
            Panel(
                "Columns",
                Words(hides=True, id="findings"),
                Table(COLUMNS, empty="", id="columns"),
                id="columns-panel",
            ),
            Panel("Column", VerticalScroll(Words(id="histogram"), can_focus=False), id="histogram-panel"),
            id="data-body",
        )

    def on_mount(self) -> None:
        """Start on the files."""
        self.main_table().focus()

    def main_table(self) -> Table:
        """The files."""
        return self.query_one("#files", Table)

    def known_data(self) -> Data | None:
        """The last snapshot."""
        return self._known

    def current_file(self) -> FileVerdict | None:
        """The file under the cursor."""
        row = self.main_table().row
        return row.item if row else None  # type: ignore[return-value]

    def job(self) -> Callable[[], object]:
        """Verdicts and versions."""
        from pilothouse.tui.snapshots.data import data

        workspace, before, app = self.workspace, self._known, self.pilothouse
        return lambda: data(workspace, app.about.model if app.about else None, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw what changed."""
        known: Data = snapshot  # type: ignore[assignment]
        fresh = known is not self._known
        self._known = known
        if not fresh:
            return
        self.filter_changed()
        now = self.pilothouse.now()
        self.query_one("#versions", Table).set_rows([version_row(one, now) for one in known.versions])
        self._draw_file()

    def filter_changed(self) -> None:
        """Show the files that match."""
        known = self._known
        if known is None:
            return
        words = self.filter_text.lower().split()
        rows = [
            row
            for row in (file_row(file, self.pilothouse.now()) for file in known.files)
            if all(word in " ".join(row.cells).lower() for word in words)
        ]
        self.main_table().set_rows(rows)
        watcher = f"▶ watching, {known.watcher.state}" if known.watcher else "not watched: w starts"
        waiting = f"   {known.waiting} not judged: u judges" if known.waiting else ""
        coming = f"   {known.coming} to come: n" if known.coming else ""
        self.query_one("#files-panel", Panel).retitle(
            f"Files in {known.folder}", f"{len(rows)}   {watcher}{waiting}{coming}"
        )

    # ------------------------------------------------------------ one file

    @on(Table.Moved, "#files")
    def _file_moved(self) -> None:
        self._draw_file()
        self.refresh_keys()

    def _draw_file(self) -> None:
        file = self.current_file()
        table, findings = self.query_one("#columns", Table), self.query_one("#findings", Words)
        panel = self.query_one("#columns-panel", Panel)
        if file is None:
            table.set_rows([])
            findings.show(Content(""))
            panel.retitle("Columns")
            return
        told = [
            line(
                (
                    f"{'■' if one.severity == 'error' else '▲'} ",
                    "$error" if one.severity == "error" else "$warning",
                ),
                safe(one.message, 300),
            )
            for one in file.arrival.findings
        ]
        findings.show(Content("\n").join(told[:6]))
        table.display = file.report is not None or not told
        if file.report is None:
            held = file.arrival.status == "held"
            table.empty = "" if held else "Nothing to compare it with: promote a version first."
            table.set_rows([])
            panel.retitle(
                f"Checks of {file.arrival.name}" if held else file.arrival.name,
                "a  takes it in all the same" if held else "",
            )
            return
        report = file.report.report
        ordered = sorted(report.columns, key=lambda one: -one.score)
        if report.target is not None:
            ordered.insert(0, report.target)
        table.set_rows([column_row(one, one is report.target) for one in ordered])
        panel.retitle(
            "Columns",
            f"{len(report.drifted)} of {len(report.columns)} moved, {percent(report.share)} make a drift"
            f"   {report.n_current:,} rows against {report.n_reference:,}",
        )

    @on(Table.Moved, "#columns")
    def _column_moved(self) -> None:
        self._draw_column()

    def on_resize(self) -> None:
        """The bars are as long as there is room."""
        self.call_after_refresh(self._draw_column)

    def _draw_column(self) -> None:
        row = self.query_one("#columns", Table).row
        words, panel = self.query_one("#histogram", Words), self.query_one("#histogram-panel", Panel)
        if row is None:
            words.show(Content(""))
            panel.retitle("Column")
            return
        one: ColumnDrift = row.item  # type: ignore[assignment]
        sign, tone = drifted(one.drifted)
        box = panel.content_size
        head = line(
            (f"{sign} {'moved' if one.drifted else 'steady'}", TONE_STYLES[tone]),
            f"  {safe(one.test).upper()} {one.score:.3f}",
            (f"  counts from {one.threshold:.3f}", "$dim"),
        )
        labels, before, now = list(one.bins), list(one.reference_counts), list(one.current_counts)
        if labels and not before[-1] and not now[-1]:  # no value is missing: its bin would only take room
            labels, before, now = labels[:-1], before[:-1], now[:-1]
        bars = two_histograms(labels, before, now, max(24, box.width - 1), rows=max(4, box.height - 2))
        words.show(Content("\n").join([head, Content(""), bars] if box.height > 16 else [head, bars]))
        panel.retitle(one.column, "reference ░   now █")

    @on(Table.Opened, "#files")
    def _opened(self) -> None:
        self.query_one("#columns").focus()

    @on(Table.Opened, "#versions")
    def _version_opened(self) -> None:
        self.do_details()

    def do_details(self) -> None:
        """Open the dataset versions with their files and schema."""
        from pilothouse.tui.screens.datasets import DatasetsScreen

        if self._known is not None:
            row = self.query_one("#versions", Table).row
            self.app.push_screen(DatasetsScreen(self._known.versions, row.key if row else ""))

    def why_not(self, action: str) -> str:
        """What is missing."""
        if action == "details" and (self._known is None or not self._known.versions):
            return "there is no dataset version yet; the first training makes one"
        if action == "copy" and self.current_file() is None:
            return "there is no file under the cursor"
        return super().why_not(action)

    def copied(self) -> str:
        """The version's name or the file's hash."""
        if self.focused is not None and self.focused.id == "versions":
            row = self.query_one("#versions", Table).row
            return row.key if row else ""
        file = self.current_file()
        return f"{safe(file.arrival.name)} sha256:{file.arrival.sha256}" if file else ""

    def do_back(self) -> None:
        """From the columns back to the files."""
        if self.close_filter():
            return
        if self.focused is not self.main_table():
            self.main_table().focus()
