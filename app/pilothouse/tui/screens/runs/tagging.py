"""Notes and tags, edited on a line under the table: of the run under the cursor, or of all marked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from textual import on

from pilothouse.errors import UsageError
from pilothouse.tracking.tagging import NOTE, read_tags
from pilothouse.tui.screens.run_acts import RunActs
from pilothouse.tui.text import safe
from pilothouse.tui.widgets.edit_line import EditLine
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.runs import Run

_PLAIN = re.compile(r"[\w./:@%+,=-]+", re.ASCII)


class TagActs(RunActs):
    """``e`` writes a note, ``#`` tags."""

    def __init__(self) -> None:
        super().__init__()
        self._editing: tuple[Literal["note", "tags"], list[str]] | None = None
        self._tag_keys: list[str] = []

    def main_table(self) -> Table:
        """The table of runs."""
        raise NotImplementedError

    def do_note(self) -> None:
        """Write or change the note."""
        run, targets = self.current(), self.targets()
        if run is None:
            return
        value = run.tags.get(NOTE, "") if targets == [run.run_id] else ""
        self._edit("note", f"note on {_whom(run, targets)}", value, "what is worth remembering; empty: none")

    def do_tags(self) -> None:
        """Set or remove tags."""
        run, targets = self.current(), self.targets()
        if run is None:
            return
        mine = run.tags if targets == [run.run_id] else {}
        now = "  ".join(f"{key}={value}" for key, value in mine.items() if key != NOTE)
        self._edit(
            "tags",
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

    def _edit(
        self,
        what: Literal["note", "tags"],
        label: str,
        value: str,
        placeholder: str,
        suggest: Callable[[str], str | None] | None = None,
    ) -> None:
        self._editing = (what, self.targets())
        self.query_one(EditLine).open(label, value.replace("\n", " "), placeholder, suggest)

    def close_editor(self) -> bool:
        """Close the line without changing anything; False if it was not open."""
        closed = self.query_one(EditLine).close()
        if closed:
            self._editing = None
            self.main_table().focus()
        return closed

    @on(EditLine.Entered)
    def _edited(self, message: EditLine.Entered) -> None:
        if self._editing is None:
            return
        what, targets = self._editing
        try:
            tags = {NOTE: message.text.strip() or None} if what == "note" else read_tags(message.text)
        except UsageError as error:
            self.say(f"tags: {error.what}", "watch")
            return
        self.close_editor()
        whom = "this run" if len(targets) == 1 else f"{len(targets):,} runs"
        if what == "note":
            said = f"Noted on {whom}." if tags[NOTE] else f"The note on {whom} is gone."
        else:
            said = f"Tagged {whom}: {', '.join(safe(key, 30) for key in tags)}."
        if tags:
            self.change_tags("Noting" if what == "note" else "Tagging", targets, tags, said)


def _whom(run: Run, targets: list[str]) -> str:
    return safe(run.name, 24) if targets == [run.run_id] else f"{len(targets):,} marked runs"


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
