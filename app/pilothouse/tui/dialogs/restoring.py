"""Which backup becomes a workspace, and where; and how that one is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label

from pilothouse.tui.dialogs.base import Dialog
from pilothouse.tui.dialogs.moving import whole
from pilothouse.tui.text import line, safe, size
from pilothouse.tui.widgets.line_input import LineInput
from pilothouse.tui.widgets.panel import Words

_ENDINGS = (".gz", ".tgz", ".tar")


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """The backup, and the folder that it becomes."""

    file: str
    folder: str


class RestoreDialog(Dialog[RestoreOrder]):
    """The file and the new folder; the workspace that is open stays as it is."""

    ENTER_IS_ENOUGH = True

    def __init__(self, root: Path) -> None:
        super().__init__("Restore a backup", "Restore")
        self._root = root
        self._suggested = ""

    def body(self) -> Iterable[Widget]:
        """The fields."""
        words = Words(id="dialog-words")
        words.show(
            line(
                "Makes a new workspace of a backup. The one that is open is not touched,\n"
                "and no folder is written over.\n"
            )
        )
        file = LineInput("", placeholder=f"such as {self._root.name}-2026-01-31.tar.gz", id="path")
        folder = LineInput("", placeholder="a folder that is new or empty", id="folder")
        return (
            words,
            Horizontal(Label("backup", classes="label"), file, classes="field"),
            Horizontal(Label("folder", classes="label"), folder, classes="field"),
        )

    @on(LineInput.Changed, "#path")
    def _file_changed(self, event: LineInput.Changed) -> None:
        """Until a person names a folder it is called like the file, and lies beside it."""
        folder = self.query_one("#folder", LineInput)
        if folder.value == self._suggested:
            self._suggested = _folder_of(event.value.strip())
            folder.value = self._suggested

    def answer(self) -> RestoreOrder | None:
        """The order; the dialog stays while it cannot be done."""
        typed = [self.query_one(f"#{name}", LineInput).value.strip() for name in ("path", "folder")]
        if not all(typed):
            self.refuse(line("Which file?" if not typed[0] else "Into which folder?"))
            return None
        try:
            order = RestoreOrder(*map(whole, typed))
            why = _why_not(Path(order.file), Path(order.folder))
        except (RuntimeError, ValueError, OSError) as error:
            why = f"{error}."
        if why:
            self.refuse(line((safe(why), "$warning")))
            return None
        return order


def _folder_of(file: str) -> str:
    stem = file
    while (ending := Path(stem).suffix.lower()) in _ENDINGS:
        stem = stem[: -len(ending)]
    return stem if stem != file else ""


def _why_not(file: Path, folder: Path) -> str:
    if not file.is_file():
        return f"There is no file {file}."
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        return f"{folder} exists already and is not empty: a workspace is never written over."
    return ""


def opening(folder: str) -> str:
    """What a person types to open a workspace in another terminal."""
    from pilothouse.processes import own_command

    return own_command("--workspace", folder)


def restored(answer: Any) -> Content:
    """What was made, and how it is opened."""
    made = f"{answer['files']:,} files, {size(answer['bytes'])}, as they were on {answer['created_at'][:10]}"
    return line(
        (f"{made}.", "bold"), "\n\n",
        safe(answer["path"], 200), "\n\n",
        "This terminal stays in the workspace that it was opened in. The other one is opened by", "\n\n",
        ("  " + safe(opening(answer["path"]), 300), "$accent"), "\n",
    )  # fmt: skip
