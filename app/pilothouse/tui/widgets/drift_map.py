"""Drift of every column in every file: one cell each, a cursor on one of them, and only what is in view is
drawn. A sign says how far it moved; colour only says it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pilothouse.tui.text import fit, safe, width
from pilothouse.tui.widgets.drift_shades import sign_of

HELD = ("×", "bad")
LEGEND = "· steady  ░ moved  ▒ from 0.25  ▓ from 0.5  █ from 1  × held"
_WIDEST_NAME, _WIDEST_CELL = 24, 7


@dataclass(frozen=True, slots=True)
class MapFile:
    """One file: its key, a label of a few letters, the year if it is known, the verdict's sign and tone,
    whether its checks hold it, and (score, drifted) of each column that was compared."""

    key: str
    label: str
    sign: str
    tone: str
    year: str = ""
    held: bool = False
    cells: Mapping[str, tuple[float, bool]] = field(default_factory=dict)


class DriftMap(ScrollView, can_focus=True):
    """Columns of the data under each other, files beside each other, the newest on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1, 0)", "Down", show=False),
        Binding("k,up", "move(-1, 0)", "Up", show=False),
        Binding("l,right", "move(0, 1)", "Newer", show=False),
        Binding("h,left", "move(0, -1)", "Older", show=False),
        Binding("g", "to_row(-1)", "First column", show=False),
        Binding("G", "to_row(1)", "Last column", show=False),
        # A scrolling widget would take these two for itself before the screen's table of actions is asked.
        Binding("home", "to_file(-1)", "Oldest", show=False),
        Binding("end", "to_file(1)", "Newest", show=False),
        Binding("ctrl+d,pagedown", "half(1)", "Half a page down", show=False),
        Binding("ctrl+u,pageup", "half(-1)", "Half a page up", show=False),
        Binding("enter", "open", "Open", show=False),
    ]
    DEFAULT_CSS = """
    DriftMap { scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; height: 1fr; }
    """

    @dataclass
    class Moved(Message):
        """The cursor is on another cell, or what is under it changed."""

        map: DriftMap

        @property
        def control(self) -> DriftMap:
            """The map."""
            return self.map

    @dataclass
    class Opened(Message):
        """Enter, or a click on the cell under the cursor."""

        map: DriftMap

        @property
        def control(self) -> DriftMap:
            """The map."""
            return self.map

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.loaded = False
        self.failed = ""
        self.files: tuple[MapFile, ...] = ()
        self.names: tuple[str, ...] = ()
        self.target = ""
        self.at_row = self.at_file = 0
        self._left = self._cell = 4
        self._styles: dict[tuple[str, bool], Style] = {}

    # ------------------------------------------------------------ what is shown

    def say_failed(self, why: str) -> None:
        """Say why nothing was read."""
        if why != self.failed:
            self.failed = why
            self.refresh()

    def set_map(self, files: Sequence[MapFile], names: Sequence[str], target: str = "") -> None:
        """Show these files, oldest first, and these columns; the cursor stays where it was by name,
        and starts on the newest file."""
        file, name = self.file, self.name_here
        newest = not self.files or self.at_file == len(self.files) - 1
        self.files, self.names, self.target, self.loaded = tuple(files), tuple(names), target, True
        keys = [one.key for one in self.files]
        last = max(0, len(keys) - 1)
        self.at_file = keys.index(file.key) if file and file.key in keys and not newest else last
        self.at_row = self.names.index(name) if name in self.names else 0
        self._lay_out()
        self._follow()
        self.post_message(self.Moved(self))

    @property
    def file(self) -> MapFile | None:
        """The file under the cursor."""
        return self.files[self.at_file] if self.at_file < len(self.files) else None

    @property
    def name_here(self) -> str:
        """The column under the cursor."""
        return self.names[self.at_row] if self.at_row < len(self.names) else ""

    def _shown(self, name: str) -> str:
        return safe(name, 60) + (" (target)" if name == self.target else "")

    def _lay_out(self) -> None:
        across = max(1, self.scrollable_content_region.width)
        widest = max((width(self._shown(name)) for name in self.names), default=8)
        self._left = min(max(8, widest), _WIDEST_NAME, max(8, across // 3)) + 1
        least = max((width(safe(file.label)) for file in self.files), default=3) + 1
        room = (across - self._left) // max(1, len(self.files))
        self._cell = max(least, 4, min(_WIDEST_CELL, room))
        # With the part of a cell that is left over beside the last whole one: else the last cells could not
        # be scrolled to, since scrolling goes by whole cells.
        over = max(0, across - self._left) % self._cell
        wide = self._left + self._cell * len(self.files) + over
        self.virtual_size = Size(wide, self._head + max(1, len(self.names)))
        self.refresh()

    @property
    def _head(self) -> int:
        return 3 if len({file.year for file in self.files}) > 1 else 2

    @property
    def _body_height(self) -> int:
        return max(1, self.scrollable_content_region.height - self._head)

    @property
    def _files_in_view(self) -> int:
        return max(1, (self.scrollable_content_region.width - self._left) // self._cell)

    def on_resize(self) -> None:
        """Lay it out anew."""
        self._lay_out()
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        """Scroll so that the cursor is in view."""
        top, body = self.scroll_offset.y, self._body_height
        first, fitting = self.scroll_offset.x // self._cell, self._files_in_view
        if not top <= self.at_row < top + body:
            top = self.at_row if self.at_row < top else self.at_row - body + 1
        if not first <= self.at_file < first + fitting:
            first = self.at_file if self.at_file < first else self.at_file - fitting + 1
        self.scroll_to(x=first * self._cell, y=top, animate=False)

    # ------------------------------------------------------------ moving

    def _go(self, row: int, file: int) -> None:
        row = max(0, min(row, len(self.names) - 1))
        file = max(0, min(file, len(self.files) - 1))
        if (row, file) != (self.at_row, self.at_file):
            self.at_row, self.at_file = row, file
            self._follow()
            self.refresh()
            self.post_message(self.Moved(self))

    def go_to(self, name: str, key: str) -> None:
        """Put the cursor on a column and a file, where they are on the map."""
        keys = [file.key for file in self.files]
        row = self.names.index(name) if name in self.names else self.at_row
        self._go(row, keys.index(key) if key in keys else self.at_file)

    def action_move(self, rows: int, files: int) -> None:
        """By cells."""
        self._go(self.at_row + rows, self.at_file + files)

    def action_to_row(self, which: int) -> None:
        """To the first or the last column."""
        self._go(0 if which < 0 else len(self.names) - 1, self.at_file)

    def action_to_file(self, which: int) -> None:
        """To the oldest file (-1) or the newest (1)."""
        self._go(self.at_row, 0 if which < 0 else len(self.files) - 1)

    def action_half(self, which: int) -> None:
        """Half a screen down or up."""
        self._go(self.at_row + which * max(1, self._body_height // 2), self.at_file)

    def action_open(self) -> None:
        """Open the cell under the cursor."""
        if self.files and self.names:
            self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked cell; a click on the one under the cursor opens it."""
        row = event.y - self._head + self.scroll_offset.y
        file = (event.x - self._left + self._offset) // self._cell
        if event.y < self._head or row >= len(self.names) or not 0 <= file < len(self.files):
            return
        if (row, file) == (self.at_row, self.at_file):
            self.action_open()
        else:
            self._go(row, file)

    # ------------------------------------------------------------ drawing

    def notify_style_update(self) -> None:
        """Forget the colours of the theme before."""
        super().notify_style_update()
        self._styles.clear()

    def on_focus(self) -> None:
        """Draw the cursor in the accent."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the cursor quietly."""
        self.refresh()

    def _style(self, tone: str, here: bool = False) -> Style:
        style = self._styles.get((tone, here))
        if style is None:
            colours = self.app.theme_variables
            names = {"dim": "dim", "accent": "accent", "good": "success", "watch": "warning", "bad": "error"}
            style = self.rich_style
            if tone == "weak":
                weak = Color.parse(colours["background"]).blend(Color.parse(colours["warning"]), 0.7)
                style += Style(color=weak.rich_color)
            elif name := names.get(tone):
                style += Style(color=Color.parse(colours[name]).rich_color)
            if here:
                style += Style(bold=True)
            self._styles[(tone, here)] = style
        return style

    @property
    def _offset(self) -> int:
        """The first file's cell in view, in whole cells."""
        return self.scroll_offset.x // self._cell * self._cell

    def render_line(self, y: int) -> Strip:
        """One line of the viewport: the labels stay, the columns scroll under them."""
        across = self.scrollable_content_region.width
        if not self.files or not self.names:
            said = (self.empty if self.loaded else self.failed or "reading …").split("\n")
            words = [part for one in said for part in wrap(one, max(8, across - 2))]
            text = words[y] if y < len(words) else ""
            return Strip([Segment(fit(f" {text}", across), self._style("dim"))], across)
        head = self._head
        if y < head:
            return self._head_line(y + 3 - head, across)
        at = y - head + self.scroll_offset.y
        if at >= len(self.names):
            return Strip.blank(across, self._style(""))
        name = self.names[at]
        here = at == self.at_row
        tone = ("accent" if self.has_focus else "") if here else "dim"
        lead = Segment(fit(self._shown(name), self._left - 1) + " ", self._style(tone, here))
        cells = [segment for n in self._in_view() for segment in self._cell_at(at, n)]
        return self._line(lead, cells, across)

    def _in_view(self) -> range:
        first = self._offset // self._cell
        return range(first, min(len(self.files), first + self._files_in_view))

    def _cell_at(self, row: int, n: int) -> tuple[Segment, ...]:
        file, name = self.files[n], self.names[row]
        cell = file.cells.get(name)
        inner = self._cell - 1
        if cell is not None:
            sign, tone = sign_of(*cell)
        else:
            sign, tone = HELD if file.held else (" ", "dim")
        drawn = sign * inner if sign in "░▒▓█" else fit(" " * ((inner - 1) // 2) + sign, inner)
        if row == self.at_row and n == self.at_file:
            core = sign * (inner - 2) if sign in "░▒▓█" else fit(" " * ((inner - 3) // 2) + sign, inner - 2)
            edge = self._style("accent" if self.has_focus else tone, here=True)
            # The cursor takes the edges; how far the column moved stays to be seen.
            return Segment("[", edge), Segment(core, self._style(tone, here=True)), Segment("] ", edge)
        return (Segment(drawn + " ", self._style(tone)),)

    def _head_line(self, which: int, across: int) -> Strip:
        style, inner = self._style("dim"), self._cell - 1
        first = self._in_view()[0] if self._in_view() else 0
        lead, cells = " " * self._left, []
        for n in self._in_view():
            file, here = self.files[n], n == self.at_file
            if which == 0:
                new = n == first or self.files[n - 1].year != file.year
                cells.append(Segment(fit(file.year if new else "", inner) + " ", style))
            elif which == 1:
                tone = "accent" if here and self.has_focus else "" if here else "dim"
                label = fit(safe(file.label), inner) + " "
                cells.append(Segment(label, self._style(tone, here)))
            else:
                mid = fit(" " * ((inner - 1) // 2) + file.sign, inner) + " "
                cells.append(Segment(mid, self._style(file.tone, here)))
        if which == 1 and self._head == 2:
            lead = fit(self.files[0].year, self._left)
        if which == 2:
            lead = fit("dataset", self._left)
        return self._line(Segment(lead, style), cells, across, marks=which == 1)

    def _line(self, lead: Segment, cells: list[Segment], across: int, *, marks: bool = False) -> Strip:
        strip = Strip([lead, *cells]).adjust_cell_length(across, self._style(""))
        view = self._in_view()
        if marks and view and view[0] > 0:
            strip = Strip(
                [
                    *strip.crop(0, self._left - 2),
                    Segment("‹ ", self._style("accent")),
                    *strip.crop(self._left),
                ]
            )
        if marks and view and view[-1] < len(self.files) - 1 and across > 2:
            strip = Strip([*strip.crop(0, across - 1), Segment("›", self._style("accent"))])
        return strip.adjust_cell_length(across, self._style(""))
