"""Verdicts in the store: what is kept of a file that was judged, and what is known of it from before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from pilothouse.config import ModelConfig
from pilothouse.monitoring.checks import ERROR, Finding
from pilothouse.monitoring.drift import decide
from pilothouse.monitoring.reference import Reference
from pilothouse.monitoring.reports import DriftReport
from pilothouse.monitoring.story import target_in_short
from pilothouse.monitoring.verdict_words import target_moved
from pilothouse.monitoring.verdicts import (
    ACCEPTED,
    COPY,
    HELD,
    OK,
    Arrival,
    Row,
    arrival_row,
    newest_row,
    to_arrival,
)
from pilothouse.store import Store, Transaction, dumps, record


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one file.

    Attributes:
        status: "ok"; "held" (checks found errors, so training leaves it out); "accepted" (held, but a person
            took it in nevertheless); "copy" (of another file of the folder: neither judged nor used).
        findings: what the checks found, errors first.
        report: the comparison with the reference; None if the file is held, or accepted though it cannot be
            read, or if there is no reference.
        name, sha256, rows: the file; its rows are 0 if it cannot be read.
        reference: what it was compared with, such as `late-arrivals v3`; empty if with nothing.
        schema_number: the accepted schema that it was checked against; None if nobody has accepted one.
        stored: whether it is kept, or would be.
        look: how a held file compares with the reference: looked at as if it were the next question, and
            never kept; or what is kept from the time when a person had taken it in.
    """

    status: str
    findings: tuple[Finding, ...]
    report: DriftReport | None
    name: str = ""
    sha256: str = ""
    rows: int = 0
    reference: str = ""
    schema_number: int | None = None
    stored: bool = True
    look: DriftReport | None = None


def _report_id(model: str, name: str, sha256: str, reference: str) -> str:
    return hashlib.sha256("\0".join((model, name, sha256, reference)).encode()).hexdigest()[:12]


def kept_verdict(
    store: Store,
    model: ModelConfig,
    name: str,
    sha256: str,
    reference: Reference | None,
    number: int | None,
) -> Verdict | None:
    """Return the verdict that is kept of these bytes under this name, against a reference and a schema."""
    if reference is None:
        return None
    report_id = _report_id(model.name, name, sha256, reference.label)
    with store.reading() as tx:
        arrival = arrival_row(tx, model.name, name, sha256)
        report = tx.row("SELECT report FROM drift_reports WHERE report_id = ?", [report_id])
    if arrival is None or report is None or arrival["schema_number"] != number or arrival["status"] == COPY:
        return None
    found = to_arrival(arrival)
    compared, held = DriftReport.from_json(report["report"]), found.status == HELD
    # One whose acceptance was taken back has a report from the time when it was taken in.
    return Verdict(
        found.status, found.findings, None if held else compared, name, sha256, found.rows, reference.label,
        number, look=compared if held else None,
    )  # fmt: skip


def keep_verdict(store: Store, model: ModelConfig, verdict: Verdict) -> Verdict:
    """Store findings, report and event together; return the verdict as it is decided and kept."""
    findings = dumps([asdict(finding) for finding in verdict.findings])
    with store.transaction() as tx:
        known = arrival_row(tx, model.name, verdict.name, verdict.sha256)
        if known and known["status"] == ACCEPTED:
            # What a person decided stays decided.
            verdict = replace(verdict, status=ACCEPTED)
        verdict = as_question(tx, model.name, verdict)
        key = {"model": model.name, "name": verdict.name, "sha256": verdict.sha256}
        row = {
            "recorded_at": datetime.now(UTC),
            "rows": verdict.rows,
            "status": verdict.status,
            "findings": findings,
            "schema_number": verdict.schema_number,
        }
        before = to_arrival(known) if known is not None else None
        same = known is not None and (known["status"], known["findings"]) == (verdict.status, findings)
        if known is None:
            tx.insert("arrivals", [{**key, **row}])
        elif not same:
            tx.execute(
                "UPDATE arrivals SET rows = ?, status = ?, findings = ?, schema_number = ? "
                "WHERE model = ? AND name = ? AND sha256 = ?",
                [verdict.rows, verdict.status, findings, verdict.schema_number, *key.values()],
            )
        elif known["schema_number"] != verdict.schema_number:
            # Nothing is new but what it was checked against: no event.
            tx.execute(
                "UPDATE arrivals SET schema_number = ? WHERE model = ? AND name = ? AND sha256 = ?",
                [verdict.schema_number, *key.values()],
            )
        if known is not None:
            _count_again(tx, known)
        new_report = _store_report(tx, model.name, verdict)
        if new_report or before is None or _reasons(before.status, before.findings) != _reasons(
            verdict.status, verdict.findings
        ):  # fmt: skip
            message, data = _told(verdict)
            if before is not None and before.status == HELD and verdict.status == OK:
                message = _released(verdict, message if new_report else "")
            record(
                tx,
                "drift" if new_report else "check",
                verdict.name,
                message,
                {"model": model.name, **data},
            )
    return verdict


def _reasons(status: str, findings: Sequence[Finding]) -> tuple[str, frozenset[tuple[str, str]]]:
    """A verdict without its wording, which changes with the day (how old data are) and with the rules."""
    held = [one for one in findings if one.severity == ERROR] if status == HELD else []
    return status, frozenset((one.rule, one.column) for one in held)


def _released(verdict: Verdict, compared: str) -> str:
    by = f"version {verdict.schema_number} of the schema" if verdict.schema_number else "what is asked"
    said = f"{verdict.name} is no longer held: it keeps {by}."
    return f"{said} {compared}" if compared else said


def count_again(store: Store, model: str, name: str, sha256: str) -> None:
    """Let the verdict on bytes count again that lie under their name as they did before other bytes did."""
    with store.transaction() as tx:
        if (known := arrival_row(tx, model, name, sha256)) is not None:
            _count_again(tx, known)


def _count_again(tx: Transaction, known: Row) -> None:
    """Make it the newest of its name: what was judged last is what everybody takes for the file."""
    key = [known["model"], known["name"], known["sha256"]]
    newest = newest_row(tx, known["model"], known["name"])
    if newest is None or newest["sha256"] == known["sha256"]:
        return
    tx.execute(
        "UPDATE arrivals SET recorded_at = ? WHERE model = ? AND name = ? AND sha256 = ?",
        [datetime.now(UTC), *key],
    )
    said = f"{known['name']} is again what it was before {newest['recorded_at']:%Y-%m-%d %H:%M}: "
    said += "what was found of it then counts."
    record(tx, "check", known["name"], said, {"model": known["model"], "sha256": known["sha256"]})


def as_question(tx: Transaction, model: str, verdict: Verdict) -> Verdict:
    """Decide at the level that is left for the next question against this reference (see `rule.py`).

    The stored reports are the state of that: each is one question, and keeps its number. The same bytes under
    another name are the same question.
    """
    if verdict.report is None:
        return verdict
    return replace(
        verdict, report=decide(verdict.report, _question(tx, model, verdict.sha256, verdict.reference))
    )


def next_question(store: Store, model: str, sha256: str, reference: str) -> int:
    """Return the number that a question about these bytes has, or would have, against a reference."""
    with store.reading() as tx:
        return _question(tx, model, sha256, reference)


def _question(tx: Transaction, model: str, sha256: str, reference: str) -> int:
    asked = tx.row(
        "SELECT count(DISTINCT sha256) AS others, max(json_extract(report, '$.question')::INTEGER) "
        "FILTER (sha256 = ?) AS mine FROM drift_reports WHERE model = ? AND reference = ?",
        [sha256, model, reference],
    )
    assert asked is not None
    return int(asked["mine"] or int(asked["others"]) + 1)


def _store_report(tx: Transaction, model: str, verdict: Verdict) -> bool:
    report = verdict.report
    if report is None:
        return False
    report_id = _report_id(model, verdict.name, verdict.sha256, verdict.reference)
    if tx.row("SELECT 1 FROM drift_reports WHERE report_id = ?", [report_id]):
        return False
    row: Row = {
        "report_id": report_id,
        "model": model,
        "recorded_at": datetime.now(UTC),
        "subject": verdict.name,
        "sha256": verdict.sha256,
        "reference": verdict.reference,
        "dataset_drift": report.dataset_drift,
        "share_drifted": report.share_drifted,
        "n_reference": report.n_reference,
        "n_current": report.n_current,
        "report": report.to_json(),
    }
    tx.insert("drift_reports", [row])
    return True


def _told(verdict: Verdict) -> tuple[str, Row]:
    """Say the verdict in one sentence, and the numbers behind it."""
    data: Row = {"sha256": verdict.sha256, "rows": verdict.rows, "status": verdict.status}
    report = verdict.report
    if verdict.status == HELD:
        data["findings"] = [finding.message for finding in verdict.findings]
        return f"{verdict.name} is held back: {verdict.findings[0].message}", data
    if verdict.status == COPY:
        return verdict.findings[0].message, data
    if report is None:
        return f"{verdict.name} is sound ({verdict.rows:,} rows); there was nothing to compare it with.", data
    drifted = report.drifted
    data |= {
        "reference": verdict.reference,
        "share_drifted": report.share_drifted,
        "share": report.share,
        "rule": report.rule,
        "drifted": {column.column: column.score for column in drifted},
    }
    if report.target is not None:
        data["target"] = {"column": report.target.column, "score": report.target.score,
                          "drifted": report.target.drifted}  # fmt: skip
    word = "drifted" if report.dataset_drift else "did not drift"
    but = "" if report.dataset_drift or not target_moved(report) else ", but its target moved"
    names = f": {', '.join(column.column for column in drifted[:5])}" if drifted else ""
    target = f"; {told}" if (told := target_in_short(report)) else ""
    return (
        f"{verdict.name} {word} from {verdict.reference}{but}; "
        f"{len(drifted)} of {len(report.columns)} columns moved{names}{target}."
    ), data


def compared_before(
    store: Store, model: ModelConfig, name: str, sha256: str
) -> tuple[DriftReport, str] | None:
    """Return the newest report on these bytes under this name, and what they were compared with."""
    rows = store.query(
        "SELECT report, reference FROM drift_reports WHERE model = ? AND subject = ? AND sha256 = ? "
        "ORDER BY recorded_at DESC LIMIT 1",
        [model.name, name, sha256],
    )
    return (DriftReport.from_json(rows[0]["report"]), rows[0]["reference"]) if rows else None


def has_arrived(store: Store, model: ModelConfig, name: str) -> bool:
    """Say whether a verdict is kept of any bytes under this name."""
    with store.reading() as tx:
        return newest_row(tx, model.name, name) is not None


def decided_of(store: Store, model: ModelConfig, name: str, sha256: str) -> Arrival | None:
    """Return what is kept of these bytes under this name, with what a person decided of them."""
    with store.reading() as tx:
        known = arrival_row(tx, model.name, name, sha256)
    return to_arrival(known) if known is not None else None
