"""What a list of runs shows of each, in one row that its key finds: parameters, tags and metrics.

Lists show a hundred runs out of a hundred thousand, and to gather those from three tables is to scan
millions of rows, for nothing in there is sorted by run. So a run that has ended has a digest, written in the
transaction that changes it. A run without one, such as one that still runs, is gathered from the tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pilothouse.store import Transaction

__all__ = ["MetricSummary", "Parts", "among", "keep_digests", "parts_of"]

FEW = 500
"""So many keys are looked up one by one in the index of the primary key; more are found by a scan."""

_KEEP = """
INSERT OR REPLACE INTO digests
WITH wanted AS (SELECT unnest(?::VARCHAR[]) AS run_id),
told AS (
    SELECT 'params' AS section, run_id, key, CAST(to_json(value) AS VARCHAR) AS content
    FROM params WHERE run_id IN (FROM wanted)
    UNION ALL
    SELECT 'tags', run_id, key, CAST(to_json(value) AS VARCHAR) FROM tags WHERE run_id IN (FROM wanted)
    UNION ALL
    SELECT 'metrics', run_id, key, concat('[', to_json([last, min, max]), ',', last_step, ',', count, ']')
    FROM metrics WHERE run_id IN (FROM wanted)),
pairs AS (
    SELECT section, run_id, string_agg(concat(to_json(key), ':', content), ',' ORDER BY key) AS content
    FROM told GROUP BY section, run_id)
SELECT run_id,
    concat('{', any_value(content) FILTER (section = 'params'), '}'),
    concat('{', any_value(content) FILTER (section = 'tags'), '}'),
    concat('{', any_value(content) FILTER (section = 'metrics'), '}')
FROM wanted LEFT JOIN pairs USING (run_id) GROUP BY run_id
"""


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one run: its last value, its range over all steps, and how many there are."""

    last: float
    min: float | None
    max: float | None
    last_step: int
    count: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What belongs to one run, each in the order of its keys."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    summaries: dict[str, MetricSummary] = field(default_factory=dict)


def among(column: str, values: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition that a column is one of these texts, and what to bind to it."""
    if len(values) <= FEW:
        return f"{column} IN ({', '.join('?' * len(values)) or 'NULL'})", list(values)
    return f"{column} IN (SELECT unnest(?::VARCHAR[]))", [list(values)]


def keep_digests(tx: Transaction, run_ids: Sequence[str]) -> None:
    """Write the digests of runs that have ended, or changed since, as their tables are now."""
    if run_ids:
        tx.execute(_KEEP, [list(run_ids)])


def parts_of(tx: Transaction, run_ids: Sequence[str]) -> dict[str, Parts]:
    """Return what belongs to each of these runs."""
    if not run_ids:
        return {}
    where, bound = among("run_id", run_ids)
    rows = tx.rows(f"SELECT * FROM digests WHERE {where}", bound)
    found = {
        row["run_id"]: Parts(
            json.loads(row["params"]),
            json.loads(row["tags"]),
            {key: MetricSummary(*item[0], *item[1:]) for key, item in json.loads(row["metrics"]).items()},
        )
        for row in rows
    }
    missing = [run_id for run_id in run_ids if run_id not in found]
    return found | _gathered(tx, missing) if missing else found


def _gathered(tx: Transaction, run_ids: Sequence[str]) -> dict[str, Parts]:
    parts = {run_id: Parts() for run_id in run_ids}
    # A semi-join finds the rows first, and then reads the other columns only where they are wanted.
    where = "rowid IN (SELECT rowid FROM {0} WHERE run_id IN (SELECT unnest(?::VARCHAR[]))) ORDER BY key"
    ids = [list(run_ids)]
    for row in tx.rows("SELECT run_id, key, value FROM params WHERE " + where.format("params"), ids):
        parts[row["run_id"]].params[row["key"]] = row["value"]
    for row in tx.rows("SELECT run_id, key, value FROM tags WHERE " + where.format("tags"), ids):
        parts[row["run_id"]].tags[row["key"]] = row["value"]
    for row in tx.rows("SELECT * FROM metrics WHERE " + where.format("metrics"), ids):
        run_id, key = row.pop("run_id"), row.pop("key")
        parts[run_id].summaries[key] = MetricSummary(**row)
    return parts
