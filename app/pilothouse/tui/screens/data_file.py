"""One file: everything that is kept of it, and the dataset versions that contain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.data_rows import harm_cell
from pilothouse.tui.signs import SIGN_TONES, TONE_STYLES, verdict
from pilothouse.tui.text import clock, counted, line, moment, number, safe
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.monitoring.about_file import AboutFile, TakenInto
    from pilothouse.tui.snapshots.data import FileVerdict

SEVERITY_SIGNS = {"error": ("■ ", "$error"), "note": ("○ ", "$dim")}
VERSIONS = (
    Column("version", "version", most=14),
    Column("at", "made", width=6),
    Column("bytes", "it has", most=12),
    Column("rows", "rows", "right", most=11),
    Column("made", "became", most=60, grow=True),
)


class FileScreen(PilothouseScreen):
    """Opened with ``d`` on Data; left with esc."""

    CONTEXT: ClassVar[str] = "file"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "data_file.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("file")]
    POLL: ClassVar[float] = 2.0

    def __init__(self, file: FileVerdict) -> None:
        super().__init__()
        self._file = file
        self._about: AboutFile | None = None

    def body(self) -> Iterable[Widget]:
        """What is known, and where it went."""
        empty = "No dataset version contains it: no training has taken it in."
        yield Vertical(
            Panel("File", VerticalScroll(Words(id="file-words"), can_focus=True), id="file-panel"),
            Panel("Dataset versions", Table(VERSIONS, empty=empty, id="taken"), id="taken-panel"),
            id="file-body",
        )

    def on_mount(self) -> None:
        """Show what the list knew; the rest is read."""
        self.query_one("#file-panel", Panel).retitle(self._file.arrival.name)
        self._draw()
        self.query_one("#taken").focus()

    def job(self) -> Callable[[], object]:
        """All of it."""
        from pilothouse.tui.snapshots.data import about

        workspace, one = self.workspace, self._file.arrival
        return lambda: about(workspace, one.model, one.name)

    def show_snapshot(self, snapshot: object) -> None:
        """Draw what changed."""
        if snapshot != self._about:
            self._about = snapshot  # type: ignore[assignment]
            self._draw()

    def _draw(self) -> None:
        now = self.pilothouse.now()
        self.query_one("#file-words", Words).show(file_content(self._file, self._about, now))
        taken = self._about.taken_into if self._about is not None else ()
        self.query_one("#taken", Table).set_rows([_row(one, now) for one in taken])
        self.query_one("#taken-panel", Panel).retitle(
            "Dataset versions that contain it", f"{len(taken)}, enter opens one" if taken else ""
        )

    @on(Table.Opened, "#taken")
    def _opened(self, message: Table.Opened) -> None:
        from pilothouse.tui.screens.datasets import DatasetsScreen

        if self._about is not None:
            versions = tuple(one.dataset for one in self._about.taken_into)
            self.app.push_screen(DatasetsScreen(versions, message.row.key))

    def copied(self) -> str:
        """Its name and hash."""
        return f"{safe(self._file.arrival.name)} sha256:{self._file.arrival.sha256}"


def _row(one: TakenInto, now: datetime) -> Row:
    made = ", ".join(
        f"{safe(made.model)} v{made.version}" + "".join(f" @{safe(alias)}" for alias in made.aliases)
        for made in one.models
    )
    cells = (
        safe(one.dataset.version),
        clock(one.dataset.created_at, now),
        "● as it is" if one.same else "▲ other bytes",
        number(one.dataset.rows),
        made,
    )
    return Row(one.dataset.version, cells, ("", "dim", "good" if one.same else "watch", "", ""), one)


def file_content(file: FileVerdict, about: AboutFile | None, now: datetime) -> Content:
    """Everything in words; `about` is None until it was read."""
    from pilothouse.monitoring.story import how_many
    from pilothouse.monitoring.verdict_words import of_data

    one, said = file.arrival, verdict(file.arrival.status)
    count = f"   {counted(one.rows, 'row')}" if one.rows is not None else ""
    rows = [
        line(("checks   ", "$dim"), (said[0], TONE_STYLES[said[1]]), count),
        line(("judged   ", "$dim"), moment(one.at)),
        line(("sha256   ", "$dim"), safe(one.sha256)),
    ]
    if file.gone:
        rows.insert(0, line(("folder   ", "$dim"), ("□ gone", "$warning"), "   it is no longer there"))
    if file.report is not None:
        sign, word = of_data(file.report)
        rows.append(
            line(
                ("drift    ", "$dim"), (f"{sign} {word}", TONE_STYLES[SIGN_TONES[sign]]),
                f"   {how_many(file.report)}",
                (f"   against {safe(file.report.reference)}", "$dim"),
            )
        )  # fmt: skip
    if file.harm is not None:
        harm, tone = harm_cell(file)
        rows.append(
            line(("harm     ", "$dim"), (harm, TONE_STYLES[tone]), f"   {safe(file.harm.words, 300)}")
        )
    if one.findings:
        rows += [line(""), line(("what was found", "bold"))]
    for found in one.findings:
        sign, style = SEVERITY_SIGNS.get(found.severity, ("▲ ", "$warning"))
        rows.append(line((sign, style), safe(found.message, 400)))
        if found.next:
            rows.append(line(("  → ", "$accent"), (safe(found.next, 400), "$dim")))
    if about is not None and len(about.arrivals) > 1:
        rows += [line(""), line(("other bytes under this name", "bold"))]
        rows += [
            line(f"{verdict(other.status)[0]}  ", (f"{moment(other.at)}  {safe(other.sha256[:12])}", "$dim"))
            for other in about.arrivals
            if other.sha256 != one.sha256
        ]
    if about is not None and about.events:
        rows += [line(""), line(("events", "bold"))]
        rows += [
            line((f"{clock(event.at, now):>6}  ", "$dim"), safe(event.message, 300)) for event in about.events
        ]
    return Content("\n").join(rows)
