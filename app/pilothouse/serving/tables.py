"""The slowly changing tables of what is live: read anew when their files change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.features.definition import table_paths
from pilothouse.errors import PilothouseError
from pilothouse.registry.model import LoadedModel
from pilothouse.workspace import Workspace

_Stamp = tuple[int, int] | None


class FollowedTables:
    """Keeps a loaded model's tables as they are in the workspace. Use it from one thread.

    The bundle's own tables are what the version was judged with; they answer until the workspace's are read.
    """

    def __init__(self, workspace: Workspace, loaded: LoadedModel) -> None:
        definition = loaded.features.definition if loaded.features else None
        self._loaded = loaded
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
        definition = self._loaded.features.definition
        try:
            # One look at one pointer: a batch that is being computed keeps the runner that it has.
            self._loaded.features = FeatureRunner(definition, dict(self._paths))
            self.trouble = ""
            self.written = {name: _written(stamp) for name, stamp in now.items() if stamp is not None}
        except PilothouseError as error:
            self.trouble = f"A feature table could not be read, so the last one still counts: {error.what}"
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
