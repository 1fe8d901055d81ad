"""The slowly changing tables of what is live: read anew when their files change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.data.features.definition import table_paths
from pilothouse.registry.features import read_tables_now
from pilothouse.registry.model import LoadedModel
from pilothouse.workspace import Workspace

_Stamp = tuple[int, int] | None


class FollowedTables:
    """Keeps a loaded model's tables as they are in the workspace. Use it from one thread.

    The bundle's own tables are what the version was judged with; they answer until the workspace's are read.
    """

    def __init__(self, workspace: Workspace, loaded: LoadedModel) -> None:
        definition = loaded.features.definition if loaded.features else None
        self._workspace, self._loaded = workspace, loaded
        self._paths = table_paths(workspace, definition.tables) if definition else {}
        self._seen: dict[str, _Stamp] | None = None
        self.trouble = ""
        self.written: Mapping[str, str] = {}
        """When the file of each table that answers was written, as ISO text; none where the bundle's do."""

    def refresh(self) -> bool:
        """Read the tables if a file changed; return whether it was tried. What fails leaves the last ones."""
        if not self._paths or self._loaded.features is None:
            return False
        now = {name: _stamp(path) for name, path in self._paths.items()}
        if now == self._seen:
            return False
        self._seen = now
        self.trouble = read_tables_now(self._workspace, self._loaded)
        if not self.trouble:
            self.written = {name: _written(stamp) for name, stamp in now.items() if stamp is not None}
        return True


def _written(stamp: tuple[int, int]) -> str:
    return datetime.fromtimestamp(stamp[0] / 1e9, UTC).isoformat()


def written_at(path: Path) -> str:
    """Return when a table's file was written, as a server says it; empty where there is none."""
    stamp = _stamp(path)
    return "" if stamp is None else _written(stamp)


def _stamp(path: Path) -> _Stamp:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
