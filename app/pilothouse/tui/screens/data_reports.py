"""Reading whole drift reports for the file under the cursor: in a thread, and each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.worker import get_current_worker

from pilothouse.tui.screens.base import PilothouseScreen

if TYPE_CHECKING:
    from pilothouse.monitoring.glances import Glance
    from pilothouse.monitoring.reports import ColumnDrift
    from pilothouse.monitoring.verdicts import StoredReport

KEPT = 24
"""Reports that are kept; each holds two histograms a column."""


@dataclass
class ReportRead(Message):
    """A report was read, or could not be."""

    report_id: str
    found: StoredReport | Exception


class ReportReading(PilothouseScreen):
    """A screen that shows a report as a whole; a report that was stored never changes."""

    def __init__(self) -> None:
        super().__init__()
        self._reports: dict[str, StoredReport] = {}
        self._wanted = ""

    def report_of(self, glance: Glance | None) -> StoredReport | None:
        """The report if it is here; if not it is asked for, and ``report_arrived`` follows."""
        if glance is None:
            self._wanted = ""
            return None
        found = self._reports.get(glance.report_id)
        if found is None and self._wanted != glance.report_id:
            self._wanted = glance.report_id
            self._read(glance.report_id)
        return found

    def report_arrived(self) -> None:
        """Draw what waited for the report."""

    def _read(self, report_id: str) -> None:
        from pilothouse.tui.snapshots.data import whole_report

        workspace = self.workspace

        def work() -> None:
            worker = get_current_worker()
            try:
                found: StoredReport | Exception = whole_report(workspace, report_id)
            except Exception as error:  # noqa: BLE001 - told in words
                found = error
            if not worker.is_cancelled:
                self.post_message(ReportRead(report_id, found))

        # Exclusive: only the file that the cursor came to rest on is of interest.
        self.run_worker(work, thread=True, group="report", exclusive=True, exit_on_error=False)

    @on(ReportRead)
    def _report_ready(self, message: ReportRead) -> None:
        if self._wanted == message.report_id:
            self._wanted = ""
        if isinstance(message.found, Exception):
            self.complain(message.found)
            return
        self._reports[message.report_id] = message.found
        while len(self._reports) > KEPT:
            del self._reports[next(iter(self._reports))]
        self.report_arrived()


def column_of(report: StoredReport, name: str) -> ColumnDrift | None:
    """A column of a report, the target among them."""
    columns = [*report.report.columns, *([report.report.target] if report.report.target else [])]
    return next((one for one in columns if one.column == name), None)
