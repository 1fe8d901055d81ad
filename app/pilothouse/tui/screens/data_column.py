"""One column as it was in the reference and as it is in a file: figures and shapes side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from pilothouse.tracking.durations import NONE
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.data_words import column_words
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.histogram import beside
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.describing import Description
    from pilothouse.monitoring.glances import Glance
    from pilothouse.monitoring.side_by_side import ColumnBeforeNow

FIGURES = (
    Column("what", "", most=16),
    Column("before", "reference", "right", most=28),
    Column("now", "this file", "right", most=28),
    Column("change", "change", "right", most=16),
)
QUANTILES = ("5%", "25%", "median", "75%", "95%")


@dataclass
class ColumnRead(Message):
    """A column was read on both sides, or could not be."""

    column: str
    found: ColumnBeforeNow | Exception


class ColumnScreen(PilothouseScreen):
    """Opened with enter on a column of a file; ``[`` and ``]`` go on to its neighbours; left with esc."""

    CONTEXT: ClassVar[str] = "data_column"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "data_column.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("data_column")]

    def __init__(self, model: str, glance: Glance, names: Sequence[str], name: str) -> None:
        super().__init__()
        self._model, self._glance, self._names, self._column = model, glance, list(names), name
        self._read: dict[str, ColumnBeforeNow] = {}

    def body(self) -> Iterable[Widget]:
        """The sentence, the figures, the shapes."""
        yield Panel("Column", Words("reading …", id="told"), id="told-panel")
        yield Container(
            Panel(
                "What it holds",
                Table(FIGURES, empty="Neither its rows nor its profile are left.", id="figures"),
                id="figures-panel",
            ),
            Panel("Shapes", VerticalScroll(Words(id="shapes"), id="shapes-scroll"), id="shapes-panel"),
            id="column-body",
        )

    def on_mount(self) -> None:
        """Read it."""
        self.query_one("#figures", Table).focus()
        self._show()

    def _show(self) -> None:
        panel = self.query_one("#told-panel", Panel)
        at = f"{self._names.index(self._column) + 1} of {len(self._names)} columns"
        panel.retitle(self._column, f"{self._glance.subject} against {self._glance.reference}   {at}")
        found = self._read.get(self._column)
        if found is None:
            self._ask(self._column)
        else:
            self._draw(found)
        self.refresh_keys()

    def _ask(self, name: str) -> None:
        from pilothouse.tui.snapshots.data import column_of_file

        workspace, model, report_id = self.workspace, self._model, self._glance.report_id
        self.query_one("#told", Words).show(line(("reading the column on both sides …", "$dim")))

        def work() -> None:
            worker = get_current_worker()
            try:
                found: ColumnBeforeNow | Exception = column_of_file(workspace, model, report_id, name, worker)
            except Exception as error:  # noqa: BLE001 - told in words
                found = error
            if not worker.is_cancelled:
                self.post_message(ColumnRead(name, found))

        # Exclusive: the reading of a column that was left is given up.
        self.run_worker(work, thread=True, group="column", exclusive=True, exit_on_error=False)

    @on(ColumnRead)
    def _arrived(self, message: ColumnRead) -> None:
        if isinstance(message.found, Exception):
            self.complain(message.found)
            said = f"It cannot be shown: {safe(message.found, 300)}"
            self.query_one("#told", Words).show(line((said, "$error")))
            self.query_one("#figures", Table).say_failed("There is nothing to show.")
            return
        self._read[message.column] = message.found
        if message.column == self._column:
            self._draw(message.found)

    def on_resize(self) -> None:
        """The bars are as long as there is room."""
        self.call_after_refresh(self._draw_shapes)

    def _draw(self, found: ColumnBeforeNow) -> None:
        words = [column_words(found.drift), *(line((note, "$warning")) for note in found.notes)]
        self.query_one("#told", Words).show(Content("\n").join(words))
        self.query_one("#figures", Table).set_rows(figure_rows(found.before, found.now))
        what = "Most frequent values" if found.before is not None and found.before.top else "Shapes"
        self.query_one("#shapes-panel", Panel).retitle(what, found.bars)
        self._draw_shapes()

    def _draw_shapes(self) -> None:
        found = self._read.get(self._column)
        if found is not None:
            across = max(30, self.query_one("#shapes-scroll").content_size.width - 1)
            heads = (self._glance.reference, self._glance.subject)
            self.query_one("#shapes", Words).show(
                beside(found.labels, found.before_counts, found.now_counts, across, heads)
            )

    # ------------------------------------------------------------ acts

    def why_not(self, action: str) -> str:
        """There may be no other column."""
        at = self._names.index(self._column)
        if action == "next_column" and at == len(self._names) - 1:
            return "this is the last column"
        if action == "previous_column" and at == 0:
            return "this is the first column"
        return super().why_not(action)

    def _step(self, by: int) -> None:
        self._column = self._names[self._names.index(self._column) + by]
        self._show()

    def do_next_column(self) -> None:
        """Show the next column of the file."""
        self._step(1)

    def do_previous_column(self) -> None:
        """Show the column before."""
        self._step(-1)

    def copied(self) -> str:
        """What changed, in a sentence."""
        found = self._read.get(self._column)
        if found is None:
            return ""
        return f"{self._glance.subject}: {found.said or f'`{self._column}` did not change'}"


def figure_rows(before: Description | None, now: Description | None) -> list[Row]:
    """What both sides hold, a figure a line."""
    from pilothouse.monitoring.wording import number as figure
    from pilothouse.monitoring.wording import percent

    sides = (before, now)
    some = before or now
    if some is None:
        return []
    rows: list[Row] = []

    def add(what: str, one: str, other: str, change: str = "", tone: str = "") -> None:
        rows.append(Row(what, (what, one, other, change), ("dim", "", "", tone or "dim")))

    def each(what: str, told: Sequence[str], change: str = "", tone: str = "") -> None:
        add(what, told[0], told[1], change, tone)

    def text(value: float | str | None) -> str:
        return NONE if value is None else figure(value) if isinstance(value, float | int) else safe(value, 40)

    def points(one: float | None, other: float | None) -> tuple[str, str]:
        """The change of a share, in points, and its tone."""
        if one is None or other is None or f"{(other - one) * 100:.1f}" in ("0.0", "-0.0"):
            return "", ""
        change = (other - one) * 100
        return f"{'+' if change > 0 else '−'}{abs(change):.1f} points", "watch" if abs(change) >= 2 else ""

    each("type", [safe(side.type, 20) if side else NONE for side in sides])
    each("rows", [f"{side.rows:,}" if side else NONE for side in sides])
    gaps = [side.missing / side.rows if side and side.rows else None for side in sides]
    each("missing", [NONE if gap is None else percent(gap) for gap in gaps], *points(*gaps))
    each(
        "distinct",
        [f"{'~' if side.approximate else ''}{side.distinct:,}" if side and side.distinct else NONE
         for side in sides],
    )  # fmt: skip
    if any(side is not None and side.infinite for side in sides):
        each("infinite", [f"{side.infinite:,}" if side else NONE for side in sides])
    if some.kind == "numeric":
        sigma = before.std if before is not None else None
        values: list[tuple[str, list[float | None]]] = [
            ("min", [_float(side.min) if side else None for side in sides]),
            *(
                (name, [side.quantiles[n] if side and len(side.quantiles) > n else None for side in sides])
                for n, name in enumerate(QUANTILES)
            ),
            ("max", [_float(side.max) if side else None for side in sides]),
            ("mean", [side.mean if side else None for side in sides]),
            ("std", [side.std if side else None for side in sides]),
        ]
        for what, (one, other) in values:
            change, tone = "", ""
            if one is not None and other is not None and one != other:
                moved = other - one
                change = f"{'+' if moved > 0 else '−'}{figure(abs(moved))}"
                extreme = what in ("min", "max")  # one row decides them
                if not extreme and sigma and abs(moved) >= 0.3 * sigma:
                    tone = "watch"
            add(what, text(one), text(other), change, tone)
    elif some.top:
        rows += _top_rows(before, now)
    else:
        for what, ends in (("first", [side.min if side else None for side in sides]),
                           ("last", [side.max if side else None for side in sides])):  # fmt: skip
            each(what, [text(end) for end in ends])
    return rows


def _float(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _top_rows(before: Description | None, now: Description | None) -> list[Row]:
    """The most frequent values of either side with their shares; ``–`` where a value is not among them."""
    from pilothouse.monitoring.wording import percent

    shares: list[dict[str, float]] = [
        {level: count / side.present for level, count in side.top}
        if side is not None and side.present
        else {}
        for side in (before, now)
    ]
    names = sorted({*shares[0], *shares[1]}, key=lambda name: -max(side.get(name, 0.0) for side in shares))
    rows = []
    for name in names[:12]:
        told = [percent(side[name]) if name in side else NONE for side in shares]
        rows.append(Row(f"top {name}", (safe(name, 40) or "''", told[0], told[1], ""), ("", "", "", "dim")))
    return rows
