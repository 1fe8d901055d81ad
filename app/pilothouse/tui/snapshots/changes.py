"""Has anything changed since the last look? Asked each second, so it costs a few ``stat`` calls when
nothing has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

Stamp = tuple[object, ...]


def _look(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def stamp(workspace: Workspace) -> Stamp:
    """Return something that differs whenever the store does; journals that grow are folded in first."""
    try:
        active = any(True for _ in workspace.active_dir.iterdir())
    except OSError:
        active = False
    if active:
        from pilothouse.store import open_store
        from pilothouse.tracking.folding import fold

        fold(open_store(workspace))
    path = workspace.store_path
    return (_look(path), _look(path.with_name(path.name + ".wal")))
