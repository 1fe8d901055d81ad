"""The least that Textual can do: one word on the screen."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Blank(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("MARKER")


Blank().run()
