"""A file that was not compared: what was found in it, one line each, and under it the rows that a finding
rests on, whole where the file can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.worker import Worker, get_current_worker

from pilothouse.tracking.durations import NONE
from pilothouse.tui.snapshots.arrival_names import without_name
from pilothouse.tui.text import line, number, safe, width
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.checks import Finding
    from pilothouse.monitoring.rows_shown import RowsShown
    from pilothouse.monitoring.verdicts import Arrival
    from pilothouse.tui.screens.base import PilothouseScreen

FOUND = (
    Column("sign", "", width=9),
    Column("message", "what was found", most=400, grow=True),
    Column("rows", "rows", "right", most=9),
    Column("rule", "rule", most=14),
)
_BESIDE_THE_MESSAGE = 33
"""Cells of the panel that are not for what was found: its frame and the other columns."""
SEVERITIES = {"error": ("■ holds", "bad"), "warning": ("▲ beware", "watch"), "note": ("○ note", "dim")}


class HeldFile(Vertical):
    """Two panels. What is read of the file is read in a thread, and given up when the cursor moves on."""

    @dataclass
    class RowsRead(Message):
        """The rows of a finding were read, or could not be."""

        key: str
        found: RowsShown | Exception

    def __init__(self) -> None:
        super().__init__(id="held")
        self._arrival: Arrival | None = None
        self._folder = ""
        self._read: dict[str, RowsShown | Exception] = {}
        self._reading = ""
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """Findings, and rows."""
        advice = Words(hides=True, id="advice")
        yield Panel("Checks", Table(FOUND, id="found"), advice, id="found-panel")
        yield Panel("Rows", Table(id="found-rows"), id="rows-panel")

    def on_mount(self) -> None:
        """The row numbers stand still while the values are scrolled."""
        self.query_one("#found-rows", Table).frozen = 2

    def show(self, arrival: Arrival, folder: str) -> None:
        """Show the findings of this file, which lies in this folder of the workspace."""
        from pilothouse.monitoring.verdicts import bar_of

        self._folder = folder
        if arrival != self._arrival:
            self._arrival = arrival
            self._read.clear()
        held = arrival.status == "held"
        errors = sum(one.severity == "error" for one in arrival.findings)
        act = "   a accepts it" if bar_of(arrival) is None else ""
        what = f"{errors} of {len(arrival.findings)} hold it back{act}" if held else ""
        what = "a holds it again" if arrival.status == "accepted" else what
        self.query_one("#found-panel", Panel).retitle(f"Checks of {arrival.name}", what)
        self.query_one("#found", Table).set_rows(
            [finding_row(n, one, arrival.name) for n, one in enumerate(arrival.findings)]
        )
        self._draw_rows()

    def arrive(self) -> None:
        """Take the focus."""
        self.query_one("#found", Table).focus()

    @property
    def finding(self) -> Finding | None:
        """The finding under the cursor."""
        row = self.query_one("#found", Table).row
        return row.item if row else None  # type: ignore[return-value]

    @on(Table.Moved, "#found")
    def _moved(self) -> None:
        self._draw_rows()

    @on(Table.Opened, "#found")
    def _opened(self) -> None:
        self.query_one("#found-rows", Table).focus()

    def _draw_rows(self) -> None:
        one, arrival = self.finding, self._arrival
        self.query_one("#advice", Words).show(self._in_full(one) if one is not None else line())
        table, panel = self.query_one("#found-rows", Table), self.query_one("#rows-panel", Panel)
        if one is None or arrival is None or not one.examples:
            table.empty = "This finding is about the file as a whole: no single row shows it." if one else ""
            table.set_columns((Column("row", "row", "right"),))
            table.set_rows([])
            panel.retitle("Rows")
            return
        key = f"{arrival.sha256} {one.column} {[row for row, _ in one.examples]}"
        found = self._read.get(key)
        if found is None:
            self._ask(key, arrival, one)
        columns, rows, aside = example_table(one, found)
        table.set_columns(columns)
        table.set_rows(rows)
        count = f"{len(rows)} of {one.count:,}" if one.count else f"{len(rows)}"
        panel.retitle("Rows that show it", f"{count}{aside}")

    def _in_full(self, one: Finding) -> Content:
        """What to do about a finding; and before it all of it, where the table has no room for that."""
        lines = []
        said = safe(without_name(one.message, self._arrival.name if self._arrival else ""), 400)
        if width(said) > self.size.width - _BESIDE_THE_MESSAGE:
            lines.append(line(said))
        if one.next:
            lines.append(line(("→ ", "$accent"), safe(one.next, 400)))
        return Content("\n").join(lines)

    def on_resize(self) -> None:
        """There is more room, or less, for what was found."""
        if self._arrival is not None:
            self._draw_rows()

    def _ask(self, key: str, arrival: Arrival, one: Finding) -> None:
        if self._reading == key:
            return
        self._reading = key
        from pilothouse.tui.snapshots.data import rows_around

        screen: PilothouseScreen = self.screen  # type: ignore[assignment]
        workspace, numbers = screen.workspace, [row for row, _ in one.examples]
        path = workspace.root / self._folder / arrival.name

        def work() -> None:
            worker = get_current_worker()
            try:
                found: RowsShown | Exception = rows_around(path, numbers, one.column, worker)
            except Exception as error:  # noqa: BLE001 - told in words
                found = error
            if not worker.is_cancelled:
                self.post_message(self.RowsRead(key, found))

        self._worker = self.run_worker(work, thread=True, group="rows", exclusive=True, exit_on_error=False)

    @on(RowsRead)
    def _rows_read(self, message: RowsRead) -> None:
        self._reading = ""
        self._read[message.key] = message.found
        self._draw_rows()


def finding_row(n: int, one: Finding, file: str) -> Row:
    """One finding in one line."""
    words, tone = SEVERITIES.get(one.severity, (f"? {safe(one.severity, 10)}", "watch"))
    count = number(one.count) if one.count else NONE
    cells = (words, safe(without_name(one.message, file), 400), count, safe(one.rule, 20))
    return Row(f"{n} {one.column} {one.message}", cells, (tone, "", "", "dim"), one)


def example_table(
    one: Finding, found: RowsShown | Exception | None
) -> tuple[tuple[Column, ...], list[Row], str]:
    """Columns and rows of the example rows, and a word on where they come from.

    What the check stored is shown first; the whole rows follow when the file has been read, if it is the same
    still.
    """
    whole: dict[int, Sequence[str | None]] = {}
    names: Sequence[str] = ()
    aside = "   reading whole rows …"
    if isinstance(found, Exception):
        aside = "   the file cannot be read any more"
    elif found is not None:
        whole, names, aside = dict(found.rows), found.columns, ""
        if found.more_columns:
            aside = f"   {found.more_columns} columns more"
        at = names.index(one.column) if one.column in names else -1
        if at >= 0 and any(row not in whole or whole[row][at] != value for row, value in one.examples):
            whole, names, aside = {}, (), "   the file is another one now"
    others = [(n, name) for n, name in enumerate(names) if name != one.column]
    columns = (
        Column("row", "row", "right", most=12),
        Column("value", safe(one.column, 30) or "value", most=40),
        *(Column(f"c{n}", safe(name, 24), most=24) for n, name in others),
    )
    rows = []
    for row, value in one.examples:
        values = whole.get(row)
        rest = [_value(values[n]) for n, _ in others] if values is not None else []
        cells = (f"{row:,}", _value(value), *rest)
        rows.append(Row(str(row), cells, ("dim", "bad"), row))
    return columns, rows, aside


def _value(value: str | None) -> str:
    """A value as it stands in the file; what is missing says so, and an empty text is seen."""
    if value is None:
        return "∅ missing"
    return safe(value, 60) if value.strip() else repr(value)
