"""Events: the audit trail, newest first, with the numbers behind each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.filtered import FilteredScreen
from pilothouse.tui.text import clock, line, moment, no_match, number, safe
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.rows import Column, Page, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from pilothouse.store import Event

COLUMNS = (
    Column("at", "when", width=6),
    Column("kind", "kind", most=12),
    Column("subject", "subject", most=24),
    Column("message", "what happened", most=400, grow=True),
    Column("actor", "by", most=12),
)


def event_tone(event: Event) -> str:
    """The tone of an event's kind: red is never alone, the words say the same."""
    words = f"{event.kind} {event.message}".lower()
    if any(word in words for word in ("failed", "lost", "error")):
        return "bad"
    if any(word in words for word in ("refused", "held", "drifted", "rollback")):
        return "watch"
    return "accent" if event.kind in ("promote", "deploy", "deployment") else ""


def event_row(event: Event, now: datetime) -> Row:
    """One event as a row of the trail."""
    return Row(
        str(event.seq),
        (clock(event.at, now), safe(event.kind), safe(event.subject), safe(event.message), safe(event.actor)),
        ("dim", event_tone(event), "", "", "dim"),
        event,
    )


def tell_data(data: object, indent: int = 0, limit: int = 60) -> list[Content]:
    """Nested numbers and words as aligned lines, at most ``limit`` of them."""
    out: list[Content] = []
    items = (
        list(data.items())
        if isinstance(data, dict)
        else list(enumerate(data))
        if isinstance(data, list)
        else []
    )
    for key, value in items:
        if len(out) >= limit:
            out.append(line(" " * indent, ("…", "$dim")))
            break
        if isinstance(value, dict | list) and value:
            out.append(line(" " * indent, (safe(key, 40), "$dim")))
            out += tell_data(value, indent + 2, limit - len(out))
        elif value not in (None, "", [], {}):
            shown = number(value) if isinstance(value, float) else safe(value)
            out.append(line(" " * indent, (f"{safe(key, 40):<14} ", "$dim"), shown))
    return out


class EventsScreen(FilteredScreen):
    """The trail and, under it, the details of the event under the cursor."""

    CONTEXT: ClassVar[str] = "events"
    AREA: ClassVar[str] = "events"
    PLACEHOLDER: ClassVar[str] = "a kind, a subject, an actor or words of the message"
    CSS_PATH = "events.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("events")]

    def __init__(self) -> None:
        super().__init__()
        self._last = -1
        self._wanted = ""

    def body(self) -> Iterable[Widget]:
        """Filter, trail, details."""
        yield Vertical(
            Panel("Events", Table(COLUMNS, empty=EMPTY, newest_first=True, id="trail"), id="events"),
            Panel("Details", VerticalScroll(Words(id="event-words")), id="event-details"),
            id="events-body",
        )

    def on_mount(self) -> None:
        """Fetch the first page; the poll fetches again when there is news."""
        self.query_one("#trail").focus()

    def job(self) -> Callable[[], object]:
        """The number of the newest event."""
        from pilothouse.tui.snapshots.events import newest

        return lambda: newest(self.workspace)

    def show_snapshot(self, snapshot: object) -> None:
        """Fetch the trail again if there is something new in it."""
        if snapshot != self._last and isinstance(snapshot, int):
            first, self._last = self._last < 0, snapshot
            if first:
                self.filter_changed()
            else:
                self.main_table().reload()

    def put_cursor_on(self, key: str) -> None:
        """The newest are on the first page, and it is one of them that somebody comes for."""
        self._wanted = "" if self.main_table().move_to_key(key) else key

    def filter_changed(self) -> None:
        """Fetch with the filter."""
        table, words = self.main_table(), self.filter_text
        table.say_empty(no_match(words) if words.strip() else EMPTY)
        table.set_source(self._source(words))

    def _source(self, text: str) -> Callable[[int, int], Page]:
        workspace, now = self.workspace, self.pilothouse.now

        def fetch(offset: int, limit: int) -> Page:
            from pilothouse.tui.snapshots.events import trail

            found = trail(workspace, text, limit, offset)
            return Page(offset, found.total, tuple(event_row(event, now()) for event in found.events))

        return fetch

    @on(Table.Fetched)
    def _fetched(self, message: Table.Fetched) -> None:
        if message.error is not None:
            self.complain(message.error)
        elif message.page is not None:
            self.query_one("#events", Panel).retitle("Events", f"{message.page.total:,} newest first")
            if self._wanted:
                self.put_cursor_on(self._wanted)
                self._wanted = ""

    @on(Table.Moved, "#trail")
    def _moved(self, message: Table.Moved) -> None:
        words = self.query_one("#event-words", Words)
        if message.row is None:
            words.show(line(("nothing under the cursor", "$dim")))
            return
        event: Event = message.row.item  # type: ignore[assignment]
        rows = [
            line(
                (f"{'event':<14} ", "$dim"),
                str(event.seq),
                ("   ", ""),
                moment(event.at),
                ("   by ", "$dim"),
                safe(event.actor),
            ),
            line((f"{event.kind[:14]:<14} ", "$dim"), (safe(event.subject), "bold")),
            line(event.message),
            *tell_data(event.data),
        ]
        words.show(Content("\n").join(rows))

    @on(Table.Opened, "#trail")
    def _opened(self) -> None:
        self.do_details()

    def do_details(self) -> None:
        """Give the details the screen, or take it back."""
        self.query_one("#events-body").toggle_class("-details")

    def do_back(self) -> None:
        """Close the filter, then the large details."""
        body = self.query_one("#events-body")
        if body.has_class("-details"):
            body.remove_class("-details")
        else:
            super().do_back()

    def why_not(self, action: str) -> str:
        """Nothing under the cursor means nothing to open."""
        if action in ("details", "copy") and self.main_table().row is None:
            return "there is no event under the cursor"
        return ""

    def copied(self) -> str:
        """The event as one line."""
        row = self.main_table().row
        event: Event | None = row.item if row else None  # type: ignore[assignment]
        return (
            safe(f"{event.seq} {moment(event.at)} {event.kind} {event.subject}: {event.message}")
            if event
            else ""
        )


EMPTY = "Nothing has happened yet."
