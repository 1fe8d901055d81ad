"""One line under a table that something is typed into; it owns all printable keys while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from pilothouse.tui.text import safe
from pilothouse.tui.widgets.line_input import LineInput

Suggest = Callable[[str], str | None]
"""From what is typed to what it could become; None where nothing comes to mind."""


class _Suggester(Suggester):
    def __init__(self, suggest: Suggest) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suggest = suggest

    async def get_suggestion(self, value: str) -> str | None:
        """What ``value`` could become."""
        return self._suggest(value)


class _Field(LineInput):
    """Tab takes the suggestion, as the right arrow does at the end."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "cursor_right", show=False)]


class EditLine(Horizontal):
    """Hidden until it is opened; enter says what was typed, and the screen closes it."""

    DEFAULT_CSS = """
    EditLine { display: none; height: 1; background: $accent 20%;
        &.-shown { display: block; }
        Static { width: auto; max-width: 40%; height: 1; padding: 0 1; color: $accent; text-style: bold; }
        Input { width: 1fr; height: 1; border: none; padding: 0 1; background: transparent;
            &:focus { border: none; } }
    }
    """

    @dataclass
    class Entered(Message):
        """Enter was pressed on this text."""

        text: str

    def compose(self) -> ComposeResult:
        """What it is for, and the field."""
        yield Static("", markup=False)
        yield _Field(select_on_focus=False)

    @property
    def is_open(self) -> bool:
        """Whether something can be typed."""
        return self.has_class("-shown")

    def open(
        self, label: str, value: str = "", placeholder: str = "", suggest: Suggest | None = None
    ) -> None:
        """Show the line with ``value`` in it and take the keys."""
        self.query_one(Static).update(Content(safe(label, 60)))
        field = self.query_one(_Field)
        field.suggester = _Suggester(suggest) if suggest is not None else None
        field.placeholder = safe(placeholder, 200)
        field.value = value
        field.cursor_position = len(value)
        self.add_class("-shown")
        field.focus()

    def close(self) -> bool:
        """Hide the line; False if it was not open."""
        if not self.is_open:
            return False
        self.remove_class("-shown")
        return True

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(event.value))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
