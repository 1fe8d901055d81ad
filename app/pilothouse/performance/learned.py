"""Which rows are of the data that a version was made of: by those it looks better than it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.versions import dataset_paths, get_dataset_version
from pilothouse.errors import PilothouseError
from pilothouse.performance.labels import ids_of_file, usable_id
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store


def learned_ids(store: Store, version: ModelVersion, config: ModelConfig, ids: Sequence[str]) -> set[str]:
    """Return those ids that a row of the version's own dataset version has, its holdout included.

    Args:
        store: of the workspace.
        version: which.
        config: of its model; without an id nothing can be told.
        ids: as `labels.label_id` writes them.

    Raises:
        PilothouseError: the dataset version or bytes of it are gone, so that it cannot be told.
    """
    if config.data.id is None or not ids or not version.dataset_version:
        return set()
    dataset = get_dataset_version(store, version.dataset_version)
    found: set[str] = set()
    for source in dataset_paths(store.workspace, dataset):
        found |= ids_of_file(source, config, ids)
    return found


def learned_or_why(
    store: Store, version: ModelVersion, config: ModelConfig, ids: Sequence[str]
) -> tuple[set[str], str]:
    """Return the same ids, and a sentence where it cannot be told."""
    try:
        return learned_ids(store, version, config, ids), ""
    except PilothouseError as error:
        return (
            set(),
            f"Whether v{version.version} learned from rows that it answered cannot be told: {error.what}",
        )


def which_learned(
    store: Store, version: ModelVersion, config: ModelConfig, values: Sequence[Any]
) -> tuple[list[bool], str]:
    """Say of each row whether it is of that data, by the ids of n rows as they were read.

    Returns:
        n times yes or no, no where an id is none; and a sentence where it cannot be told.
    """
    ids = [usable_id(value) for value in values]
    found, why = learned_or_why(store, version, config, [one for one in ids if one is not None])
    return [one in found for one in ids], why


def count_learned(
    store: Store, version: ModelVersion, config: ModelConfig, records: Sequence[Mapping[str, Any]]
) -> int:
    """Return how many rows to predict are of that data, as far as their ids tell it."""
    values = [record.get(config.data.id or "") for record in records]
    return sum(which_learned(store, version, config, values)[0])
