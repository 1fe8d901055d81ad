"""Which runs to export, and reading them a few hundred at a time, their points some ten thousand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pilothouse.errors import NotFoundError
from pilothouse.store import Store
from pilothouse.tracking.folding import fold
from pilothouse.tracking.points import Histories, read_points
from pilothouse.tracking.runs import Run, get_run, read_runs
from pilothouse.tracking.search import parse
from pilothouse.tracking.selecting import selection

PAGE = 500


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
    where, bound = selection(None, None, parse(search) if search.strip() else None)
    fold(store)
    # All at once, of one moment: between pages runs would begin to match or cease to, and some be missed.
    rows = store.query_tuples(
        f"SELECT runs.run_id FROM runs WHERE {where} ORDER BY runs.started_at, runs.run_id", bound
    )
    found: list[str] = [run_id for (run_id,) in rows]
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


def read_with_points(store: Store, runs: Sequence[Run]) -> Iterator[tuple[Run, Histories]]:
    """Yield runs with the points of their metrics, which are read while they are gone through."""
    counts = [(run.run_id, {key: one.count for key, one in run.summaries.items()}) for run in runs]
    for run, (_, histories) in zip(runs, read_points(store, counts), strict=True):
        yield run, histories


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
