"""The points of runs' metrics, read a piece at a time: others wait for the store, and memory is small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pilothouse.store import Store

MOST_POINTS = 100_000
"""Points that are read in one transaction and held in memory, but for a metric that alone has more."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric."""

    step: int
    value: float
    at: datetime


Histories = Iterable[tuple[str, list[Point]]]
"""Metrics by name, each with its points in the order of their steps, then as they were written."""


def read_points(
    store: Store, counts: Sequence[tuple[str, Mapping[str, int]]]
) -> Iterator[tuple[str, Histories]]:
    """Yield each run's id with its metrics, which are read while they are gone through.

    Args:
        store: where they are read; nothing is folded.
        counts: of each run its id and how many points its metrics have, as a summary says it.
    """
    for some in _pieces((one, sum(one[1].values())) for one in counts):
        if len(some) == 1:
            yield some[0][0], _of_one(store, *some[0])
        else:
            found = _read(store, "run_id IN (SELECT unnest(?))", [[run_id for run_id, _ in some]])
            for run_id, _ in some:
                yield run_id, found.get(run_id, {}).items()


def _of_one(store: Store, run_id: str, counts: Mapping[str, int]) -> Histories:
    for keys in _pieces((key, counts[key]) for key in sorted(counts)):
        found = _read(store, "run_id = ? AND key IN (SELECT unnest(?))", [run_id, keys])
        yield from found.get(run_id, {}).items()


def _read(store: Store, where: str, bound: Sequence[object]) -> dict[str, dict[str, list[Point]]]:
    rows = store.query_tuples(
        "SELECT run_id, key, step, value, recorded_at FROM metric_points"
        f" WHERE {where} ORDER BY run_id, key, step, rowid",
        bound,
    )
    points: dict[str, dict[str, list[Point]]] = {}
    for run_id, key, step, value, at in rows:
        mine = points.setdefault(run_id, {}).setdefault(key, [])
        mine.append(Point(step, value, at.replace(tzinfo=UTC)))
    return points


def _pieces(counted: Iterable[tuple[_T, int]]) -> Iterator[list[_T]]:
    """Cut things into pieces of at most so many points; one thing is never cut."""
    piece: list[_T] = []
    points = 0
    for one, count in counted:
        if piece and points + count > MOST_POINTS:
            yield piece
            piece, points = [], 0
        piece.append(one)
        points += count
    if piece:
        yield piece
