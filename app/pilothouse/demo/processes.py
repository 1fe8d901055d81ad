"""Stopping the demo's own watcher and server."""

from __future__ import annotations

from pilothouse.autopilot.status import stop_watcher
from pilothouse.serving.control import stop_server
from pilothouse.workspace import Workspace

_PATIENCE = 30.0


def stop_everything(workspace: Workspace) -> None:
    """Stop the watcher and the server of a workspace, if they run, and wait until they are gone."""
    stop_server(workspace)
    stop_watcher(workspace, _PATIENCE)
