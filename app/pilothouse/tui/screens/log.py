"""A run's log, following it while the run writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.text import no_match, plain, safe
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

MOST_LINES = 50_000
"""Lines kept on screen; the file keeps them all."""


EMPTY = "Nothing has been printed yet."
ENDED_EMPTY = "Nothing was printed."
NOT_RECORDED = (
    "What it prints is not recorded, since it was not started by Pilothouse.\n"
    "Start it with  pilothouse run -- COMMAND  to keep that."
)


@dataclass(frozen=True, slots=True)
class LogPart:
    """What came since ``start``; ``end`` is where to read on, ``live`` whether more may come, ``recorded``
    whether there is a log at all."""

    text: str
    end: int
    live: bool
    recorded: bool


def read_part(workspace: Workspace, run_id: str, offset: int) -> LogPart:
    """Read on from byte ``offset``."""
    from pilothouse.processes import is_alive
    from pilothouse.tracking.writer import ALIVE_NAME
    from pilothouse.training.watching import is_recorded
    from pilothouse.tui.snapshots.training import log_part

    live = is_alive(workspace.run_dir(run_id) / ALIVE_NAME)
    text, end = log_part(workspace, run_id, offset)
    return LogPart(text, end, live, is_recorded(workspace, run_id))


class LogScreen(FilteredScreen):
    """Lines as they come; ``f`` follows the end or stays, ``/`` shows only the lines that match."""

    CONTEXT: ClassVar[str] = "log"
    AREA: ClassVar[str] = "runs"
    POLL: ClassVar[float] = 0.5
    PLACEHOLDER: ClassVar[str] = "words in a line"
    CSS_PATH = "log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("log")]

    def __init__(self, run_id: str, name: str) -> None:
        super().__init__()
        self.run_id, self.run_name = run_id, name
        self.lines: list[str] = []
        self.following = True
        self.live = True
        self.recorded = True
        self._torn = ""
        self._end = 0
        self._dropped = 0

    def body(self) -> Iterable[Widget]:
        """The lines."""
        columns = (Column("n", "", "right", most=8), Column("line", "", most=4000))
        yield Panel("Log", Table(columns, empty=EMPTY, header=False, id="log"), id="log-panel")

    def on_mount(self) -> None:
        """Start on the lines."""
        self.main_table().focus()

    def job(self) -> Callable[[], object]:
        """What came since the last look."""
        workspace, run_id, end = self.workspace, self.run_id, self._end
        return lambda: read_part(workspace, run_id, end)

    def show_snapshot(self, snapshot: object) -> None:
        """Append what came."""
        part: LogPart = snapshot  # type: ignore[assignment]
        changed = (part.live, part.recorded) != (self.live, self.recorded)
        self.live, self.recorded = part.live, part.recorded
        self._end = part.end
        if part.text:
            *whole, self._torn = (self._torn + part.text).split("\n")
            self._torn = _come_to(self._torn)
            self.lines += [_drawn(text) for text in whole]
            if len(self.lines) > MOST_LINES:
                self._dropped += len(self.lines) - MOST_LINES
                del self.lines[:-MOST_LINES]
        if part.text or changed or not self.main_table().loaded:
            self.filter_changed()
        state = ("▶ live, following" if self.following else "▶ live, f follows") if self.live else "● ended"
        count = len(self.lines) + bool(self._torn) + self._dropped
        lines = "1 line" if count == 1 else f"{count:,} lines"
        self.query_one("#log-panel", Panel).retitle(f"Log of {self.run_name}", f"{lines}   {state}")

    def filter_changed(self) -> None:
        """Show the lines that match."""
        words = self.filter_text.lower()
        shown = [*self.lines, _drawn(self._torn)] if self._torn else self.lines
        rows = [
            Row(str(n), (str(n), text), ("dim", _tone(text)))
            for n, text in enumerate(shown, self._dropped + 1)
            if not words or words in text.lower()
        ]
        table = self.main_table()
        table.say_empty(no_match(words) if words and shown else self._why_empty())
        table.set_rows(rows)
        if self.following:
            table.action_edge(1)

    def _why_empty(self) -> str:
        if not self.recorded:
            return NOT_RECORDED
        return EMPTY if self.live else ENDED_EMPTY

    def do_follow(self) -> None:
        """Follow the end, or stay where the cursor is."""
        self.following = not self.following
        if self.following:
            self.main_table().action_edge(1)
        self.say("Following the end of the log." if self.following else "Staying here; f follows again.")

    def on_table_moved(self, message: Table.Moved) -> None:
        """Going up stops the following; coming back to the end starts it."""
        table = message.table
        if table.total and message.row is not None:
            self.following = table.cursor >= table.total - 1


def _come_to(text: str) -> str:
    """What a line came to: a progress bar rewrites it with carriage returns. It may have ended with one."""
    return text[text.rstrip("\r").rfind("\r") + 1 :]


def _drawn(text: str) -> str:
    return safe(plain(_come_to(text).rstrip("\r")), 4000)


def _tone(text: str) -> str:
    low = text[:200].lower()
    if "error" in low or "traceback" in low or "exception" in low:
        return "bad"
    return "watch" if "warn" in low else ""
