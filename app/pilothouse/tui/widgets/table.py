"""A table over any number of rows: pages are fetched in a thread and only what is visible is drawn."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from pilothouse.tui.widgets.drawing import DrawnRows
from pilothouse.tui.widgets.renewal import PAGE


class Table(DrawnRows, can_focus=True):
    """Rows with a cursor and marks. Give it all the rows (``set_rows``) or a callable that fetches pages
    (``set_source``)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("g,home", "edge(-1)", "First", show=False),
        Binding("G,end", "edge(1)", "Last", show=False),
        Binding("ctrl+d,pagedown", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
        Binding("left", "sideways(-1)", "Left", show=False),
        Binding("right", "sideways(1)", "Right", show=False),
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
        if self.far_end is not None:
            self.refresh()
        else:
            self._refresh_line(old)
            self._refresh_line(target)
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
        """Scroll to the next column, or the one before."""
        here, stops = self.scroll_offset.x, self.stops()
        beside = [at for at in stops if at > here][:1] if by > 0 else [at for at in stops if at < here][-1:]
        if beside:
            self.scroll_to(x=beside[0], animate=False)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if (row := self.row) is not None:
            self.post_message(self.Opened(self, row))

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked row; a click on the row under the cursor opens it. A click on the header is
        for the screen."""
        if event.y < self.header:
            if (column := self.column_at(event.x)) is not None:
                self.post_message(self.Headed(self, column.key))
            return
        index = event.y - self.header + self.scroll_offset.y
        if index >= self.total:
            return
        if index == self.cursor:
            self.action_open()
        else:
            self.move_to(index)
