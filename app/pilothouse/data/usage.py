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


@dataclass(frozen=True, slots=True)
class UseCount:
    """How many runs used a dataset version, and the model versions made of it, newest first."""

    runs: int = 0
    model_versions: tuple[int, ...] = ()
    live: int | None = None


def used_counts(store: Store) -> dict[str, UseCount]:
    """Return for each dataset version that anything used how often it was; runs in the trash do not count."""
    with store.reading() as tx:
        runs = tx.rows(
            "SELECT dataset_version AS version, count(*) AS count FROM runs "
            "WHERE deleted_at IS NULL AND dataset_version <> '' GROUP BY dataset_version"
        )
        made = tx.rows(
            "SELECT dataset_version, model_versions.version AS version, alias IS NOT NULL AS live "
            "FROM model_versions LEFT JOIN aliases ON alias = 'champion' "
            "AND aliases.model = model_versions.model AND aliases.version = model_versions.version "
            "ORDER BY created_at DESC, version DESC"
        )
    counts = {row["version"]: int(row["count"]) for row in runs}
    names = {*counts, *(row["dataset_version"] for row in made if row["dataset_version"])}
    return {
        name: UseCount(
            counts.get(name, 0),
            tuple(row["version"] for row in made if row["dataset_version"] == name),
            next((row["version"] for row in made if row["dataset_version"] == name and row["live"]), None),
        )
        for name in names
    }
