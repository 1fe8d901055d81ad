"""A picture in half blocks: each cell is two pixels, one over the other."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Pixel = tuple[int, int, int]
Pixels = tuple[tuple[Pixel, ...], ...]
"""Rows of red, green, blue, 0 to 255."""


class Picture(Widget):
    """Pixels that were brought to the right size before."""

    DEFAULT_CSS = "Picture { height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pixels: Pixels = ()

    def show(self, pixels: Pixels) -> None:
        """Draw these."""
        self._pixels = pixels
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Two rows of pixels."""
        across = self.content_size.width
        if 2 * y >= len(self._pixels):
            return Strip.blank(across, self.rich_style)
        upper = self._pixels[2 * y]
        lower = self._pixels[2 * y + 1] if 2 * y + 1 < len(self._pixels) else ()
        cells = []
        for x, top in enumerate(upper[:across]):
            under = Color.from_rgb(*lower[x]) if x < len(lower) else None
            cells.append(Segment("▀", Style(color=Color.from_rgb(*top), bgcolor=under)))
        return Strip(cells).adjust_cell_length(across, self.rich_style)
