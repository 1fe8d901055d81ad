"""The place under a table where a note is written: whose it is, which keys do what, and the field."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pilothouse.tui.text import safe
from pilothouse.tui.widgets.note_field import KEYS, NoteField


class NoteLine(Vertical):
    """Made when it is opened, and taken away when it is closed."""

    DEFAULT_CSS = """
    NoteLine { height: auto; background: $accent 20%; }
    NoteLine Static { height: 1; padding: 0 1; }
    """

    def __init__(self, label: str, note: str, placeholder: str) -> None:
        super().__init__()
        self._label, self.before, self._placeholder = label, note, placeholder

    def compose(self) -> ComposeResult:
        """The line of words, and the field."""
        words = Content.assemble((safe(self._label, 60), "$accent bold"), (f"  {KEYS}", "$dim"))
        yield Static(words, markup=False)
        yield NoteField(self.before, self._placeholder)

    def on_mount(self) -> None:
        """Take the keys."""
        self.query_one(NoteField).focus()
