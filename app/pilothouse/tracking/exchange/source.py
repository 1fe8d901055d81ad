"""What a foreign store gives: its runs, one by one, in words of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

EXPORTED_TAG = "pilothouse.run_id"
"""Says which run of a workspace was exported."""

Point = tuple[str, int, float, int]
"""Key, step, value, milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a run said it read: a name, a digest of its own making, and what for (such as `training`)."""

    name: str
    digest: str
    context: str


@dataclass(frozen=True, slots=True)
class SourceRun:
    """One run of a foreign store. Times are milliseconds since 1970, or None if it has none.

    Of the points of a metric with one step the last is the one that counts as such there.
    """

    source_id: str
    name: str
    status: str
    started: int | None
    ended: int | None
    experiment: str
    artifact_uri: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    user: str = ""
    datasets: list[Dataset] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A run that cannot be taken over, and why."""

    source_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as a source lists it, before its contents are read.

    Attributes:
        source_id: its id there.
        status: its status there.
        experiment: the name of its experiment.
        artifact_uri: where its artifacts are.
        exported_id: the id that it had in the workspace that it was exported from; empty if it was not.
        started: when it began, in milliseconds since 1970.
    """

    source_id: str
    status: str
    experiment: str
    artifact_uri: str = ""
    exported_id: str = ""
    started: int | None = None


class Source(Protocol):
    """A foreign store that is only read."""

    label: str
    """Its name in words; no path, since it is kept."""
    folder: Path
    """Where its artifacts may lie."""
    deleted: int
    """How many runs it has that are deleted there; known once it was listed."""

    def listed(self) -> Sequence[Listed | Unreadable]:
        """Return every run that is not deleted there."""
        ...

    def read(self, runs: Sequence[Listed]) -> Iterator[SourceRun | Unreadable]:
        """Read the contents of some runs."""
        ...

    def artifact_folders(self, source_id: str) -> Iterable[Path]:
        """Return where the artifacts of a run would be by the layout of this store, likeliest first."""
        ...
