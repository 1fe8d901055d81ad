"""A watcher in a thread, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from pilothouse.autopilot.watching import Watcher
from pilothouse.store import open_store
from pilothouse.workspace import Workspace


class Watched:
    """What a watcher has told so far, and what stands in the store."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.told: list[str] = []
        self.watcher = Watcher(workspace, self.told.append)

    def judged(self) -> list[tuple[str, str]]:
        """Name and status of every judged file, in the order of judging."""
        rows = open_store(self.workspace).query("SELECT name, status FROM arrivals ORDER BY recorded_at")
        return [(row["name"], row["status"]) for row in rows]

    def names(self) -> list[str]:
        return [name for name, _ in self.judged()]


@contextlib.contextmanager
def watching(workspace: Workspace) -> Iterator[Watched]:
    watched = Watched(workspace)
    thread = threading.Thread(target=watched.watcher.run)
    thread.start()
    try:
        yield watched
    finally:
        watched.watcher.stop()
        thread.join(20)
        assert not thread.is_alive()


def once(workspace: Workspace) -> Watched:
    """Judge what is there, and return what was told."""
    watched = Watched(workspace)
    watched.watcher.run(once=True)
    return watched
