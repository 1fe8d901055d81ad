"""Which rows are of the data that a version was made of: by those it looks better than it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.row_ids import ids_of_file, usable_id
from pilothouse.data.versions import dataset_paths, get_dataset_version
from pilothouse.errors import PilothouseError
from pilothouse.registry.versions import ModelVersion
from pilothouse.store import Store


def learned_ids(store: Store, version: ModelVersion, config: ModelConfig, ids: Sequence[str]) -> set[str]:
    """Return those ids that a row of the version's own dataset version has, its holdout included.

    Args:
        store: of the workspace.
        version: which.
        config: of its model; without an id nothing can be told.
        ids: as `row_ids.id_text` writes them.

    Raises:
        PilothouseError: the dataset version or bytes of it are gone, so that it cannot be told.
    """
    if config.data.id is None or not ids or not version.dataset_version:
        return set()
    dataset = get_dataset_version(store, version.dataset_version)
    found: set[str] = set()
    for source in dataset_paths(store.workspace, dataset):
        found |= ids_of_file(source, config.data.id, ids)
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


def count_learned(
    store: Store, version: ModelVersion, config: ModelConfig, records: Sequence[Mapping[str, Any]]
) -> int:
    """Return how many rows to predict are of that data, as far as their ids tell it."""
    ids = [one for record in records if (one := usable_id(record.get(config.data.id or ""))) is not None]
    found, _ = learned_or_why(store, version, config, ids)
    return sum(one in found for one in ids)
