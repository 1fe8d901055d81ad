"""Stopping what the demo started: its watcher, its server, its training runs."""

from __future__ import annotations

from pilothouse.autopilot.status import stop_watcher
from pilothouse.errors import PilothouseError
from pilothouse.serving.control import stop_server
from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run, list_runs
from pilothouse.training.launch import stop_run
from pilothouse.workspace import Workspace

_PATIENCE = 30.0


def stop_everything(workspace: Workspace) -> None:
    """Stop the watcher and the server of a workspace, if they run, and wait until they are gone."""
    stop_server(workspace)
    stop_watcher(workspace, _PATIENCE)


def stop_training(workspace: Workspace) -> None:
    """Stop every training run of a workspace that has not ended, and wait until it has."""
    store = open_store(workspace)
    for status in ("RUNNING", "SCHEDULED"):
        for run in list_runs(store, status=status):
            try:
                stop_run(workspace, run.run_id)
            except PilothouseError:
                # It may have ended by itself meanwhile; anything else is told.
                if not get_run(store, run.run_id).ended:
                    raise
