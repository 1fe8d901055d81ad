"""The line that a filter is typed into."""

from __future__ import annotations

from pilothouse.tui.widgets.line_input import LineInput


class FilterLine(LineInput):
    """The text to filter by; it owns all printable keys while it has the focus."""

    DEFAULT_CSS = """
    FilterLine { display: none; height: 1; border: none; padding: 0 1; background: $boost;
        &:focus { border: none; background: $accent 20%; }
        &.-shown { display: block; }
    }
    """
