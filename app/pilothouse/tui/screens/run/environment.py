"""The environment a run ran in: Python, host, threads, seed, command line, and every package."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from pilothouse.tui.screens.run.tab import RunTab
from pilothouse.tui.text import counted, safe
from pilothouse.tui.widgets.panel import Panel
from pilothouse.tui.widgets.rows import Column, Row
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.run_origin import Asked, OriginLook

COLUMNS = (Column("key", "what", most=36), Column("value", "value", grow=True, most=400))

EMPTY = "Its environment was not recorded."


class EnvironmentTab(RunTab):
    """One table; ``/`` searches it."""

    NAME: ClassVar[str] = "environment"
    TITLE: ClassVar[str] = "Environment"
    KEY: ClassVar[str] = "v"

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._origin: OriginLook | None = None
        self._read_once = False

    def compose(self) -> ComposeResult:
        """The table."""
        yield Panel("Environment", Table(COLUMNS, empty=EMPTY, id="environment"), id="environment-panel")

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
        self._read_once = False

    def show(self, look: object) -> None:
        """Draw it."""
        found: Asked = look  # type: ignore[assignment]
        self._origin, self._read_once = found.origin, True
        self._draw()

    def filter(self, text: str) -> None:
        """Only what has these words."""
        super().filter(text)
        self._draw()

    def _draw(self) -> None:
        rows: list[Row] = []
        packages = 0
        for title, pairs in _sections(self._origin):
            wanted = self.wanted.lower()
            shown = [(key, value) for key, value in pairs if wanted in f"{key} {value}".lower()]
            if shown:
                rows.append(Row(f"section {title}", (f"{title}  {len(shown)}", ""), ("strong", "")))
                rows += [
                    Row(f"{title} {key}", (f"  {safe(key, 60)}", safe(value, 400)), ("dim", ""), value)
                    for key, value in shown
                ]
            packages += len(shown) if title == "packages" else 0
        table = self.query_one("#environment", Table)
        table.say_empty(self.nothing(EMPTY) if self._origin is not None else EMPTY)
        table.set_rows(rows)
        told = f"{counted(packages, 'package')}   / searches" if self._origin is not None else "not recorded"
        if self._origin is not None and self._origin.part_of:
            told += f"   as of its parent {self._origin.part_of}"
        self.query_one("#environment-panel", Panel).retitle("Environment", told)

    def copied(self) -> str:
        """The row as a requirement, or its value."""
        row = self.query_one("#environment", Table).row
        if row is None or not isinstance(row.item, str):
            return ""
        title, _, key = row.key.partition(" ")
        return f"{key}=={row.item}" if title == "packages" else row.item


def _sections(origin: OriginLook | None) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    if origin is None:
        return []
    return [("machine", origin.machine), ("threads", origin.threads), ("packages", origin.packages)]
