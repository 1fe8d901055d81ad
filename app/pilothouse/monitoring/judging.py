"""A file lands: checked, profiled, compared with the reference, and the verdict stored with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.copies import original_of
from pilothouse.data.reading import DataError
from pilothouse.data.versions import fingerprint
from pilothouse.monitoring.checks import NOTE, Finding, Roles, examine_file, is_sound
from pilothouse.monitoring.distances import parse_tests
from pilothouse.monitoring.drift import compare_profiles, decide
from pilothouse.monitoring.held_again import decision_in
from pilothouse.monitoring.keeping_verdicts import (
    Verdict,
    as_question,
    compared_before,
    count_again,
    decided_of,
    has_arrived,
    keep_verdict,
    kept_verdict,
    next_question,
)
from pilothouse.monitoring.looked_at import beside_findings
from pilothouse.monitoring.misfits import profile_beside
from pilothouse.monitoring.patience import Progress, part_of
from pilothouse.monitoring.profile import FINE_BINS
from pilothouse.monitoring.quality.advice import advised
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.quality.suggesting import suggest_rules
from pilothouse.monitoring.reference import Reference, find_reference
from pilothouse.monitoring.repeated import find_repeated
from pilothouse.monitoring.reports import DriftReport
from pilothouse.monitoring.verdicts import ACCEPTED, COPY, HELD, OK
from pilothouse.monitoring.view_columns import view_file
from pilothouse.store import Store
from pilothouse.workspace import Workspace

_READ, _CHECKED = 0.15, 0.6
"""Shares of the time that it takes to read a file for its fingerprint, and to have checked it."""


def roles_of(model: ModelConfig) -> Roles:
    """Return what the model's configuration says about columns."""
    return Roles(
        model.target, model.data.id, model.data.exclude, model.task == "classification", model.data.time
    )


def no_features(model: ModelConfig) -> tuple[str, ...]:
    """Return the columns that are no features: id, time and what is excluded."""
    named = (model.data.id, model.data.time, *model.data.exclude)
    return tuple(name for name in named if name is not None)


def judge_file(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, progress: Progress | None = None
) -> Verdict:
    """Check a file and compare it with the reference; store findings, report and event together.

    The same bytes under the same name against the same reference and schema give the stored verdict again.
    What the reference is made of is checked only, and stored only if it is held, or if other bytes were
    judged under its name: to compare it with itself would take a share of the false alarms that are allowed.
    `progress` is called while it lasts; if it raises, nothing was stored.

    Raises:
        DataError: the file is gone, or changed while it was being read; nothing was stored.
    """
    verdict, known = _find(workspace, store, model, path, progress, landed=True)
    if known:
        count_again(store, model.name, path.name, verdict.sha256)
    return verdict if known or not verdict.stored else keep_verdict(store, model, verdict)


def look_at_file(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, progress: Progress | None = None
) -> Verdict:
    """Find what `judge_file` would, as the next question, and store nothing.

    Raises:
        DataError: as for `judge_file`.
    """
    verdict, _ = _find(workspace, store, model, path, progress, landed=False)
    with store.reading() as tx:
        return as_question(tx, model.name, verdict)


def _find(
    workspace: Workspace,
    store: Store,
    model: ModelConfig,
    path: Path,
    progress: Progress | None,
    *,
    landed: bool,
) -> tuple[Verdict, bool]:
    """Return what is found of a file, and whether that was stored before."""
    before = _look(path)
    first = part_of(progress, 0, _READ, "reading")
    digest = fingerprint(path, first and (lambda share: first(share, "")))
    reference = find_reference(workspace, store, model, progress=part_of(progress, _READ, _READ, "reference"))
    accepted = current_rules(store, model.name)
    number = accepted.accepted if accepted else None
    if landed and (original := original_of(store, model.name, path, digest)):
        return _as_copy(store, model, path, digest, original, number), False
    own = landed and _is_own(store, reference, digest)
    known = None if own else kept_verdict(store, model, path.name, digest, reference, number)
    if known is not None:
        return known, True
    rules = accepted or (rules_suggested(store, model, reference) if reference else None)
    examined = examine_file(
        path,
        reference.schema if reference else None,
        roles_of(model),
        rules,
        progress=part_of(progress, _READ, _CHECKED, ""),
    )
    called = path.name if landed else str(path)
    rows = examined.figures.rows if examined.figures else 0
    findings = advised(
        examined.findings,
        called,
        by_rules=accepted is not None,
        landed=landed,
        rows=rows,
        roles=roles_of(model),
        reference=reference,
        rules=accepted,
    )
    decided = decided_of(store, model, path.name, digest) if landed else None
    taken = decided is not None and decided.status == ACCEPTED
    if decided is not None and (again := decision_in(decided.findings)):
        findings = (again, *findings)
    sound = is_sound(findings)
    if landed and not own and examined.figures:
        dataset = reference.dataset if reference else ""
        findings = (*findings, *find_repeated(workspace, store, model, path, digest, dataset))
    report, label = None, reference.label if reference else ""
    if own:
        assert reference is not None
        # It may have landed before, and been compared with what was the reference then.
        report, label = compared_before(store, model, path.name, digest) or (None, "")
        if report is None:
            said = f"{reference.label} is made of it: there is nothing to compare it with."
            findings = (*findings, Finding(NOTE, "", said, "own"))
    elif reference and examined.figures and rows:
        report, of_views = _compare(
            workspace,
            model,
            reference,
            accepted,
            path,
            held=not (sound or taken),
            progress=part_of(progress, _CHECKED, 1, "comparing"),
        )
        findings = (*findings, *of_views)
    look = None
    if not (sound or taken):
        report, look = None, report
        if look is not None:
            # At the level that it would have, were it taken in now; a look is no question of its own.
            look = replace(decide(look, next_question(store, model.name, digest, label)), question=None)
            findings = beside_findings(findings, look)
    if _look(path) != before:
        raise DataError(
            f"{path.name} changed while it was being read.",
            untouched="Nothing was stored about it.",
            next="Judge it again once it is written.",
        )
    verdict = Verdict(
        OK if sound else HELD, findings, report, path.name, digest, rows, label, number,
        stored=landed and not (own and sound and not has_arrived(store, model, path.name)), look=look,
    )  # fmt: skip
    return verdict, False


def _compare(
    workspace: Workspace,
    model: ModelConfig,
    reference: Reference,
    accepted: FileRules | None,
    path: Path,
    *,
    held: bool,
    progress: Progress | None,
) -> tuple[DriftReport | None, Sequence[Finding]]:
    """Compare a file with the reference, and say what was found of its feature views; no report of a held
    one of which nothing can be compared."""
    tests = parse_tests(model.drift.test)
    fine = FINE_BINS if tests else 0
    gone = dropped(reference, accepted)
    left = (*no_features(model), *gone)
    try:
        profile, readable = profile_beside(
            [path], reference.schema, reference.profile, exclude=left, fine=fine, progress=progress
        )
        without = (*gone, *readable.otherwise(reference.schema))
        viewed = view_file(workspace, reference, path, fine=fine, without=without)
    except DataError:
        if held:
            return None, ()
        raise
    report = compare_profiles(
        reference.profile, replace(profile, made=viewed.columns), model.drift.share, target=model.target,
        exclude=left, tests=tests,
    )  # fmt: skip
    found = viewed.findings(path.name)
    nothing = all(column.unreadable for column in report.columns)
    return None if held and nothing else viewed.noted(report), found


def _is_own(store: Store, reference: Reference | None, digest: str) -> bool:
    """Say whether a reference is made of these bytes, under whatever name."""
    return reference is not None and bool(
        store.query(
            "SELECT 1 FROM dataset_files WHERE version = ? AND sha256 = ?", [reference.dataset, digest]
        )
    )


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


def dropped(reference: Reference, rules: FileRules | None) -> tuple[str, ...]:
    """Return the reference's columns that an accepted schema dropped: they are not compared.

    One that it stores otherwise is: what is watched hangs on what the live version reads.
    """
    if rules is None:
        return ()
    return tuple(name for name in reference.schema.names() if rules.column(name) is None)


def _look(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    return stat.st_size, stat.st_mtime_ns
