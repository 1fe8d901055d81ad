"""All feature views of a model with their types: what a bundle keeps and a server computes by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pilothouse.config import FeatureTable, ModelConfig
from pilothouse.data.features.views import FeatureError, FeatureView
from pilothouse.workspace import Workspace

FEATURES_NAME = "features.json"
"""What a definition is called in a bundle."""
TYPES = ("boolean", "long", "double", "string", "datetime")
"""What a column that goes in or comes out may be; the words of a signature."""


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A column with its type, one of TYPES; of one that comes out, also its view."""

    name: str
    type: str
    view: str = ""


@dataclass(frozen=True, slots=True)
class FeatureDefinition:
    """Views in their order, the slowly changing tables they read, what goes in and what comes out."""

    views: tuple[FeatureView, ...]
    tables: dict[str, FeatureTable]
    inputs: tuple[FeatureColumn, ...]
    outputs: tuple[FeatureColumn, ...]

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> FeatureDefinition:
        """Read what `to_json` wrote.

        Raises:
            FeatureError: it is something else.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                tuple(FeatureView(**one) for one in raw["views"]),
                {name: FeatureTable(**one) for name, one in raw["tables"].items()},
                tuple(FeatureColumn(**one) for one in raw["inputs"]),
                tuple(FeatureColumn(**one) for one in raw["outputs"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FeatureError(f"features.json cannot be read: {error}.") from error


def read_views(workspace: Workspace, model: ModelConfig) -> tuple[FeatureView, ...]:
    """Return the feature views that a model's configuration means, by name; none where there are none.

    Raises:
        FeatureError: a view that is named does not exist, or a file cannot be read.
    """
    folder = workspace.root / model.features.folder
    found = {path.stem: path for path in sorted(folder.glob("*.sql")) if path.is_file()}
    names = model.features.views if model.features.views is not None else tuple(found)
    missing = [name for name in names if name not in found]
    if missing:
        raise FeatureError(
            f"There is no feature view {missing[0][:80]!r} in {model.features.folder}/.",
            next=f"There is: {', '.join(found) or 'none'}. Correct features.views in pilothouse.toml.",
        )
    try:
        return tuple(FeatureView(name, found[name].read_text(encoding="utf-8")) for name in names)
    except (OSError, UnicodeDecodeError) as error:
        raise FeatureError(f"A feature view in {model.features.folder}/ cannot be read: {error}.") from None


def table_paths(workspace: Workspace, tables: dict[str, FeatureTable]) -> dict[str, Path]:
    """Return where the slowly changing tables lie in this workspace."""
    return {name: workspace.root / table.file for name, table in tables.items()}
