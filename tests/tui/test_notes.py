"""A note is edited in a field of several lines, and what nobody touches of it stays, to the character."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from piloting import HOSTILE, press, settle, shown, visit
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input

from pilothouse.store import open_store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import RunStart, open_run
from pilothouse.tui.app import PilothouseApp
from pilothouse.tui.screens.run.screen import RunScreen
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.note_field import NoteField
from pilothouse.workspace import Workspace
from steering import pilothouse

NOTE = "  line one\n\n\tline\rtwo\x0b\u2028\x85with \x1b[31m[/]\u202e and \r\nthe end\n"
SIZES = [(80, 24), (200, 50)]


def add_run(workspace: Workspace, note: str) -> str:
    run = open_run(
        workspace, RunStart(kind="api", name="kite", status="RUNNING", tags={"note": note}), hold=True
    )
    run.end("FINISHED", 0)
    fold(open_store(workspace))
    return run.run_id


def note_of(workspace: Workspace, run_id: str) -> str | None:
    return get_run(open_store(workspace), run_id).tags.get("note")


class OneField(App[None]):
    def __init__(self, note: str = "") -> None:
        super().__init__()
        self.note = note
        self.saved: list[str] = []

    def compose(self) -> ComposeResult:
        yield NoteField(self.note)
        yield LineInput()

    def on_note_field_submitted(self, message: NoteField.Submitted) -> None:
        self.saved.append(message.note)


anything = st.text(
    st.characters() | st.sampled_from("\n\r\t\x0b\x0c\x1c\x85\u2028\u2029\U000f0000\U000f0001")
)


@settings(max_examples=200)
@example("", "")
@example("\n", "\r\n")
@example("\U000f0001\x1b\U000f0000", "\U000f0000")
@given(anything, anything)
def test_a_field_gives_back_what_it_was_given(note: str, pasted: str) -> None:
    field = NoteField(note)
    assert field.note == note
    assert all(field.get_line(n).plain.isprintable() for n in range(field.document.line_count))
    with_one = field.document.replace_range((0, 0), (0, 0), field._typable(pasted.replace("\r", "\n")))
    assert with_one.replaced_text == ""
    assert field.note == pasted.replace("\r", "\n") + note


@pytest.mark.parametrize("size", SIZES)
async def test_editing_a_part_of_a_note_leaves_the_rest(empty: Workspace, size: tuple[int, int]) -> None:
    run_id = add_run(empty, NOTE)
    app = PilothouseApp(empty)
    async with app.run_test(size=size) as pilot:
        await visit(pilot, "2")
        await press(pilot, "e", "exclamation_mark", "enter")
        await settle(pilot, lambda: note_of(empty, run_id) == NOTE + "!")
        await press(pilot, "e")
        assert "\x1b" not in shown(app)
        assert "ctrl+j new line" in shown(app)
        await press(pilot, "up", "home", *"now", "ctrl+j", "enter")
        await settle(pilot, lambda: note_of(empty, run_id) == NOTE.replace("the end", "now\nthe end") + "!")
        await press(pilot, "z")
        await settle(pilot, lambda: note_of(empty, run_id) == NOTE + "!")
        await press(pilot, "e", "x", "escape")
        assert not app.screen.query("NoteLine")
        await press(pilot, "e", "enter")
        assert note_of(empty, run_id) == NOTE + "!"
        await press(pilot, "enter")
        await settle(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.about is not None)
        await press(pilot, "e")
        await press(pilot, "question_mark", "enter")
        await settle(pilot, lambda: note_of(empty, run_id) == NOTE + "!?")
        await press(pilot, "e", "escape")
        assert isinstance(app.screen, RunScreen)


async def test_a_note_is_shown_by_its_lines(empty: Workspace) -> None:
    run_id = add_run(empty, "first\nsecond\nthird\nfourth\nfifth\nsixth")
    app = PilothouseApp(empty)
    async with app.run_test(size=(120, 36)) as pilot:
        app.push_screen(RunScreen(run_id))
        await settle(pilot, lambda: "… 2 more lines: e shows all" in shown(app))
        lines = [line.strip(" │") for line in shown(app).split("\n")]
        assert lines.index("second") == lines.index("note     first") + 1
        assert "fifth" not in lines
        await press(pilot, "e")
        assert "fifth" in shown(app) and "sixth" in shown(app)


async def test_an_empty_note_takes_it_away_and_of_several_runs_changes_nothing(empty: Workspace) -> None:
    ids = [add_run(empty, "one"), add_run(empty, "other")]
    app = PilothouseApp(empty)
    async with app.run_test(size=SIZES[0]) as pilot:
        await visit(pilot, "2")
        await press(pilot, "space", "space", "e")
        assert "one note for all of them" in shown(app)
        await press(pilot, "enter")
        assert [note_of(empty, run_id) for run_id in ids] == ["one", "other"]
        await press(pilot, "e", *"both", "ctrl+j", *"of us", "enter")
        await settle(pilot, lambda: {note_of(empty, run_id) for run_id in ids} == {"both\nof us"})
        await press(pilot, "escape", "e", "ctrl+u", "backspace", "ctrl+u", "space", "enter")
        await settle(pilot, lambda: sum(note_of(empty, run_id) is None for run_id in ids) == 1)


async def test_what_is_pasted_is_kept_in_whole() -> None:
    app = OneField()
    async with app.run_test() as pilot:
        app.query_one(NoteField).focus()
        await pilot.pause()
        app.query_one(NoteField).post_message(events.Paste("a\rb\r\nc\nd\x1b[31m" + HOSTILE[7]))
        await pilot.pause()
        await pilot.press("enter")
        assert app.saved == ["a\nb\nc\nd\x1b[31m" + HOSTILE[7]]
        field = app.query_one(NoteField)
        field.select_all()
        await pilot.press("ctrl+c")
        assert app.clipboard == app.saved[0]
        await pilot.press("end", "ctrl+v", "enter")
        assert app.saved[1].endswith(app.saved[0])
        app.query_one(LineInput).focus()
        app.query_one(LineInput).post_message(events.Paste("two\nlines\n"))
        await pilot.pause()
        assert app.query_one(Input).value == "two lines"


def test_the_command_shows_a_note_by_its_lines(empty: Workspace) -> None:
    run_id = add_run(empty, "first\n\nthird \x1b[31m")
    told = pilothouse("show", run_id, cwd=empty.root).out.split("\n")
    at = next(n for n, line in enumerate(told) if line.split() == ["note", "first"])
    assert told[at + 1] == ""
    assert told[at + 2].strip().startswith("third ")
    assert "\x1b" not in told[at + 2]
