"""Data: files with their verdicts and what changed in them, and one column before and now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.config.next_steps import without_a_model
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.data_held import HeldFile
from pilothouse.tui.screens.data_reports import ReportReading
from pilothouse.tui.screens.data_rows import (
    AGAINST,
    COLUMNS,
    COLUMNS_NARROW,
    COLUMNS_VAST,
    EMPTY,
    FILES,
    FILES_NARROW,
    NOTHING_NEW,
    column_row,
    file_row,
    harm_cell,
)
from pilothouse.tui.screens.data_saving import FileActs
from pilothouse.tui.screens.data_words import column_words
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.signs import TONE_STYLES
from pilothouse.tui.text import line, no_match, percent, safe
from pilothouse.tui.widgets.histogram import beside
from pilothouse.tui.widgets.panel import Panel, Words, lines_for
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.reports import ColumnDrift
    from pilothouse.tui.snapshots.data import Data, FileVerdict


class DataScreen(FileActs, ReportReading, FilteredScreen):
    """Files above; below, the columns of the file under the cursor and the histograms of one of them, or what
    holds the file back with the rows it rests on."""

    CONTEXT: ClassVar[str] = "data"
    AREA: ClassVar[str] = "data"
    PLACEHOLDER: ClassVar[str] = "part of a file's name, held, drifted, a column"
    CSS_PATH = "data.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("data")]

    def __init__(self) -> None:
        super().__init__()
        self._known: Data | None = None

    def body(self) -> Iterable[Widget]:
        """The panels; below, either columns and histograms are shown or the held file."""
        yield Container(
            Panel("Files", *self.filter_widgets(), Table(FILES, empty=EMPTY, id="files"), id="files-panel"),
            Panel(
                "Columns",
                Words(hides=True, id="findings"),
                Table(COLUMNS, empty="", id="columns"),
                id="columns-panel",
            ),
            Panel(
                "Column",
                VerticalScroll(Words(id="column-words"), Words(id="histogram"), can_focus=True),
                id="histogram-panel",
            ),
            HeldFile(),
            id="data-body",
        )

    def on_mount(self) -> None:
        """Start on the files, with the first columns standing still where the table is wider."""
        self.main_table().frozen = 1
        self.query_one("#columns", Table).frozen = 1
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

    def current_column(self) -> ColumnDrift | None:
        """The column under the cursor."""
        row = self.query_one("#columns", Table).row
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
        if fresh:
            self.filter_changed()
            self._draw_file()

    def filter_changed(self) -> None:
        """Show the files that match."""
        known = self._known
        if known is None:
            return
        words, narrow = self.filter_text.lower().split(), self.has_class("-narrow")
        judged = known.judging.name if known.judging and known.judging.model == known.model else None
        rows = [
            row
            for row in (
                file_row(file, self.pilothouse.now(), narrow=narrow, judged=file.arrival.name == judged)
                for file in known.files
            )
            if all(word in " ".join(row.cells).lower() for word in words)
        ]
        references = sorted({file.report.reference for file in known.files if file.report is not None})
        wide = (*FILES, AGAINST) if len(references) > 1 else FILES
        self.main_table().set_columns(FILES_NARROW if narrow else wide)
        nothing = EMPTY if known.waiting or not known.versions else NOTHING_NEW
        nothing = nothing if known.model else without_a_model("data folder")
        self.main_table().say_empty(no_match(self.filter_text) if words and known.files else nothing)
        self.main_table().set_rows(rows)
        few = lines_for(len(known.files), self.size.height)
        share = "8 1fr" if narrow else f"{few} 1fr" if few else "2fr 3fr"
        self.query_one("#data-body").styles.grid_rows = share
        against = f"   against {references[0]}" if len(references) == 1 else ""
        watcher = f"▶ watching, {known.watcher.state}" if known.watcher else "not watched: w starts"
        if (judging := known.judging) is not None:
            at = f"{judging.at:,} of {judging.of:,}, {safe(judging.name, 30)}, {known.seconds:,} s"
            far = f"judging harm: {at}"
            idle = known.watcher is not None and known.watcher.state == "idle"
            watcher = f"▶ {far}" if idle else f"{watcher}, {far}"
        if not known.model:
            self.query_one("#files-panel", Panel).retitle("Files", "")
            return
        waiting = f"   {known.waiting} not judged: u judges" if known.waiting else ""
        coming = f"   {known.coming} to come: n" if known.coming else ""
        count = len(known.versions)
        versions = f"   {count} dataset version{'' if count == 1 else 's'}: D" if count else ""
        gone = sum(row.item.gone for row in rows)  # type: ignore[attr-defined]
        some = f"{len(rows) - gone}" + (f", {gone} gone" if gone else "")
        self.query_one("#files-panel", Panel).retitle(
            f"Files in {known.folder}", f"{some}   {watcher}{waiting}{coming}{versions}{against}"
        )

    # ------------------------------------------------------------ one file

    @on(Table.Moved, "#files")
    def _file_moved(self) -> None:
        self._draw_file()
        self.refresh_keys()

    def report_arrived(self) -> None:
        """The columns of the file under the cursor are here."""
        self._draw_file()

    def _draw_file(self) -> None:
        file = self.current_file()
        held = self.query_one(HeldFile)
        # What was not compared has only its findings to show.
        only_findings = file is not None and file.report is None and bool(file.arrival.findings)
        if held.display != only_findings:  # the other panels have no size until they were laid out
            self.call_after_refresh(self._draw_column)
        held.display = only_findings
        for name in ("columns-panel", "histogram-panel"):
            self.query_one(f"#{name}").display = not only_findings
        if only_findings and file is not None and self._known is not None:
            held.show(file.arrival, self._known.folder)
            return
        table, findings = self.query_one("#columns", Table), self.query_one("#findings", Words)
        panel = self.query_one("#columns-panel", Panel)
        if file is None or file.report is None:
            findings.show(Content(""))
            table.empty = "Nothing to compare it with: promote a version first." if file else ""
            table.set_rows([])
            panel.retitle(file.arrival.name if file else "Columns")
            return
        stored = self.report_of(file.report)
        if stored is None:
            return  # what was shown stays for the blink that reading takes
        from pilothouse.monitoring.story import how_many

        self._draw_findings(file)
        report = stored.report
        ordered = sorted(report.columns, key=lambda one: (not one.drifted, -one.score))
        if report.target is not None:
            ordered.insert(0, report.target)
        narrow, vast = self.has_class("-narrow"), self.has_class("-vast")
        table.set_columns(COLUMNS_NARROW if narrow else COLUMNS_VAST if vast else COLUMNS)
        table.set_rows([column_row(one, one is report.target, narrow=narrow) for one in ordered])
        self._draw_column()
        panel.retitle(
            "Columns",
            f"{how_many(report, '')}, {percent(report.share)} make a drift"
            + (f"   {report.n_current:,} against {report.n_reference:,} rows" if vast else ""),
        )

    def _draw_findings(self, file: FileVerdict) -> None:
        signs = {"error": ("■ ", "$error"), "note": ("○ ", "$dim")}
        told = [
            line(signs.get(one.severity, ("▲ ", "$warning")), safe(one.message, 300))
            for one in file.arrival.findings
        ]
        if file.harm is not None:
            harm, tone = harm_cell(file)
            words = "" if self.has_class("-narrow") else safe(file.harm.words, 300)
            told.insert(0, line((f"{harm}  ", TONE_STYLES[tone]), (words, "$dim")))
        if file.arrival.status == "accepted":
            told.insert(
                0, line(("● accepted in spite of its checks", "$success"), ("   a holds it again", "$dim"))
            )
        more = [line((f"… {len(told) - 3} more findings", "$dim"))] if len(told) > 4 else []
        self.query_one("#findings", Words).show(
            Content("\n").join([*told[:3], *more] if more else told[:4]) if told else Content("")
        )

    @on(Table.Moved, "#columns")
    def _column_moved(self) -> None:
        self._draw_column()
        self.refresh_keys()

    def on_resize(self) -> None:
        """The bars are as long as there is room, and so are the rows."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        self.filter_changed()
        self._draw_file()

    def _draw_column(self) -> None:
        one, file = self.current_column(), self.current_file()
        words, bars = self.query_one("#column-words", Words), self.query_one("#histogram", Words)
        panel = self.query_one("#histogram-panel", Panel)
        if one is None or file is None or file.report is None:
            words.show(Content(""))
            bars.show(Content(""))
            panel.retitle("Column")
            return
        words.show(column_words(one))
        across = max(24, panel.content_size.width - 1)
        heads = (file.report.reference, file.arrival.name)
        bars.show(beside(one.bins, one.reference_counts, one.current_counts, across, heads))
        panel.retitle(one.column, "enter: as it was, as it is")

    @on(Table.Opened, "#files")
    def _opened(self) -> None:
        held = self.query_one(HeldFile)
        if held.display:
            held.arrive()
        elif file := self.current_file():
            self.query_one("#columns").focus()
            if file.report is not None:
                self.say("Enter shows a column as it was and as it is; esc goes back to the files.")

    @on(Table.Opened, "#columns")
    def _column_opened(self) -> None:
        one = self.current_column()
        if one is not None:
            self.open_column(one.column)

    def do_drift_map(self) -> None:
        """Open the map at the file, and column, under the cursor."""
        from pilothouse.tui.screens.drift_map import DriftMapScreen

        file, one = self.current_file(), self.current_column()
        at = (one.column if one else "", file.arrival.name if file else "")
        self.app.push_screen(DriftMapScreen(self._known, column=at[0], file=at[1]))

    def do_details(self) -> None:
        """Open what is known of the file under the cursor, and which dataset versions contain it."""
        from pilothouse.tui.screens.data_file import FileScreen

        if (file := self.current_file()) is not None:
            self.app.push_screen(FileScreen(file))

    def do_datasets(self) -> None:
        """Open the dataset versions with their files and schema."""
        from pilothouse.tui.screens.datasets import DatasetsScreen

        if self._known is not None:
            self.app.push_screen(DatasetsScreen(self._known.versions, ""))

    def do_schema(self) -> None:
        """Open the rules that files are held to, beside a held file if one is under the cursor."""
        from pilothouse.tui.screens.schema import SchemaScreen

        file = self.current_file()
        held = file is not None and not file.gone and file.arrival.status in ("held", "accepted")
        self.app.push_screen(SchemaScreen(file.arrival.name if held and file is not None else ""))

    def do_features(self) -> None:
        """Open the feature views."""
        from pilothouse.tui.screens.features import FeaturesScreen

        self.app.push_screen(FeaturesScreen())

    def why_not(self, action: str) -> str:
        """What is missing."""
        if action == "details" and self.current_file() is None:
            return "there is no file under the cursor"
        if action == "datasets" and (self._known is None or not self._known.versions):
            return "there is no dataset version yet; the first training makes one"
        if action == "copy" and self.current_file() is None:
            return "there is no file under the cursor"
        return super().why_not(action)

    def copied(self) -> str:
        """The file's name and hash; on its columns, what changed in a sentence."""
        from pilothouse.monitoring.story import told

        file, one = self.current_file(), self.current_column()
        if file is None:
            return ""
        if one is not None and self.focused is not None and self.focused.id == "columns":
            return f"{file.arrival.name}: {told(one) or f'`{one.column}` did not move'}"
        return f"{safe(file.arrival.name)} sha256:{file.arrival.sha256}"

    def do_back(self) -> None:
        """From what is below back to the files."""
        if self.close_filter():
            return
        if self.focused is not self.main_table():
            self.main_table().focus()
