"""The feature views of a bundle, with their slowly changing tables as they were when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pilothouse.data.features.computing import FeatureRunner
from pilothouse.data.features.definition import FEATURES_NAME, FeatureDefinition
from pilothouse.data.reading import DataFile
from pilothouse.registry.manifest import read_verified


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


def _table_name(number: int) -> str:
    # A table's own name is a person's text, and no file name.
    return f"table-{number}.parquet"
