"""The frame around every screen: the areas on top, what was just said, and the keys that work now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pilothouse.tui.actions import AREAS, actions_of
from pilothouse.tui.text import fit, safe, width

if TYPE_CHECKING:
    from textual.timer import Timer

SIGNS = {"": ("", "$dim"), "good": ("● ", "$success"), "watch": ("▲ ", "$warning"), "bad": ("■ ", "$error")}
Part = str | tuple[str, str]


class Header(Widget):
    """The workspace's name, the areas with their digits, the level of autonomy."""

    DEFAULT_CSS = "Header { height: 1; background: $panel; }"

    def __init__(self, area: str) -> None:
        super().__init__()
        self.area = area
        self.subject = ""
        self.mode = ""
        self._spans: list[tuple[int, int, str]] = []

    def tell(self, subject: str, mode: str) -> None:
        """Take the model's name and the words for how much runs by itself."""
        if (subject, mode) != (self.subject, self.mode):
            self.subject, self.mode = subject, mode
            self.refresh()

    def render(self) -> Content:
        """One line."""
        across = self.size.width
        gap = 2 if across >= 100 else 1
        tabs = sum(len(f"{key} {title}") + gap for _, key, title in AREAS)
        name = safe(self.subject)
        left = f" pilothouse ─ {name}" if name else " pilothouse"
        room = across - tabs - 2
        if width(left) > room:
            left = fit(f" {name or 'pilothouse'}", min(room, width(name or "pilothouse") + 1))
        parts: list[Part] = [(left, "bold")]
        right = f"{self.mode} " if self.mode else ""
        if across - width(left) - tabs - width(right) < 4:
            right = ""
        at = max(width(left) + 2, across - tabs) if not right else max(width(left) + 3, (across - tabs) // 2)
        if right and at + tabs + width(right) > across:
            at = across - tabs - width(right) - 1
        parts.append(" " * (at - width(left)))
        self._spans = []
        for area, key, title in AREAS:
            here = area == self.area
            self._spans.append((at, at + len(key) + 1 + len(title), area))
            parts += [(key, "$accent bold"), (f" {title}", "bold underline" if here else "$dim"), " " * gap]
            at += len(key) + 1 + len(title) + gap
        if right:
            parts += [" " * max(0, across - at - width(right)), (right, "$dim")]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked area."""
        for start, end, area in self._spans:
            if start <= event.x < end:
                self.app.switch_mode(area)


class StatusLine(Static):
    """One line that says what just happened, or why a key does nothing here."""

    DEFAULT_CSS = "StatusLine { height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._timer: Timer | None = None
        self._drawn = SIGNS[""]
        self.said = ""

    def say(self, text: str, level: str = "", *, seconds: float = 8.0) -> None:
        """Show a sentence for a while. What there is no room for is told by ``…`` at its end."""
        self.said = safe(text)
        self._drawn = SIGNS[level]
        self._draw()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if text and seconds:
            self._timer = self.set_timer(seconds, self._clear)

    @property
    def fits(self) -> bool:
        """Whether all of what was said is to be read."""
        return width(self._drawn[0] + self.said) <= self._room

    @property
    def _room(self) -> int:
        return self.content_size.width or self.app.size.width - 2

    def on_resize(self) -> None:
        """There is more room, or less."""
        self._draw()

    def _draw(self) -> None:
        sign, style = self._drawn
        words = sign + self.said
        self.update(Content.assemble((words if self.fits else fit(words, self._room), style)))

    def _clear(self) -> None:
        self.said, self._drawn = "", SIGNS[""]
        self._draw()


class KeyBar(Widget):
    """The keys of this screen; those that do nothing now are dim. What does not fit is in the help."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; }"

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context
        self._drawn = Content("")
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Some keys are those of the part in focus."""
        self.watch(self.screen, "focused", self.renew, init=False)

    def renew(self) -> None:
        """Draw the line again if it says something else now."""
        if not self._line().is_same(self._drawn):
            self.refresh()

    def render(self) -> Content:
        """One line."""
        self._drawn = self._line()
        return self._drawn

    def _line(self) -> Content:
        from pilothouse.tui.screens.base import PilothouseScreen

        screen = self.screen
        # The part in focus may have keys of its own, and they come first.
        part = getattr(screen.focused, "CONTEXT", "")
        own = [action for action in actions_of(part) if action.where] if part else []
        shown = [action for action in (*own, *actions_of(self.context)) if action.footer]
        always = [action for action in shown if not action.where]
        room = self.size.width - sum(len(a.shown) + len(a.label) + 4 for a in always) - 1
        parts: list[Part] = [" "]
        self._spans, at = [], 1
        for action in [a for a in shown if a.where] + always:
            cells = len(action.shown) + 1 + len(action.label) + 3
            if action.where:
                if room < cells:
                    continue
                room -= cells
            off = bool(isinstance(screen, PilothouseScreen) and screen.why_not(action.id))
            parts += [
                (action.shown, "$dim" if off else "$accent bold"),
                (f" {action.label}   ", "$dim" if off else ""),
            ]
            self._spans.append((at, at + cells - 3, action.id))
            at += cells
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        """Do the clicked action."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                await self.screen.run_action(f"act('{action}')")
