"""What a journal said becomes rows of the store, and events."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from pilothouse.store import Transaction, record
from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.replay import Point, State
from pilothouse.tracking.statuses import TOLD

DOUBT_TAG = "journal"
"""Tag that says of a run that not all of its journal could be read."""

_SUMMARIES = """
SELECT * REPLACE (if(isfinite(min), min, NULL) AS min, if(isfinite(max), max, NULL) AS max)
FROM metrics WHERE run_id = ?
"""

_BLANK = {
    "status": "SCHEDULED",
    "journal_offset": 0,
    "name": "",
    "model": "",
    "reason": "",
    "progress_text": "",
    "parent_run_id": "",
}


def write_changes(tx: Transaction, run_id: str, name: str | None, state: State, offset: int) -> None:
    """Write what new entries changed of one run.

    Args:
        tx: the transaction.
        run_id: of the run.
        name: the run's, as the store knows it; None if the store does not know the run yet.
        state: what the entries led to.
        offset: the byte of the journal up to which they reach.
    """
    if name is None:
        tx.insert("runs", [{"run_id": run_id, **_BLANK}])
    if state.idle or state.resumed_at is not None:
        _add_idle(tx, run_id, state)
    values = {**state.row, "journal_offset": offset}
    assignments = ", ".join(f'"{column}" = ?' for column in values)
    tx.execute(f"UPDATE runs SET {assignments} WHERE run_id = ?", [*values.values(), run_id])
    # Said once a run: whoever writes something wrong may write it every second.
    doubt = "" if state.doubt and _has_tag(tx, run_id, DOUBT_TAG) else state.doubt
    tags = {**state.tags, DOUBT_TAG: doubt} if doubt else state.tags
    _write_keyed(
        tx, "params", run_id, {key: (text, finite_number_of(text)) for key, text in state.params.items()}
    )
    _write_keyed(tx, "tags", run_id, {key: (text,) for key, text in tags.items()})
    _write_points(tx, run_id, state.points)
    _tell(tx, run_id, state.row.get("name", name or ""), state, doubt)
    if any(kind == "resume" for kind, *_ in state.turns):
        # A digest is of a run that has ended; it is made anew at the next end.
        tx.execute("DELETE FROM digests WHERE run_id = ?", [run_id])


def _add_idle(tx: Transaction, run_id: str, state: State) -> None:
    """Keep how long the run lay between an end and when it was gone on with; its row has the end still."""
    row = tx.row("SELECT ended_at, idle_seconds FROM runs WHERE run_id = ?", [run_id]) or {}
    idle = (row.get("idle_seconds") or 0.0) + state.idle
    if state.resumed_at is not None and row.get("ended_at") is not None:
        idle += max(0.0, state.resumed_at - row["ended_at"].timestamp())
    tx.execute("UPDATE runs SET idle_seconds = ? WHERE run_id = ?", [idle, run_id])


def _write_keyed(tx: Transaction, table: str, run_id: str, values: dict[str, tuple[Any, ...]]) -> None:
    if not values:
        return
    columns = ("value", "number") if table == "params" else ("value",)
    tx.execute(f"DELETE FROM {table} WHERE run_id = ? AND list_contains(?, key)", [run_id, list(values)])
    tx.insert(
        table,
        [
            {"run_id": run_id, "key": key, **dict(zip(columns, item, strict=True))}
            for key, item in values.items()
        ],
    )


def _write_points(tx: Transaction, run_id: str, points: list[Point]) -> None:
    if not points:
        return
    summaries = {row["key"]: row for row in tx.rows(_SUMMARIES, [run_id])}
    touched: dict[str, dict[str, Any]] = {}
    steps: list[int] = []
    for key, step, value, _ in points:
        summary = touched.get(key)
        if summary is None:
            summary = touched[key] = summaries.get(key) or {
                "run_id": run_id,
                "key": key,
                "last": None,
                "min": None,
                "max": None,
                "last_step": None,
                "count": 0,
            }
        highest = summary["last_step"]
        if step is None:
            step = 0 if highest is None else highest + 1
        steps.append(step)
        # As `LastValues` has it; what is written in another piece of the journal meets the same rule.
        if highest is None or step >= highest:
            summary["last"] = value
            summary["last_step"] = step
        summary["count"] += 1
        # NaN is neither less nor more than anything, and what overflowed is no best.
        if -math.inf < value < math.inf:
            least, most = summary["min"], summary["max"]
            if least is None or value < least:
                summary["min"] = value
            if most is None or value > most:
                summary["max"] = value
    tx.execute("DELETE FROM metrics WHERE run_id = ? AND list_contains(?, key)", [run_id, list(touched)])
    tx.insert("metrics", list(touched.values()))
    # Numbers are handed over several times as fast as moments.
    tx.execute(
        "INSERT INTO metric_points (run_id, key, step, value, recorded_at) SELECT ?, unnest(?::VARCHAR[]),"
        " unnest(?::BIGINT[]), unnest(?::DOUBLE[]), make_timestamp(unnest(?::BIGINT[]))",
        [
            run_id,
            [point[0] for point in points],
            steps,
            [point[2] for point in points],
            [round(point[3] * 1e6) for point in points],
        ],
    )


def _has_tag(tx: Transaction, run_id: str, key: str) -> bool:
    return bool(tx.rows("SELECT 1 FROM tags WHERE run_id = ? AND key = ?", [run_id, key]))


def _tell(tx: Transaction, run_id: str, name: str, state: State, doubt: str) -> None:
    for kind, status, told, at in state.turns:
        words = {"start": "started", "resume": "goes on", "end": TOLD.get(status, "was lost")}
        # Told when somebody looks, which may be long after.
        record(tx, "run", run_id, f"{name} {words[kind]}.", told, at=datetime.fromtimestamp(at, UTC))
    if doubt:
        record(tx, "run", run_id, f"{name}: {doubt[0].lower()}{doubt[1:]}", {})
