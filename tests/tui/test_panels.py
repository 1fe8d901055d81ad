"""Panels: what stands out, and how little a change of their titles and words draws."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from piloting import press, settle, shown
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Input, Static

from pilothouse import tui
from pilothouse.tui.widgets.panel import Panel, Words

Drawn = Callable[[], list[tuple[str, tuple[Region, ...], bool]]]


class Two(App[None]):
    """Two panels, each with something to type in, and words under both."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"line": "#888888", "dim": "#777777"}

    def compose(self) -> ComposeResult:
        yield Panel("One", Input(id="first"), Input(id="second"), id="one")
        yield Panel("Two", Input(id="third"), id="two")
        yield Words("a line", id="words")
        yield Static("below", id="below")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """What was asked to be drawn since the last question: whose, which parts of it, and whether it moves."""
    seen: list[tuple[str, tuple[Region, ...], bool]] = []
    refresh = Widget.refresh

    def noted(widget: Widget, *regions: Region, layout: bool = False, **rest: Any) -> Widget:
        seen.append((widget.id or "", regions, layout))
        return refresh(widget, *regions, layout=layout, **rest)

    def taken() -> list[tuple[str, tuple[Region, ...], bool]]:
        found = list(seen)
        seen.clear()
        return found

    monkeypatch.setattr(Widget, "refresh", noted)
    return taken


async def test_the_panel_with_the_focus_stands_out() -> None:
    app = Two()
    async with app.run_test(size=(60, 24)) as pilot:
        one, two = app.query_one("#one"), app.query_one("#two")
        await settle(pilot, lambda: one.has_class("-active"))
        assert not two.has_class("-active")
        await press(pilot, "tab")
        assert (app.focused or one).id == "second"
        assert one.has_class("-active")
        await press(pilot, "tab")
        await settle(pilot, lambda: two.has_class("-active"))
        assert not one.has_class("-active")
        app.screen.set_focus(None)
        await settle(pilot, lambda: not two.has_class("-active"))


async def test_a_title_is_drawn_alone(drawn: Drawn) -> None:
    app = Two()
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        panel = app.query_one("#one", Panel)
        drawn()
        panel.retitle("One", "3 rows")
        assert [(who, [region.height for region in parts]) for who, parts, _ in drawn()] == [("one", [1])]
        await settle(pilot)
        assert "One  3 rows" in shown(app).split("\n")[0]  # type: ignore[arg-type]
        drawn()
        panel.retitle("One", "3 rows")
        assert drawn() == []


async def test_words_move_others_only_where_they_need_other_lines(drawn: Drawn) -> None:
    app = Two()
    async with app.run_test(size=(60, 24)) as pilot:
        await settle(pilot)
        words = app.query_one("#words", Words)
        for text, moves in (("another", False), ("one\ntwo", True), ("three\nfour", False), ("five", True)):
            drawn()
            words.show(Content(text))
            assert [layout for who, _, layout in drawn() if who == "words"] == [moves], text
            await settle(pilot)
            lines = [line.rstrip() for line in shown(app).rstrip("\n").split("\n")]  # type: ignore[arg-type]
            assert lines[-1 - len(text.split("\n")) :] == [*text.split("\n"), "below"]


def test_a_style_sheet_names_no_widget_of_another_screen() -> None:
    """A sheet is in force on all screens once its own was opened: columns had the frame of a dialog."""
    folder = Path(tui.__file__).parent
    users: dict[str, set[Path]] = {}
    for module in folder.rglob("*.py"):
        for name in re.findall(r'\bid="([\w-]+)"', module.read_text()):
            users.setdefault(name, set()).add(module)
    sheets = [(sheet, sheet.read_text()) for sheet in folder.rglob("*.tcss")]
    assert len(sheets) > 10
    for sheet, rules in sheets:
        for selectors in re.findall(r"^([^{}\n]+)\{", rules, re.MULTILINE):
            for name in re.findall(r"(?:^|,)\s*#([\w-]+)", selectors):
                here = users.get(name, set())
                strangers = {one.name for one in here if sheet.name not in one.read_text()}
                assert len(here) < 2 or not strangers, f"#{name} in {sheet.name} is also of {strangers}"
