"""A file lands: checked, profiled, compared with the reference, and the verdict stored with its numbers."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.copies import original_of
from pilothouse.data.reading import DataError
from pilothouse.data.schema import fits
from pilothouse.data.versions import fingerprint
from pilothouse.monitoring.checks import NOTE, Finding, Roles, examine_file, is_sound
from pilothouse.monitoring.distances import parse_tests
from pilothouse.monitoring.drift import DriftReport, compare_profiles, decide
from pilothouse.monitoring.profile import FINE_BINS, profile_files
from pilothouse.monitoring.quality.advice import advised
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.quality.suggesting import suggest_rules
from pilothouse.monitoring.reference import Reference, find_reference
from pilothouse.monitoring.verdicts import (
    ACCEPTED,
    COPY,
    HELD,
    OK,
    Arrival,
    Row,
    StoredReport,
    accept_arrival,
    arrival_row,
    get_drift_report,
    list_arrivals,
    list_drift_reports,
    to_arrival,
)
from pilothouse.store import Store, Transaction, dumps, record
from pilothouse.workspace import Workspace

__all__ = [
    "Arrival", "StoredReport", "Verdict", "accept_arrival", "get_drift_report", "judge_file", "list_arrivals",
    "list_drift_reports", "look_at_file",
]  # fmt: skip


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


def roles_of(model: ModelConfig) -> Roles:
    """Return what the model's configuration says about columns."""
    return Roles(
        model.target, model.data.id, model.data.exclude, model.task == "classification", model.data.time
    )


def no_features(model: ModelConfig) -> tuple[str, ...]:
    """Return the columns that are no features: id, time and what is excluded."""
    named = (model.data.id, model.data.time, *model.data.exclude)
    return tuple(name for name in named if name is not None)


def judge_file(workspace: Workspace, store: Store, model: ModelConfig, path: Path) -> Verdict:
    """Check a file and compare it with the reference; store findings, report and event together.

    The same bytes under the same name against the same reference and schema give the stored verdict again.
    What the reference is made of is checked only, and stored only if it is held: to compare it with itself
    would take a share of the false alarms that are allowed.

    Raises:
        DataError: the file is gone, or changed while it was being read; nothing was stored.
    """
    verdict, known = _find(workspace, store, model, path, landed=True)
    return verdict if known or not verdict.stored else _store(store, model, verdict)


def look_at_file(workspace: Workspace, store: Store, model: ModelConfig, path: Path) -> Verdict:
    """Find what `judge_file` would, as the next question, and store nothing.

    Raises:
        DataError: as for `judge_file`.
    """
    verdict, _ = _find(workspace, store, model, path, landed=False)
    with store.reading() as tx:
        return _as_question(tx, model.name, verdict)


def _find(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, *, landed: bool
) -> tuple[Verdict, bool]:
    """Return what is found of a file, and whether that was stored before."""
    before = _look(path)
    digest = fingerprint(path)
    reference = find_reference(workspace, store, model)
    accepted = current_rules(store, model.name)
    number = accepted.accepted if accepted else None
    if landed and (original := original_of(store, model.name, path, digest)):
        return _as_copy(store, model, path, digest, original, number), False
    own = landed and _is_own(store, reference, digest)
    known = None if own else _stored(store, model, path.name, digest, reference, number)
    if known is not None:
        return known, True
    rules = accepted or (rules_suggested(store, model, reference) if reference else None)
    examined = examine_file(path, reference.schema if reference else None, roles_of(model), rules)
    called = path.name if landed else str(path)
    rows = examined.figures.rows if examined.figures else 0
    findings = advised(
        examined.findings,
        called,
        by_rules=accepted is not None,
        landed=landed,
        rows=rows,
        roles=roles_of(model),
    )
    sound = is_sound(findings)
    report, label = None, reference.label if reference else ""
    if own:
        assert reference is not None
        # It may have landed before, and been compared with what was the reference then.
        report, label = _compared_before(store, model, path.name, digest) or (None, "")
        if report is None:
            said = f"{reference.label} is made of it: there is nothing to compare it with."
            findings = (*findings, Finding(NOTE, "", said, "own"))
    elif reference and examined.figures and (sound or _taken_in(store, model, path.name, digest)):
        tests = parse_tests(model.drift.test)
        # An accepted file may have columns that cannot be read as what the reference has.
        otherwise = tuple(finding.column for finding in findings if finding.rule == "type")
        left = (*no_longer(reference, accepted), *otherwise)
        profile = profile_files(
            [path],
            reference.schema,
            edges_from=reference.profile,
            fine=FINE_BINS if tests else 0,
            exclude=left,
        )
        report = compare_profiles(
            reference.profile, profile, model.drift.share, target=model.target,
            exclude=(*no_features(model), *left), tests=tests,
        )  # fmt: skip
    if _look(path) != before:
        raise DataError(
            f"{path.name} changed while it was being read.",
            untouched="Nothing was stored about it.",
            next="Judge it again once it is written.",
        )
    verdict = Verdict(
        OK if sound else HELD, findings, report, path.name, digest, rows, label, number,
        stored=landed and not (own and sound and not _has_arrived(store, model, path.name, digest)),
    )  # fmt: skip
    return verdict, False


def _is_own(store: Store, reference: Reference | None, digest: str) -> bool:
    """Say whether a reference is made of these bytes, under whatever name."""
    return reference is not None and bool(
        store.query(
            "SELECT 1 FROM dataset_files WHERE version = ? AND sha256 = ?", [reference.dataset, digest]
        )
    )


def _compared_before(
    store: Store, model: ModelConfig, name: str, sha256: str
) -> tuple[DriftReport, str] | None:
    rows = store.query(
        "SELECT report, reference FROM drift_reports WHERE model = ? AND subject = ? AND sha256 = ? "
        "ORDER BY recorded_at DESC LIMIT 1",
        [model.name, name, sha256],
    )
    return (DriftReport.from_json(rows[0]["report"]), rows[0]["reference"]) if rows else None


def _has_arrived(store: Store, model: ModelConfig, name: str, sha256: str) -> bool:
    with store.reading() as tx:
        return arrival_row(tx, model.name, name, sha256) is not None


def _taken_in(store: Store, model: ModelConfig, name: str, sha256: str) -> bool:
    """Say whether a person accepted these bytes in spite of their checks."""
    with store.reading() as tx:
        known = arrival_row(tx, model.name, name, sha256)
    return known is not None and known["status"] == ACCEPTED


def _as_copy(
    store: Store, model: ModelConfig, path: Path, digest: str, original: str, number: int | None
) -> Verdict:
    rows = store.query(
        "SELECT rows FROM arrivals WHERE model = ? AND sha256 = ? UNION ALL "
        "SELECT f.rows FROM dataset_files f JOIN dataset_versions USING (version) "
        "WHERE model = ? AND sha256 = ? LIMIT 1",
        [model.name, digest, model.name, digest],
    )
    said = f"{path.name} is a copy of {original}, byte for byte: it is not judged, and not used again."
    finding = Finding(NOTE, "", said, "copy", next="Take one of the two out of the folder.")
    return Verdict(COPY, (finding,), None, path.name, digest, int(rows[0]["rows"]) if rows else 0, "", number)


def rules_suggested(store: Store, model: ModelConfig, reference: Reference) -> FileRules:
    """Suggest rules from a model's reference, and from the files of its newest dataset version."""
    rows = store.query(
        "SELECT rows FROM dataset_files WHERE version = (SELECT version FROM dataset_versions "
        "WHERE model = ? ORDER BY created_at DESC, version LIMIT 1)",
        [model.name],
    )
    return suggest_rules(
        reference.profile,
        target=model.target,
        id=model.data.id,
        exclude=model.data.exclude,
        file_rows=[int(row["rows"]) for row in rows],
    )


def no_longer(reference: Reference, rules: FileRules | None) -> tuple[str, ...]:
    """Return the reference's columns that an accepted schema dropped, or stores otherwise: not compared."""
    if rules is None:
        return ()
    return tuple(
        column.name
        for column in reference.schema.columns
        if (rule := rules.column(column.name)) is None or not fits(column.type, rule.type)
    )


def _look(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    return stat.st_size, stat.st_mtime_ns


def _report_id(model: str, name: str, sha256: str, reference: str) -> str:
    return hashlib.sha256("\0".join((model, name, sha256, reference)).encode()).hexdigest()[:12]


def _stored(
    store: Store,
    model: ModelConfig,
    name: str,
    sha256: str,
    reference: Reference | None,
    number: int | None,
) -> Verdict | None:
    if reference is None:
        return None
    report_id = _report_id(model.name, name, sha256, reference.label)
    with store.reading() as tx:
        arrival = arrival_row(tx, model.name, name, sha256)
        report = tx.row("SELECT report FROM drift_reports WHERE report_id = ?", [report_id])
    if arrival is None or report is None or arrival["schema_number"] != number or arrival["status"] == COPY:
        return None
    found = to_arrival(arrival)
    # One whose acceptance was taken back has a report from the time when it was taken in.
    compared = None if found.status == HELD else DriftReport.from_json(report["report"])
    return Verdict(found.status, found.findings, compared, name, sha256, found.rows, reference.label, number)


def _store(store: Store, model: ModelConfig, verdict: Verdict) -> Verdict:
    findings = dumps([asdict(finding) for finding in verdict.findings])
    with store.transaction() as tx:
        known = arrival_row(tx, model.name, verdict.name, verdict.sha256)
        if known and known["status"] == ACCEPTED:
            # What a person decided stays decided.
            verdict = replace(verdict, status=ACCEPTED)
        verdict = _as_question(tx, model.name, verdict)
        key = {"model": model.name, "name": verdict.name, "sha256": verdict.sha256}
        row = {
            "recorded_at": datetime.now(UTC),
            "rows": verdict.rows,
            "status": verdict.status,
            "findings": findings,
            "schema_number": verdict.schema_number,
        }
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
        new_report = _store_report(tx, model.name, verdict)
        if new_report or not same:
            message, data = _told(verdict)
            record(
                tx,
                "drift" if verdict.report else "check",
                verdict.name,
                message,
                {"model": model.name, **data},
            )
    return verdict


def _as_question(tx: Transaction, model: str, verdict: Verdict) -> Verdict:
    """Decide at the level that is left for the next question against this reference (see `rule.py`).

    The stored reports are the state of that: each is one question, and keeps its number. The same bytes under
    another name are the same question.
    """
    if verdict.report is None:
        return verdict
    asked = tx.row(
        "SELECT count(DISTINCT sha256) AS others, max(json_extract(report, '$.question')::INTEGER) "
        "FILTER (sha256 = ?) AS mine FROM drift_reports WHERE model = ? AND reference = ?",
        [verdict.sha256, model, verdict.reference],
    )
    assert asked is not None
    return replace(verdict, report=decide(verdict.report, asked["mine"] or int(asked["others"]) + 1))


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
    word = "drifted" if report.dataset_drift else "did not drift"
    names = f": {', '.join(column.column for column in drifted[:5])}" if drifted else ""
    return (
        f"{verdict.name} {word} from {verdict.reference}; "
        f"{len(drifted)} of {len(report.columns)} columns moved{names}."
    ), data
