"""The data that a run is given: a dataset version, and for a command a folder that shows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.config import ModelConfig
from pilothouse.errors import UsageError
from pilothouse.workspace import Workspace

if TYPE_CHECKING:
    from pilothouse.data.versions import DatasetVersion, Tell


def dataset_for(
    workspace: Workspace, config: ModelConfig, version: str | None, tell: Tell | None = None
) -> DatasetVersion:
    """The dataset version a run learns from: the named one, or what is sound of the data folder as it is now.

    `tell` hears what takes long, what is left out, and what was kept in another way than was asked for.

    Raises:
        UsageError: the named version belongs to another model.
        PilothouseError: it does not exist, or the data cannot be read.
    """
    from pilothouse.data.versions import dataset_paths, get_dataset_version, snapshot
    from pilothouse.monitoring.unjudged import judge_the_rest
    from pilothouse.store import open_store

    store = open_store(workspace)
    if version is None:
        judge_the_rest(workspace, store, config, tell)
        return snapshot(workspace, store, config, tell=tell)
    found = get_dataset_version(store, version)
    if found.model != config.name:
        raise UsageError(
            f"Dataset version {found.version} belongs to model {found.model}, not to {config.name}.",
            next="List its versions with `pilothouse data`.",
        )
    # Found out now, so that no run is started on other bytes.
    dataset_paths(workspace, found)
    return found


def has_data(workspace: Workspace, config: ModelConfig) -> bool:
    """Whether the model's data folder has any data file."""
    from pilothouse.data.reading import data_files

    folder = workspace.data_folder(config)
    return folder.is_dir() and bool(data_files(folder))


def lay_out(workspace: Workspace, dataset: DatasetVersion, folder: Path) -> None:
    """Show a dataset version as a folder of files with the names they had."""
    from pilothouse.data.versions import dataset_paths

    folder.mkdir()
    for source in dataset_paths(workspace, dataset):
        link = folder / Path(source.name).name
        try:
            link.symlink_to(os.path.relpath(source.path, folder))
        except OSError:
            # Windows lets not everyone make links.
            import shutil

            shutil.copyfile(source.path, link)


def changed_meanwhile(workspace: Workspace, folder: Path) -> list[str]:
    """Return the names of the shown files that are links to the data folder and were edited since."""
    try:
        shown = [path for path in sorted(folder.iterdir()) if path.is_symlink() and path.is_file()]
        linked = {path.name: path.resolve().name for path in shown if path.stat().st_nlink > 1}
    except OSError:
        return []  # There was nothing to show, or it is gone.
    if not linked:
        return []
    from pilothouse.data.keeping import condition

    return [name for name, sha256 in linked.items() if not condition(workspace, sha256).sound]
