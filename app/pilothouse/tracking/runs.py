"""Reading runs: lists, one run, its metrics' history.

What journals say that is new is written to the store first: who only reads writes, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from pilothouse.errors import NotFoundError
from pilothouse.store import Row, Store, Transaction
from pilothouse.tracking.digests import MetricSummary, Parts, among, parts_of
from pilothouse.tracking.folding import fold
from pilothouse.tracking.origin.usage import PREFIX as SYSTEM
from pilothouse.tracking.points import Point, read_points
from pilothouse.tracking.search.search import Search
from pilothouse.tracking.selecting import NEWEST, Order, count_of, page_and_count, page_of, selection
from pilothouse.tracking.statuses import ENDED
from pilothouse.tracking.time_left import without_time_left


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the store knows it. `metrics` has its own last values (of the highest step, and among equal
    steps the one written last); `summaries` all of them.

    `deleted_at` says since when it lies in the trash (None: it does not). `parent_run_id` names the run that
    it is a part of (empty: none). `idle_seconds` lie between its ends and when it was gone on with.
    """

    run_id: str
    name: str
    model: str
    kind: str
    recipe: str
    command: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    progress: float | None
    progress_text: str
    dataset_version: str
    reason: str
    deleted_at: datetime | None = None
    parent_run_id: str = ""
    idle_seconds: float = 0.0
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    summaries: Mapping[str, MetricSummary] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the run will change no more."""
        return self.status in ENDED

    @property
    def system(self) -> dict[str, float]:
        """What it used of the machine: mean CPU in percent, peak memory in MB; while it runs, just now."""
        return {key: one.last for key, one in self.summaries.items() if key.startswith(SYSTEM)}

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return self.seconds_until(datetime.now(UTC))

    def seconds_until(self, now: datetime) -> float:
        """How long it took, or has taken until `now` (with a zone) if it has not ended."""
        return ((self.ended_at or now) - self.started_at).total_seconds() - self.idle_seconds

    def to_json(self) -> dict[str, Any]:
        """Return the fields that `runs --json` promises, and the rest."""
        names = (
            "run_id name status started_at ended_at params metrics tags model kind recipe command "
            "exit_code progress progress_text dataset_version reason parent_run_id"
        ).split()
        shown = {name: getattr(self, name) for name in names}
        shown["system"] = self.system
        for name in ("started_at", "ended_at"):
            shown[name] = shown[name].isoformat() if shown[name] else None
        return shown


def list_runs(
    store: Store,
    *,
    status: str | None = None,
    model: str | None = None,
    where: Search | None = None,
    order: Order = NEWEST,
    limit: int = 200,
    offset: int = 0,
) -> list[Run]:
    """Return one page of the runs that are not in the trash.

    Args:
        store: the workspace's store.
        status: only runs of this status.
        model: only runs of this model.
        where: only runs that this search matches.
        order: by which column; runs without it come last.
        limit: rows at most.
        offset: rows to pass over.
    """
    fold(store)
    chosen = selection(status, model, where)
    with store.reading() as tx:
        everything = not (status is not None or model or where)
        return _by_ids(tx, page_of(tx, chosen, order, limit, offset, everything=everything))


def count_runs(
    store: Store,
    *,
    status: str | None = None,
    model: str | None = None,
    where: Search | None = None,
) -> int:
    """Return how many runs `list_runs` would page through."""
    fold(store)
    with store.reading() as tx:
        return count_of(tx, selection(status, model, where))


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs from an offset, of `total` that match and `all_runs` that are not in the trash."""

    runs: tuple[Run, ...]
    total: int
    all_runs: int


def read_page(store: Store, where: Search, order: Order, limit: int, offset: int) -> RunPage:
    """Return one page of the runs that a search matches, and how many there are: all of one moment."""
    fold(store)
    chosen = selection(None, None, where)
    with store.reading() as tx:
        every = count_of(tx, selection(None, None, None))
        if where:
            ids, total = page_and_count(tx, chosen, order, limit, offset)
        else:
            ids, total = page_of(tx, chosen, order, limit, offset, everything=True), every
        return RunPage(tuple(_by_ids(tx, ids)), total, every)


def get_run(store: Store, ref: str) -> Run:
    """Return the run that `ref` names: its id, the start of its id, its name, or `latest`.

    Raises:
        NotFoundError: no run, or more than one, answers to it.
    """
    fold(store)
    ref = ref.removeprefix("runs:/")
    with store.reading() as tx:
        if ref == "latest":
            rows = tx.rows(
                "SELECT * FROM runs WHERE deleted_at IS NULL ORDER BY started_at DESC, run_id LIMIT 1"
            )
        else:
            rows = tx.rows("SELECT * FROM runs WHERE run_id = ?", [ref]) or tx.rows(
                "SELECT * FROM runs WHERE starts_with(run_id, ?) OR name = ?"
                " ORDER BY started_at DESC LIMIT 20",
                [ref.lower() or "-", ref],
            )
            # What lies in the trash answers only where nothing else does.
            rows = [row for row in rows if row["deleted_at"] is None] or rows
            # A whole name says more than the beginning of an id, which it may happen to be.
            rows = [row for row in rows if row["name"] == ref] or rows
        if len(rows) > 1:
            some = ", ".join(f"{row['run_id']} ({row['name']})" for row in rows[:5])
            raise NotFoundError(f"{ref!r} names {len(rows)} runs: {some}.", next="Give more of the id.")
        if not rows:
            raise NotFoundError(f"There is no run {ref[:80]!r}.", next="List them with `pilothouse runs`.")
        return _by_ids(tx, [rows[0]["run_id"]])[0]


def read_runs(tx: Transaction, where: str, params: Sequence[Any]) -> list[Run]:
    """Return the runs for which `where` (SQL, its values bound) holds, in a transaction that is open."""
    found = tx.rows(f"SELECT runs.run_id FROM runs WHERE {where}", params)
    return _by_ids(tx, [row["run_id"] for row in found])


def _by_ids(tx: Transaction, ids: Sequence[str]) -> list[Run]:
    """Return the runs of these ids in their order."""
    if not ids:
        return []
    where, bound = among("run_id", ids)
    # Below one sort both tables are looked through at the same time, and not one after the other.
    both = tx.rows(
        f"SELECT * FROM (SELECT * FROM runs WHERE {where} UNION ALL BY NAME"
        f" SELECT * FROM digests WHERE {where}) ORDER BY run_id",
        [*bound, *bound],
    )
    parts = parts_of(tx, ids, [row for row in both if row["metrics"] is not None])
    rows = {row["run_id"]: row for row in both if row["metrics"] is None}
    return [_run(rows[run_id], parts[run_id]) for run_id in ids]


_PARTS = ("params", "tags", "metrics", "summaries")
_COLUMNS = tuple(one.name for one in fields(Run) if one.name not in _PARTS)
_MAY_LACK = (
    "recipe", "command", "dataset_version", "model", "name", "reason", "progress_text", "parent_run_id",
)  # fmt: skip
"""Texts that a run may lack in the store."""


def _run(row: Row, parts: Parts) -> Run:
    values = {name: row[name] for name in _COLUMNS}
    for name in _MAY_LACK:
        values[name] = values[name] or ""
    if row["ended_at"] is not None:
        values["progress_text"] = without_time_left(values["progress_text"])
    values["idle_seconds"] = values["idle_seconds"] or 0.0
    last = parts.summaries.last
    return Run(
        **values,
        params=parts.params,
        tags=parts.tags,
        metrics={key: value for key, value in last.items() if not key.startswith(SYSTEM)},
        summaries=parts.summaries,
    )


def metric_history(store: Store, run_id: str, keys: Collection[str] = ()) -> dict[str, list[Point]]:
    """Return metrics of a run with their points in the order of their steps, then as they were written.

    Args:
        store: the workspace's store.
        run_id: of which run.
        keys: which metrics; all if none is named.
    """
    fold(store)
    rows = store.query("SELECT key, count FROM metrics WHERE run_id = ?", [run_id])
    counts = {row["key"]: row["count"] for row in rows if not keys or row["key"] in keys}
    return {key: points for _, metrics in read_points(store, [(run_id, counts)]) for key, points in metrics}
