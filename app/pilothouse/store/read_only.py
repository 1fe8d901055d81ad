"""A workspace that somebody may only read: an archive, a share, another person's folder.

Its store is attached for reading, WAL and all, and what would write says so in words.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.processes import fair_lock
from pilothouse.workspace import Workspace


def is_read_only(workspace: Workspace) -> bool:
    """Tell whether there is a store here that this process may not write, or not beside it."""
    if not workspace.store_path.exists():
        return False
    return not all(os.access(path, os.W_OK) for path in (workspace.state_dir, workspace.store_path))


def refusal(workspace: Workspace) -> PilothouseError:
    """Return the error for what would write into a workspace that may only be read."""
    return PilothouseError(
        f"The workspace {workspace.root} is read-only for you: nothing can be changed in it.",
        untouched="Nothing was changed.",
        next="Copy its folder to a place where you may write, and work on the copy; or look on: all that only"
        " reads works here.",
    )


@contextlib.contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """Keep off who may write, where there is a lock to read; nobody else changes what lies in an archive."""
    try:
        lock = fair_lock(path, reading=True)
        lock.__enter__()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.__exit__(None, None, None)
