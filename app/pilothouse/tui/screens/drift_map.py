"""Drift of every column in every file, and under it the cell at the cursor: what changed, and both
histograms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.config.next_steps import without_a_model
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.data_reports import ReportReading, column_of
from pilothouse.tui.screens.data_saving import FileActs
from pilothouse.tui.screens.data_words import column_words
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.signs import SIGN_TONES
from pilothouse.tui.text import line, no_match, safe
from pilothouse.tui.widgets.drift_map import LEGEND, DriftMap, MapFile
from pilothouse.tui.widgets.histogram import beside
from pilothouse.tui.widgets.panel import Panel, Words

if TYPE_CHECKING:
    from pilothouse.monitoring.glances import Glance
    from pilothouse.monitoring.reports import ColumnDrift
    from pilothouse.tui.snapshots.data import Data, FileVerdict

EMPTY = (
    "No file has been compared with a reference yet.\n"
    "Promote a model version (3, then P), then judge the folder: esc, u."
)


class DriftMapScreen(FileActs, ReportReading, FilteredScreen):
    """Opened with ``v`` on Data; left with esc."""

    CONTEXT: ClassVar[str] = "drift_map"
    PLACEHOLDER: ClassVar[str] = "part of a column's name"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "drift_map.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("drift_map")]

    def __init__(self, known: Data | None = None, *, column: str = "", file: str = "") -> None:
        super().__init__()
        self._known: Data | None = None
        self._first = known
        self._start = (column, file)
        self._worst_first = True

    def body(self) -> Iterable[Widget]:
        """The map and the cell."""
        yield Vertical(
            Panel("Drift", DriftMap(empty=EMPTY, id="map"), id="map-panel"),
            Panel(
                "Column",
                VerticalScroll(Words(id="cell-words"), Words(id="cell-bars"), id="cell-scroll"),
                id="cell-panel",
            ),
            id="drift-map-body",
        )

    @property
    def map(self) -> DriftMap:
        """The map."""
        return self.query_one("#map", DriftMap)

    def filtered(self) -> Widget:
        """The map."""
        return self.map

    def filter_changed(self) -> None:
        """Show the columns that match."""
        self._draw_map()

    def on_mount(self) -> None:
        """Show what is known already, and on the frame what the signs mean."""
        self.query_one("#map-panel").border_subtitle = Content(LEGEND)
        self.map.focus()
        if self._first is not None:
            self.show_snapshot(self._first)
            self.map.go_to(*self._start)

    def known_data(self) -> Data | None:
        """The last snapshot."""
        return self._known

    def current_file(self) -> FileVerdict | None:
        """The file of the cell under the cursor."""
        file = self.map.file
        if file is None or self._known is None:
            return None
        return next((one for one in self._known.files if one.arrival.name == file.key), None)

    def job(self) -> Callable[[], object]:
        """Verdicts of all files."""
        from pilothouse.tui.snapshots.data import data

        workspace, before, app = self.workspace, self._known, self.pilothouse
        return lambda: data(workspace, app.about.model if app.about else None, before)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw the map if anything changed."""
        known: Data = snapshot  # type: ignore[assignment]
        if known is not self._known:
            self._known = known
            self._draw_map()

    def _draw_map(self) -> None:
        from pilothouse.monitoring.verdict_words import target_moved

        known = self._known
        if known is None:
            return
        files = map_files(known)
        glances = [one.report for one in known.files if one.report is not None]
        names, target = columns_in_order(glances, worst_first=self._worst_first)
        words = self.filter_text.lower().split()
        names = [name for name in names if all(word in name.lower() for word in words)]
        nothing = EMPTY if known.model else without_a_model("drift")
        self.map.empty = no_match(self.filter_text) if words and glances else nothing
        self.map.set_map(files if glances else [], names, target)
        held = sum(file.held for file in files)
        drifts = sum(one.dataset_drift for one in glances)
        targets = sum(target_moved(one) for one in glances)
        aside = f"{drifts} of {len(glances)} files drifted" + (f", {held} held" if held else "")
        aside += f", the target moved in {targets}" if targets else ""
        order = "worst column first" if self._worst_first else "as in the data"
        self.query_one("#map-panel", Panel).retitle("Drift by column and file", f"{aside}   {order}")

    # ------------------------------------------------------------ the cell

    @on(DriftMap.Moved)
    def _moved(self) -> None:
        self._draw_cell()
        self.refresh_keys()

    def report_arrived(self) -> None:
        """The histograms are here."""
        self._draw_cell()

    def on_resize(self) -> None:
        """The bars are as long as there is room."""
        self.call_after_refresh(self._draw_cell)

    def current_column(self) -> ColumnDrift | None:
        """The column of the cell, where its report is here."""
        file = self.current_file()
        stored = self.report_of(file.report) if file is not None else None
        return column_of(stored, self.map.name_here) if stored is not None else None

    def _draw_cell(self) -> None:
        file, name = self.current_file(), self.map.name_here
        words, bars = self.query_one("#cell-words", Words), self.query_one("#cell-bars", Words)
        panel = self.query_one("#cell-panel", Panel)
        if file is None or not name:
            words.show(Content(""))
            bars.show(Content(""))
            panel.retitle("Column")
            return
        panel.retitle(name, file.arrival.name + ("   enter: as it was, as it is" if file.report else ""))
        if file.report is None:
            found = file.arrival.findings
            said = found[0].message if found else "It was not compared with a reference."
            words.show(line(("■ held  " if file.arrival.status == "held" else "", "$error"), safe(said, 300)))
            bars.show(Content(""))
            return
        stored = self.report_of(file.report)
        if stored is None:
            return  # what was shown stays for the blink that reading takes
        one = column_of(stored, name)
        if one is None:
            waits = any((found.rule, found.column) == ("labels", name) for found in file.arrival.findings)
            why = ": the file has no labels" if waits else ""
            words.show(line((f"{safe(name)} was not compared in this file{why}.", "$dim")))
            bars.show(Content(""))
            return
        words.show(column_words(one))
        across = max(30, self.query_one("#cell-scroll").content_size.width - 1)
        heads = (
            f"{stored.reference}, {stored.n_reference:,} rows",
            f"{file.arrival.name}, {stored.n_current:,} rows",
        )
        bars.show(beside(one.bins, one.reference_counts, one.current_counts, across, heads))

    @on(DriftMap.Opened)
    def _opened(self) -> None:
        file = self.current_file()
        if file is not None and file.report is not None:
            self.open_column(self.map.name_here)

    # ------------------------------------------------------------ acts

    def why_not(self, action: str) -> str:
        """Nothing under the cursor."""
        if action in ("copy", "order") and self.map.file is None:
            return "no file has been compared yet"
        return super().why_not(action)

    def do_order(self) -> None:
        """Worst column first, or as they stand in the data."""
        self._worst_first = not self._worst_first
        name, file = self.map.name_here, self.map.file
        self._draw_map()
        self.map.go_to(name, file.key if file else "")

    def do_oldest(self) -> None:
        """To the oldest file."""
        self.map.action_to_file(-1)

    def do_newest(self) -> None:
        """To the newest file."""
        self.map.action_to_file(1)

    def copied(self) -> str:
        """What changed, in a sentence."""
        from pilothouse.monitoring.story import told

        one, file = self.current_column(), self.current_file()
        if one is None or file is None:
            return ""
        return f"{file.arrival.name}: {told(one) or f'`{one.column}` did not move'}"

    def do_back(self) -> None:
        """From the histograms to the map, then to Data."""
        if self.close_filter():
            return
        if self.focused is not self.map:
            self.map.focus()
        else:
            super().do_back()


def map_files(known: Data) -> list[MapFile]:
    """The files as the map shows them, oldest first."""
    from pilothouse.monitoring.verdict_words import of_data
    from pilothouse.tui.snapshots.arrival_names import short_names, years

    oldest_first = list(reversed(known.files))
    names = [one.arrival.name for one in oldest_first]
    labels, when = short_names(names), years(names)
    out = []
    for one, year in zip(oldest_first, when, strict=True):
        held = one.arrival.status == "held"
        if one.report is None:
            sign, tone, cells = ("×", "bad", {}) if held else ("–", "dim", {})
        else:
            report = one.report
            sign = of_data(report)[0]
            tone = SIGN_TONES[sign]
            columns = [*report.columns, *([report.target] if report.target else [])]
            cells = {column.column: (column.score, column.drifted) for column in columns}
        name = one.arrival.name
        out.append(MapFile(name, labels[name], sign, tone, year, held, cells))
    return out


def columns_in_order(glances: list[Glance], *, worst_first: bool) -> tuple[list[str], str]:
    """Names of all columns, the target first; the others by how often and how far they moved, or as they
    stand in the data."""
    moved: dict[str, tuple[int, float]] = {}
    target = ""
    for glance in glances:
        if glance.target is not None:
            target = glance.target.column
        for column in glance.columns:
            times, most = moved.get(column.column, (0, 0.0))
            moved[column.column] = (times + column.drifted, max(most, column.score))
    names = list(moved)
    if worst_first:
        names.sort(key=lambda name: (-moved[name][0], -moved[name][1]))
    return ([target] if target else []) + [name for name in names if name != target], target
