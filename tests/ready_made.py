"""What many tests begin with, made once a process and copied: an empty store, and folders by name."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pilothouse.store import open_store
from pilothouse.workspace import Workspace, init_workspace

_KEPT = tempfile.TemporaryDirectory(prefix="pilothouse-tests-")
_made: dict[str, Path] = {}


def copied(name: str, make: Callable[[Path], object], dest: Path) -> Path:
    """Copy what `make` puts at a path; it is called once for a name, by the first who asks."""
    if name not in _made:
        kept = Path(tempfile.mkdtemp(dir=_KEPT.name)) / "made"
        make(kept)
        _made[name] = kept
    if _made[name].is_dir():
        return Path(shutil.copytree(_made[name], dest, symlinks=True, dirs_exist_ok=True))
    return Path(shutil.copy2(_made[name], dest))


@functools.cache
def _empty_store(config: str) -> Path:
    workspace = init_workspace(Path(tempfile.mkdtemp(dir=_KEPT.name)), config)
    with open_store(workspace).at_rest() as path:
        return path


def new_workspace(root: Path, config: str) -> Workspace:
    """A workspace whose store is there already: what makes one has tests of its own."""
    root.mkdir(parents=True, exist_ok=True)
    made = init_workspace(root, config)
    shutil.copyfile(_empty_store(config), made.store_path)
    return made
