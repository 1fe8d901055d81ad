"""A bordered box with a title that says what it is, on the left, and how fresh, on the right."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pilothouse.tui.text import safe


class Panel(Vertical):
    """The box around one or more widgets."""

    ALLOW_MAXIMIZE = True

    DEFAULT_CSS = """
    Panel {
        border: round $line; padding: 0 1; height: 1fr;
        border-title-color: $foreground; border-title-style: bold; border-title-align: left;
        border-subtitle-color: $dim; border-subtitle-align: right;
        &:focus-within { border: round $accent; }
    }
    """

    def __init__(self, title: str, *inside: Widget, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inside = inside
        self.retitle(title)

    def compose(self) -> ComposeResult:
        """What is in the box."""
        yield from self._inside

    def retitle(self, title: str, aside: str = "") -> None:
        """Say what this is, and beside it how fresh or how much."""
        content = Content.assemble(
            (f"{safe(title)}", ""), (f"  {safe(aside)}" if aside else "", "$dim not bold")
        )
        if content != self.border_title:
            self.border_title = content


class Words(Static):
    """Text that is only redrawn when it changed, and is never read as markup."""

    DEFAULT_CSS = "Words { height: auto; }"

    def __init__(self, words: str = "", *, hides: bool = False, id: str | None = None) -> None:
        super().__init__(Content(safe(words)), id=id, markup=False)
        self._now: Content | None = None
        self.hides = hides
        if hides and not words:
            self.display = False

    def show(self, content: Content) -> None:
        """Draw ``content``."""
        if self._now is None or content.plain != self._now.plain or content.spans != self._now.spans:
            self._now = content
            self.update(content)
            if self.hides:
                self.display = bool(content.plain)

    @property
    def plain(self) -> str:
        """What is drawn, without styles."""
        return self._now.plain if self._now else ""


def lines_for(rows: int, height: int) -> int | None:
    """Lines of a panel over others that has so few rows that it needs less than its share of a screen of this
    height; None where it has more."""
    few = max(9, rows + 4)
    return few if few < height * 2 // 5 else None
