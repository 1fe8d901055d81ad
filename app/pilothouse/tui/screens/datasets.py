"""Dataset versions: which files make each, and what their columns must look like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from pilothouse.tui.actions import bindings_of
from pilothouse.tui.screens.base import PilothouseScreen
from pilothouse.tui.screens.data_rows import VERSIONS, version_row
from pilothouse.tui.text import fit, line, moment, number, safe, size
from pilothouse.tui.widgets.panel import Panel, Words
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion


class DatasetsScreen(PilothouseScreen):
    """Opened with ``d`` on Data; left with esc."""

    CONTEXT: ClassVar[str] = "datasets"
    AREA: ClassVar[str] = "data"
    CSS_PATH = "datasets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("datasets")]

    def __init__(self, versions: tuple[DatasetVersion, ...], chosen: str) -> None:
        super().__init__()
        self._versions, self._chosen = versions, chosen

    def body(self) -> Iterable[Widget]:
        """Versions and what is in them."""
        yield Horizontal(
            Panel("Dataset versions", Table(VERSIONS, id="all-versions"), id="all-versions-panel"),
            Panel("Version", VerticalScroll(Words(id="dataset-words"), can_focus=True), id="dataset-panel"),
            id="datasets-body",
        )

    def on_mount(self) -> None:
        """Show them; they never change."""
        table, now = self.query_one("#all-versions", Table), self.pilothouse.now()
        table.set_rows([version_row(one, now) for one in self._versions])
        table.move_to_key(self._chosen)
        table.focus()

    @on(Table.Moved, "#all-versions")
    def _moved(self, message: Table.Moved) -> None:
        if message.row is None:
            return
        one: DatasetVersion = message.row.item  # type: ignore[assignment]
        rows = [
            line(
                (safe(one.version), "bold"),
                f"   {one.rows:,} rows, {size(one.bytes)}",
                (f"   {moment(one.created_at)}", "$dim"),
            ),
            line("\n", ("files", "bold"), (f"  {len(one.files)}", "$dim")),
        ]
        name = min(40, max((len(file.name) for file in one.files), default=8))
        for file in one.files:
            rows.append(
                line(
                    f"  {fit(safe(file.name), name)}  {number(file.rows):>10}",
                    (f"  {size(file.bytes):>8}  {file.sha256[:12]}", "$dim"),
                )
            )
        columns = one.schema.columns
        rows.append(line("\n", ("schema", "bold"), (f"  {len(columns)} columns", "$dim")))
        for column in columns:
            needed = "" if column.required else "may be missing"
            rows.append(
                line(
                    f"  {fit(safe(column.name), 24)}  {fit(safe(column.kind), 9)}",
                    (f"  {fit(safe(column.type), 14)} {needed}", "$dim"),
                )
            )
        self.query_one("#dataset-words", Words).show(Content("\n").join(rows))
        self.query_one("#dataset-panel", Panel).retitle(f"Version {one.version}", "never changes")

    def why_not(self, action: str) -> str:
        """Nothing under the cursor, nothing to copy."""
        if action == "copy" and self.query_one("#all-versions", Table).row is None:
            return "there is no version under the cursor"
        return super().why_not(action)

    def copied(self) -> str:
        """The version's name."""
        row = self.query_one("#all-versions", Table).row
        return row.key if row else ""
