"""The artifacts of a run: a tree of files, and the file under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.worker import get_current_worker

from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.text import counted, safe, size
from pilothouse.tui.widgets.file_view import FileView
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.picture import Picture
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.timer import Timer

    from pilothouse.tracking.artifacts import Artifact, Listing
    from pilothouse.tui.snapshots.files import FileLook

PAUSE = 0.08
"""Seconds the cursor rests on a file before it is read."""
COLUMNS = (Column("name", "file", grow=True), Column("size", "size", "right", most=10))

EMPTY = 'This run has kept no files.\nIn a script:  ph.log_artifact("plot.png")'


class ArtifactsTab(RunTab):
    """Enter folds a folder, or goes to the file; y copies the path."""

    NAME: ClassVar[str] = "artifacts"
    TITLE: ClassVar[str] = "Artifacts"
    KEY: ClassVar[str] = "a"

    @dataclass
    class Looked(Message):
        """A file was read, or could not be."""

        key: tuple[str, int, str]
        look: FileLook | None
        error: Exception | None

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._listing: Listing | None = None
        self._folded: set[str] = set()
        self._shown: tuple[str, int, str] | None = None
        self._wait: Timer | None = None

    def compose(self) -> ComposeResult:
        """The tree and the file."""
        yield Panel("Artifacts", Table(COLUMNS, empty=EMPTY, id="artifact-names"), id="artifact-list")
        yield Panel("File", FileView(id="artifact-view"), id="artifact-file")

    def job(self) -> Callable[[], object] | None:
        """The files that there are now."""
        from pilothouse.tracking.artifacts import artifacts_dir, list_artifacts

        if self._listing is not None and self.about is not None and self.about.run.ended:
            return None
        return partial(list_artifacts, artifacts_dir(self.workspace, self.run_id))

    def show(self, look: object) -> None:
        """Draw the tree."""
        self._listing = look  # type: ignore[assignment]
        self._draw()

    def forget(self) -> None:
        """Read the folder again."""
        self._listing = self._shown = None

    def filter(self, text: str) -> None:
        """Only files with these words in their paths."""
        super().filter(text)
        self._draw()

    def _draw(self) -> None:
        if self._listing is None:
            return
        found, wanted = self._listing, self.wanted.lower()
        files = [file for file in found.files if wanted in file.path.lower()]
        table = self.query_one("#artifact-names", Table)
        table.say_empty(self.nothing(EMPTY) if found.files else EMPTY)
        table.set_rows(_tree(files, self._folded))
        told = f"{counted(len(files), 'file')}   {size(sum(file.bytes for file in files))}"
        told += f"   {counted(found.links, 'link')} not followed" if found.links else ""
        told += "   and more" if found.more else ""
        self.query_one("#artifact-list", Panel).retitle("Artifacts", told)
        self._rest()

    def _file(self) -> Artifact | None:
        row = self.query_one("#artifact-names", Table).row
        return row.item if row is not None and row.key.startswith("file ") else None  # type: ignore[return-value]

    @on(Table.Moved, "#artifact-names")
    def _moved(self) -> None:
        self._rest()

    def _rest(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        self._wait = self.set_timer(PAUSE, self._read)

    def on_resize(self) -> None:
        """A picture was brought to the size that it had room for: it is read again for another."""
        view = self.query_one(FileView)
        if view.query_one(Picture).display:
            self._shown = None
            self._rest()

    def _read(self) -> None:
        file = self._file()
        if file is None:
            self._show_no_file()
            return
        key = (file.path, file.bytes, file.modified_at.isoformat())
        if key == self._shown:
            return
        self._shown = key
        workspace, run_id, room = self.workspace, self.run_id, self.query_one(FileView).room
        self.query_one("#artifact-file", Panel).retitle(file.path, "reading …")

        def work() -> None:
            from pilothouse.tui.snapshots.files import look_at_artifact

            worker = get_current_worker()
            try:
                message = self.Looked(key, look_at_artifact(workspace, run_id, file.path, room), None)
            except Exception as error:  # noqa: BLE001 - told in words in the panel
                message = self.Looked(key, None, error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="file", exclusive=True, exit_on_error=False)

    def _show_no_file(self) -> None:
        """Say why no file is shown: that somebody may wait for one would look like a hang."""
        self._shown = None
        row = self.query_one("#artifact-names", Table).row
        title, aside, said = "File", "", "There is no file to show."
        if row is not None:
            title, aside = f"{row.key.removeprefix('folder ')}/", row.cells[1]
            said = "A folder: its files are under it. Enter opens and closes it."
        self.query_one("#artifact-file", Panel).retitle(title, aside)
        self.query_one(FileView).show(None, said)

    @on(Looked)
    def _looked(self, message: Looked) -> None:
        if message.key != self._shown:
            return
        panel, view = self.query_one("#artifact-file", Panel), self.query_one(FileView)
        if message.look is not None:
            panel.retitle(message.key[0], message.look.about)
            view.show(message.look)
        else:
            from pilothouse.tui.snapshots.files import FileLook

            panel.retitle(message.key[0], "")
            view.show(FileLook(message.key[0], "", f"▲ {safe(message.error, 300)}"))

    @on(Table.Opened, "#artifact-names")
    def _opened(self, message: Table.Opened) -> None:
        kind, _, path = message.row.key.partition(" ")
        if kind == "folder":
            self._folded ^= {path}
            self._draw()
        else:
            self.query_one(FileView).query_one(Table).focus()

    def copied(self) -> str:
        """The path of the file, for another program."""
        from pilothouse.tracking.artifacts import artifacts_dir

        file = self._file()
        return str(artifacts_dir(self.workspace, self.run_id) / file.path) if file is not None else ""


def _tree(files: list[Artifact], folded: set[str]) -> list[Row]:
    """Folders before what is in them, each level two cells to the right; what is folded is left out."""
    sizes: dict[str, int] = {}
    for file in files:
        parts = file.path.split("/")[:-1]
        for n in range(len(parts)):
            folder = "/".join(parts[: n + 1])
            sizes[folder] = sizes.get(folder, 0) + file.bytes
    rows: list[Row] = []
    seen: set[str] = set()
    for file in sorted(files, key=_place):
        parts = file.path.split("/")
        hidden = False
        for n in range(len(parts) - 1):
            folder = "/".join(parts[: n + 1])
            if folder not in seen:
                seen.add(folder)
                sign = "▸" if folder in folded else "▾"
                cells = (f"{'  ' * n}{sign} {safe(parts[n], 80)}/", size(sizes[folder]))
                rows.append(Row(f"folder {folder}", cells, ("strong", "dim")))
            if folder in folded:
                hidden = True
                break
        if not hidden:
            cells = (f"{'  ' * (len(parts) - 1)}  {safe(parts[-1], 120)}", size(file.bytes))
            rows.append(Row(f"file {file.path}", cells, ("", "dim"), file))
    return rows


def _place(file: Artifact) -> list[tuple[bool, str]]:
    """Where a file stands: what is in folders comes before the files beside them."""
    *folders, name = file.path.split("/")
    return [*((False, folder) for folder in folders), (True, name)]
