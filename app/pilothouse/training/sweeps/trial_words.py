"""What made a trial: the record is its sweep's, and the words behind the command are its own."""

from __future__ import annotations

from dataclasses import replace

from pilothouse.errors import PilothouseError
from pilothouse.store import Store
from pilothouse.tracking.origin.made_by import MadeBy, find_origin
from pilothouse.tracking.runs import Run


def find_maker(store: Store, run: Run) -> MadeBy | None:
    """Return what `find_origin` does; of a trial of a command, with the words that this trial was started by.

    Raises:
        PilothouseError: a record is damaged.
    """
    made = find_origin(store, run)
    if made is None or not made.part:
        return made
    # Most runs are no part of another, and to show them is to be quick.
    from pilothouse.tracking.origin.recording import portable
    from pilothouse.training.child import told_command
    from pilothouse.training.spec import read_spec
    from pilothouse.training.sweeps.plan import TRIAL_KIND

    if run.kind != TRIAL_KIND:
        return made
    workspace = store.workspace
    try:
        spec = read_spec(workspace.run_dir(run.run_id))
    except PilothouseError:
        # Its folder may be gone, as of a run that was taken over; its sweep's words are known still.
        return made
    if not spec.command:
        return made
    argv = portable(told_command(spec), workspace, workspace.folder_at(spec.folder))
    return replace(made, origin=replace(made.origin, argv=argv))
