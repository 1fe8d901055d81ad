"""The dialog in which a note is written where there is no table to write it under."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.widget import Widget

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.text import line
from pilothouse.tui.widgets.note_field import KEYS, NoteField
from pilothouse.tui.widgets.panel import Words


class NoteDialog(Dialog[str]):
    """Answers with the note as it is to be kept; enter in the field is enough."""

    def __init__(self, title: str, note: str) -> None:
        super().__init__(title, "Save")
        self._note = note

    def body(self) -> Iterable[Widget]:
        """What it is, and the field."""
        words = Words(id="dialog-words")
        words.show(
            line(
                "A note is the tag ", ("note", "bold"), " on the run; an empty one takes it away.", "\n",
                (KEYS, "$dim"), "\n",
            )
        )  # fmt: skip
        return (words, NoteField(self._note, "what is worth remembering", id="ask"))

    @on(NoteField.Submitted)
    def _saved(self) -> None:
        self._finish()

    def answer(self) -> str:
        """The note."""
        return self.query_one(NoteField).note
