"""The box that a search is typed into: the text, under it where it cannot be read, and what may come next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from pilothouse.tui.text import fit, safe, width
from pilothouse.tui.widgets.filter_line import FilterLine
from pilothouse.tui.widgets.panel import Words

if TYPE_CHECKING:
    from pilothouse.tracking.search import Completion, Keys, SearchError

ROWS = 8
"""Proposals in view at a time; the others scroll."""
_LONGEST = 200
_KEYS_HINT = "tab completes   enter to the rows   esc clears"


class SearchLine(FilterLine):
    """The text. Tab, up, down, and right at its end, are for the proposals."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "accept", show=False),
        Binding("right", "right", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    @dataclass
    class Turned(Message):
        """The cursor is somewhere else in the text."""

    @property
    def _box(self) -> FilterBox:
        assert isinstance(self.parent, FilterBox), "it is only ever a part of the box"
        return self.parent

    def action_accept(self) -> None:
        """Take the proposal that is chosen, or show what there is."""
        self._box.accept()

    def action_choose(self, by: int) -> None:
        """Choose the next proposal or the one before."""
        self._box.choose(by)

    def action_right(self) -> None:
        """At the end of the text take the proposal; elsewhere step right."""
        if self.cursor_position >= len(self.value) and self._box.proposals:
            self._box.accept()
        else:
            self.action_cursor_right()

    async def action_submit(self) -> None:
        """Enter takes a proposal only if one was chosen with up or down."""
        if self._box.picked:
            self._box.accept()
        else:
            await super().action_submit()

    def watch_cursor_position(self) -> None:
        """The proposals belong to the place of the cursor."""
        self.post_message(self.Turned())


class FilterBox(Vertical):
    """Give it the keys of the store; it reads the text itself and never searches."""

    DEFAULT_CSS = """
    FilterBox { height: auto; }
    FilterBox #filter-error { padding: 0 1; }
    FilterBox #filter-list {
        display: none; width: auto; height: auto; overlay: screen; constrain: inside inside;
        background: $panel; padding: 0 1;
    }
    """

    @dataclass
    class ValuesWanted(Message):
        """The value of a parameter or tag is being typed."""

        text: str
        cursor: int

    def __init__(self, placeholder: str) -> None:
        super().__init__(id="filter-box")
        self._placeholder = placeholder
        self.keys: Keys | None = None
        self.error: SearchError | None = None
        self.proposals: list[Completion] = []
        self.chosen = 0
        self.picked = False
        """Whether the chosen proposal was chosen with up or down."""
        self._closed_at: tuple[str, int] | None = None

    def compose(self) -> ComposeResult:
        """The text, what is wrong with it, the proposals."""
        yield SearchLine(placeholder=f"/ {self._placeholder}", id="filter", select_on_focus=False)
        yield Words(hides=True, id="filter-error")
        yield Static("", id="filter-list", markup=False)

    @property
    def line(self) -> SearchLine:
        """The text."""
        return self.query_one(SearchLine)

    def know(self, keys: Keys) -> None:
        """Take what the store knows, and propose anew."""
        self.keys = keys
        if self.proposals or self.line.has_focus:
            self._propose()

    def tell(self, error: SearchError | None) -> None:
        """Show where the text cannot be read; None for a text that can."""
        self.error = error
        self._draw_error(self.line.has_focus)

    def say_keys(self, typing: bool) -> None:
        """Say what the keys do, or stop saying it, before the focus comes or goes: what moves under the box
        then moves once."""
        self._draw_error(typing)

    # ------------------------------------------------------------ proposals

    def close_list(self) -> bool:
        """Put the proposals away until something is typed; False if there were none."""
        if not self.proposals:
            return False
        self._closed_at = self._place
        self._show([])
        return True

    def accept(self) -> None:
        """Put the chosen proposal into the text, or open the list."""
        if not self.proposals:
            self._closed_at = None
            self._propose(asked=True)
            return
        line, proposal = self.line, self.proposals[self.chosen]
        line.value, line.cursor_position = proposal.apply(line.value)

    def choose(self, by: int) -> None:
        """Choose another proposal, or open the list."""
        if not self.proposals:
            self._closed_at = None
            self._propose(asked=True)
            return
        self.chosen = (self.chosen + by) % len(self.proposals)
        self.picked = True
        self._draw_list()

    @property
    def _place(self) -> tuple[str, int]:
        return self.line.value, self.line.cursor_position

    def _propose(self, *, asked: bool = False) -> None:
        """Look for what may come next; without being asked, only where something was begun."""
        from pilothouse.tracking.search import complete

        text, cursor = self._place
        if not self.line.has_focus or self._closed_at == (text, cursor):
            self._show([])
            return
        self._closed_at = None
        found = [one for one in complete(text, cursor, self.keys) if _can_be_shown(one)]
        begun = any(one.start < cursor for one in found) or any(
            one.kind in ("operator", "value") for one in found
        )
        self._show(found if asked or (text and begun) else [])
        self.post_message(self.ValuesWanted(text, cursor))

    def _show(self, proposals: list[Completion]) -> None:
        if proposals != self.proposals:
            self.chosen, self.picked = 0, False
        self.proposals = proposals
        self._draw_list()

    @on(Input.Changed, "#filter")
    @on(SearchLine.Turned)
    def _turned(self) -> None:
        self._propose()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the keys do."""
        self._draw_error(True)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leave only the text, and what is wrong with it."""
        self._show([])
        self._draw_error(False)

    # ------------------------------------------------------------ drawing

    def _draw_error(self, typing: bool) -> None:
        line, words = self.line, self.query_one("#filter-error", Words)
        if self.error is None:
            words.show(Content.assemble((_KEYS_HINT, "$dim")) if typing else Content(""))
            return
        room = max(20, line.size.width - 2)
        # What is only not there yet is no mistake while somebody is typing.
        unfinished = typing and not self.error.text[self.error.start :].strip()
        words.show(pointing(self.error, int(line.scroll_offset.x), room, mistake=not unfinished))

    def _draw_list(self) -> None:
        shown = self.query_one("#filter-list", Static)
        shown.display = bool(self.proposals)
        if not self.proposals:
            return
        first = max(0, min(self.chosen - ROWS // 2, len(self.proposals) - ROWS))
        visible = self.proposals[first : first + ROWS]
        texts = [safe(one.text, 60) for one in visible]
        abouts = [one.about for one in visible]
        left = max(12, *(width(text) for text in texts))
        right = max(width(about) for about in abouts)
        rows = []
        for number, (text, about) in enumerate(zip(texts, abouts, strict=True)):
            here = first + number == self.chosen
            style = "$background on $accent" if here else ""
            rows.append(
                Content.assemble((fit(text, left), style), ("  " + fit(about, right), style or "$dim"))
            )
        if len(self.proposals) > ROWS:
            rows.append(Content.assemble((f"{self.chosen + 1} of {len(self.proposals)}", "$dim")))
        shown.update(Content("\n").join(rows))
        line = self.line
        before = width(safe(line.value[: visible[0].start], 100_000))
        shown.styles.offset = (max(0, before - int(line.scroll_offset.x)) + 1, 0)


def _can_be_shown(one: Completion) -> bool:
    """Whether a proposal can stand in one line: what has line breaks or is endless has to be typed."""
    return one.text.isprintable() and len(one.text) <= _LONGEST


def pointing(error: SearchError, scrolled: int, room: int, *, mistake: bool = True) -> Content:
    """Draw carets under the place of an error, and the reason beside them, or under them if there is no room.

    Args:
        error: what is wrong with the text.
        scrolled: cells of the text that are out of view on the left.
        room: cells that are in view.
        mistake: False for what is only not there yet, which is said quietly and without advice.
    """
    reason = safe(f"{error.what} {error.hint}".strip() if mistake else error.what, 300)
    at = width(safe(error.text[: error.start], 100_000)) - scrolled
    carets = max(1, width(safe(error.text[error.start : error.end], 100_000)))
    start, end = max(0, min(at, room - 1)), max(1, min(at + carets, room))
    sign = "^" * max(1, end - start)
    if end + 1 + width(reason) <= room:
        text = " " * start + sign + " " + reason
    elif width(reason) + 1 <= start:
        text = fit(reason, start - 1, "right") + " " + sign
    else:
        text = " " * start + sign + "\n" + reason
    return Content.assemble((text, "$error" if mistake else "$dim"))
