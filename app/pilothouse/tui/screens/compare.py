"""Runs side by side: what differs, and by how much from the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.signs import judged, run_state
from pilothouse.tui.text import duration, number, safe, setting, signed
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.comparing.facts import Comparison, Difference

TITLES = {"run": "run", "params": "parameters", "metrics": "metrics", "tags": "tags"}


class CompareScreen(PilothouseScreen):
    """One row a fact, one column a run; numbers carry their change from the baseline."""

    CONTEXT: ClassVar[str] = "compare"
    AREA: ClassVar[str] = "runs"
    CSS_PATH = "compare.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("compare"),
        Binding("tab", "choose(1)", "next run", show=False),
        Binding("shift+tab", "choose(-1)", "previous run", show=False),
    ]

    def __init__(self, run_ids: tuple[str, ...]) -> None:
        super().__init__()
        self.run_ids = run_ids
        self.chosen = 1
        self.only_differences = True
        self._found: Comparison | None = None

    def body(self) -> Iterable[Widget]:
        """The table of facts."""
        yield Panel(
            "Compare",
            Table(
                empty="These runs do not differ in anything.\nx shows what they have in common.", id="facts"
            ),
            id="compare",
        )

    def on_mount(self) -> None:
        """Start on the facts."""
        self.query_one("#facts").focus()

    def job(self) -> Callable[[], object] | None:
        """The comparison; runs that ended are compared once."""
        from pilothouse.tui.snapshots.runs import comparison

        if self._found is not None and all(run.ended for run in self._found.runs) and self._settled():
            return None
        workspace, run_ids = self.workspace, self.run_ids
        return lambda: comparison(workspace, run_ids)

    def _settled(self) -> bool:
        return self._found is not None and tuple(run.run_id for run in self._found.runs) == self.run_ids

    def show_snapshot(self, snapshot: object) -> None:
        """Draw it."""
        self._found = snapshot  # type: ignore[assignment]
        self._draw()

    def _draw(self) -> None:
        found = self._found
        if found is None:
            return
        table = self.query_one("#facts", Table)
        columns = [Column("key", "", most=28)]
        for n, run in enumerate(found.runs):
            name = safe(run.name, 18)
            sign = "◆ " if n == 0 else "▸ " if n == self.chosen and len(found.runs) > 2 else ""
            columns.append(Column(f"run{n}", sign + name, "right", most=26))
            if n:
                columns.append(Column(f"change{n}", "change", "right", most=12))
        columns.append(Column("words", "", most=16))
        table.set_columns(tuple(columns))
        shown = found.only_differences() if self.only_differences else found.rows
        rows: list[Row] = []
        section = ""
        for row in shown:
            if row.section != section:
                section = row.section
                rows.append(Row(f"section {section}", (TITLES.get(section, section),), ("strong",)))
            rows.append(self._row(row, len(found.runs)))
        table.set_rows(rows)
        hidden = len(found.rows) - len(shown)
        said = (
            f"only differences, {hidden} alike are hidden"
            if self.only_differences
            else f"all {len(found.rows)}"
        )
        rows_differ = "" if found.same_rows else "   ▲ judged on different rows"
        self.query_one("#compare", Panel).retitle(
            "Compare", f"◆ {found.runs[0].name} is the baseline   {said}   x switches{rows_differ}"
        )

    def _row(self, row: Difference, count: int) -> Row:
        cells, tones = [f"  {safe(row.key, 60)}"], [""]
        words = ""
        for n in range(count):
            cells.append(_value(row, n))
            tones.append("" if row.differs else "dim")
            if n:
                delta = row.deltas[n]
                fair = row.section == "metrics" and self._found is not None and self._found.same_rows
                word, tone = judged(row.key, delta) if fair else ("", "")
                cells.append(signed(delta, 1 if row.section == "run" else 4) if delta else "")
                tones.append(tone)
                if n == count - 1 or count == 2:
                    words = word if count == 2 else ""
        cells.append(words)
        tones.append(tones[-1])
        return Row(f"{row.section}.{row.key}", tuple(cells), tuple(tones), row)

    def do_differences(self) -> None:
        """Only what differs, or everything."""
        self.only_differences = not self.only_differences
        self._draw()

    def action_choose(self, by: int) -> None:
        """Choose another run, for the baseline."""
        count = len(self.run_ids)
        self.chosen = (self.chosen - 1 + by) % (count - 1) + 1 if count > 1 else 0
        self._draw()

    def do_pin(self) -> None:
        """Make the chosen run the baseline."""
        if self._found is None or not 0 < self.chosen < len(self.run_ids):
            return
        ids = list(self.run_ids)
        ids.insert(0, ids.pop(self.chosen))
        self.run_ids = tuple(ids)
        self.poll(now=True)

    @on(Table.Opened)
    def _opened(self) -> None:
        self.action_act("copy")

    def copied(self) -> str:
        """The fact as one line."""
        row = self.query_one("#facts", Table).row
        return "  ".join(cell.strip() for cell in row.cells if cell.strip()) if row else ""


def _value(row: Difference, n: int) -> str:
    value = row.values[n]
    if row.key == "status":
        return run_state(str(value))[0]
    if row.key == "seconds":
        return duration(float(value)) if value is not None else "–"
    if row.section == "metrics":
        return number(value)
    if row.key == "dataset_version":
        return safe(str(value)[:12]) if value else "–"
    return setting(value)
