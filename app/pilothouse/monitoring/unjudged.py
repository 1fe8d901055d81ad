"""Before a training: what landed and nobody judged is judged now, so that nothing unsound is learned from.

Perhaps nobody watched the folder. What a dataset version was made of since the schema was accepted has
passed already.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.keeping import fingerprint
from pilothouse.data.reading import data_files
from pilothouse.monitoring.judging import judge_file
from pilothouse.monitoring.quality.rules_kept import current_rules
from pilothouse.monitoring.reference import find_reference
from pilothouse.monitoring.verdicts import HELD
from pilothouse.store import Store
from pilothouse.workspace import Workspace


def judge_the_rest(
    workspace: Workspace, store: Store, model: ModelConfig, tell: Callable[[str], None] | None = None
) -> None:
    """Judge the files of the data folder that were not judged by the schema that holds now.

    As the watcher would, with verdict, report and event.

    Without an accepted schema and a reference there is nothing to judge by, and nothing is done.

    Args:
        workspace, store, model: whose folder.
        tell: hears how many there are, and what is held back.

    Raises:
        DataError: a file is gone, or changed while it was being read.
    """
    rest = _rest(workspace, store, model)
    if rest and tell is not None:
        files = "1 file" if len(rest) == 1 else f"{len(rest)} files"
        tell(f"Judging {files} that nobody has judged yet.")
    for path in rest:
        verdict = judge_file(workspace, store, model, path)
        if verdict.status == HELD and tell is not None:
            tell(f"{path.name} is held back: {verdict.findings[0].message}")


def _rest(workspace: Workspace, store: Store, model: ModelConfig) -> list[Path]:
    rules = current_rules(store, model.name)
    if rules is None and find_reference(workspace, store, model) is None:
        return []
    number = rules.accepted if rules else None
    judged = store.query(
        "SELECT name, sha256 FROM arrivals WHERE model = ? AND schema_number IS NOT DISTINCT FROM ?",
        [model.name, number],
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
