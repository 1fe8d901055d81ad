"""Who used a dataset version: the runs that learned from it, and the model versions that came of them."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.store import Store


@dataclass(frozen=True, slots=True)
class RunUse:
    """A run that was given the dataset version; `trashed` says that it lies in the trash."""

    run_id: str
    name: str
    status: str
    trashed: bool


@dataclass(frozen=True, slots=True)
class VersionUse:
    """A model version that was made of the dataset version, with the aliases that point at it now."""

    model: str
    version: int
    run_id: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """All that used one dataset version, the newest first."""

    runs: tuple[RunUse, ...]
    model_versions: tuple[VersionUse, ...]


def used_by(store: Store, version: str) -> Usage:
    """Return the runs and model versions that used the dataset version of exactly this name."""
    with store.reading() as tx:
        runs = tx.rows(
            "SELECT run_id, coalesce(name, '') AS name, status, deleted_at IS NOT NULL AS trashed FROM runs "
            "WHERE dataset_version = ? ORDER BY started_at DESC, run_id",
            [version],
        )
        made = tx.rows(
            "SELECT model, version, coalesce(run_id, '') AS run_id FROM model_versions "
            "WHERE dataset_version = ? ORDER BY created_at DESC, version DESC",
            [version],
        )
        aliases = tx.rows("SELECT model, version, alias FROM aliases ORDER BY alias")
    return Usage(
        tuple(RunUse(**row) for row in runs),
        tuple(
            VersionUse(
                **row,
                aliases=tuple(
                    one["alias"]
                    for one in aliases
                    if (one["model"], one["version"]) == (row["model"], row["version"])
                ),
            )
            for row in made
        ),
    )
