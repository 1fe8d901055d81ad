"""The keys of one screen, read from the table of actions."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pilothouse.tui.actions import AREAS, MOVES, PARTS, actions_of
from pilothouse.tui.text import fit


def help_text(context: str, columns: int = 84) -> Content:
    """Every key of the screen ``context`` with what it does and the command that does the same."""
    here = [a for a in actions_of(context) if a.where]
    everywhere = [a for a in actions_of(context) if not a.where and not a.id.startswith("go_")]
    rows: list[str | tuple[str, str]] = []

    def heading(words: str) -> None:
        rows.append((("\n\n" if rows else "") + words, "bold"))

    def entry(keys: str, words: str, command: str = "") -> None:
        rows.extend([("\n  " + fit(keys, 9), "$accent"), words])
        space = columns - 11 - len(words) - len(command) - 11
        if command and space > 1:  # the command is told where it fits on the line
            rows.append((" " * space + f"pilothouse {command}", "$dim"))

    heading("On this screen")
    for action in here:
        entry(action.shown, action.help, action.command)
    for part in PARTS.get(context, ()):
        heading(f"On a {part}: tab gives it the focus")
        for action in actions_of(part):
            if action.where:
                entry(action.shown, action.help)
    heading("Moving")
    for keys, words in MOVES:
        entry(keys, words)
    heading("Everywhere")
    entry("1 … 6", "Go to " + ", ".join(title for _, _, title in AREAS))
    for action in everywhere:
        entry(action.shown, action.help)
    return Content.assemble(*rows)


class HelpScreen(ModalScreen[None]):
    """Help over the screen it is about."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "close"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def compose(self) -> ComposeResult:
        """A box of text that scrolls."""
        with VerticalScroll(id="help") as box:
            box.border_title = Content("Keys")
            box.border_subtitle = Content("esc close")
            yield Static(help_text(self.context, min(92, int(self.app.size.width * 0.96)) - 8), markup=False)

    def action_scroll(self, by: int) -> None:
        """Scroll the text."""
        self.query_one("#help").scroll_relative(y=by, animate=False)
