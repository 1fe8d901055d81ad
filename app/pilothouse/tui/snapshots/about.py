"""What the header says: which model, and how much runs by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pilothouse.workspace import Workspace

AUTONOMY = {0: "0 ─ manual", 1: "1 ─ I approve", 2: "2 ─ automatic"}
READ_ONLY = "read-only for you"
TRACKS_ONLY = "only tracks runs"


@dataclass(frozen=True, slots=True)
class About:
    """The workspace's models, the one on screen, and how much of its work runs by itself.

    Attributes:
        stamp: when the configuration and the folder of models changed.
        models: those of the configuration, then those that only have versions.
        mode: the level of autonomy in words, or that there is no model whose work it could be, or that
            nothing can be done here.
        configured: whether the configuration knows the model; if not, it has no task, target or recipe.
    """

    stamp: tuple[int, int]
    models: tuple[str, ...]
    model: str
    task: str
    target: str
    mode: str
    recipe: str
    configured: bool = True


def about(workspace: Workspace, before: About | None, chosen: str | None = None) -> About:
    """Read the configuration if it changed since ``before``.

    Raises:
        PilothouseError: ``pilothouse.toml`` cannot be read; the text names the line.
    """
    stamp = _changed(workspace.config_path), _changed(workspace.models_dir)
    if before is not None and before.stamp == stamp and chosen in (None, before.model):
        return before
    from pilothouse.tracking.directions import declare

    config = workspace.config()
    declare(config.directions)
    reading = workspace.read_only
    names = [model.name for model in config.models]
    names += [name for name in _registered(workspace) if name not in names]
    level = config.autonomy.level
    if not names:
        return About(stamp, (), "", "", "", READ_ONLY if reading else TRACKS_ONLY, "", configured=False)
    configured = len(config.models)
    mode = f"autonomy {AUTONOMY.get(level, level)}" if configured else TRACKS_ONLY
    mode = READ_ONLY if reading else mode
    if not configured or chosen in names[configured:]:
        name = chosen if chosen in names else names[0]
        return About(stamp, tuple(names), str(name), "", "", mode, "", configured=False)
    model = config.shown(chosen)
    return About(
        stamp,
        tuple(names),
        model.name,
        model.task,
        model.target,
        mode,
        model.training.recipe,
    )


def read_only_words(workspace: Workspace) -> str:
    """What a person may expect of a workspace that may only be read; called in a thread."""
    from pilothouse.store import open_store
    from pilothouse.tracking.folding import unread_runs

    unread = unread_runs(open_store(workspace))
    runs = "1 run has" if unread == 1 else f"{unread:,} runs have"
    more = f" {runs} points, or an end, that are not in the store yet and are not shown." if unread else ""
    return f"You may look at everything here, and change nothing.{more}"


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _registered(workspace: Workspace) -> list[str]:
    """The models that have versions, told by their folders: the store need not be opened for it."""
    try:
        return sorted(path.name for path in workspace.models_dir.iterdir() if any(path.glob("v[0-9]*")))
    except OSError:
        return []
