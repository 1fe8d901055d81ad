"""From journals to the store: each entry exactly once, and the truth about runs that died."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.jsontext import as_number
from pilothouse.processes import is_alive
from pilothouse.store import Store, Transaction, record
from pilothouse.tracking.digests import keep_digests
from pilothouse.tracking.journal import Entry, Journal, read_entries
from pilothouse.tracking.writer import ALIVE_NAME, JOURNAL_NAME, LOG_NAME

ENDED = ("FINISHED", "FAILED", "KILLED", "LOST")
START_GRACE = 60.0
"""Seconds that a scheduled run may take until its process holds the liveness lock."""


@dataclass(slots=True)
class _Changes:
    """What the new entries of one journal say, before it is written."""

    row: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)
    resumed: bool = False


def fold(store: Store) -> list[str]:
    """Bring every active run's journal into the store; return the ids of the runs that changed.

    The offset up to which a journal was read is kept in the same transaction as its rows, so an entry counts
    once whoever is killed when. A run without an end whose liveness lock is free becomes LOST.
    """
    workspace = store.workspace
    try:
        run_ids = sorted(path.name for path in workspace.active_dir.iterdir())
    except FileNotFoundError:
        return []
    if not run_ids:
        return []
    changed: list[str] = []
    done: list[str] = []
    ended: list[str] = []
    with store.transaction() as tx:
        marks = ", ".join("?" * len(run_ids))
        offsets = {
            row["run_id"]: row
            for row in tx.rows(
                f"SELECT run_id, journal_offset, status FROM runs WHERE run_id IN ({marks})", run_ids
            )
        }
        for run_id in run_ids:
            folder = workspace.runs_dir / run_id
            known = offsets.get(run_id)
            status = _fold_one(tx, folder, run_id, known)
            if status is not None:
                changed.append(run_id)
                if status in ENDED:
                    ended.append(run_id)
            if (status or (known and known["status"])) in ENDED:
                done.append(run_id)
        keep_digests(tx, ended)
    # Only after the commit: a marker without news costs a look, a lost marker would cost a run.
    for run_id in done:
        if not is_alive(workspace.run_dir(run_id) / ALIVE_NAME):
            (workspace.active_dir / run_id).unlink(missing_ok=True)
    return changed


def _fold_one(tx: Transaction, folder: Path, run_id: str, known: dict[str, Any] | None) -> str | None:
    """Fold one journal; return the run's status if anything was new."""
    journal = folder / JOURNAL_NAME
    # The lock is looked at before the journal is read: a run that ends in between has its end in there.
    alive = is_alive(folder / ALIVE_NAME)
    offset = int(known["journal_offset"]) if known else 0
    entries, end = read_entries(journal, offset)
    status = _status(entries, known["status"] if known else None)
    if status is None:
        if alive or _age(folder, JOURNAL_NAME) <= START_GRACE:
            return None
        # The marker came after the first line, so that line was there: a power cut took it back.
        with contextlib.suppress(OSError):
            _append_beginning(journal, folder)
        entries, end = read_entries(journal, offset)
        status = _status(entries, None)
        if status is None:
            return None
    if status not in ENDED and not alive and (status == "RUNNING" or _age(folder, ALIVE_NAME) > START_GRACE):
        # On a full disk this waits for the next look.
        with contextlib.suppress(OSError):
            _append_lost(journal, folder)
        more, end = read_entries(journal, end)
        entries += more
        status = _status(entries, status)
    if not entries:
        return None
    changes = _collect(entries, ended=known is not None and known["status"] in ENDED)
    if changes.resumed:
        # A digest is of a run that has ended; it is made anew at the next end.
        tx.execute("DELETE FROM digests WHERE run_id = ?", [run_id])
    if known is None:
        tx.insert("runs", [{"run_id": run_id, **_BLANK}])
    values = {**changes.row, "journal_offset": end}
    assignments = ", ".join(f'"{name}" = ?' for name in values)
    tx.execute(f"UPDATE runs SET {assignments} WHERE run_id = ?", [*values.values(), run_id])
    _write_keyed(
        tx,
        "params",
        run_id,
        {key: (_text(value), _number(_text(value))) for key, value in changes.params.items()},
    )
    _write_keyed(tx, "tags", run_id, {key: (value,) for key, value in changes.tags.items()})
    _write_points(tx, run_id, changes.points)
    _tell(tx, run_id, entries)
    return status


_BLANK = {
    "status": "SCHEDULED",
    "journal_offset": 0,
    "name": "",
    "model": "",
    "reason": "",
    "progress_text": "",
    "parent_run_id": "",
}
_START_COLUMNS = ("name", "model", "recipe", "command", "dataset_version", "status", "parent_run_id")


def _status(entries: list[Entry], before: str | None) -> str | None:
    status = before
    for entry in entries:
        if entry["kind"] == "resume" or (entry["kind"] in ("start", "status", "end") and status not in ENDED):
            status = str(entry.get("status") or status)
    return status


def _age(folder: Path, *names: str) -> float:
    times = [path.stat().st_mtime for path in (folder, *(folder / name for name in names)) if path.exists()]
    return time.time() - max(times, default=0.0)


def _append_lost(journal: Path, folder: Path) -> None:
    tail = last_lines(folder / LOG_NAME, 3)
    reason = "Its process died without a word." + (f" Last lines of its log:\n{tail}" if tail else "")
    writer = Journal(journal)
    try:
        writer.append("end", status="LOST", exit_code=None, reason=reason)
    finally:
        writer.close()


def _append_beginning(journal: Path, folder: Path) -> None:
    writer = Journal(journal)
    try:
        writer.append("start", name=f"lost-{folder.name[:8]}", status="RUNNING", run_kind="api")
    finally:
        writer.close()


def last_lines(path: Path, count: int) -> str:
    """Return the last `count` lines of a text file that may hold anything; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 8192))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


def _collect(entries: list[Entry], ended: bool) -> _Changes:
    changes = _Changes()
    for entry in entries:
        at = datetime.fromtimestamp(float(entry.get("t", 0.0)), UTC)
        kind = entry["kind"]
        if kind == "start":
            changes.row.update({key: entry.get(key) or "" for key in _START_COLUMNS})
            changes.row.update(kind=entry.get("run_kind", "api"), started_at=at)
            changes.params.update(_mapping(entry.get("params")))
            changes.tags.update({key: str(value) for key, value in _mapping(entry.get("tags")).items()})
        elif kind == "params":
            changes.params.update(_mapping(entry.get("values")))
        elif kind == "tags":
            changes.tags.update({key: str(value) for key, value in _mapping(entry.get("values")).items()})
        elif kind == "metrics":
            changes.points.extend(_points(entry, _moment(entry.get("at"), at)))
        elif kind == "points":
            changes.points.extend(_many_points(entry, at))
        elif kind == "progress":
            changes.row.update(progress=entry.get("fraction"), progress_text=str(entry.get("text", ""))[:500])
        elif kind == "status" and not ended:
            changes.row["status"] = entry["status"]
        elif kind == "resume":
            ended = False
            changes.resumed = True
            changes.row.update(status="RUNNING", ended_at=None, exit_code=None, reason="")
        elif kind == "end" and not ended:
            # The first end stands: whatever came later did not know.
            ended = True
            changes.row.update(
                status=entry["status"],
                ended_at=at,
                exit_code=entry.get("exit_code"),
                reason=entry.get("reason", ""),
            )
    return changes


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _points(entry: Entry, at: datetime) -> list[dict[str, Any]]:
    points = []
    for key, value in _mapping(entry.get("values")).items():
        try:
            number = as_number(value)
        except (TypeError, ValueError, OverflowError):
            continue
        points.append({"key": key, "step": entry.get("step"), "value": number, "recorded_at": at})
    return points


def _many_points(entry: Entry, at: datetime) -> list[dict[str, Any]]:
    values = entry.get("values")
    points = []
    for row in values if isinstance(values, list) else ():
        try:
            key, value, step, *rest = row
            number = as_number(value)
        except (TypeError, ValueError, OverflowError):
            continue
        moment = _moment(rest[0] if rest else None, at)
        points.append({"key": str(key), "step": step, "value": number, "recorded_at": moment})
    return points


def _moment(seconds: Any, at: datetime) -> datetime:
    """Return when a point was measured, as the script says, or else when it was written."""
    try:
        return at if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return at


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _number(text: str) -> float | None:
    """Return the number that a parameter's text reads as, so that the text alone says what it is."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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


def _write_points(tx: Transaction, run_id: str, points: list[dict[str, Any]]) -> None:
    if not points:
        return
    summaries = {row["key"]: row for row in tx.rows("SELECT * FROM metrics WHERE run_id = ?", [run_id])}
    touched: dict[str, dict[str, Any]] = {}
    for point in points:
        key, value = point["key"], point["value"]
        summary = summaries.setdefault(
            key,
            {
                "run_id": run_id,
                "key": key,
                "last": None,
                "min": None,
                "max": None,
                "last_step": -1,
                "count": 0,
            },
        )
        if point["step"] is None:
            point["step"] = summary["last_step"] + 1
        summary.update(last=value, last_step=point["step"], count=summary["count"] + 1)
        if not math.isnan(value):
            summary["min"] = value if summary["min"] is None else min(summary["min"], value)
            summary["max"] = value if summary["max"] is None else max(summary["max"], value)
        touched[key] = summary
    tx.execute("DELETE FROM metrics WHERE run_id = ? AND list_contains(?, key)", [run_id, list(touched)])
    tx.insert("metrics", list(touched.values()))
    tx.insert("metric_points", [{"run_id": run_id, **point} for point in points])


def _tell(tx: Transaction, run_id: str, entries: list[Entry]) -> None:
    ended = False
    for entry in entries:
        name = tx.value("SELECT name FROM runs WHERE run_id = ?", [run_id])
        if entry["kind"] == "start":
            record(tx, "run", run_id, f"{name} started.", {"recipe": entry.get("recipe")})
        elif entry["kind"] == "resume":
            ended = False
            record(tx, "run", run_id, f"{name} goes on.", {})
        elif entry["kind"] == "end" and not ended:
            ended = True
            words = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "was stopped"}
            data = {"exit_code": entry.get("exit_code"), "reason": entry.get("reason")}
            record(tx, "run", run_id, f"{name} {words.get(str(entry.get('status')), 'was lost')}.", data)
