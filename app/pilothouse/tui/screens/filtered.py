"""A screen whose main table can be narrowed by typing: ``/`` opens the line, enter goes back to the rows,
esc clears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.widgets.panel import Words
from pilothouse.tui.widgets.table import Table


class FilterLine(Input):
    """The text to filter by; it owns all printable keys while it has the focus."""

    DEFAULT_CSS = """
    FilterLine { display: none; height: 1; border: none; padding: 0 1; margin: 0 1; background: $boost;
        &:focus { border: none; background: $accent 20%; }
        &.-shown { display: block; }
    }
    """


class FilteredScreen(PilothouseScreen):
    """Adds the filter line and an error line under it."""

    PLACEHOLDER: ClassVar[str] = "words to look for"

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""

    def filter_widgets(self) -> Iterable[Widget]:
        """The filter line and the place for what is wrong with it."""
        yield FilterLine(placeholder=f"/ {self.PLACEHOLDER}", id="filter", select_on_focus=False)
        yield Words(hides=True, id="filter-error")

    def main_table(self) -> Table:
        """The table that is filtered."""
        return self.query_one(Table)

    def filter_changed(self) -> None:
        """Fetch again with ``filter_text``."""

    def do_filter(self) -> None:
        """Open the filter line."""
        box = self.query_one(FilterLine)
        box.add_class("-shown")
        box.focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self.filter_text:
            self.filter_text = event.value
            self.filter_changed()

    @on(Input.Submitted, "#filter")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.filter_text:
            self.query_one(FilterLine).remove_class("-shown")
        self.main_table().focus()

    def close_filter(self) -> bool:
        """Clear and hide the filter line; False if there was nothing to close."""
        box = self.query_one(FilterLine)
        if not box.has_class("-shown"):
            return False
        box.value = ""
        box.remove_class("-shown")
        self.main_table().focus()
        return True

    def do_back(self) -> None:
        """Close the filter first, then the screen."""
        if not self.close_filter():
            super().do_back()
