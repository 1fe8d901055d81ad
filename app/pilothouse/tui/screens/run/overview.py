"""The overview of a run: how it went, its metrics with their best, its parameters, and its relatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from pilothouse.tracking.directions import lower_is_better
from pilothouse.tracking.durations import duration
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tracking.usual import FACTS
from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.screens.run_rows import run_words
from pilothouse.tui.signs import metric_rank, run_state
from pilothouse.tui.text import number, safe, setting
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tui.snapshots.run import RunAbout

COLUMNS = (
    Column("key", "metric, parameter, tag", most=40),
    Column("last", "last", "right", most=44),
    Column("best", "best", "right", most=14),
    Column("at", "at step", "right", most=12),
    Column("min", "min", "right", most=12),
    Column("max", "max", "right", most=12),
    Column("points", "points", "right", most=10),
)

EMPTY = "No metrics, parameters or tags yet."
EMPTY_ENDED = "It has no metrics, parameters or tags."


class OverviewTab(RunTab):
    """Words on top, then one table of everything with a name."""

    NAME: ClassVar[str] = "overview"
    TITLE: ClassVar[str] = "Overview"
    KEY: ClassVar[str] = "o"

    def compose(self) -> ComposeResult:
        """The words and the facts."""
        yield Panel("Run", VerticalScroll(Words(id="one-words"), id="one-scroll", can_focus=True), id="one")
        yield Panel(
            "Facts",
            Table(COLUMNS, empty=EMPTY, id="one-facts"),
            id="one-table",
        )

    def tell(self, about: RunAbout) -> None:
        """Draw it."""
        super().tell(about)
        run = about.run
        cells = max(30, self.query_one("#one-scroll").content_size.width - 1)
        self.query_one("#one", Panel).retitle(f"Run {run.name}", "" if run.ended else "▶ live")
        self.query_one("#one-words", Words).show(run_words(run, self.run_screen.pilothouse.now(), cells))
        self._draw()

    def filter(self, text: str) -> None:
        """Only facts with these words."""
        super().filter(text)
        self._draw()

    def _draw(self) -> None:
        if self.about is None:
            return
        run, wanted = self.about.run, self.wanted.lower()
        rows: list[Row] = []
        for title, some in self._sections(self.about):
            shown = [row for row in some if not wanted or wanted in " ".join(row.cells).lower()]
            if shown:
                rows.append(Row(f"section {title}", (f"{title}  {len(shown)}",), ("strong",)))
                rows += shown
        table = self.query_one("#one-facts", Table)
        table.say_empty(self.nothing(EMPTY_ENDED if run.ended else EMPTY))
        table.set_rows(rows)
        told = f"metrics {len(run.metrics)}   params {len(run.params)}   tags {len(run.tags)}"
        self.query_one("#one-table", Panel).retitle("Facts", told)

    def _sections(self, about: RunAbout) -> Iterable[tuple[str, list[Row]]]:
        run = about.run
        yield "metrics", [_metric(about, key) for key in sorted(run.metrics, key=metric_rank)]
        yield "system", [_metric(about, key) for key in sorted(run.system)]
        yield (
            "params",
            [
                Row(f"param {key}", (f"  {safe(key, 60)}", setting(value)), ("dim", ""), str(value))
                for key, value in run.params.items()
            ],
        )
        yield (
            "tags",
            [
                Row(f"tag {key}", (f"  {safe(key, 60)}", safe(value, 200)), ("dim", ""), value)
                for key, value in run.tags.items()
            ],
        )
        made = [("data", run.dataset_version[:12])] if run.dataset_version else []
        made += [("model version", one.label) for one in about.relatives.versions]
        yield (
            "data and models",
            [
                Row(f"made {name} {value}", (f"  {name}", safe(value, 80)), ("dim", ""), value)
                for name, value in made
            ],
        )
        parent, children, hidden = (
            about.relatives.parent,
            about.relatives.children,
            about.relatives.more_children,
        )
        if parent is not None:
            yield "part of", [_relative(parent)]
        if about.relatives.resumes is not None:
            yield "goes on with", [_relative(about.relatives.resumes)]
        if about.relatives.resumed_by is not None:
            yield "went on as", [_relative(about.relatives.resumed_by)]
        if children:
            more = [Row("more children", (f"  and {hidden:,} more",), ("dim",))] * bool(hidden)
            yield "parts", [*(_relative(child) for child in children), *more]

    @on(Table.Opened, "#one-facts")
    async def _opened(self, message: Table.Opened) -> None:
        if message.row.key.startswith("run "):
            self.run_screen.open_run(message.row.key.removeprefix("run "))
        elif message.row.key.startswith("metric "):
            await self.run_screen.draw_metric(message.row.key.removeprefix("metric "))

    def copied(self) -> str:
        """The value under the cursor."""
        row = self.query_one("#one-facts", Table).row
        return row.item if row is not None and isinstance(row.item, str) else ""


def _metric(about: RunAbout, key: str) -> Row:
    """One metric; its range and best are told where it has several points, for one is all of them."""
    ends, summary = about.extremes.get(key), about.run.summaries[key]
    cells = [f"  {safe(key, 60)}", number(summary.last)]
    if ends is None or summary.count < 2 or key in FACTS:
        cells += [""] * 4
    else:
        lower = lower_is_better(key)
        best, at = (ends.min, ends.min_step) if lower else (ends.max, ends.max_step)
        told = [f"{number(best)} {'▾' if lower else '▴'}", f"{at:,}"]
        # Nobody can say whether it is better to use more of the machine.
        cells += [*(["", ""] if key.startswith(SYSTEM) else told), number(ends.min), number(ends.max)]
    cells.append(f"{summary.count:,}")
    tones = ("dim", "", "accent", "dim", "dim", "dim", "dim")
    return Row(f"metric {key}", tuple(cells), tones, str(summary.last))


def _relative(run: Run) -> Row:
    state, tone = run_state(run.status, run.progress)
    cells = (f"  {safe(run.name, 40)}", state, "", "", "", duration(run.seconds), safe(run.run_id[:6]))
    return Row(f"run {run.run_id}", cells, ("accent", tone, "", "", "", "dim", "dim"), run.run_id)
