"""Before a training: what landed and nobody judged is judged now, so that nothing unsound is learned from.

Perhaps nobody watched the folder. What a dataset version was made of since the schema was accepted has
passed already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.keeping import fingerprint
from pilothouse.data.reading import DataError, data_files
from pilothouse.monitoring.checks import examine_file, is_sound
from pilothouse.monitoring.judging import judge_file, roles_of
from pilothouse.monitoring.keeping_verdicts import Verdict, keep_verdict
from pilothouse.monitoring.quality.advice import advised
from pilothouse.monitoring.quality.rules import FileRules
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.reference import find_reference
from pilothouse.monitoring.verdicts import HELD, OK
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def judge_the_rest(
    workspace: Workspace, store: Store, model: ModelConfig, tell: Callable[[str], None] | None = None
) -> None:
    """Judge the files of the data folder that were not judged by the schema that holds now.

    As the watcher would, with verdict, report and event. Where nobody has accepted a schema nothing is done:
    what the live version learned from is no rule for what the next one may learn from. A reference that
    cannot be read is told, and files are only checked: to train is the way out of that.

    Args:
        workspace, store, model: whose folder.
        tell: hears how many there are, and what is held back.

    Raises:
        DataError: a file is gone, or changed while it was being read.
    """
    told = tell or (lambda _: None)
    rules, readable = current_rules(store, model.name), True
    if rules is None:
        return
    try:
        find_reference(workspace, store, model)
    except DataError as error:
        readable = False
        told(error.what)
    rest = _rest(workspace, store, model, rules)
    if rest:
        files = "1 file" if len(rest) == 1 else f"{len(rest)} files"
        told(f"Judging {files} that nobody has judged yet.")
    for path in rest:
        verdict = (
            judge_file(workspace, store, model, path) if readable else _check_only(store, model, path, rules)
        )
        if verdict.status == HELD:
            told(f"{path.name} is held back: {verdict.findings[0].message}")


def _check_only(store: Store, model: ModelConfig, path: Path, rules: FileRules) -> Verdict:
    """Check a file by the accepted schema; what is sound is not stored, since it is still to be compared."""
    roles = roles_of(model)
    examined = examine_file(path, None, roles, rules)
    rows = examined.figures.rows if examined.figures else 0
    findings = advised(examined.findings, path.name, by_rules=True, landed=True, rows=rows, roles=roles)
    digest, number = fingerprint(path), rules.accepted
    verdict = Verdict(OK, findings, None, path.name, digest, rows, "", number, stored=False)
    if is_sound(findings):
        return verdict
    return keep_verdict(store, model, replace(verdict, status=HELD, stored=True))


def _rest(workspace: Workspace, store: Store, model: ModelConfig, rules: FileRules) -> list[Path]:
    judged = store.query(
        "SELECT name, sha256 FROM arrivals WHERE model = ? AND schema_number IS NOT DISTINCT FROM ?",
        [model.name, rules.accepted],
    )
    learned = store.query(
        "SELECT sha256 FROM dataset_files JOIN dataset_versions AS made USING (version) WHERE made.model = ?"
        " AND NOT EXISTS (SELECT 1 FROM schemas WHERE schemas.model = made.model"
        "     AND schemas.recorded_at >= made.created_at)",
        [model.name],
    )
    known = {(row["name"], row["sha256"]) for row in judged}
    passed = {row["sha256"] for row in learned}
    found = ((path, fingerprint(path)) for path in data_files(workspace.data_folder(model)))
    return [path for path, digest in found if digest not in passed and (path.name, digest) not in known]
