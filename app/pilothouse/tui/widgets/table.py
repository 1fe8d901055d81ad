"""A table over any number of rows: pages are fetched in a thread and only what is visible is drawn."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from pilothouse.tui.text import fit
from pilothouse.tui.widgets.paging import LITTLE, PAGE, PagedRows
from pilothouse.tui.widgets.rows import BOLD_TONES, TONES


class Table(PagedRows, can_focus=True):
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

    # ------------------------------------------------------------ drawing

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
        mark, mark_tone = self.marks.get(row.key, ("", ""))
        if self.marking:
            segments.append(Segment(fit(mark, 2), self._style(mark_tone, on_cursor)))
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
