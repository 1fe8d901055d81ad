"""The code that a run ran: commit and branch, the patch on top of it, the snapshot of its files."""

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
from pilothouse.tui.text import counted, no_match, safe, size
from pilothouse.tui.widgets.file_view import FileView
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tracking.origin import CodeFile
    from pilothouse.tui.snapshots.files import FileLook
    from pilothouse.tui.snapshots.run_origin import Asked, OriginLook

COLUMNS = (Column("name", "file", grow=True), Column("size", "size", "right", most=10))
NO_CODE = "None of its code was kept."
NO_FILE = "The cursor is on no file."
NOT_RECORDED = "Where its code came from was not recorded."


class CodeTab(RunTab):
    """The patch first; moving to a file of the snapshot shows it."""

    NAME: ClassVar[str] = "code"
    TITLE: ClassVar[str] = "Code"
    KEY: ClassVar[str] = "d"

    @dataclass
    class Looked(Message):
        """A file of the code was read, or could not be."""

        key: str
        look: FileLook | None
        error: Exception | None

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._origin: OriginLook | None = None
        self._read_once = False
        self._shown = ""

    def compose(self) -> ComposeResult:
        """The list and the file."""
        yield Panel("Code", Table(COLUMNS, empty=NOT_RECORDED, id="code-names"), id="code-list")
        yield Panel("File", FileView(empty=NOT_RECORDED, id="code-view"), id="code-file")

    def job(self) -> Callable[[], object] | None:
        """What made the run, which does not change once it is written."""
        from pilothouse.tui.snapshots.run_origin import run_origin

        if self._read_once and (
            self._origin is not None or (self.about is not None and self.about.run.ended)
        ):
            return None
        return partial(run_origin, self.workspace, self.run_id)

    def forget(self) -> None:
        """Read it again."""
        self._read_once, self._shown = False, ""

    def show(self, look: object) -> None:
        """Draw it."""
        found: Asked = look  # type: ignore[assignment]
        self._origin, self._read_once = found.origin, True
        self._draw()

    def filter(self, text: str) -> None:
        """Only files with these words."""
        super().filter(text)
        self._draw()

    def _draw(self) -> None:
        origin = self._origin
        if origin is None:
            self.query_one("#code-names", Table).set_rows([])
            self.query_one("#code-file", Panel).retitle("File", "")
            self.query_one("#code-view", FileView).show(None)
            return
        rows = []
        if origin.commit:
            branch = f"  on {origin.branch}" if origin.branch else ""
            changed = "▲ changed since" if origin.dirty else "● as committed"
            rows.append(Row("commit", (safe(f"commit {origin.commit[:12]}{branch}"), ""), ("accent", "")))
            rows.append(Row("state", (f"  {changed}", ""), ("watch" if origin.dirty else "good", "")))
        else:
            rows.append(Row("commit", ("not in a git repository", ""), ("dim", "")))
        if origin.patch:
            rows.append(Row("patch", ("± the patch on top of it", ""), ("accent", "")))
        files = [file for file in origin.code if self.wanted.lower() in file.path.lower()]
        if files:
            rows.append(
                Row("section files", (f"snapshot  {counted(len(files), 'file')}", ""), ("strong", ""))
            )
        elif self.wanted:
            rows.append(Row("section none", (no_match(self.wanted), ""), ("dim", "")))
        for file in files:
            cells = (f"  {safe(file.path, 200)}", size(file.bytes))
            rows.append(Row(f"file {file.path}", cells, ("", "dim"), file))
        table = self.query_one("#code-names", Table)
        first = not table.loaded
        table.set_rows(rows)
        told = [counted(len(origin.code), "file")]
        told += [f"as of its parent {origin.part_of}"] if origin.part_of else []
        told += [f"▲ {origin.said}"] if origin.said else []
        self.query_one("#code-list", Panel).retitle("Code", "   ".join(told))
        script = origin.script or (files[0].path if files else "")
        wanted = "patch" if origin.patch else f"file {script}" if script else ""
        if first and wanted:
            table.move_to_key(wanted)
        self._look_at_row()

    @on(Table.Moved, "#code-names")
    def _moved(self) -> None:
        self._look_at_row()

    def _look_at_row(self) -> None:
        row, origin = self.query_one("#code-names", Table).row, self._origin
        if row is None or origin is None or row.key == self._shown:
            return
        name, sha256 = "", ""
        if row.key == "patch":
            name = origin.patch
        elif row.key.startswith("file "):
            file: CodeFile = row.item  # type: ignore[assignment]
            name, sha256 = file.path, file.sha256
        if not name:
            if not self._shown:  # nothing was shown before that could stay
                self.query_one("#code-view", FileView).show(None, NO_FILE if origin.code else NO_CODE)
            return
        self._shown = key = row.key
        workspace, run_id = self.workspace, origin.run_id

        def work() -> None:
            from pilothouse.tui.snapshots.run_origin import look_at_code

            worker = get_current_worker()
            try:
                message = self.Looked(key, look_at_code(workspace, run_id, name, sha256), None)
            except Exception as error:  # noqa: BLE001 - told in words in the panel
                message = self.Looked(key, None, error)
            if not worker.is_cancelled:
                self.post_message(message)

        self.run_worker(work, thread=True, group="code", exclusive=True, exit_on_error=False)

    @on(Looked)
    def _looked(self, message: Looked) -> None:
        from pilothouse.tui.snapshots.files import FileLook

        if message.key != self._shown:
            return
        look = message.look or FileLook(message.key, "", f"▲ {safe(message.error, 300)}")
        self.query_one("#code-file", Panel).retitle(look.name, look.about)
        self.query_one("#code-view", FileView).show(look)

    @on(Table.Opened, "#code-names")
    def _opened(self) -> None:
        self.query_one("#code-view", FileView).query_one(Table).focus()

    def copied(self) -> str:
        """The commit."""
        return self._origin.commit if self._origin is not None else ""
