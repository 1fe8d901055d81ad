"""Training the winner of a sweep as an ordinary run: on all training rows, judged on the holdout."""

from __future__ import annotations

from pilothouse.store import open_store
from pilothouse.training.launch import start_command, start_training
from pilothouse.training.spec import read_spec
from pilothouse.training.sweeps.results import best_trial, read_sweep
from pilothouse.workspace import Workspace

SWEEP_TAG = "sweep"


def train_winner(workspace: Workspace, sweep_id: str) -> str:
    """Start a run with the parameters of a sweep's best trial, on the same data, and return its id.

    Raises:
        PilothouseError: no trial has a score yet, or its data is gone.
    """
    folder = workspace.run_dir(sweep_id)
    best, spec = best_trial(read_sweep(open_store(workspace), sweep_id)), read_spec(folder)
    model = spec.model.name if spec.model else None
    if not spec.recipe:
        return start_command(
            workspace,
            spec.command,
            folder=workspace.folder_at(spec.folder),
            model=model,
            params=best["params"],
            dataset_version=spec.dataset_version or None,
        )
    return start_training(
        workspace,
        model=model,
        recipe=spec.recipe,
        params=best["params"],
        dataset_version=spec.dataset_version,
        tags={SWEEP_TAG: sweep_id},
    )
