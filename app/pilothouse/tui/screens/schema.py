"""The schema on screen: the rules in force, what the newest file has beside each, and changing them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget

from pilothouse.tracking.durations import on_the_clock
from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.schema_acts import SchemaActs
from pilothouse.tui.screens.schema_rows import (
    ALL,
    BROAD,
    NARROW,
    beside_file,
    history_content,
    rule_content,
    rule_row,
    whole_row,
)
from pilothouse.tui.text import clock, safe
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.monitoring.quality.beside import RuleLine
    from pilothouse.tui.snapshots.schema import SchemaNow

_BROAD, _VAST = 110, 160


class SchemaScreen(SchemaActs):
    """Opened with ``s`` on Data; esc leaves, and what is still being measured goes on."""

    CONTEXT: ClassVar[str] = "schema"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "schema.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("schema")]

    def __init__(self, file: str = "") -> None:
        """``file`` is what stands beside the rules; by default the newest file, whichever that is."""
        super().__init__()
        self._file = file
        self._known: SchemaNow | None = None
        self._beside: dict[str, Any] | None = None
        self._asked: Hashable = None
        self._history = False
        across = self.app.size.width
        columns = ALL if across >= _VAST else BROAD if across >= _BROAD else NARROW
        self._columns = beside_file(columns, file) if file else columns

    def body(self) -> Iterable[Widget]:
        """The rules, and the one under the cursor."""
        yield Vertical(
            Panel("Schema", Table(self._columns, empty="Reading …", id="rules"), id="rules-panel"),
            Panel("Rule", VerticalScroll(Words(id="rule-words"), can_focus=True), id="rule-panel"),
            id="schema-body",
        )

    def on_mount(self) -> None:
        """The keys are for the table; where the rules are read from much data, it says how far that is."""
        self.table.focus()
        began = time.monotonic()

        def tell() -> None:
            if self._known is not None:
                waiting.stop()
                return
            if self._trouble:
                self.query_one("#rules-panel", Panel).retitle("Schema")
                return
            share = f"{self.pilothouse.measuring.share:.0%}   " if self.pilothouse.measuring.share else ""
            waited = on_the_clock(time.monotonic() - began)
            self.query_one("#rules-panel", Panel).retitle("Schema", f"reading the data   {share}{waited}")

        waiting = self.set_interval(1.0, tell)

    @property
    def table(self) -> Table:
        """The rules."""
        return self.query_one("#rules", Table)

    def known_schema(self) -> SchemaNow | None:
        """What is known of the rules."""
        return self._known

    def named(self) -> str:
        """The file that stands beside the rules."""
        return safe(self._file, 60) or "the newest file"

    def keeps_all(self) -> bool:
        """Whether the file beside the rules was measured, and nothing was found in it."""
        return self._beside is not None and not self._beside["findings"]

    @property
    def current(self) -> RuleLine | None:
        """The column under the cursor; None on the row for the whole file."""
        row = self.table.row
        return row.item if row else None  # type: ignore[return-value]

    # ------------------------------------------------------------ reading

    def job(self) -> Callable[[], object]:
        """The rules in force, and which file landed last."""
        from pilothouse.tui.snapshots.schema import schema_now

        workspace, about, before = self.workspace, self.pilothouse.about, self._known
        model, measuring, file = about.model if about else None, self.pilothouse.measuring, self._file

        def read() -> SchemaNow:
            with measuring.turn:
                measuring.rules = schema_now(
                    workspace, model, before or measuring.rules, measuring.progress, file=file
                )
                return measuring.rules

        return read

    def show_snapshot(self, snapshot: object) -> None:
        """Draw the rules, and measure the newest file by them unless that is done."""
        found: SchemaNow = snapshot  # type: ignore[assignment]
        if found is not self._known:
            self._known = found
            self._draw()
        wanted = (found.model, found.newest, found.rules.accepted, found.reference)
        if found.newest is not None and wanted != self._asked:
            self._asked = wanted
            self._measure(found, found.newest[0])
        else:
            self._draw_title()

    def _measure(self, known: SchemaNow, path: str) -> None:
        from pilothouse.tui.snapshots.schema import file_beside

        measuring, workspace = self.pilothouse.measuring, self.workspace
        if (found := measuring.found(self._asked)) is not None:
            self._measured(self._asked, found, None)
            return
        measuring.ask(
            self.pilothouse,
            self._asked,
            lambda stop: file_beside(workspace, known.model, path, lambda _: None, stop),
            self._measured,
        )
        self._draw_title()

    def _measured(self, asked: object, found: dict[str, Any] | None, trouble: Exception | None) -> None:
        if not self.is_mounted or asked != self._asked:
            return
        self._beside = found
        if trouble is not None:
            self.complain(trouble)
        self._draw()

    # ------------------------------------------------------------ drawing

    def _lines(self) -> tuple[RuleLine, ...]:
        from pilothouse.monitoring.quality.beside import RuleLine

        known, beside = self._known, self._beside
        if known is None:
            return ()
        if beside is None or (beside["model"], beside["number"]) != (known.model, known.rules.accepted):
            return known.lines
        return tuple(RuleLine(**one) for one in beside["columns"])

    def _findings(self, column: str) -> list[dict[str, Any]]:
        found = self._beside["findings"] if self._beside else []
        names = {one.column for one in self._lines()}
        # What is about a column without rules stands with the file as a whole.
        return [
            one for one in found if one["column"] == column or (not column and one["column"] not in names)
        ]

    def _draw(self) -> None:
        known = self._known
        if known is None:
            return
        whole = self._findings("")
        sign = "■" if any(one["severity"] == "error" for one in whole) else "▲" if whole else "●"
        rows = self._beside["rows"] if self._beside else None
        suggested = known.rules.accepted is None
        self.table.set_rows(
            [
                *(rule_row(one, self._columns, suggested=suggested) for one in self._lines()),
                whole_row(known, rows, sign if self._beside else "", self._columns),
            ]
        )
        self._draw_title()
        self._draw_rule()
        self.refresh_keys()

    def _draw_title(self) -> None:
        known = self._known
        if known is None:
            return
        if known.rules.accepted is None:
            title, aside = "Schema, suggested", f"from {known.suggested_from}; it only warns"
        else:
            kept = known.history[0]
            title = f"Schema, version {kept.number}"
            aside = f"accepted by {kept.actor}, {clock(kept.at, self.pilothouse.now())}"
        waited = self.pilothouse.measuring.waited(self._asked) if self._asked is not None else None
        if waited is not None:
            # Alone, so that the time is not cut off; esc leaves it going on.
            aside = f"measuring {safe(self._file, 40) or 'the newest file'}, {on_the_clock(waited)}"
        elif self._beside is not None:
            aside += f"   beside {self._beside['file']}"
        self.query_one("#rules-panel", Panel).retitle(title, aside)

    def _draw_rule(self) -> None:
        known, words = self._known, self.query_one("#rule-words", Words)
        if known is None:
            return
        if self._history:
            self.query_one("#rule-panel", Panel).retitle("History", "l shows the rule again")
            words.show(history_content(known.history, self.pilothouse.now()))
            return
        one = self.current
        file = self._beside["file"] if self._beside else ""
        self.query_one("#rule-panel", Panel).retitle(
            "Rule", "" if file or not known.newest else "measuring …"
        )
        words.show(
            rule_content(known, one, file, self._findings(one.column if one else ""), named=self._file)
        )

    @on(Table.Moved, "#rules")
    def _moved(self) -> None:
        self._draw_rule()
        self.refresh_keys()

    @on(Table.Opened, "#rules")
    def _opened(self) -> None:
        self.do_edit_rule()

    # ------------------------------------------------------------ acting

    def do_schema_history(self) -> None:
        """Show who accepted what, or the rule under the cursor again."""
        self._history = not self._history
        self._draw_rule()

    def copied(self) -> str:
        """The column's rules, as they are written."""
        from pilothouse.monitoring.quality.rules_text import rule_line

        one = self.current
        return rule_line(self._known.rules, one.column if one else "") if self._known else ""

    def do_back(self) -> None:
        """From the details to the table, from the history to the rule, then leave."""
        if self.focused is not self.table:
            self.table.focus()
        elif self._history:
            self.do_schema_history()
        else:
            super().do_back()
