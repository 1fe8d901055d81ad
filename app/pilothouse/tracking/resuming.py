"""Going on with a run that ended or was lost."""

from __future__ import annotations

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.store import open_store
from pilothouse.tracking.runs import get_run
from pilothouse.tracking.writer import JOURNAL_NAME, RunWriter, reopen_run
from pilothouse.workspace import Workspace


def resume_run(workspace: Workspace, ref: str) -> RunWriter:
    """Open a run again and return its writer; it is RUNNING until it ends anew.

    Raises:
        NotFoundError: there is no such run, or a living process is it.
        PilothouseError: it is in the trash, was imported, belongs to a supervisor, or a model version was
            made of it: what that says of it would no longer be so.
    """
    store = open_store(workspace)
    run = get_run(store, ref)
    why = ""
    if run.deleted_at is not None:
        why = "it is in the trash"
    elif run.kind != "api" or not (workspace.run_dir(run.run_id) / JOURNAL_NAME).is_file():
        why = f"it is a run of kind {run.kind!r}, not one of the logging API"
    with store.reading() as tx:
        row = tx.row("SELECT model, version FROM model_versions WHERE run_id = ?", [run.run_id])
    if row is not None:
        why = f"{row['model']} v{row['version']} was made of it"
    if why:
        raise PilothouseError(
            f"Run {run.name} ({run.run_id}) cannot be gone on with: {why}.",
            untouched="It is as it was.",
            next="Start another with ph.start_run(tags={'resumes': …}).",
        )
    writer = reopen_run(workspace, run.run_id)
    if writer is None:
        raise NotFoundError(f"Run {run.name} ({run.run_id}) is being run by another process.")
    return writer
