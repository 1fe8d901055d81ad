"""Rows that come again in a later file: told by their ids among the files that landed before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pilothouse.config import ModelConfig
from pilothouse.data.ids_kept import repeated_ids
from pilothouse.data.keeping import object_path
from pilothouse.data.reading import DataFile
from pilothouse.monitoring.checks import WARNING, Finding
from pilothouse.store import Store
from pilothouse.workspace import Workspace

RULE = "again"
_NAMED = 3


def find_repeated(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, sha256: str, dataset: str
) -> list[Finding]:
    """Return a warning where ids of a file lie in others of the folder that landed before it.

    Args:
        workspace, store, model: whose folder it is.
        path, sha256: the file.
        dataset: the dataset version of the reference, whose files were there before; empty without one.

    Raises:
        DataError: the file cannot be read.
    """
    name = model.data.id
    if name is None:
        return []
    others = _before(workspace, store, model, path, sha256, dataset)
    found = repeated_ids(workspace, name, (DataFile(path.name, path), sha256), others) if others else None
    if found is None:
        return []
    named = ", ".join(f"{count:,} in {file}" for file, count in found.files[:_NAMED])
    named += ", …" if found.files[_NAMED:] else ""
    some = f"{found.known:,} of its {found.ids:,} ids"
    where = f"{len(found.files)} files of the folder that landed before: {named}"
    if len(found.files) == 1:
        where = f"{found.files[0][0]}, which landed before"
    said = f"{some} lie in {where}. A training that takes both counts those rows twice."
    advice = "Take the repeated rows out of one of them, or one of them out of the folder."
    return [Finding(WARNING, name, said, RULE, found.known, next=advice)]


def _before(
    workspace: Workspace, store: Store, model: ModelConfig, path: Path, sha256: str, dataset: str
) -> list[tuple[DataFile, str]]:
    """Return the files of the folder that landed before one, the newest first, with the sha256 of each.

    A file that is written again, as one that grows, has landed when it first did.
    """
    rows = store.query(
        "WITH newest AS (SELECT name, max_by(sha256, recorded_at) AS sha256,"
        "   max_by(status, recorded_at) AS status, min(recorded_at) AS recorded_at"
        "   FROM arrivals WHERE model = ? GROUP BY name),"
        " mine AS (SELECT coalesce(min(recorded_at), ?) AS recorded_at FROM arrivals"
        "   WHERE model = ? AND name = ?)"
        " SELECT name, sha256, recorded_at FROM newest WHERE status IN ('ok', 'accepted')"
        "   AND recorded_at < (SELECT recorded_at FROM mine)"
        " UNION ALL SELECT name, sha256, NULL FROM dataset_files WHERE version = ?"
        "   AND sha256 NOT IN (SELECT sha256 FROM newest)"
        " ORDER BY recorded_at DESC NULLS LAST, name",
        [model.name, datetime.now(UTC).replace(tzinfo=None), model.name, path.name, dataset],
    )
    found = []
    for row in rows:
        here = workspace.data_folder(model) / row["name"]
        if row["name"] == path.name or row["sha256"] == sha256 or not here.is_file():
            continue
        kept = object_path(workspace, row["sha256"])
        found.append((DataFile(row["name"], kept if kept.is_file() else here), row["sha256"]))
    return found
