"""Starting a sweep once more: the same plan over the same data, from nothing."""

from __future__ import annotations

from dataclasses import replace

from pilothouse.data.versions import get_dataset_version
from pilothouse.store import open_store
from pilothouse.training.spec import folder_of, read_spec
from pilothouse.training.sweeps.launch import code_sent, open_sweep
from pilothouse.training.sweeps.plan import read_plan
from pilothouse.training.sweeps.results import read_sweep
from pilothouse.workspace import Workspace


def start_again(workspace: Workspace, ref: str) -> str:
    """Start a sweep with the plan of another and return its id; its code is as it is now.

    Of sweeps that went on with each other it is the plan of the first, which says what ends it early.

    Raises:
        UsageError: it is no sweep.
        PilothouseError: its data or its folder is gone, or its cluster cannot be reached.
    """
    store = open_store(workspace)
    folder = workspace.run_dir(read_sweep(store, ref).family[-1])
    plan, spec = read_plan(folder), read_spec(folder)
    if spec.command:
        folder_of(workspace, spec)
    plan = code_sent(workspace, replace(plan, resumes="", code=()), spec)
    dataset = get_dataset_version(store, spec.dataset_version) if spec.dataset_version else None
    return open_sweep(workspace, plan, spec, "", dataset)
