"""The columns of the list of runs and the order of its rows: chosen, seen at once, remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.worker import get_current_worker

from pilothouse.tracking.columns import best_first, column_text
from pilothouse.tracking.layouts import TableLayout
from pilothouse.tracking.selecting import Order
from pilothouse.tui.messages import DeedFailed
from pilothouse.tui.screens.runs.columns import RunColumns, label_of
from pilothouse.tui.screens.runs.curve_beside import CurveBeside
from pilothouse.tui.snapshots.run_list import Look, keep_layout, look
from pilothouse.tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.timer import Timer

    from pilothouse.tracking.search.nodes import Field

KEEP_AFTER = 0.5
"""Seconds after the last change of a layout until it is kept."""


class LayoutActs(CurveBeside):
    """Sorting, and choosing columns."""

    def __init__(self) -> None:
        super().__init__()
        self.arrangement = TableLayout()
        self.columns = RunColumns(self.arrangement)
        self._layout_of: str | None = None
        self._keeping: Timer | None = None

    @property
    def order(self) -> Order:
        """By what the runs are ordered."""
        return Order(self.arrangement.order_by, self.arrangement.descending)

    def show_rows(self, *, top: bool = False) -> None:
        """Fetch the rows anew."""
        raise NotImplementedError

    # ------------------------------------------------------------ remembering

    def job(self) -> Callable[[], object]:
        """Whether anything changed; for another model than before its layout too."""
        workspace, app, seen = self.workspace, self.pilothouse, self._layout_of
        return lambda: look(workspace, app.about.model if app.about is not None else "", seen)

    def take_layout(self, found: Look) -> bool:
        """Lay the table out as it was left; tell whether that is another layout than before."""
        if found.layout is None:
            return False
        if self._keeping is not None:  # what was changed for the model before is kept for it
            self._keeping.stop()
            self._keep()
        self._layout_of = found.model
        if found.wrong:
            self.say(found.wrong, "watch")
        changed = found.layout != self.arrangement
        self.lay_out(found.layout)
        return changed

    def lay_out(self, layout: TableLayout) -> None:
        """Begin again with these columns; which ones and how many digits follows from the next rows."""
        automatic = self.columns.automatic
        self.arrangement, self.columns = layout, RunColumns(layout)
        self.columns.automatic = automatic
        self.curve_metric = layout.order_by.key if layout.order_by.section == "metrics" else ""

    def change_layout(self, layout: TableLayout, *, top: bool = False) -> None:
        """Lay the table out anew, and remember it a little later."""
        if layout == self.arrangement:
            return
        self.lay_out(layout)
        self.show_rows(top=top)
        if self._keeping is not None:
            self._keeping.stop()
        self._keeping = self.set_timer(KEEP_AFTER, self._keep)

    def _keep(self) -> None:
        self._keeping = None
        workspace, model, layout = self.workspace, self._layout_of or "", self.arrangement

        def work() -> None:
            worker = get_current_worker()
            try:
                keep_layout(workspace, model, layout)
            except Exception as error:  # noqa: BLE001 - told in words
                if not worker.is_cancelled:
                    self.post_message(DeedFailed(error))

        self.run_worker(work, thread=True, group="layout", exit_on_error=False)

    def on_unmount(self) -> None:
        """What has not been remembered yet is remembered before the terminal closes."""
        if self._keeping is not None:
            self._keeping.stop()
            self._keeping = None
            try:
                keep_layout(self.workspace, self._layout_of or "", self.arrangement)
            except Exception as error:  # noqa: BLE001 - nobody is left to be told
                self.log.error(repr(error))

    # ------------------------------------------------------------ order

    def do_sort(self) -> None:
        """Order by the column to the right of the one that it is ordered by."""
        fields = self.columns.fields
        at = fields.index(self.arrangement.order_by) if self.arrangement.order_by in fields else -1
        self.order_runs(fields[(at + 1) % len(fields)])

    @on(Table.Headed, "#runs")
    def _headed(self, message: Table.Headed) -> None:
        if reason := self.why_not("sort"):
            self.say(f"sort: {reason}", "watch")
        else:
            self.sort_by(message.key)

    def sort_by(self, key: str) -> None:
        """Order by the column with this key; by the one that it is ordered by already, the other way."""
        for field in self.columns.fields:
            if column_text(field) == key and field == self.arrangement.order_by:
                self.do_reverse()
            elif column_text(field) == key:
                self.order_runs(field)

    def order_runs(self, field: Field, descending: bool | None = None) -> None:
        """Order by a column, its better end first unless told otherwise."""
        from dataclasses import replace

        descending = best_first(field) if descending is None else descending
        self.change_layout(replace(self.arrangement, order_by=field, descending=descending), top=True)

    def do_reverse(self) -> None:
        """Turn the order round."""
        self.order_runs(self.arrangement.order_by, not self.arrangement.descending)

    def order_words(self) -> str:
        """What the rows are ordered by, and which way."""
        return f"by {label_of(self.arrangement.order_by)} {'▼' if self.arrangement.descending else '▲'}"

    # ------------------------------------------------------------ columns

    def do_columns(self) -> None:
        """Choose the columns in a dialog; the table follows at once."""
        from pilothouse.tui.dialogs.columns import ColumnsDialog

        dialog = ColumnsDialog(self.workspace, self.arrangement, self._column_cells(), self.change_layout)
        before = self.arrangement

        def closed(kept: bool | None) -> None:
            if not kept:
                self.change_layout(before)

        self.app.push_screen(dialog, closed)

    def _column_cells(self) -> dict[Field, int]:
        """The columns that are shown, each with the cells that it takes now."""
        raise NotImplementedError
