"""What a journal means: the one reader of its entries, without a file, a clock or the store.

A journal may hold anything: another version's entries, a script's, a broken disk's. What cannot be read as
what it should be is left out or said otherwise, `State.doubt` names the first of it, and nothing is raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pilothouse.jsontext import as_number
from pilothouse.tracking.figures import MOST_STEP, exit_code, fraction, whole_step
from pilothouse.tracking.journal import Entry
from pilothouse.tracking.statuses import ENDED, UNDER_WAY

Point = tuple[str, int | None, float, float]
"""Key, step (None: the next one), value, and when it was measured in seconds since 1970."""

_START_COLUMNS = ("name", "model", "recipe", "command", "dataset_version", "parent_run_id")
_EARLIEST, _LATEST = -62_000_000_000.0, 253_000_000_000.0  # the years 5 to 9987, in seconds since 1970
_MOST_TEXT = 500


@dataclass(slots=True)
class State:
    """What a run is after some entries, and what these changed.

    Attributes:
        status: None until it has begun.
        at: when the last entry was written, in seconds since 1970.
        row: columns of its row that changed.
        params: that were set.
        tags: that were set.
        points: of metrics, in the order they were written.
        turns: its beginnings, resumptions and ends: kind, status after it, what is told of it,
            and when it was, in seconds since 1970.
        idle: seconds between the run's ends and when it was gone on with.
        resumed_at: when it was gone on with after an end that these entries do not tell of, in seconds since
            1970.
        doubt: the first thing that could not be read as it stands; empty if there is none.
    """

    status: str | None = None
    at: float = 0.0
    row: dict[str, Any] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    turns: list[tuple[str, str, dict[str, Any], float]] = field(default_factory=list)
    idle: float = 0.0
    resumed_at: float | None = None
    doubt: str = ""

    @property
    def ended(self) -> bool:
        """Whether the run has ended, and was not gone on with."""
        return self.status in ENDED


def replay(state: State, entries: Iterable[Entry]) -> None:
    """Take entries into a state, in the order they stand in the journal."""
    for entry in entries:
        read = _READERS.get(entry["kind"])
        if read is not None:
            state.at = _moment(state, entry.get("t", state.at), state.at)
            read(state, entry)


def _start(state: State, entry: Entry) -> None:
    state.row.update({key: text_of(entry.get(key)) for key in _START_COLUMNS})
    state.row.update(kind=text_of(entry.get("run_kind", "api")), started_at=_utc(state.at))
    _keep_params(state, entry.get("params"))
    _keep_texts(state.tags, entry.get("tags"))
    status = entry.get("status")
    if not state.ended:
        _become(state, status if status in UNDER_WAY or status in ENDED else "RUNNING")
    state.turns.append(("start", str(state.status), {"recipe": state.row["recipe"]}, state.at))


def _name(state: State, entry: Entry) -> None:
    if name := text_of(entry.get("name")):
        state.row["name"] = name


def _params(state: State, entry: Entry) -> None:
    _keep_params(state, entry.get("values"))


def _tags(state: State, entry: Entry) -> None:
    _keep_texts(state.tags, entry.get("values"))


def _metrics(state: State, entry: Entry) -> None:
    values = entry.get("values")
    if not isinstance(values, dict):
        return
    step = _step(state, entry.get("step"))
    at = state.at if (at := entry.get("at")) is None else _moment(state, at, state.at)
    for key, value in values.items():
        _point(state, key, step, value, at)


def _points(state: State, entry: Entry) -> None:
    values = entry.get("values")
    for row in values if isinstance(values, list) else ():
        if not isinstance(row, list) or not 3 <= len(row) <= 4:
            _doubt(state, "point", row)
            continue
        key, value, step, *rest = row
        at = _moment(state, rest[0], state.at) if rest and rest[0] is not None else state.at
        _point(state, text_of(key), _step(state, step), value, at)


def _progress(state: State, entry: Entry) -> None:
    done = entry.get("fraction")
    try:
        done = None if done is None else fraction(done)
    except ValueError:
        _doubt(state, "progress", done)
        done = None
    state.row.update(progress=done, progress_text=text_of(entry.get("text"))[:_MOST_TEXT])


def _status(state: State, entry: Entry) -> None:
    status = entry.get("status")
    if status not in UNDER_WAY:
        _doubt(state, "status", status)
    elif not state.ended:
        _become(state, status)


def _resume(state: State, entry: Entry) -> None:
    if (ended_at := state.row.get("ended_at")) is not None:
        state.idle += max(0.0, state.at - ended_at.timestamp())
    elif state.ended:
        state.resumed_at = state.at
    _become(state, "RUNNING")
    state.row.update(ended_at=None, exit_code=None, reason="")
    state.turns.append(("resume", "RUNNING", {}, state.at))


def _end(state: State, entry: Entry) -> None:
    # The first end stands: whatever came later did not know.
    if state.ended:
        return
    status, code = entry.get("status"), entry.get("exit_code")
    if status not in ENDED:
        _doubt(state, "end", status)
        status = "LOST"
    _become(state, status)
    told = {"exit_code": exit_code(code), "reason": text_of(entry.get("reason"))}
    if code is not None and told["exit_code"] is None:
        _doubt(state, "exit code", code)
    # Who finds a run lost later says when it was last alive.
    last = state.at if (at := entry.get("at")) is None else _moment(state, at, state.at)
    state.row.update(ended_at=_utc(last), **told)
    state.turns.append(("end", status, told, state.at))


_READERS: dict[str, Callable[[State, Entry], None]] = {
    "start": _start,
    "name": _name,
    "params": _params,
    "tags": _tags,
    "metrics": _metrics,
    "points": _points,
    "progress": _progress,
    "status": _status,
    "resume": _resume,
    "end": _end,
}


def _become(state: State, status: str) -> None:
    state.status = state.row["status"] = status


def _point(state: State, key: str, step: int | None, value: Any, at: float) -> None:
    if type(value) is not float:
        try:
            value = as_number(value)
        except (TypeError, ValueError, OverflowError):
            _doubt(state, "value", value)
            return
    state.points.append((key if key.isascii() else text_of(key), step, value, at))


def _step(state: State, value: Any) -> int | None:
    if value is None or (type(value) is int and -MOST_STEP <= value <= MOST_STEP):
        return value
    try:
        # NumPy's whole numbers were once written as their text.
        return whole_step(int(value) if isinstance(value, str) and len(value) < 20 else value)
    except ValueError:
        _doubt(state, "step", value)
        return None


def _moment(state: State, seconds: Any, otherwise: float) -> float:
    try:
        found = float(seconds)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if _EARLIEST < found < _LATEST:
        return found
    _doubt(state, "time", seconds)
    return otherwise


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _keep_params(state: State, values: Any) -> None:
    # None is a setting like another (`max_depth=None`), and must not look like one without a value.
    if isinstance(values, dict):
        values = {key: "None" if value is None else value for key, value in values.items()}
    _keep_texts(state.params, values)


def _keep_texts(known: dict[str, str], values: Any) -> None:
    if isinstance(values, dict):
        known.update({text_of(key): text_of(value) for key, value in values.items()})


def text_of(value: Any) -> str:
    """Return a value as text that every store takes; None is no text."""
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else str(value)
    except RecursionError:
        return "(lists in lists, too deep to be told)"
    # Half of a pair of surrogates is no character.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _doubt(state: State, what: str, value: Any) -> None:
    if not state.doubt:
        text = text_of(value)
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        state.doubt = (
            f"Not all in its journal could be read as it stands; the first was the {what} {shown!r}."
        )
