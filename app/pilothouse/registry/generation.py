"""Telling the server that what is live has changed.

The store says what is live; this only says that it is worth looking there. The file is looked at twice a
second, and a server that runs is poked besides. A poke that is lost costs half a second.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from pilothouse.processes import is_alive, write_atomic
from pilothouse.workspace import Workspace

PATIENCE = 10.0
"""Seconds to wait for the server to answer, which it does once it serves what is live now."""


def generation_path(workspace: Workspace) -> Path:
    """The file whose content changes with every deployment."""
    return workspace.serving_dir / "generation"


def alive_path(workspace: Workspace) -> Path:
    """The lock that the server holds for as long as it lives."""
    return workspace.serving_dir / "alive"


def status_path(workspace: Workspace) -> Path:
    """The server's own account of itself, as JSON."""
    return workspace.serving_dir / "status.json"


def token_path(workspace: Workspace) -> Path:
    """The word that whoever may read this workspace can tell the server to be obeyed."""
    return workspace.serving_dir / "token"


def announce(workspace: Workspace, deployment_id: int) -> None:
    """Say that a deployment was committed. What is committed stands, so nothing is raised from here."""
    tell_server(workspace, "/-/reload")
    # On a full disk the poke may still have got through, and a restart reads the store.
    with contextlib.suppress(OSError):
        write_atomic(generation_path(workspace), f"{deployment_id}\n")


def tell_server(workspace: Workspace, path: str) -> bool:
    """POST to a control path of the server of this workspace; False if none runs or it did not take it."""
    if not is_alive(alive_path(workspace)):
        return False
    import http.client

    try:
        port = int(json.loads(status_path(workspace).read_bytes())["port"])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            headers = {"x-pilothouse-token": token_path(workspace).read_text().strip()}
            connection.request("POST", path, headers=headers)
            return connection.getresponse().status < 300
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return False
