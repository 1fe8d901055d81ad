"""The rows of a table: given all at once, or fetched by page in a thread and kept while they are near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message
from textual.scroll_view import ScrollView
from textual.worker import get_current_worker

from pilothouse.tui.text import safe, width
from pilothouse.tui.widgets.renewal import PAGE, Renewal
from pilothouse.tui.widgets.rows import Column, Fetch, Page, Row

KEEP = 12
"""Pages kept; the ones farthest from the cursor go first."""


class PagedRows(ScrollView):
    """What a table knows of its rows; how it is steered and drawn is the table's own."""

    @dataclass
    class Moved(Message, namespace="table"):
        """The cursor is on another row, or the row under it changed."""

        table: PagedRows
        row: Row | None

        @property
        def control(self) -> PagedRows:
            """The table."""
            return self.table

    @dataclass
    class Opened(Message, namespace="table"):
        """Enter, or a click on the row under the cursor."""

        table: PagedRows
        row: Row

        @property
        def control(self) -> PagedRows:
            """The table."""
            return self.table

    @dataclass
    class Headed(Message, namespace="table"):
        """The header of the column with this key was clicked."""

        table: PagedRows
        key: str

        @property
        def control(self) -> PagedRows:
            """The table."""
            return self.table

    @dataclass
    class Fetched(Message, namespace="table"):
        """A page arrived from the thread (internal)."""

        table: PagedRows
        generation: int
        page: Page | None
        error: Exception | None = None

    def __init__(
        self,
        columns: tuple[Column, ...] = (),
        *,
        empty: str = "",
        header: bool = True,
        marking: bool = False,
        newest_first: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.newest_first = newest_first
        """Whether a cursor at the top stays at the top, and does not go down with its row as others come."""
        self.columns = columns
        self.empty = empty
        self.header = header
        self.marking = marking
        self.total = 0
        self.cursor = 0
        self.note = ""
        self.loaded = False
        self.failed = ""
        """Why there are no rows yet although they were asked for; empty while they are on their way."""
        self.marks: dict[str, tuple[str, str]] = {}
        """Row key -> the sign drawn before it, and its tone."""
        self._pages: dict[int, tuple[Row, ...]] = {}
        self._fetch: Fetch | None = None
        self._generation = 0
        self._asked: set[int] = set()
        self._renewal: Renewal | None = None
        self._held = ""
        self.far_end: tuple[str, int] | None = None
        """The other end of a range: the key of its row, and where that was seen last."""
        self._widths: list[int] = [max(c.width, width(c.label)) for c in columns]

    # ------------------------------------------------------------ rows in

    def say_empty(self, words: str) -> None:
        """Say this where there are no rows."""
        if words != self.empty:
            self.empty = words
            self.refresh()

    def say_failed(self, why: str) -> None:
        """Say why there are no rows, where none were ever read: that they are being read would be a lie."""
        if why != self.failed:
            self.failed = why
            self.refresh()

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """Take other columns; widths start again from the labels when they are really other ones."""
        if columns == self.columns:
            return
        if [c.key for c in columns] != [c.key for c in self.columns]:
            self._widths = [max(c.width, width(c.label)) for c in columns]
        self.columns = columns
        self._measure([row for page in self._pages.values() for row in page])
        self.refresh()

    def set_rows(self, rows: list[Row]) -> None:
        """Show exactly these rows; the cursor stays on its row where that is still there."""
        self._fetch = None
        pages = {at // PAGE: tuple(rows[at : at + PAGE]) for at in range(0, len(rows), PAGE)}
        if self.loaded and pages == self._pages and len(rows) == self.total:
            self._pages = pages  # the items behind equal rows may be newer
            return
        # A row that is followed takes the view with it, until what is new is out of sight; where nobody
        # steers the list, its top is what is looked at.
        top = self.newest_first and (self.cursor == 0 or not self.has_focus)
        held = self._held
        self._pages, self.total, self.loaded = pages, len(rows), True
        place = 0 if top else next((n for n, row in enumerate(rows) if row.key == held), self.cursor)
        self._measure(rows)
        self._settle(place)
        self.call_after_refresh(self._scroll_to_cursor)

    def set_source(self, fetch: Fetch, *, top: bool = True) -> None:
        """Fetch pages from ``fetch`` from now on; ``top`` puts the cursor on the first row. Old rows stay
        until new ones come."""
        self._fetch = fetch
        if top:
            self.cursor, self._held = 0, ""
            self.scroll_to(y=0, animate=False)
        self._renew(replaced=True)

    def reload(self) -> None:
        """Fetch what is visible again, keeping what is shown until all of the answer is here."""
        if self._renewal is not None and self._asked:
            self._renewal.again = True  # what is on its way is let in first, or nothing ever would be
        else:
            self._renew(replaced=self._renewal is not None and self._renewal.replaced)

    def _renew(self, *, replaced: bool) -> None:
        if self._fetch is None:
            return
        self._generation += 1
        self._asked.clear()
        wanted = {self.cursor // PAGE} if replaced or not self.total else self._visible_pages()
        self._renewal = Renewal(replaced, set(wanted))
        for number in wanted:
            self._ask(number)

    def hold(self, key: str) -> None:
        """Put the cursor on the row with ``key`` when the rows that are on their way are here."""
        self._held = key

    @property
    def busy(self) -> bool:
        """Whether a page is on its way."""
        return bool(self._asked)

    def _ask(self, number: int) -> None:
        if self._fetch is None or number in self._asked:
            return
        self._asked.add(number)
        fetch, generation = self._fetch, self._generation

        def work() -> None:
            worker = get_current_worker()
            if worker.is_cancelled or generation != self._generation:
                return
            try:
                page, error = fetch(number * PAGE, PAGE), None
            except Exception as problem:  # noqa: BLE001 - shown in the status line by the screen
                page, error = None, problem
            if not worker.is_cancelled:
                self.post_message(self.Fetched(self, generation, page, error))

        self.run_worker(work, thread=True, group=f"page-{number % 2}", exit_on_error=False)

    def on_table_fetched(self, message: Fetched) -> None:
        """Put an arrived page in its place. The screen sees the message too, for errors and the note."""
        if message.table is not self or message.generation != self._generation:
            message.stop()
            return
        page = message.page
        if page is None:
            self.say_failed(safe(message.error))
            self._asked.clear()
            if self._renewal is not None and not self._renewal.replaced:
                self._renewal = None
            return
        self._asked.discard(page.offset // PAGE)
        renewal = self._renewal
        if renewal is None:
            self._take({page.offset // PAGE: page})
            return
        renewal.arrived[page.offset // PAGE] = page
        if renewal.complete:
            more = renewal.where_else(self._held, self.cursor // PAGE, page.total)
            for number in more:
                self._ask(number)
            if not more:
                self._renewal = None
                self._pages.clear()
                self._take(renewal.arrived)
                if renewal.again:
                    self.reload()

    def _take(self, pages: dict[int, Page]) -> None:
        for page in pages.values():
            if page.columns is not None:
                if [c.key for c in page.columns] != [c.key for c in self.columns]:
                    self._pages.clear()  # their cells stand under other columns
                self.set_columns(page.columns)
        for number, page in pages.items():
            self._pages[number] = page.rows
            self.total, self.note, self.loaded = page.total, page.note, True
            self.empty = page.empty or self.empty
            self._measure(page.rows)
        top = self.newest_first and self.cursor == 0
        place = 0 if top else self._place_of(self._held)
        if place is None:
            place = self.cursor
        elif place != self.cursor and self.scroll_offset.y:
            # Rows came or went above: what is in view stays where it is.
            self.scroll_to(y=max(0, self.scroll_offset.y + place - self.cursor), animate=False)
        if self.far_end is not None:
            key, at = self.far_end
            found = self._place_of(key)
            self.far_end = (key, at + place - self.cursor if found is None else found)
        self._settle(place)
        self._need_visible()
        while len(self._pages) > KEEP:
            del self._pages[max(self._pages, key=lambda n: abs(n - self.cursor // PAGE))]

    def _place_of(self, key: str) -> int | None:
        for number, rows in self._pages.items():
            for n, row in enumerate(rows):
                if row.key == key:
                    return number * PAGE + n
        return None

    def _measure(self, rows: Sequence[Row]) -> None:
        """Make room for these rows."""
        raise NotImplementedError

    def _settle(self, place: int) -> None:
        before = self._held
        self.cursor = max(0, min(place, self.total - 1))
        row = self.row
        self._held = row.key if row else ""
        self._scroll_to_cursor()
        self.refresh()
        if row is not None or before or not self.total:
            self.post_message(self.Moved(self, row))

    # ------------------------------------------------------------ rows out

    def row_at(self, index: int) -> Row | None:
        """The row at ``index`` if its page is here."""
        page = self._pages.get(index // PAGE)
        if page is None or not 0 <= index % PAGE < len(page):
            return None
        return page[index % PAGE]

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.row_at(self.cursor) if self.total else None

    # ------------------------------------------------------------ what is in view

    @property
    def _body_height(self) -> int:
        return max(1, self.scrollable_content_region.height - self.header)

    def _scroll_to_cursor(self) -> None:
        top, body = self.scroll_offset.y, self._body_height
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + body:
            self.scroll_to(y=self.cursor - body + 1, animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Fetch what came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._need_visible()

    def _need_visible(self) -> None:
        if self._fetch is None or self._renewal is not None or not self.total:
            return
        for number in self._visible_pages():
            if number not in self._pages:
                self._ask(number)

    def _visible_pages(self) -> set[int]:
        first = min(self.scroll_offset.y, self.total - 1)
        last = min(self.total - 1, first + self._body_height)
        return {first // PAGE, last // PAGE, self.cursor // PAGE}
