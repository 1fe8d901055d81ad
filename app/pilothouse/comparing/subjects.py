"""What is compared: runs, or model versions, each of which is the run that made it and its bundle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pilothouse.errors import NotFoundError, PilothouseError, UsageError
from pilothouse.jsontext import loads
from pilothouse.registry.versions import ModelVersion, get_version, list_versions
from pilothouse.store import Store
from pilothouse.tracking.runs import Run, get_run

FEWEST, MOST = 2, 20
_LIKE_A_VERSION = re.compile(r"v?[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """One of those compared.

    Attributes:
        label: what it is called here; no two of one comparison have the same.
        run: the run; of a version whose run is gone, what its bundle tells of it.
        version: the version that was made of the run, or None.
    """

    label: str
    run: Run
    version: ModelVersion | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what names it, as plain data."""
        version = self.version
        return {
            "label": self.label,
            "run_id": self.run.run_id,
            "name": self.run.name,
            "model": version.model if version else self.run.model,
            "version": version.version if version else None,
            "aliases": list(version.aliases) if version else [],
            "dataset_version": self.run.dataset_version,
        }


def find_subjects(
    store: Store, refs: Sequence[str], model: str | None = None, *, baseline: str | None = None
) -> tuple[Subject, ...]:
    """Find what is to be compared; the first that is named is the baseline, unless another is.

    Args:
        store: the workspace's store.
        refs: 2 to 20 of: a run by its id, the start of its id, its name, `latest`, `runs:/ID`; a version as
            `3`, `v3`, `champion`, `name/3`, `name@champion`, `models:/name/3`.
        model: whose versions are meant where a reference names none.
        baseline: which of them is the baseline, or one more; by any of its names.

    Raises:
        UsageError: fewer than 2, or more than 20.
        NotFoundError: one of them names nothing, or several things.
    """
    versions = list_versions(store)
    found = [_find(store, ref, model, versions) for ref in refs[: MOST + 1]]
    if baseline is not None:
        first = _find(store, baseline, model, versions)
        # It may have been named in another way: by its id, and by its name.
        found = [first, *(one for one in found if _which(one) != _which(first))]
    if not FEWEST <= len(found) <= MOST:
        count = max(len(refs), len(found)) if len(found) > MOST else len(found)
        raise UsageError(f"Comparing takes {FEWEST} to {MOST} runs or versions, not {count}.")
    if (
        len({one.version.model for one in found if one.version and one.label == f"v{one.version.version}"})
        > 1
    ):
        found = [
            replace(one, label=f"{one.version.model} {one.label}")
            if one.version and one.label == f"v{one.version.version}"
            else one
            for one in found
        ]
    return tuple(_told_apart(found))


def _which(subject: Subject) -> tuple[str, int | None]:
    return subject.run.run_id, subject.version.version if subject.version else None


def _find(store: Store, ref: str, model: str | None, versions: Sequence[ModelVersion]) -> Subject:
    whole = ref.removeprefix("models:/")
    like_a_version = ref.startswith("models:/") or (
        not ref.startswith("runs:/")
        and (bool(_LIKE_A_VERSION.fullmatch(whole)) or "@" in whole or "/" in whole)
    )
    ways = (_by_version, _by_run) if like_a_version else (_by_run, _by_version)
    try:
        return ways[0](store, ref, model, versions)
    except NotFoundError as first:
        try:
            return ways[1](store, ref, model, versions)
        except NotFoundError:
            if like_a_version or "names" in first.what:
                raise first from None
            raise NotFoundError(
                f"There is neither a run nor a version {ref[:80]!r}.",
                next="List them with `pilothouse runs` and `pilothouse models`.",
            ) from None


def _by_run(store: Store, ref: str, _: str | None, versions: Sequence[ModelVersion]) -> Subject:
    run = get_run(store, ref)
    mine = [one for one in versions if one.run_id == run.run_id]
    said = run.tags.get("version")
    version = next((one for one in mine if str(one.version) == said), mine[0] if mine else None)
    return Subject(run.name or run.run_id, run, version)


def _by_version(store: Store, ref: str, model: str | None, _: Sequence[ModelVersion]) -> Subject:
    version = get_version(store, ref, model)
    label = f"v{version.version}"
    if version.run_id:
        try:
            return Subject(label, get_run(store, version.run_id), version)
        except NotFoundError:
            pass  # Its run was deleted for good: the bundle knows enough.
    return Subject(label, _stand_in(version), version)


def _stand_in(version: ModelVersion) -> Run:
    """A run as far as the version and its bundle can tell."""
    lineage = lineage_of(version)
    params = lineage.get("params")
    return Run(
        run_id=version.run_id,
        name=version.label,
        model=version.model,
        kind="recipe",
        recipe=version.recipe,
        command="",
        status="FINISHED",
        started_at=version.created_at,
        ended_at=version.created_at,
        exit_code=None,
        progress=None,
        progress_text="",
        dataset_version=version.dataset_version,
        reason="",
        params={str(key): str(value) for key, value in params.items()} if isinstance(params, dict) else {},
        metrics=dict(version.metrics),
    )


def lineage_of(version: ModelVersion) -> dict[str, Any]:
    """Return the lineage that a bundle carries; empty if it cannot be read."""
    try:
        found = loads((version.path / "lineage.json").read_bytes())
    except (OSError, ValueError, PilothouseError):
        return {}
    return found if isinstance(found, dict) else {}


def _told_apart(found: Sequence[Subject]) -> list[Subject]:
    labels = [one.label for one in found]
    apart = [
        replace(one, label=f"{one.label} ({one.run.run_id[:4] or n + 1})")
        if labels.count(one.label) > 1
        else one
        for n, one in enumerate(found)
    ]
    # The very same thing may be named twice.
    again = [one.label for one in apart]
    return [
        replace(one, label=f"{one.label} #{again[: n + 1].count(one.label)}")
        if again.count(one.label) > 1
        else one
        for n, one in enumerate(apart)
    ]
