"""How a table is drawn: only the lines in view, the first columns standing still while the others scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip

from pilothouse.tui.text import fit, width
from pilothouse.tui.widgets.paging import PagedRows
from pilothouse.tui.widgets.renewal import PAGE
from pilothouse.tui.widgets.rows import BOLD_TONES, TONES, Column, Row

LITTLE = 16
"""Cells that a growing column keeps when there is no room."""
GAP = "  "
LEAST = 4
"""Cells of a text that are worth showing."""
_ROOM = 12
"""Cells that must be left for the columns that scroll; with less nothing stands still."""


class DrawnRows(PagedRows):
    """The lines of a table. ``frozen`` columns stay at the left when the others are scrolled."""

    def __init__(
        self,
        columns: tuple[Column, ...] = (),
        *,
        empty: str = "",
        header: bool = True,
        marking: bool = False,
        newest_first: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(
            columns, empty=empty, header=header, marking=marking, newest_first=newest_first, id=id
        )
        self.frozen = 0
        self._styles: dict[tuple[str, str, bool], Style] = {}

    # ------------------------------------------------------------ widths

    def _measure(self, rows: Sequence[Row]) -> None:
        for n, column in enumerate(self.columns):
            if column.width:
                self._widths[n] = column.width
                continue
            widest = max((width(row.cells[n]) for row in rows if n < len(row.cells)), default=0)
            self._widths[n] = min(
                max(self._widths[n], widest, width(column.label + column.mark)), column.most
            )
        self._resize_virtual()

    def _resize_virtual(self) -> None:
        self.virtual_size = Size(self._least(), max(1, self.total) + self.header)
        self.refresh()

    @property
    def _lead(self) -> int:
        return 2 if self.marking else 0

    def _least(self) -> int:
        """Cells that the columns need: those that grow can do with little."""
        pairs = zip(self._widths, self.columns, strict=True)
        cells = sum(min(w, LITTLE) if c.grow else w for w, c in pairs)
        return cells + len(GAP) * max(0, len(self._widths) - 1) + self._lead

    def _shared_widths(self, available: int) -> list[int]:
        widths = list(self._widths)
        spare = available - self._least()
        for n, column in enumerate(self.columns):
            if column.grow:
                widths[n] = min(widths[n], LITTLE) + max(0, spare)
                break
        return widths

    def _standing(self, across: int) -> int:
        """How many columns stand still now."""
        cells = self._lead + sum(self._widths[: self.frozen]) + len(GAP) * self.frozen
        return self.frozen if self._least() > across and cells + _ROOM <= across else 0

    def cells_of(self) -> dict[str, int]:
        """The cells that each column takes, by its key."""
        return {column.key: self._widths[n] for n, column in enumerate(self.columns)}

    def stops(self) -> list[int]:
        """The offsets at which a column begins right beside those that stand still."""
        standing = self._standing(self.scrollable_content_region.width)
        found, at = [0], 0 if standing else self._lead
        for cells in self._widths[standing:]:
            at += cells + len(GAP)
            found.append(at)
        return found

    def column_at(self, x: int) -> Column | None:
        """The column that is drawn ``x`` cells from the left, the gap to its right included."""
        across = self.scrollable_content_region.width
        widths, standing = self._shared_widths(across), self._standing(across)
        still = self._lead + sum(widths[:standing]) + len(GAP) * standing if standing else 0
        x += self.scroll_offset.x if x >= still else 0
        at = self._lead
        for column, cells in zip(self.columns, widths, strict=True):
            if at <= x < at + cells + len(GAP):
                return column
            at += cells + len(GAP)
        return None

    # ------------------------------------------------------------ styles

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, tone: str, ground: str = "") -> Style:
        # From the theme's variables and not by component classes: a dozen of those in each table would be
        # styled one by one before the first paint.
        key = (tone, ground, ground == "cursor" and self.has_focus)
        style = self._styles.get(key)
        if style is None:
            colours = self.app.theme_variables
            style = self.rich_style
            if name := TONES.get(tone):
                style += Style(color=Color.parse(colours[name]).rich_color)
            if tone in BOLD_TONES:
                style += Style(bold=True)
            if ground:
                back = Color.parse(colours["background"])
                over = ("accent", 0.3) if self.has_focus and ground == "cursor" else ("foreground", 0.08)
                over = ("accent", 0.12) if ground == "range" else over
                mixed = back.blend(Color.parse(colours[over[0]]), over[1])
                bold = True if self.has_focus and ground == "cursor" else None
                style += Style(bgcolor=mixed.rich_color, bold=bold)
            self._styles[key] = style
        return style

    # ------------------------------------------------------------ lines

    def renew_rows(self, change: Callable[[Row], Row]) -> None:
        """Draw single rows anew where ``change`` gives another one under the same key; nothing moves."""
        for number, rows in self._pages.items():
            changed = tuple(change(row) for row in rows)
            self._pages[number] = changed
            for n, row in enumerate(changed):
                if row != rows[n]:
                    self._refresh_line(number * PAGE + n)

    def _refresh_line(self, index: int) -> None:
        y = index - self.scroll_offset.y + self.header
        self.refresh(Region(0, y, max(self.size.width, 1), 1))

    def render_line(self, y: int) -> Strip:
        """Draw one line of the viewport: the header stays, the rows scroll under it."""
        across = self.scrollable_content_region.width
        if not self.columns and (self.loaded or not self.failed):
            return Strip.blank(across, self._style(""))
        if self.header and y == 0:
            return self._header_line(across)
        index = y - self.header + self.scroll_offset.y
        if index >= self.total:
            return self._empty_line(y, across)
        return self._row_line(index, across)

    def _empty_line(self, y: int, across: int) -> Strip:
        text = ""
        if not self.total:
            said = (self.empty if self.loaded else self.failed or "reading …").split("\n")
            words = [part for one in said for part in (wrap(one, max(8, across - 2)) or [""])]
            n = y - self.header
            text = words[n] if 0 <= n < len(words) else ""
        return Strip([Segment(fit(" " + text, across), self._style("dim"))], across)

    def _header_line(self, across: int) -> Strip:
        widths, style = self._shared_widths(across), self._style("dim")
        cells = [
            Segment(fit(fit(c.label, widths[n] - width(c.mark)).rstrip() + c.mark, widths[n], c.align), style)
            for n, c in enumerate(self.columns)
        ]
        return self._across(Segment(" " * self._lead, style), cells, across, style, signs=True)

    def _row_line(self, index: int, across: int) -> Strip:
        ground = "cursor" if index == self.cursor and (self.has_focus or self.total > 1) else ""
        if not ground and self.far_end is not None:
            first, last = sorted((self.far_end[1], self.cursor))
            ground = "range" if first <= index <= last else ""
        base = self._style("", ground)
        row = self.row_at(index)
        if row is None:
            return Strip([Segment(fit("  …", across), self._style("dim", ground))], across)
        widths = self._shared_widths(across)
        mark, mark_tone = self.marks.get(row.key, ("", ""))
        if not mark and self.far_end is not None and (ground == "range" or index == self.cursor):
            mark, mark_tone = "│", "accent"
        lead = Segment(fit(mark, self._lead), self._style(mark_tone, ground))
        cells = []
        for n, column in enumerate(self.columns):
            text = row.cells[n] if n < len(row.cells) else ""
            tone = row.tones[n] if n < len(row.tones) else ""
            style = self._style(tone, ground) if tone else base
            cells.append(Segment(fit(text, widths[n], column.align), style))
        return self._across(lead, cells, across, base)

    def _across(
        self, lead: Segment, cells: list[Segment], across: int, style: Style, *, signs: bool = False
    ) -> Strip:
        """Put the columns that stand still beside as much of the others as is in view.

        With ``signs`` it is said that there is more to the left or to the right.
        """
        standing, gap = self._standing(across), Segment(GAP, style)
        widest = sum(cell.cell_length + len(GAP) for cell in cells) - len(GAP) + self._lead
        x, left = self.scroll_offset.x, Segment("‹ ", self._style("accent"))
        more = widest - x > across > 2
        if more:
            # All lines end where the sign stands on the first, so that no cell is without its label.
            cells = self._cut(cells, across + x - (2 if self.header else 0), "" if signs else "…")
        spaced = [segment for cell in cells for segment in (cell, gap)]
        if standing and signs and x:
            spaced[2 * standing - 1] = left  # in the gap, where it hides nothing
        still = Strip([lead, *spaced[: 2 * standing]] if standing else [])
        moving = Strip(spaced[2 * standing : -1] if standing else [lead, *spaced[:-1]])
        room = across - still.cell_length
        strip = moving.crop_extend(x, x + room - (2 if signs and more else 0), style)
        if signs and more:
            strip = Strip([*strip, Segment(" ›", self._style("accent"))], room)
        if signs and x and not standing and room > 4:
            strip = Strip([left, *strip.crop(2)], room)
        return Strip([*still, *strip], across)

    def _cut(self, cells: list[Segment], end: int, instead: str) -> list[Segment]:
        """The cells up to ``end``, the one that goes on beyond it shortened."""
        at = self._lead
        for n, cell in enumerate(cells):
            if at + cell.cell_length > end:
                text = _shortened(cell.text, max(0, end - at), self.columns[n].align, instead)
                return [*cells[:n], Segment(text, cell.style)]
            at += cell.cell_length + len(GAP)
        return cells


def _shortened(text: str, cells: int, align: str, instead: str) -> str:
    """A cell of which only so much is in view. A text ends in ``…``, and ``instead`` stands for what would
    read like a number: of ``5.00e-05`` as of ``812 kB`` the first half is another one."""
    words = text.strip() if align == "right" else text.rstrip()
    if cells < LEAST:
        return " " * cells
    if width(words) <= cells:
        return fit(words, cells, align)
    cut = fit(words, cells)
    letters = {one for one in cut if one.isalpha()}
    figures = not letters or (letters == {"e"} and any(one.isdigit() for one in cut))
    return fit(instead, cells) if figures else cut
