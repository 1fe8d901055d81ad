"""All that is known of one file that landed, as a page that opens offline or as JSON: what its checks found
with the rows that show it, and how it compares with the reference."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.errors import NotFoundError, UsageError
from pilothouse.monitoring.judging import look_at_file
from pilothouse.monitoring.renewing import check_report
from pilothouse.monitoring.report_html import Part, render_held, render_html
from pilothouse.monitoring.verdicts import (
    HELD,
    Arrival,
    StoredReport,
    get_drift_report,
    list_arrivals,
)
from pilothouse.processes import require_folder_of, write_atomic
from pilothouse.store import Store, dumps
from pilothouse.workspace import Workspace

ENDINGS = (".html", ".json")


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file's arrival and its report; at least one of them is there. The report of a held file may be a look
    (see `with_look`), which has no id."""

    name: str
    arrival: Arrival | None
    stored: StoredReport | None

    @property
    def held(self) -> bool:
        """Whether its checks hold it back."""
        return self.arrival is not None and self.arrival.status == HELD

    @property
    def drifted(self) -> bool:
        """Whether it drifted."""
        return self.stored is not None and self.stored.dataset_drift

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values: those of `drift --json`, and the checks beside them."""
        told: dict[str, Any] = {"subject": self.name}
        if self.stored is not None:
            told |= {
                "report_id": self.stored.report_id or None,
                "reference": self.stored.reference,
                "judged_at": self.stored.at.isoformat(),
                **self.stored.report.to_dict(),
            }
        if self.arrival is not None:
            told |= {
                "status": self.arrival.status,
                "rows": self.arrival.rows,
                "sha256": self.arrival.sha256,
                "findings": [
                    {**asdict(one), "examples": [example._asdict() for example in one.examples]}
                    for one in self.arrival.findings
                ],
            }
        return told


def find_file_report(store: Store, model: str, ref: str) -> FileReport:
    """Return what is known of a file.

    Args:
        store: where it is kept.
        model: whose file.
        ref: its name, or a report's id or the start of that.

    Raises:
        NotFoundError: no file of that name was judged, and no report has that id.
    """
    arrivals = list_arrivals(store, model)
    name = Path(ref).name
    newest = next((one for one in arrivals if one.name == name), None)
    if newest is not None:
        report = None
        with contextlib.suppress(NotFoundError):
            report = get_drift_report(store, name, model)
        # A report of other bytes that once had this name says nothing about these.
        same = report is not None and (report.subject, report.sha256) == (newest.name, newest.sha256)
        return FileReport(newest.name, newest, report if same else None)
    try:
        stored = get_drift_report(store, ref, model)
    except NotFoundError:
        raise NotFoundError(
            f"No file called {ref[:80]!r} was judged.", next="List the files with `pilothouse data`."
        ) from None
    mine = (stored.subject, stored.sha256)
    arrival = next((one for one in arrivals if (one.name, one.sha256) == mine), None)
    return FileReport(stored.subject, arrival, stored)


def with_look(workspace: Workspace, store: Store, model: ModelConfig, found: FileReport) -> FileReport:
    """Return a held file with a look at its drift, if it was never compared and can be read; nothing is kept.

    Raises:
        DataError: it changed while it was being read.
    """
    path = workspace.data_folder(model) / found.name
    if not found.held or found.stored is not None or found.arrival is None or not path.is_file():
        return found
    verdict = look_at_file(workspace, store, model, path)
    report = verdict.look or verdict.report
    if report is None or verdict.sha256 != found.arrival.sha256:
        return found
    look = StoredReport(
        "", model.name, found.arrival.at, found.name, verdict.sha256, verdict.reference, report.dataset_drift,
        report.share_drifted, report.n_reference, report.n_current, report,
    )  # fmt: skip
    return replace(found, stored=look)


def save_file_report(found: FileReport, path: Path, *, force: bool = False) -> None:
    """Write it, whole or not at all; the ending says as what. A report that was written there is renewed.

    Args:
        found: the report.
        path: the file.
        force: replace whatever file lies there.

    Raises:
        UsageError: the ending is neither .html nor .json.
        PilothouseError: it cannot be written there, or another file is there.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"{path.name!r} ends neither in .html nor in .json.", next="Give it one of the two.")
    target = path.expanduser()
    require_folder_of(target)
    check_report(target, force=force)
    write_atomic(target, dumps(found.to_dict()) if ending == ".json" else as_page(found))


def as_page(found: FileReport) -> str:
    """Return the page."""
    findings = found.arrival.findings if found.arrival is not None else ()
    if found.stored is not None:
        parts = [Part(found.name, found.stored.report)]
        reference = found.stored.reference
        return render_html(parts, current=found.name, reference=reference, findings=findings, held=found.held)
    held = found.held
    return render_held(found.name, findings, rows=found.arrival.rows if found.arrival else 0, held=held)
