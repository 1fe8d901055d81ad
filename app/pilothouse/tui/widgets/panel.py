"""A bordered box with a title that says what it is, on the left, and how fresh, on the right."""

from __future__ import annotations

from typing import Self

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
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
        &.-active { border: round $accent; }
    }
    """

    def __init__(self, title: str, *inside: Widget, id: str | None = None) -> None:
        super().__init__(id=id)
        self._inside = inside
        self._titling = False
        self.retitle(title)

    def compose(self) -> ComposeResult:
        """What is in the box."""
        yield from self._inside

    # A class, and not `:focus-within`: for that all that is in the box is styled anew at each change of
    # focus, also at one that stays inside.
    def on_descendant_focus(self) -> None:
        """Stand out while something inside has the focus."""
        self.set_class(self.has_focus_within, "-active")

    def on_descendant_blur(self) -> None:
        """Stand back when the focus has left the box."""
        self.set_class(self.has_focus_within, "-active")

    def retitle(self, title: str, aside: str = "") -> None:
        """Say what this is, and beside it how fresh or how much."""
        content = Content.assemble(
            (f"{safe(title)}", ""), (f"  {safe(aside)}" if aside else "", "$dim not bold")
        )
        if content.markup != self.border_title:
            self._titling = True
            self.border_title = content
            self._titling = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As of any widget; but a new title draws its own line, and not all that is in the box."""
        if self._titling and not regions:
            left, top = self.content_offset
            regions = (Region(-left, -top, self.outer_size.width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


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
        if self._now is None or not content.is_same(self._now):
            self._now = content
            self.update(content, layout=not self._takes_its_place(content))
            if self.hides:
                self.display = bool(content.plain)

    def _takes_its_place(self, content: Content) -> bool:
        """Whether it needs as many lines as what is drawn, so that nothing has to move."""
        cells, lines = self.content_size
        return (
            self.styles.width is None
            and cells > 0
            and content.get_height(self.styles.get_rules(), cells) == lines
        )

    def render_lines(self, crop: Region) -> list[Strip]:
        """As of any widget; where there are fewer lines than the words need, the last one ends in ``…``."""
        strips = super().render_lines(crop)
        cells, lines = self.content_size
        if isinstance(self.parent, Panel):  # which may end before they do
            lines = min(lines, self.parent.content_size.height - self.virtual_region.y)
        last = lines - 1 - crop.y
        if self._now is None or not 0 <= last < len(strips) or crop.x or cells < 2:
            return strips
        if self._now.rstrip().get_height(self.styles.get_rules(), cells) > lines:
            strips[last] = _going_on(strips[last])
        return strips

    @property
    def plain(self) -> str:
        """What is drawn, without styles."""
        return self._now.plain if self._now else ""


def _going_on(strip: Strip) -> Strip:
    """The line with ``…`` behind its last word, or in place of its last character."""
    across, words = strip.cell_length, strip.text.rstrip()
    at = min(cell_len(words), across - 1)
    style = next((one.style for one in reversed(list(strip)) if one.text.strip()), None)
    return Strip([*strip.crop(0, at), Segment("…", style), *strip.crop(at + 1, across)], across)


def lines_for(rows: int, height: int) -> int | None:
    """Lines of a panel over others that has so few rows that it needs less than its share of a screen of this
    height; None where it has more."""
    few = max(9, rows + 4)
    return few if few < height * 2 // 5 else None
