"""The rows of a table: given all at once, or fetched by page in a thread and kept while they are near."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.worker import get_current_worker

from pilothouse.tui.text import width
from pilothouse.tui.widgets.rows import Column, Fetch, Page, Row

PAGE = 128
"""Rows fetched at a time."""
LITTLE = 16
"""Cells that a growing column keeps when there is no room."""
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
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = columns
        self.empty = empty
        self.header = header
        self.marking = marking
        self.total = 0
        self.cursor = 0
        self.note = ""
        self.loaded = False
        self.marks: dict[str, tuple[str, str]] = {}
        """Row key -> the sign drawn before it, and its tone."""
        self._pages: dict[int, tuple[Row, ...]] = {}
        self._fetch: Fetch | None = None
        self._generation = 0
        self._asked: set[int] = set()
        self._stale = False
        self._held = ""
        self._widths: list[int] = [max(c.width, width(c.label)) for c in columns]
        self._styles: dict[tuple[str, bool, bool], Style] = {}

    # ------------------------------------------------------------ rows in

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
        held = self._held
        self._pages, self.total, self.loaded = pages, len(rows), True
        place = next((n for n, row in enumerate(rows) if row.key == held), self.cursor)
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
        self.reload()

    def reload(self) -> None:
        """Fetch what is visible again, keeping what is shown until the answer is here."""
        if self._fetch is None:
            return
        self._generation += 1
        self._asked.clear()
        self._stale = True
        self._ask(self.cursor // PAGE)

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
            self._asked.clear()
            return
        self._asked.discard(page.offset // PAGE)
        if self._stale:
            self._pages.clear()
            self._stale = False
        if page.columns is not None:
            if [c.key for c in page.columns] != [c.key for c in self.columns]:
                self._pages.clear()  # their cells stand under other columns
            self.set_columns(page.columns)
        self._pages[page.offset // PAGE] = page.rows
        self.total, self.note, self.loaded = page.total, page.note, True
        place = self.cursor
        if self._held and self.cursor:
            place = next((page.offset + n for n, row in enumerate(page.rows) if row.key == self._held), place)
        self._measure(page.rows)
        self._settle(place)
        self._need_visible()
        while len(self._pages) > KEEP:
            del self._pages[max(self._pages, key=lambda n: abs(n - self.cursor // PAGE))]

    def _measure(self, rows: list[Row] | tuple[Row, ...]) -> None:
        for n, column in enumerate(self.columns):
            if column.width:
                self._widths[n] = column.width
                continue
            widest = max((width(row.cells[n]) for row in rows if n < len(row.cells)), default=0)
            self._widths[n] = min(
                max(self._widths[n], widest, width(column.label + column.mark)), column.most
            )
        self._resize_virtual()

    def _resize_virtual(self) -> None:
        across = self._least()
        self.virtual_size = Size(across, max(1, self.total) + self.header)
        self.refresh()

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

    def rows_here(self) -> list[Row]:
        """All rows that are loaded, in order."""
        return [row for number in sorted(self._pages) for row in self._pages[number]]

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
        if self._fetch is None or self._stale or not self.total:
            return
        first = self.scroll_offset.y
        last = min(self.total - 1, first + self._body_height)
        wanted = {first // PAGE, last // PAGE, self.cursor // PAGE}
        for number in wanted:
            if number not in self._pages:
                self._ask(number)

    @property
    def _lead(self) -> int:
        return 2 if self.marking else 0

    def _least(self) -> int:
        """Cells that the columns need: those that grow can do with little."""
        pairs = zip(self._widths, self.columns, strict=True)
        cells = sum(min(w, LITTLE) if c.grow else w for w, c in pairs)
        return cells + 2 * max(0, len(self._widths) - 1) + self._lead
