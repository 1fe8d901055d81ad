"""A line of text to type, which a terminal only ever draws."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.widgets import Input

from pilothouse.tui.text import safe


class LineInput(Input):
    """An ``Input`` whose value may come from outside: escape sequences in it are shown, not obeyed."""

    @property
    def _value(self) -> Text:
        # As Textual has it, but made safe, which leaves the number of characters as it is.
        return Text(safe(self.value, len(self.value) + 1), no_wrap=True, overflow="ignore", end="")

    def _on_paste(self, event: events.Paste) -> None:
        # Textual takes the first line only, and says nothing of the others.
        event.stop()
        event.prevent_default()
        text = " ".join(part for part in event.text.splitlines() if part)
        self.replace(text, *sorted(self.selection))
