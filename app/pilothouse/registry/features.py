"""The feature views of a bundle, with their slowly changing tables as they were when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.features.definition import FEATURES_NAME, FeatureDefinition, table_paths
from pilothouse.data.reading import DataFile
from pilothouse.errors import PilothouseError
from pilothouse.registry.manifest import read_verified

if TYPE_CHECKING:
    from pilothouse.registry.model import LoadedModel
    from pilothouse.workspace import Workspace


def keep_features(folder: Path, features: FeatureRunner) -> None:
    """Write a definition and its tables into a bundle that is being made."""
    (folder / FEATURES_NAME).write_text(features.definition.to_json(), encoding="utf-8")
    for number, name in enumerate(features.definition.tables, 1):
        features.copy_table(name, folder / _table_name(number))


def kept_features(bundle: Path, files: Mapping[str, str]) -> FeatureRunner | None:
    """Return a bundle's features, ready to run; None if it has none.

    Args:
        bundle: the folder.
        files: the sha256 of each of its files by name.

    Raises:
        BundleError: a file is missing or changed.
        FeatureError: what is written there cannot be used.
    """
    if FEATURES_NAME not in files:
        return None
    definition = FeatureDefinition.from_json(read_verified(bundle, FEATURES_NAME, dict(files)))
    tables = {}
    for number, name in enumerate(definition.tables, 1):
        read_verified(bundle, _table_name(number), dict(files))
        tables[name] = DataFile(_table_name(number), bundle / _table_name(number))
    return FeatureRunner(definition, tables)


def read_tables_now(workspace: Workspace, loaded: LoadedModel) -> str:
    """Let a loaded model's views read their tables as they are in the workspace now, as a server's do.

    Returns:
        Why that could not be, in a sentence; the tables that it has stay then. Empty if all is well.
    """
    if loaded.features is None or not loaded.features.definition.tables:
        return ""
    definition = loaded.features.definition
    try:
        # One look at one pointer: a batch that is being computed keeps the runner that it has.
        loaded.features = FeatureRunner(definition, dict(table_paths(workspace, definition.tables)))
    except PilothouseError as error:
        return f"A feature table could not be read, so the last one still counts: {error.what}"
    return ""


def _table_name(number: int) -> str:
    # A table's own name is a person's text, and no file name.
    return f"table-{number}.parquet"
