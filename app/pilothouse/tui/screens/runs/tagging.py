"""Notes and tags, edited on a line under the table: of the run under the cursor, or of all marked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, cast

from textual import on

from pilothouse.errors import UsageError
from pilothouse.tracking.tagging import NOTE, read_tags
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.text import safe
from pilothouse.tui.widgets.edit_line import EditLine
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run
    from pilothouse.tui.widgets.note_field import NoteField
    from pilothouse.tui.widgets.note_line import NoteLine

_PLAIN = re.compile(r"[\w./:@%+,=-]+", re.ASCII)


class TagActs(RunActs):
    """``e`` writes a note, ``#`` tags."""

    def __init__(self) -> None:
        super().__init__()
        self._editing: list[str] = []
        """The runs whose note or tags are being typed."""
        self._tag_keys: list[str] = []

    def main_table(self) -> Table:
        """The table of runs."""
        raise NotImplementedError

    def do_note(self) -> Awaitable[None] | None:
        """Write or change the note."""
        run, targets = self.current(), self.targets()
        if run is None:
            return None
        mine = run.tags.get(NOTE, "") if targets == [run.run_id] else ""
        placeholder = "what is worth remembering" if targets == [run.run_id] else "one note for all of them"
        self.close_editor()
        self._editing = targets

        async def write() -> None:
            from pilothouse.tui.widgets.note_line import NoteLine

            place = NoteLine(f"note on {_whom(run, targets)}", mine, placeholder)
            await self.query_one("#runs-panel").mount(place, after="#edit")

        return write()

    def on_note_field_submitted(self, message: NoteField.Submitted) -> None:
        """Keep the note, if it is another one."""
        before = "".join(place.before for place in self._note_lines())
        targets = self._editing
        self.close_editor()
        if message.note == before:
            self.say("The note is as it was." if before else "No note was written.")
        else:
            self.keep_note(targets, message.note, _how_many(targets))

    def _note_lines(self) -> Iterable[NoteLine]:
        return cast("Iterable[NoteLine]", self.query("NoteLine"))

    def do_tags(self) -> None:
        """Set or remove tags."""
        run, targets = self.current(), self.targets()
        if run is None:
            return
        mine = run.tags if targets == [run.run_id] else {}
        now = "  ".join(f"{key}={value}" for key, value in mine.items() if key != NOTE)
        self.close_editor()
        self._editing = targets
        self.query_one(EditLine).open(
            f"tags of {_whom(run, targets)}",
            "",
            f"key=value …   key= removes   {f'now: {now}' if now else ''}",
            lambda text: suggestion(text, self._tag_keys, mine),
        )
        workspace = self.workspace

        def read() -> None:
            from pilothouse.tui.snapshots.run_list import tag_keys

            self._tag_keys = tag_keys(workspace)

        self.run_worker(read, thread=True, group="tag-keys", exit_on_error=False)

    def close_editor(self) -> bool:
        """Close what is typed into without changing anything; False if nothing was open."""
        closed = self.query_one(EditLine).close()
        for place in self._note_lines():
            closed = True
            place.remove()
        if closed:
            self._editing = []
            self.main_table().focus()
        return closed

    @on(EditLine.Entered)
    def _edited(self, message: EditLine.Entered) -> None:
        targets = self._editing
        try:
            tags = read_tags(message.text)
        except UsageError as error:
            self.say(f"tags: {error.what}", "watch")
            return
        self.close_editor()
        if tags:
            said = f"Tagged {_how_many(targets)}: {', '.join(safe(key, 30) for key in tags)}."
            self.change_tags("Tagging", targets, tags, said)


def _whom(run: Run, targets: list[str]) -> str:
    return safe(run.name, 24) if targets == [run.run_id] else f"{len(targets):,} marked runs"


def _how_many(run_ids: list[str]) -> str:
    return "this run" if len(run_ids) == 1 else f"{len(run_ids):,} runs"


def suggestion(text: str, keys: list[str], mine: dict[str, str]) -> str | None:
    """What the last word of ``text`` could become: a key that is known, or the value that it has now."""
    word = _last_word(text)
    if not word or "'" in word or '"' in word:
        return None
    key, equals, value = word.partition("=")
    head = text[: len(text) - len(word)]
    if equals:
        now = mine.get(key, "")
        fits = now.startswith(value) and now != value and _PLAIN.fullmatch(now)
        return f"{head}{key}={now}" if fits else None
    known = (other for other in (*mine, *keys) if other.startswith(key) and _PLAIN.fullmatch(other))
    return next((f"{head}{other}=" for other in known if other != NOTE or key), None)


def _last_word(text: str) -> str:
    """What stands behind the last space that is in no quotes."""
    start, quote = 0, ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            start = at + 1
    return text[start:]
