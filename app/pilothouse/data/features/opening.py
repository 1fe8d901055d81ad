"""From a workspace's files of SQL to features that are ready to run."""

from __future__ import annotations

from pilothouse.config import ModelConfig
from pilothouse.data.features.computing import FeatureRunner, define_features
from pilothouse.data.features.definition import read_views, table_paths
from pilothouse.data.schema import Schema
from pilothouse.workspace import Workspace


def open_features(workspace: Workspace, model: ModelConfig, schema: Schema) -> FeatureRunner | None:
    """Return the feature views of a model, ready for rows of this schema; None if it has none.

    Raises:
        FeatureError: a view or a table cannot be used.
        DataError: the file of a table cannot be read.
    """
    views = read_views(workspace, model)
    if not views:
        return None
    sources = dict(table_paths(workspace, model.features.tables))
    definition = define_features(views, model.features.tables, sources, schema, model.target)
    return FeatureRunner(definition, sources)
