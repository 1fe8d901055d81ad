"""Whether the files of feature views are still what a model version was trained with, and serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pilothouse.config import FeatureTable, ModelConfig
from pilothouse.data.features.definition import FEATURES_NAME, FeatureDefinition, read_views
from pilothouse.registry.versions import champion
from pilothouse.store import Store
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FeatureChanges:
    """How the files differ from what a version keeps: views and tables by name.

    Attributes:
        version: its number.
        changed, new, gone: views whose SQL is another one, that it has not, and that only it has.
        tables: declared tables that are others, new or gone; not what stands in them, which it follows.
        served: the SQL that it serves, by view.
    """

    version: int
    changed: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    tables: tuple[str, ...]
    served: dict[str, str]

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.changed or self.new or self.gone or self.tables)

    def words(self) -> str:
        """Say it in a sentence or two."""
        told = [
            f"{what}{_names(names)}"
            for what, names in (("", self.changed), ("new ", self.new), ("gone ", self.gone))
            if names
        ]
        told += [f"tables {_names(self.tables)}"] if self.tables else []
        own = f"v{self.version} serves its own" if self.served else f"v{self.version} has none of them"
        return f"Changed since v{self.version}: {', '.join(told)}. {own}; the next training takes the files."


def feature_changes(
    workspace: Workspace, store: Store, model: ModelConfig, version: int | None = None
) -> FeatureChanges | None:
    """Compare the files with a version, by default the one that is live.

    Returns:
        None if nothing is live, or the version's bundle is not here.

    Raises:
        FeatureError: a view that is configured is not there, or what the version keeps cannot be read.
    """
    if version is None:
        live = champion(store, model.name)
        if live is None:
            return None
        version = live.version
    bundle = workspace.version_dir(model.name, version)
    if not bundle.is_dir():
        return None
    path = bundle / FEATURES_NAME
    kept = FeatureDefinition.from_json(path.read_bytes()) if path.is_file() else None
    served = {view.name: view.sql for view in kept.views} if kept else {}
    now = {view.name: view.sql for view in read_views(workspace, model)}
    tables, before = model.features.tables, kept.tables if kept else {}
    return FeatureChanges(
        version,
        tuple(name for name, sql in now.items() if name in served and sql.split() != served[name].split()),
        tuple(name for name in now if name not in served),
        tuple(name for name in served if name not in now),
        # A table that no view reads is kept by no version.
        tuple(name for name, table in before.items() if tables.get(name) != table),
        served,
    )


def tables_of(bundle: Path) -> dict[str, FeatureTable]:
    """Return the slowly changing tables that a version's views read, by name.

    Raises:
        FeatureError: what it keeps cannot be read.
    """
    path = bundle / FEATURES_NAME
    return FeatureDefinition.from_json(path.read_bytes()).tables if path.is_file() else {}


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
