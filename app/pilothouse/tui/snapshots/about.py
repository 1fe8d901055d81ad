"""What the header says: which model, and how much runs by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilothouse.workspace import Workspace

AUTONOMY = {0: "0 ─ manual", 1: "1 ─ I approve", 2: "2 ─ automatic"}


@dataclass(frozen=True, slots=True)
class About:
    """The workspace's models, the one on screen, and its autonomy; ``stamp`` is the configuration's time of
    change."""

    stamp: int
    models: tuple[str, ...]
    model: str
    task: str
    target: str
    autonomy: str
    recipe: str


def about(workspace: Workspace, before: About | None, chosen: str | None = None) -> About:
    """Read the configuration if it changed since ``before``.

    Raises:
        PilothouseError: ``pilothouse.toml`` cannot be read; the text names the line.
    """
    try:
        stamp = workspace.config_path.stat().st_mtime_ns
    except OSError:
        stamp = 0
    if before is not None and before.stamp == stamp and chosen in (None, before.model):
        return before
    config = workspace.config()
    names = tuple(model.name for model in config.models)
    model = next((one for one in config.models if one.name == chosen), config.models[0])
    level = config.autonomy.level
    return About(
        stamp,
        names,
        model.name,
        model.task,
        model.target,
        AUTONOMY.get(level, str(level)),
        model.training.recipe,
    )
