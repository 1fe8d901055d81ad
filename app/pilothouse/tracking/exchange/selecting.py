"""Which runs to export, and reading them a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pilothouse.errors import NotFoundError
from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.runs import Point, Run, get_run, list_runs, read_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.selecting import NEWEST

PAGE = 500
OLDEST = replace(NEWEST, descending=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """The names that some runs' params, metrics and tags have, each sorted."""

    params: tuple[str, ...]
    metrics: tuple[str, ...]
    tags: tuple[str, ...]


def select_runs(store: Store, refs: Sequence[str] = (), search: str = "") -> list[str]:
    """Return the ids of the runs that are named or, if none is, of those that the search matches.

    Runs in the trash come only if they are named. Without either, every run, the oldest first.

    Raises:
        NotFoundError: a named run does not exist, or nothing matches.
        SearchError: the search cannot be read.
    """
    if refs:
        return list(dict.fromkeys(get_run(store, ref).run_id for ref in refs))
    found: list[str]
    if search.strip():
        where, found = parse(search), []
        while page := list_runs(store, where=where, order=OLDEST, limit=PAGE, offset=len(found)):
            found += [run.run_id for run in page]
    else:
        fold(store)
        rows = store.query(
            "SELECT run_id FROM runs WHERE started_at IS NOT NULL AND deleted_at IS NULL"
            " ORDER BY started_at, run_id"
        )
        found = [row["run_id"] for row in rows]
    if not found:
        raise NotFoundError(
            "No runs match." if search else "There are no runs yet.", untouched="Nothing was written."
        )
    return found


def read_in_pages(store: Store, run_ids: Sequence[str]) -> Iterator[list[Run]]:
    """Yield runs in the order of their ids; one that is purged meanwhile is left out."""
    for start in range(0, len(run_ids), PAGE):
        ids = list(run_ids[start : start + PAGE])
        with store.reading() as tx:
            found = {run.run_id: run for run in read_runs(tx, "run_id IN (SELECT unnest(?))", [ids])}
        yield [found[run_id] for run_id in ids if run_id in found]


def read_points(store: Store, run_ids: Sequence[str]) -> dict[str, dict[str, list[Point]]]:
    """Return the metrics' points of some runs, by run and key, by step and then as they were written."""
    rows = store.query(
        "SELECT run_id, key, step, value, recorded_at FROM metric_points"
        " WHERE run_id IN (SELECT unnest(?)) ORDER BY run_id, key, step, rowid",
        [list(run_ids)],
    )
    points: dict[str, dict[str, list[Point]]] = {}
    for row in rows:
        mine = points.setdefault(row["run_id"], {}).setdefault(row["key"], [])
        mine.append(Point(row["step"], row["value"], row["recorded_at"]))
    return points


def read_keys(store: Store, run_ids: Sequence[str]) -> Keys:
    """Return every name of a param, metric and tag that some runs have."""
    with store.reading() as tx:
        names = [
            tuple(
                row["key"]
                for row in tx.rows(
                    f"SELECT DISTINCT key FROM {table} WHERE run_id IN (SELECT unnest(?)) ORDER BY key",
                    [list(run_ids)],
                )
            )
            for table in ("params", "metrics", "tags")
        ]
    return Keys(*names)
