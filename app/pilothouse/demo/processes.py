"""Starting and stopping the demo's own watcher and server."""

from __future__ import annotations

import time

from pilothouse.autopilot.status import stop_watcher, watcher_status
from pilothouse.errors import PilothouseError
from pilothouse.processes import python_command, spawn_detached
from pilothouse.serving.control import stop_server
from pilothouse.workspace import Workspace

_PATIENCE = 30.0


def start_watching(workspace: Workspace) -> None:
    """Start the watcher in the background and wait until it looks.

    Raises:
        PilothouseError: it did not start.
    """
    process = spawn_detached(
        python_command("pilothouse", "watch", "--workspace", str(workspace.root)),
        cwd=workspace.root,
        log=workspace.watch_dir / "watcher.log",
    )
    deadline = time.monotonic() + _PATIENCE
    while watcher_status(workspace) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise PilothouseError(
                "The watcher did not start.", next=f"See {workspace.watch_dir / 'watcher.log'}."
            )
        time.sleep(0.02)


def stop_everything(workspace: Workspace) -> None:
    """Stop the watcher and the server of a workspace, if they run, and wait until they are gone."""
    stop_server(workspace)
    stop_watcher(workspace, _PATIENCE)
