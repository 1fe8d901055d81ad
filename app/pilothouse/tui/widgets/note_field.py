"""A field of several lines for a note: enter saves it, ctrl+j breaks the line, and nothing of it is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from pilothouse.tui.text import safe

KEYS = "enter save  ctrl+j new line  esc leave"
_FIRST = 0xF0000
"""The first of the characters of nobody's own that stand for what cannot be typed."""


class NoteField(TextArea):
    """A ``TextArea`` whose text may come from outside.

    It would break lines at a dozen characters and join them by one, and hand a terminal whatever stands in
    them. So all but line breaks that is not printable (those of private use too, which makes this exact) is
    kept beside it and has a character of private use in its place, drawn as a picture of what it is.
    """

    DEFAULT_CSS = """
    NoteField { height: auto; min-height: 1; max-height: 6; padding: 0 1; background: transparent;
        scrollbar-size-vertical: 1; & .text-area--cursor-line { background: transparent; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", show=False),
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", show=False),
    ]

    @dataclass
    class Submitted(Message):
        """Enter was pressed on this note."""

        note: str

    def __init__(self, note: str, placeholder: str = "", id: str | None = None) -> None:
        self._kept: list[str] = []
        super().__init__(self._typable(note), compact=True, placeholder=safe(placeholder, 200), id=id)
        self.move_cursor(self.document.end)

    @property
    def note(self) -> str:
        """What stands in the field, character by character."""
        return "".join(self._meant(one) for one in self.text)

    def _typable(self, text: str) -> str:
        return "".join(one if one == "\n" or one.isprintable() else self._stand_in(one) for one in text)

    def _stand_in(self, one: str) -> str:
        if one not in self._kept:
            self._kept.append(one)
        return chr(_FIRST + self._kept.index(one))

    def _meant(self, one: str) -> str:
        at = ord(one) - _FIRST
        return self._kept[at] if 0 <= at < len(self._kept) else one

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn, a character for a character."""
        line = "".join(self._meant(one) for one in self.document.get_line(line_index))
        return Text(safe(line, len(line) + 1), end="", no_wrap=True)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":  # which would break the line
            event.stop()
            event.prevent_default()
            self.action_save()

    @property
    def selected_text(self) -> str:
        """What is selected, for the clipboard."""
        return "".join(self._meant(one) for one in super().selected_text)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._put(event.text)

    def action_paste(self) -> None:
        """Put what was copied here in place of what is selected."""
        self._put(self.app.clipboard)

    def _put(self, text: str) -> None:
        # Terminals send a carriage return for each line break.
        text = self._typable(text.replace("\r\n", "\n").replace("\r", "\n"))
        if result := self._replace_via_keyboard(text, *self.selection):
            self.move_cursor(result.end_location)

    def action_save(self) -> None:
        """Say what stands here."""
        self.post_message(self.Submitted(self.note))

    def action_new_line(self) -> None:
        """Break the line."""
        self._put("\n")
