"""What the store knows of the files that landed: arrivals with their findings, and drift reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pilothouse.data.versions import fingerprint
from pilothouse.errors import NotFoundError
from pilothouse.monitoring.checks import ERROR, Finding
from pilothouse.monitoring.held_again import OF_OLD, with_decision, without_decision
from pilothouse.monitoring.reports import DriftReport
from pilothouse.store import Store, Transaction, dumps, loads, record
from pilothouse.store.events import current_actor

OK, HELD, ACCEPTED, COPY = "ok", "held", "accepted", "copy"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that was judged, as the store keeps it."""

    model: str
    name: str
    sha256: str
    at: datetime
    rows: int
    status: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A drift report, as the store keeps it."""

    report_id: str
    model: str
    at: datetime
    subject: str
    sha256: str
    reference: str
    dataset_drift: bool
    share_drifted: float
    n_reference: int
    n_current: int
    report: DriftReport


def accept_arrival(
    store: Store, model: str, name: str, *, reason: str = "", actor: str | None = None
) -> Arrival:
    """Take a file in that its checks hold back, from now on, as it is.

    Raises:
        NotFoundError: no file of that name is held.
    """
    with store.transaction() as tx:
        lies_there = newest_row(tx, model, name)
        if lies_there is None or lies_there["status"] != HELD:
            raise NotFoundError(
                f"No file called {name!r} is held.", next="List the files with `pilothouse data`."
            )
        why = f": {reason}" if reason else "."
        said = f"{name} was accepted in spite of its checks{why}"
        findings = without_decision(to_arrival(lies_there).findings)
        return _decide(tx, lies_there, ACCEPTED, findings, said, actor)


def hold_arrival(
    store: Store, model: str, name: str, *, reason: str = "", actor: str | None = None
) -> Arrival:
    """Take the acceptance of a file back: it is held, until a person takes it in, whatever its checks say.

    Who did it, when and why is the first of its findings from then on. Dataset versions and model versions
    that were made with it stay as they are.

    Raises:
        NotFoundError: no file of that name was accepted.
    """
    with store.transaction() as tx:
        lies_there = newest_row(tx, model, name)
        if lies_there is None or lies_there["status"] != ACCEPTED:
            raise NotFoundError(
                f"No file called {name!r} was accepted in spite of its checks.",
                untouched="Nothing has changed.",
                next="`pilothouse data` lists the files. One that its checks let through is held by a rule "
                "that it breaks (`pilothouse schema`), or taken out of the folder.",
            )
        why = f": {reason}" if reason else "."
        said = f"{name} is held again, its acceptance was taken back{why}"
        compared = tx.row(
            "SELECT report FROM drift_reports WHERE model = ? AND subject = ? AND sha256 = ? "
            "ORDER BY recorded_at DESC LIMIT 1",
            [model, name, lies_there["sha256"]],
        )
        report = DriftReport.from_json(compared["report"]) if compared else None
        actor = actor or current_actor()
        findings = with_decision(to_arrival(lies_there).findings, name, actor, reason, report)
        return _decide(tx, lies_there, HELD, findings, said, actor)


def _decide(
    tx: Transaction, row: Row, status: str, findings: Sequence[Finding], said: str, actor: str | None
) -> Arrival:
    """Write what a person decided of a file, and the event."""
    text = dumps([asdict(finding) for finding in findings])
    tx.execute(
        "UPDATE arrivals SET status = ?, findings = ? WHERE model = ? AND name = ? AND sha256 = ?",
        [status, text, row["model"], row["name"], row["sha256"]],
    )
    record(tx, "check", row["name"], said, {"model": row["model"]}, actor)
    return to_arrival({**row, "status": status, "findings": text})


def newest_row(tx: Transaction, model: str, name: str) -> Row | None:
    """Read what is stored about the bytes that lie under a name now, in a transaction of the caller's."""
    return tx.row(
        "SELECT * FROM arrivals WHERE model = ? AND name = ? ORDER BY recorded_at DESC LIMIT 1", [model, name]
    )


def arrival_row(tx: Transaction, model: str, name: str, sha256: str) -> Row | None:
    """Read what is stored about a file, in a transaction of the caller's."""
    return tx.row("SELECT * FROM arrivals WHERE model = ? AND name = ? AND sha256 = ?", [model, name, sha256])


def to_arrival(row: Row) -> Arrival:
    """Turn a row of the store into an arrival."""
    findings = tuple(Finding.from_stored(finding) for finding in loads(row["findings"]) or ())
    if row["status"] == HELD and not any(finding.severity == ERROR for finding in findings):
        findings = (OF_OLD, *findings)
    return Arrival(
        row["model"], row["name"], row["sha256"], row["recorded_at"], row["rows"], row["status"], findings
    )


def list_arrivals(store: Store, model: str | None = None) -> list[Arrival]:
    """List the files that were judged, newest first."""
    rows = store.query(
        "SELECT * FROM arrivals WHERE ? IS NULL OR model = ? ORDER BY recorded_at DESC, name", [model, model]
    )
    return [to_arrival(row) for row in rows]


def bar_of(arrival: Arrival) -> Finding | None:
    """Return the finding for which no training could read a held file beside others; None without one."""
    if arrival.status != HELD:
        return None
    errors = [one for one in arrival.findings if one.severity == ERROR]
    return next((one for one in errors if one.bars or one.rule == "readable"), None)


def held_names(store: Store, model: str) -> list[str]:
    """Return the names whose newest bytes are held, in order."""
    newest: dict[str, str] = {}
    for one in list_arrivals(store, model):
        newest.setdefault(one.name, one.status)
    return sorted(name for name, status in newest.items() if status == HELD)


def held_among(store: Store, model: str, files: Sequence[Path]) -> list[Path]:
    """Return those files whose bytes are held under their name; a file that was mended since is not."""
    held = {(one.name, one.sha256) for one in list_arrivals(store, model) if one.status == HELD}
    names = {name for name, _ in held}
    return [path for path in files if path.name in names and (path.name, fingerprint(path)) in held]


def _to_report(row: Row) -> StoredReport:
    told = {**row, "at": row["recorded_at"], "report": DriftReport.from_json(row["report"])}
    return StoredReport(**{name: told[name] for name in StoredReport.__dataclass_fields__})


def list_drift_reports(
    store: Store, model: str | None = None, *, subject: str | None = None, limit: int = 200
) -> list[StoredReport]:
    """List drift reports, newest first, of one model or of all, of one file or of all."""
    rows = store.query(
        "SELECT * FROM drift_reports WHERE (? IS NULL OR model = ?) AND (? IS NULL OR subject = ?) "
        "ORDER BY recorded_at DESC, subject DESC LIMIT ?",
        [model, model, subject, subject, limit],
    )
    return [_to_report(row) for row in rows]


def get_drift_report(store: Store, ref: str, model: str | None = None) -> StoredReport:
    """Return a report by its id, the start of its id, or the name of its file (the newest one then).

    Raises:
        NotFoundError: there is none.
    """
    rows = store.query(
        "SELECT * FROM drift_reports WHERE (? IS NULL OR model = ?) "
        "AND (subject = ? OR starts_with(report_id, ?)) ORDER BY subject = ? DESC, recorded_at DESC LIMIT 1",
        [model, model, ref, ref or "-", ref],
    )
    if not rows:
        raise NotFoundError(
            f"There is no drift report of {ref[:80]!r}.", next="List them with `pilothouse drift`."
        )
    return _to_report(rows[0])
