"""A table over any number of rows: pages are fetched in a thread and only what is visible is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import get_current_worker

from pilothouse.tui.text import fit, width
from pilothouse.tui.widgets.rows import BOLD_TONES, TONES, Column, Fetch, Page, Row

PAGE = 128
"""Rows fetched at a time."""
LITTLE = 16
"""Cells that a growing column keeps when there is no room."""
KEEP = 12
"""Pages kept; the ones farthest from the cursor go first."""


class Table(ScrollView, can_focus=True):
    """Rows with a cursor and marks. Give it all the rows (``set_rows``) or a callable that fetches pages
    (``set_source``)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("g,home", "edge(-1)", "First", show=False),
        Binding("G,end", "edge(1)", "Last", show=False),
        Binding("ctrl+d,pagedown", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
        Binding("left", "sideways(-8)", "Left", show=False),
        Binding("right", "sideways(8)", "Right", show=False),
        Binding("enter", "open", "Open", show=False),
    ]
    DEFAULT_CSS = """
    Table { scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; height: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or the row under it changed."""

        table: Table
        row: Row | None

        @property
        def control(self) -> Table:
            """The table."""
            return self.table

    @dataclass
    class Opened(Message):
        """Enter, or a click on the row under the cursor."""

        table: Table
        row: Row

        @property
        def control(self) -> Table:
            """The table."""
            return self.table

    @dataclass
    class Fetched(Message):
        """A page arrived from the thread (internal)."""

        table: Table
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
        self.marks: dict[str, str] = {}
        """Row key -> the sign drawn before it."""
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

    # ------------------------------------------------------------ moving

    def move_to(self, index: int) -> None:
        """Put the cursor on row ``index``."""
        target = max(0, min(index, self.total - 1))
        if target == self.cursor or not self.total:
            return
        old, self.cursor = self.cursor, target
        row = self.row
        self._held = row.key if row else ""
        self._need_visible()
        self._scroll_to_cursor()
        for y in (old, target):
            self.refresh(Region(0, y - self.scroll_offset.y + self.header, max(self.size.width, 1), 1))
        self.post_message(self.Moved(self, row))

    def move_to_key(self, key: str) -> bool:
        """Put the cursor on the row with ``key`` if it is loaded."""
        for number, page in self._pages.items():
            for n, row in enumerate(page):
                if row.key == key:
                    self.move_to(number * PAGE + n)
                    return True
        return False

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self.cursor + by)

    def action_edge(self, which: int) -> None:
        """To the first or the last row."""
        self.move_to(0 if which < 0 else self.total - 1)

    def action_half(self, which: int) -> None:
        """Half a screen down or up."""
        self.move_to(self.cursor + which * max(1, self._body_height // 2))

    def action_sideways(self, by: int) -> None:
        """Scroll the columns."""
        self.scroll_to(x=self.scroll_offset.x + by, animate=False)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (row := self.row) is not None:
            self.post_message(self.Opened(self, row))

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked row; a click on the row under the cursor opens it."""
        index = event.y - self.header + self.scroll_offset.y
        if event.y < self.header or index >= self.total:
            return
        if index == self.cursor:
            self.action_open()
        else:
            self.move_to(index)

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

    # ------------------------------------------------------------ drawing

    @property
    def _lead(self) -> int:
        return 2 if self.marking else 0

    def set_mark(self, key: str, sign: str | None) -> None:
        """Draw ``sign`` before the row with ``key``, or nothing."""
        if sign is None:
            self.marks.pop(key, None)
        else:
            self.marks[key] = sign
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def on_focus(self) -> None:
        """Draw the cursor in the accent."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor quietly."""
        self.refresh()

    def _style(self, tone: str, on_cursor: bool) -> Style:
        # From the theme's variables and not by component classes: a dozen of those in each table would be
        # styled one by one before the first paint.
        key = (tone, on_cursor, on_cursor and self.has_focus)
        style = self._styles.get(key)
        if style is None:
            colours = self.app.theme_variables
            style = self.rich_style
            if name := TONES.get(tone):
                style += Style(color=Color.parse(colours[name]).rich_color)
            if tone in BOLD_TONES:
                style += Style(bold=True)
            if on_cursor:
                ground = Color.parse(colours["background"])
                over = ("accent", 0.3) if self.has_focus else ("foreground", 0.08)
                mixed = ground.blend(Color.parse(colours[over[0]]), over[1])
                style += Style(bgcolor=mixed.rich_color, bold=True if self.has_focus else None)
            self._styles[key] = style
        return style

    def _least(self) -> int:
        """Cells that the columns need: those that grow can do with little."""
        pairs = zip(self._widths, self.columns, strict=True)
        cells = sum(min(w, LITTLE) if c.grow else w for w, c in pairs)
        return cells + 2 * max(0, len(self._widths) - 1) + self._lead

    def _shared_widths(self, available: int) -> list[int]:
        widths = list(self._widths)
        spare = available - self._least()
        for n, column in enumerate(self.columns):
            if column.grow:
                widths[n] = min(widths[n], LITTLE) + max(0, spare)
                break
        return widths

    def render_line(self, y: int) -> Strip:
        """Draw one line of the viewport: the header stays, the rows scroll under it."""
        across = self.scrollable_content_region.width
        if not self.columns:
            return Strip.blank(across, self._style("", False))
        if self.header and y == 0:
            return self._header_line(across)
        index = y - self.header + self.scroll_offset.y
        if index >= self.total:
            return self._empty_line(y, across)
        return self._row_line(index, across)

    def _empty_line(self, y: int, across: int) -> Strip:
        text = ""
        if not self.total:
            words = (self.empty if self.loaded else "reading …").split("\n")
            n = y - self.header
            text = words[n] if 0 <= n < len(words) else ""
        return Strip([Segment(fit(" " + text, across), self._style("dim", False))], across)

    def _header_line(self, across: int) -> Strip:
        widths = self._shared_widths(across)
        style = self._style("dim", False)
        cells = [fit(c.label + c.mark, widths[n], c.align) for n, c in enumerate(self.columns)]
        text = " " * self._lead + "  ".join(cells)
        strip = Strip([Segment(text, style)])
        if strip.cell_length - self.scroll_offset.x > across > 2:  # there is more to the right
            cut = strip.crop_extend(self.scroll_offset.x, self.scroll_offset.x + across - 2, style)
            return Strip([*cut, Segment(" ›", self._style("accent", False))], across)
        return strip.crop_extend(self.scroll_offset.x, self.scroll_offset.x + across, style)

    def _row_line(self, index: int, across: int) -> Strip:
        on_cursor = index == self.cursor and (self.has_focus or self.total > 1)
        base = self._style("", on_cursor)
        row = self.row_at(index)
        if row is None:
            return Strip([Segment(fit("  …", across), self._style("dim", on_cursor))], across)
        widths = self._shared_widths(across)
        segments: list[Segment] = []
        mark = self.marks.get(row.key, "")
        if self.marking:
            segments.append(Segment(fit(mark, 2), self._style("accent" if mark else "", on_cursor)))
        for n, column in enumerate(self.columns):
            text = row.cells[n] if n < len(row.cells) else ""
            tone = row.tones[n] if n < len(row.tones) else ""
            segments.append(
                Segment(fit(text, widths[n], column.align), self._style(tone, on_cursor) if tone else base)
            )
            if n < len(self.columns) - 1:
                segments.append(Segment("  ", base))
        strip = Strip(segments)
        return strip.crop_extend(self.scroll_offset.x, self.scroll_offset.x + across, base)
