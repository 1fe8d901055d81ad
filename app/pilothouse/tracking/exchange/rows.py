"""A run from elsewhere as rows of the store."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pilothouse.tracking.exchange.source import Point, SourceRun
from pilothouse.tracking.names import run_id_of
from pilothouse.tracking.numerals import finite_number_of
from pilothouse.tracking.statuses import ENDED

ID_TAG = "mlflow.run_id"
EXPERIMENT_TAG = "mlflow.experiment"
UNFINISHED_TAG = "mlflow.status"
"""Kept only for a run that had not ended when it was imported."""
NOTE_TAG = "mlflow.note.content"
USER_TAG = "mlflow.user"
PARENT_TAG = "mlflow.parentRunId"

OWN_PREFIX = "pilothouse."
"""Begins the tags that an export writes for what MLflow has no place for; an import reads them back."""

_TAKEN = ("status", "reason", "recipe", "command", "dataset_version", "exit_code")
_NONE: Mapping[str, str] = {}
_EPOCH = datetime(1970, 1, 1)


def rows_of(
    run: SourceRun, run_id: str, here: Mapping[str, str] = _NONE
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the rows of a run, table by table.

    Args:
        run: as the source gives it.
        run_id: what it is called here.
        here: of runs of the source that were exported from this workspace, the ids that they have in it.

    Raises:
        ValueError, OverflowError: a time, a step or a text that no store could keep.
    """
    moments = [moment for _, _, _, moment in run.points]
    started = run.started if run.started is not None else min(moments, default=run.ended)
    if started is None:
        raise ValueError("it has no time at all")
    ended = run.ended if run.ended is not None else max([started, *moments])
    own = {
        key.removeprefix(OWN_PREFIX): _text(value)
        for key, value in run.tags.items()
        if key.startswith(OWN_PREFIX)
    }
    ended_there = run.status in ENDED
    # MLflow knows no LOST; an export writes FAILED and says what it was.
    status = run.status if ended_there and own.get("status") != "LOST" else "LOST"
    reason = own.get("reason", "")
    if not ended_there:
        reason = f"It was {run.status or 'of no status'} in MLflow when it was imported."
    parent = run.tags.get(PARENT_TAG, "")
    yield (
        "runs",
        [
            {
                "run_id": run_id,
                "name": _text(run.name) or _text(run.tags.get("mlflow.runName", "")) or run.source_id[:8],
                "model": "",
                "kind": "import",
                "recipe": own.get("recipe", ""),
                "command": own.get("command", ""),
                "status": status,
                "started_at": _moment(started),
                "ended_at": _moment(ended),
                "exit_code": _exit_code(own.get("exit_code", "")),
                "progress": None,
                "progress_text": "",
                "dataset_version": own.get("dataset_version", ""),
                "reason": reason,
                "parent_run_id": (here.get(parent) or run_id_of(f"mlflow:{parent}")) if parent else "",
                "journal_offset": 0,
            }
        ],
    )
    yield (
        "params",
        [
            {"run_id": run_id, "key": _text(key), "value": _text(value), "number": finite_number_of(value)}
            for key, value in run.params.items()
        ],
    )
    taken = {OWN_PREFIX + key for key in _TAKEN}
    kept = {key: value for key, value in run.tags.items() if key not in taken}
    tags = {**kept, ID_TAG: run.source_id, EXPERIMENT_TAG: run.experiment}
    if run.user:
        tags.setdefault(USER_TAG, run.user)
    if run.datasets:
        # Neither kind of store keeps the order in which they were logged.
        datasets = sorted(run.datasets, key=lambda dataset: (dataset.name, dataset.digest))
        for key in ("name", "digest", "context"):
            values = [getattr(dataset, key) for dataset in datasets]
            tags[f"dataset.{key}"] = ", ".join(value for value in values if value)
    if NOTE_TAG in tags:
        tags["note"] = tags.pop(NOTE_TAG)
    tags.pop("mlflow.runName", None)
    if not ended_there:
        tags[UNFINISHED_TAG] = run.status
    yield "tags", [{"run_id": run_id, "key": _text(key), "value": _text(tags[key])} for key in tags]
    # Sorting leaves points of one step as they are.
    ordered = sorted(run.points, key=lambda point: point[1])
    yield "metrics", list(_summaries(run_id, ordered))
    yield (
        "metric_points",
        [
            {
                "run_id": run_id,
                "key": _text(key),
                "step": _step(step),
                "value": value,
                "recorded_at": _moment(at),
            }
            for key, step, value, at in ordered
        ],
    )


def _summaries(run_id: str, points: Sequence[Point]) -> Iterator[dict[str, Any]]:
    """Yield the summary of each metric from its points by step: the last point is that of the last value."""
    grouped: dict[str, list[Point]] = {}
    for point in points:
        grouped.setdefault(_text(point[0]), []).append(point)
    for key, mine in grouped.items():
        numbers = [value for _, _, value, _ in mine if math.isfinite(value)]
        yield {
            "run_id": run_id,
            "key": key,
            "last": mine[-1][2],
            "min": min(numbers, default=None),
            "max": max(numbers, default=None),
            "last_step": mine[-1][1],
            "count": len(mine),
        }


def _exit_code(text: str) -> int | None:
    """Return the code that an export wrote; MLflow has none, and none is made up."""
    try:
        code = int(text)
    except ValueError:
        return None
    return code if -(2**31) <= code < 2**31 else None


def milliseconds(at: datetime) -> int:
    """Write a time as MLflow does: whole milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def _moment(since: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=since)


def _step(step: int) -> int:
    if not -(2**63) <= step < 2**63:
        raise OverflowError(f"step {step} is too large")
    return step


def _text(text: str) -> str:
    # Half a surrogate pair is no text that a store could keep.
    return text.encode("utf-8", "replace").decode()
