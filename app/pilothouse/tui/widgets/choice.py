"""One of a few words, changed with left and right: ``‹ random_forest ›``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from pilothouse.tui.text import safe


class Choice(Static, can_focus=True):
    """The words stand beside each other where they fit; the chosen one is marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l,space", "turn(1)", show=False),
        Binding("enter", "submit", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; padding: 0 1; background: $boost;
        &:focus { background: $accent 20%; }
    }
    """

    @dataclass
    class Changed(Message):
        """Another word was chosen."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            """The widget."""
            return self.choice

    @dataclass
    class Submitted(Message):
        """Enter was pressed: the word is the right one."""

        choice: Choice

        @property
        def control(self) -> Choice:
            """The widget."""
            return self.choice

    def __init__(self, options: tuple[str, ...], value: str = "", *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self.options = options
        self.value = value if value in options else (options[0] if options else "")
        self._draw()

    def _draw(self) -> None:
        at = self.options.index(self.value) + 1 if self.options else 0
        self.update(
            Content.assemble(
                ("‹ ", "$accent"),
                (safe(self.value), "bold"),
                (" ›", "$accent"),
                (f"   {at} of {len(self.options)}", "$dim"),
            )
        )

    def choose(self, value: str) -> None:
        """Show this word as the chosen one, without saying so."""
        if value in self.options and value != self.value:
            self.value = value
            self._draw()

    def action_submit(self) -> None:
        """Say that this word is meant."""
        self.post_message(self.Submitted(self))

    def action_turn(self, by: int) -> None:
        """Choose the next or the one before."""
        if self.options:
            self.value = self.options[(self.options.index(self.value) + by) % len(self.options)]
            self._draw()
            self.post_message(self.Changed(self, self.value))
