"""What a list of runs shows of each, in one row that its key finds: parameters, tags and metrics.

Lists show a hundred runs out of a hundred thousand, and to gather those from three tables is to scan
millions of rows, for nothing in there is sorted by run. So a run that has ended has a digest, written in the
transaction that changes it. A run without one, such as one that still runs, is gathered from the tables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pilothouse.store import Row, Transaction

_decode = msgspec.json.Decoder().decode

FEW = 500
"""So many keys are looked up one by one in the index of the primary key; more are found by a scan."""

_KEEP = """
INSERT INTO digests
WITH wanted AS (
    SELECT unnest(ids) AS run_id, unnest(range(len(ids))) AS place FROM (SELECT ?::VARCHAR[] AS ids)),
told AS (
    SELECT 'params' AS section, run_id, key, CAST(to_json(value) AS VARCHAR) AS content
    FROM params WHERE run_id IN (SELECT run_id FROM wanted)
    UNION ALL
    SELECT 'tags', run_id, key, CAST(to_json(value) AS VARCHAR)
    FROM tags WHERE run_id IN (SELECT run_id FROM wanted)
    UNION ALL
    SELECT 'metrics', run_id, key, concat(
        '[', to_json(if((min, max) IS NOT DISTINCT FROM (last, last), [last], [last, min, max])),
        ',', last_step, ',', count, ']')
    FROM metrics WHERE run_id IN (SELECT run_id FROM wanted)),
pairs AS (
    SELECT section, run_id, string_agg(concat(to_json(key), ':', content), ',' ORDER BY key) AS content
    FROM told GROUP BY section, run_id)
SELECT run_id,
    concat('{', any_value(content) FILTER (section = 'params'), '}'),
    concat('{', any_value(content) FILTER (section = 'tags'), '}'),
    concat('{', any_value(content) FILTER (section = 'metrics'), '}')
FROM wanted LEFT JOIN pairs USING (run_id) GROUP BY run_id ORDER BY min(place)
"""


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One metric of one run: its last value, its range over all steps, and how many there are.

    The last value is that of the highest step, as it was logged (`last_values.py`). The range is of finite
    values, and None where there is none: what overflowed is no best.
    """

    last: float
    min: float | None
    max: float | None
    last_step: int
    count: int


class Summaries(Mapping[str, MetricSummary]):
    """The metrics of one run by key, each summed up when it is asked for.

    A list of a hundred runs has thousands of them and shows a few.

    Args:
        told: for each key the last value, alone or with the least and the greatest, its step, and the count.
    """

    __slots__ = ("_told",)

    def __init__(self, told: dict[str, list[Any]]) -> None:
        self._told = told

    def __getitem__(self, key: str) -> MetricSummary:
        values, last_step, count = self._told[key]
        least = values[-1] if len(values) == 1 else values[1]
        return MetricSummary(values[0], _finite(least), _finite(values[-1]), last_step, count)

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def __repr__(self) -> str:
        return repr(dict(self))

    @property
    def last(self) -> dict[str, float]:
        """The last value of each."""
        return {key: told[0][0] for key, told in self._told.items()}


def _finite(value: float | None) -> float | None:
    # Stores that are older than this rule have infinities there.
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Parts:
    """What belongs to one run, each in the order of its keys."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    summaries: Summaries = field(default_factory=lambda: Summaries({}))


def among(column: str, values: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition that a column is one of these texts, and what to bind to it."""
    if len(values) <= FEW:
        return f"{column} IN ?", [list(values)]
    return f"{column} IN (SELECT unnest(?::VARCHAR[]))", [list(values)]


def keep_digests(tx: Transaction, run_ids: Sequence[str]) -> None:
    """Write the digests of runs that have ended, or changed since, as their tables are now.

    They lie in the order of the ids: neighbours in a list, such as the newest, are found in few places then.
    """
    if run_ids:
        # In two steps: INSERT OR REPLACE keeps no order.
        where, bound = among("run_id", run_ids)
        tx.execute(f"DELETE FROM digests WHERE {where}", bound)
        tx.execute(_KEEP, [list(run_ids)])


def parts_of(tx: Transaction, run_ids: Sequence[str], digests: Sequence[Row]) -> dict[str, Parts]:
    """Return what belongs to each of these runs, of which these digests were read.

    A run without one is gathered from the tables.
    """
    found = {
        row["run_id"]: Parts(
            _read(row["params"]),
            _read(row["tags"]),
            Summaries(_read(row["metrics"])),
        )
        for row in digests
    }
    missing = [run_id for run_id in run_ids if run_id not in found]
    return found | _gathered(tx, missing) if missing else found


def _read(text: str) -> Any:
    try:
        return _decode(text)
    except msgspec.DecodeError:
        # DuckDB writes NaN and the infinities bare, which is no JSON and which Python reads all the same.
        return json.loads(text)


def _gathered(tx: Transaction, run_ids: Sequence[str]) -> dict[str, Parts]:
    told: dict[str, dict[str, list[Any]]] = {run_id: {} for run_id in run_ids}
    parts = {run_id: Parts(summaries=Summaries(told[run_id])) for run_id in run_ids}
    # A semi-join finds the rows first, and then reads the other columns only where they are wanted.
    where = "rowid IN (SELECT rowid FROM {0} WHERE run_id IN (SELECT unnest(?::VARCHAR[]))) ORDER BY key"
    ids = [list(run_ids)]
    for row in tx.rows("SELECT run_id, key, value FROM params WHERE " + where.format("params"), ids):
        parts[row["run_id"]].params[row["key"]] = row["value"]
    for row in tx.rows("SELECT run_id, key, value FROM tags WHERE " + where.format("tags"), ids):
        parts[row["run_id"]].tags[row["key"]] = row["value"]
    for row in tx.rows("SELECT * FROM metrics WHERE " + where.format("metrics"), ids):
        values = [row["last"], row["min"], row["max"]]
        told[row["run_id"]][row["key"]] = [values, row["last_step"], row["count"]]
    return parts
