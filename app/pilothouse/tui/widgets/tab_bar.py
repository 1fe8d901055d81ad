"""One line of parts of a screen, each with its key; the one that is shown is underlined."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from pilothouse.tui.text import fit, safe, width

LEAST = 8
"""Cells of a name that are worth showing."""


class TabBar(Widget):
    """Parts as (name, key, title); on the right a word on what they are about."""

    DEFAULT_CSS = "TabBar { height: 1; padding: 0 1; }"

    @dataclass
    class Chosen(Message):
        """A part was clicked."""

        name: str

    def __init__(self, parts: tuple[tuple[str, str, str], ...], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.parts = parts
        self.current = parts[0][0]
        self._aside: tuple[tuple[str, str], ...] = ()
        self._spans: list[tuple[int, int, str]] = []

    def choose(self, name: str) -> None:
        """Underline this one."""
        self.current = name
        self.refresh()

    def tell(self, *aside: tuple[str, str]) -> None:
        """Say on the right what the parts are about, as texts with styles."""
        if aside != self._aside:
            self._aside = aside
            self.refresh()

    def render(self) -> Content:
        """One line."""
        done: list[str | tuple[str, str]] = []
        self._spans, at = [], 1
        for name, key, title in self.parts:
            done += [
                (key, "$accent bold"),
                (f" {title}", "bold underline" if name == self.current else "$dim"),
                "  ",
            ]
            self._spans.append((at, at + 1 + len(key) + len(title), name))
            at += len(key) + len(title) + 3
        room = self.content_size.width - (at - 1)
        told = [(safe(text, 60), style) for text, style in self._aside]
        used = sum(width(text) for text, _ in told)
        if told and room > 12:
            if used > room and len(told) > 1 and room - (used - width(told[0][0])) < LEAST:
                # The sign is enough beside a name; the part that is shown first has the word.
                told[1:] = [(f"  {text.split()[0]}", style) for text, style in told[1:] if text.split()]
                used = sum(width(text) for text, _ in told)
            if used > room:
                told[0] = (fit(told[0][0], max(1, width(told[0][0]) - (used - room))), told[0][1])
            done += [" " * max(0, room - used), *told]
        return Content.assemble(*done)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked one."""
        for start, end, name in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(name))
