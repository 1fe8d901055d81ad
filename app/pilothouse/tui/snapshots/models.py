"""Versions of a model, what was live when, and what a promotion or a rollback would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.changes import Stamp

if TYPE_CHECKING:
    from pilothouse.registry.history import Deployment, LivePeriod
    from pilothouse.registry.versions import ModelVersion
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that the Models screen shows of one model, newest first."""

    stamp: Stamp
    model: str
    versions: tuple[ModelVersion, ...]
    live: int | None
    back_to: int | None
    history: tuple[Deployment, ...]
    periods: tuple[LivePeriod, ...]
    gates: dict[int, str]
    """Version -> what its training run said of the gates: ``passed``, ``failed 1 of 3``."""

    def version(self, number: int | None) -> ModelVersion | None:
        """The version of that number."""
        return next((one for one in self.versions if one.version == number), None)


def models(workspace: Workspace, model: str | None, before: Models | None) -> Models:
    """Read the versions and deployments of ``model``, unless nothing changed since ``before``."""
    from pilothouse.tui.snapshots.changes import stamp

    now = stamp(workspace)
    if before is not None and before.stamp == now and model in (None, before.model):
        return before
    from pilothouse.registry.history import history, live_periods, rollback_target
    from pilothouse.registry.versions import CHAMPION, list_versions
    from pilothouse.store import open_store

    store = open_store(workspace)
    versions = list_versions(store, model)
    name = model or (versions[0].model if versions else "")
    tags = {
        row["run_id"]: row["value"]
        for row in store.query("SELECT run_id, value FROM tags WHERE key = 'gates'")
    }
    live = next((one.version for one in versions if CHAMPION in one.aliases), None)
    return Models(
        now,
        name,
        tuple(versions),
        live,
        rollback_target(store, name) if live is not None else None,
        tuple(history(store, name)),
        tuple(live_periods(store, name)),
        {one.version: tags[one.run_id] for one in versions if one.run_id in tags},
    )


def kept_gates(workspace: Workspace, run_id: str) -> list[dict[str, Any]]:
    """The verdicts that the training run kept beside its bundle; empty if it kept none."""
    import json

    path = workspace.run_dir(run_id) / "artifacts" / "gates.json"
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def roll_back(workspace: Workspace, model: str, to: int, reason: str) -> str:
    """Make ``to`` live again; return the sentence that says so."""
    from pilothouse.registry.deployments import rollback
    from pilothouse.store import open_store

    done = rollback(workspace, open_store(workspace), model=model, to=str(to), reason=reason)
    return f"v{done.to_version} is live again, after v{done.from_version}."
