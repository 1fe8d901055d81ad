"""References are read once: inside a workspace, the profile of files is kept by what they contain."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pilothouse.data.reading import expand
from pilothouse.data.versions import fingerprint
from pilothouse.monitoring.columns import Profile
from pilothouse.monitoring.filedrift import FINE_OF_FILES, Wishes, open_reference, require_columns
from pilothouse.monitoring.patience import Progress
from pilothouse.monitoring.reference import Reference
from pilothouse.processes import write_atomic
from pilothouse.workspace import Workspace

_SHAPE = 2
"""Rises when a profile of the same bytes would say something else."""
MOST_KEPT = 50


def open_reference_once(
    text: str,
    wishes: Wishes,
    workspace: Workspace | None,
    progress: Progress | None = None,
    *,
    to_save: bool = False,
) -> Reference:
    """Open a reference as `open_reference` does; in a workspace, known files are not profiled again.

    A test on values reads the files nevertheless: a profile does not have them.

    Raises:
        DataError: see `open_reference`.
        UsageError: see `open_reference`.
    """
    if workspace is None or to_save or wishes.on_points or Path(text).suffix.lower() == ".json":
        return open_reference(text, wishes, progress, to_save=to_save)
    sources = expand(text)
    kept = _place(workspace, sources, wishes)
    try:
        profile = Profile.from_json(kept.read_text("utf-8"))
        kept.touch()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = open_reference(text, wishes, progress)
        write_atomic(kept, found.profile.to_json())
        _forget_oldest(kept.parent)
        return found
    require_columns([column.name for column in profile.columns], wishes.target)
    return Reference(text, profile, sources=tuple(sources))


def _place(workspace: Workspace, sources: list[Path], wishes: Wishes) -> Path:
    said = [
        _SHAPE,
        FINE_OF_FILES,
        sorted(wishes.exclude),
        sorted((path.name, fingerprint(path)) for path in sources),
    ]
    name = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    return workspace.state_dir / "cache" / "profiles" / f"{name}.json"


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST_KEPT:]:
        path.unlink(missing_ok=True)
