"""How far a command is that takes its time; it can be stopped, or left to go on out of sight."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from pilothouse.tracking.durations import on_the_clock
from pilothouse.tui.text import line, safe
from pilothouse.tui.widgets.panel import Words

if TYPE_CHECKING:
    from pilothouse.tui.commands import Stop


class Working(ModalScreen[None]):
    """Closed by whoever started the command when it has ended."""

    CSS_PATH = "dialog.tcss"
    AUTO_FOCUS = "#hide"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "hide", show=False),
        Binding("right,l,left,h", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, stop: Stop) -> None:
        super().__init__()
        self._title_words = title
        self._stop = stop
        self._began = time.monotonic()
        self._said = ""
        self._over = False

    def compose(self) -> ComposeResult:
        """The latest word and the two buttons."""
        with Vertical(id="dialog") as box:
            box.border_title = Content(safe(self._title_words))
            yield Words(id="working-words")
            with Horizontal(id="dialog-buttons"):
                yield Button("Hide", id="hide")
                yield Button("Stop", id="stop")

    def on_mount(self) -> None:
        """Draw the time that passes."""
        self.styles.align = ("center", "middle")
        self.styles.background = "black 40%"
        if self._over:  # it was quicker than the dialog
            self.dismiss(None)
            return
        self._draw()
        self.set_interval(0.2, self._draw)

    def told(self, words: str) -> None:
        """Take the latest line that the command said; called in its thread."""
        self._said = words

    @property
    def over(self) -> bool:
        """Whether the command has ended."""
        return self._over

    def close(self) -> None:
        """The command has ended."""
        self._over = True
        if self.is_current:
            self.dismiss(None)

    def _draw(self) -> None:
        if self._over:  # ended while something lay over this dialog
            self.close()
            return
        waited = on_the_clock(time.monotonic() - self._began)
        said = "stopping …" if self._stop.asked else self._said or "working …"
        self.query_one("#working-words", Words).show(line((waited, "$accent"), "   ", safe(said, 200)))

    @on(Button.Pressed, "#hide")
    def action_hide(self) -> None:
        """Let it go on; its end is told in a message."""
        self.dismiss(None)

    @on(Button.Pressed, "#stop")
    def _stopped(self) -> None:
        self._stop.asked = True
        self._draw()
