"""Going on with a run that ended or was lost."""

from __future__ import annotations

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.store import Store, open_store
from pilothouse.tracking.runs import get_run, read_runs
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
    run_id = get_run(store, ref).run_id
    _refuse(store, run_id)
    # Again once it counts as alive: who deletes or purges asks for that where they change the store, so that
    # either they find it alive or it finds what they did.
    writer = reopen_run(workspace, run_id, lambda: _refuse(store, run_id))
    if writer is None:
        raise NotFoundError(f"Run {run_id} is being run by another process.")
    return writer


def _refuse(store: Store, run_id: str) -> None:
    with store.reading() as tx:
        found = read_runs(tx, "runs.run_id = ?", [run_id])
        version = tx.row("SELECT model, version FROM model_versions WHERE run_id = ?", [run_id])
    if not found:
        raise NotFoundError(f"Run {run_id} was purged just now.", next="Start another with ph.start_run().")
    run, why = found[0], ""
    if run.deleted_at is not None:
        why = "it is in the trash"
    elif run.kind != "api" or not (store.workspace.run_dir(run_id) / JOURNAL_NAME).is_file():
        why = f"it is a run of kind {run.kind!r}, not one of the logging API"
    if version is not None:
        why = f"{version['model']} v{version['version']} was made of it"
    if why:
        raise PilothouseError(
            f"Run {run.name} ({run_id}) cannot be gone on with: {why}.",
            untouched="It is as it was.",
            next="Start another with ph.start_run(tags={'resumes': …}).",
        )
