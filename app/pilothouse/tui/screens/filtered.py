"""A screen whose main table can be narrowed by typing: ``/`` opens the line, enter goes back to the rows,
esc clears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.widgets.filter_line import FilterLine
from pilothouse.tui.widgets.table import Table


class FilteredScreen(PilothouseScreen):
    """Adds the filter line."""

    PLACEHOLDER: ClassVar[str] = "words to look for"

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""

    def filter_widgets(self) -> Iterable[Widget]:
        """The filter line, and whatever belongs to it. A screen that does not put them into its body has them
        made when they are asked for the first time: opening it is quicker by a tenth."""
        yield FilterLine(placeholder=f"/ {self.PLACEHOLDER}", id="filter", select_on_focus=False)

    def main_table(self) -> Table:
        """The table that is filtered."""
        return self.query_one(Table)

    def put_cursor_on(self, key: str) -> None:
        """Put the cursor on the row with ``key``, now or when the rows that are on their way are here."""
        if not self.main_table().move_to_key(key):
            self.main_table().hold(key)

    def filter_changed(self) -> None:
        """Fetch again with ``filter_text``."""

    def typed(self, text: str) -> None:
        """Something else stands in the filter line."""
        if text != self.filter_text:
            self.filter_text = text
            self.filter_changed()

    def filtered(self) -> Widget:
        """What the filter line stands above."""
        return self.main_table()

    async def do_filter(self) -> None:
        """Open the filter line."""
        if not self.query(FilterLine):
            place = self.filtered()
            assert isinstance(place.parent, Widget)
            await place.parent.mount(*self.filter_widgets(), before=place)
        box = self.query_one(FilterLine)
        box.add_class("-shown")
        box.focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.typed(event.value)

    @on(Input.Submitted, "#filter")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        line = self.query_one(FilterLine)
        if not line.value:
            line.remove_class("-shown")
        self._leave_line()

    def _leave_line(self) -> None:
        """Go on among what is filtered; where that is a frame around it, in its table."""
        place = self.filtered()
        (place if place.can_focus else self.main_table()).focus()

    def close_filter(self) -> bool:
        """Clear and hide the filter line; False if there was nothing to close."""
        for box in self.query(FilterLine):
            if box.has_class("-shown"):
                box.value = ""
                box.remove_class("-shown")
                self._leave_line()
                return True
        return False

    def do_back(self) -> None:
        """Close the filter first, then the screen."""
        if not self.close_filter():
            super().do_back()
