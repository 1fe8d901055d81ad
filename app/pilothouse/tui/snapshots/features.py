"""Feature views as they are written; what they make and their skew come from processes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.tui.text import setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.config import FeatureTable
    from pilothouse.data.features.views import FeatureView
    from pilothouse.registry.feature_changes import FeatureChanges
    from pilothouse.tui.commands import Stop
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Views:
    """The views of one model, the tables they may join, and the folder they lie in."""

    model: str
    folder: str
    views: tuple[FeatureView, ...]
    tables: dict[str, FeatureTable]
    since: FeatureChanges | None = None
    """How they differ from what is live; None if nothing is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as it came out when its view was tried."""

    name: str
    view: str
    type: str
    missing: float
    distinct: int
    example: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What the views made of `rows` rows, and the columns that they read; held files are left out."""

    features: tuple[Feature, ...]
    reads: tuple[str, ...]
    rows: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skew:
    """One feature of the predictions that were logged: of `rows`, how many differ, by how much at most, and
    how many are `empty` on both sides."""

    feature: str
    rows: int
    differing: int
    largest: float | None
    examples: tuple[tuple[str, str, str], ...]
    empty: int = 0

    @property
    def mostly_empty(self) -> bool:
        """Whether at least half of the rows have nothing on either side, so that they agree by that."""
        return 2 * self.empty >= self.rows > 0


@dataclass(frozen=True, slots=True)
class Skews:
    """The skew of one version over `rows` predictions, by feature."""

    version: int
    rows: int
    features: dict[str, Skew]

    @property
    def skewed(self) -> int:
        """How many features differ."""
        return sum(bool(one.differing) for one in self.features.values())


def views(workspace: Workspace, model: str | None) -> Views:
    """Read the files of SQL.

    Raises:
        FeatureError: one that is configured is not there, or cannot be read.
    """
    from pilothouse.data.features.definition import read_views
    from pilothouse.registry.feature_changes import feature_changes
    from pilothouse.store import open_store

    config = workspace.config()
    chosen = config.shown(model)
    written = read_views(workspace, chosen)
    since = feature_changes(workspace, open_store(workspace), chosen)
    return Views(chosen.name, chosen.features.folder, written, chosen.features.tables, since)


def try_views(workspace: Workspace, model: str, told: Callable[[str], None], stop: Stop) -> Tried:
    """Try the views on rows of the data.

    Raises:
        PilothouseError: a view cannot be used; the text says which and why.
    """
    from pilothouse.tui.commands import run_errand

    found: Any = run_errand(workspace, ["features", "--model", model, "--json"], told, stop) or {}
    made = tuple(
        Feature(
            one["feature"],
            one["view"],
            one["type"],
            float(one["missing"]),
            int(one["distinct"]),
            "" if one["example"] is None else setting(one["example"]),
        )
        for one in found.get("features", ())
    )
    left_out = tuple(map(str, found.get("left_out", ())))
    return Tried(made, tuple(found.get("reads", ())), int(found.get("rows", 0)), left_out)


def measure(workspace: Workspace, model: str, told: Callable[[str], None], stop: Stop) -> Skews:
    """Measure the skew of what is live.

    Raises:
        PilothouseError: nothing is live or was predicted, or nothing can be compared.
    """
    from pilothouse.errors import PilothouseError
    from pilothouse.tui.commands import run_errand

    found: Any = run_errand(workspace, ["skew", "--model", model, "--json"], told, stop)
    if not isinstance(found, dict):
        raise PilothouseError("The skew was not told.", next="Try `pilothouse skew` in a terminal.")
    by_feature = {
        one["feature"]: Skew(
            one["feature"],
            int(one["rows"]),
            int(one["differing"]),
            one["largest"] if isinstance(one["largest"], int | float) else None,
            tuple((str(row["id"]), _shown(row["served"]), _shown(row["offline"])) for row in one["examples"]),
            int(one["empty"]),
        )
        for one in found["features"]
    }
    return Skews(int(found["version"]), int(found["rows"]), by_feature)


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
