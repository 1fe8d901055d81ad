"""Dataset versions: how their files are kept, and who used them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.changes import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pilothouse.data.keeping import Condition
    from pilothouse.data.usage import Usage, UseCount
    from pilothouse.data.versions import DatasetVersion
    from pilothouse.monitoring.dataset_diff import DatasetDiff
    from pilothouse.tui.commands import Stop
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Datasets:
    """The versions of one model, newest first; `kept` and `counts` by version, `usage` of the chosen one."""

    stamp: Stamp
    model: str
    versions: tuple[DatasetVersion, ...]
    kept: dict[str, dict[str, Condition]]
    counts: dict[str, UseCount]
    chosen: str
    usage: Usage | None


def datasets(workspace: Workspace, model: str | None, chosen: str, before: Datasets | None) -> Datasets:
    """Read the versions of ``model``, and look how their files are now: an edit is in no store."""
    from pilothouse.data.usage import used_by, used_counts
    from pilothouse.data.versions import conditions, list_dataset_versions
    from pilothouse.store import open_store
    from pilothouse.tui.snapshots.changes import stamp

    now = stamp(workspace)
    store = open_store(workspace)
    if before is not None and before.stamp == now and before.model == model:
        versions, counts = before.versions, before.counts
    else:
        versions, counts = tuple(list_dataset_versions(store, model)), used_counts(store)
    if before is not None and before.stamp == now and before.chosen == chosen:
        usage = before.usage
    else:
        usage = used_by(store, chosen) if chosen else None
    return Datasets(now, model or "", versions, conditions(workspace, versions), counts, chosen, usage)


def difference(
    workspace: Workspace, a: str, b: str, model: str | None, told: Callable[[str], None], stop: Stop
) -> DatasetDiff:
    """Compare two dataset versions in a process of its own.

    Raises:
        PilothouseError: they cannot be compared, or it was stopped.
    """
    from pilothouse.errors import PilothouseError
    from pilothouse.monitoring.dataset_diff import DatasetDiff
    from pilothouse.tui.commands import run_errand

    named = ["--model", model] if model else []
    answer: Any = run_errand(workspace, ["data", "diff", a, b, *named, "--json"], told, stop)
    if not isinstance(answer, dict):
        raise PilothouseError(
            "The comparison gave no answer.", next="Try `pilothouse data diff` in a terminal."
        )
    return DatasetDiff.from_dict(answer)
