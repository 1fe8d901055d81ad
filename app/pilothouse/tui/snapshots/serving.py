"""The server, its traffic, its last predictions, and a row to try it with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilothouse.tui.snapshots.models import Models

if TYPE_CHECKING:
    from pilothouse.serving.status import ServerStatus
    from pilothouse.workspace import Workspace

TAIL = 128 * 1024
"""Bytes of the newest segment of the prediction log that are looked at each second."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One logged answer."""

    id: str
    at: str
    model: str
    version: int
    output: str
    latency_ms: float | None
    features: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Serving:
    """Everything that the Serving screen shows."""

    server: ServerStatus | None
    starting: bool
    lost: ServerStatus | None
    models: Models
    predictions: tuple[Prediction, ...]


def serving(workspace: Workspace, model: str | None, before: Serving | None) -> Serving:
    """Read what the server says of itself, and the end of the prediction log."""
    from pilothouse.serving.fate import server_now
    from pilothouse.tui.snapshots.models import models

    now = server_now(workspace)
    known = models(workspace, model, before.models if before is not None else None)
    return Serving(now.status, now.starting, now.lost, known, last_predictions(workspace, 100))


def last_predictions(workspace: Workspace, limit: int) -> tuple[Prediction, ...]:
    """The newest predictions, newest first, from the last ``TAIL`` bytes of the log; a torn line is not
    there yet."""
    try:
        segments = sorted((workspace.serving_dir / "predictions").glob("*.jsonl"))
    except OSError:
        return ()
    found: list[Prediction] = []
    for path in reversed(segments[-3:]):
        found += reversed(_tail(path))
        if len(found) >= limit:
            break
    return tuple(found[:limit])


def _tail(path: Path) -> list[Prediction]:
    import json

    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - TAIL))
            text = file.read()
    except OSError:
        return []
    lines = text.split(b"\n")[:-1]  # what follows the last line break is still being written
    if end > TAIL:
        lines = lines[1:]
    out = []
    for raw in lines[-200:]:
        try:
            told = json.loads(raw)
            out.append(
                Prediction(
                    str(told["id"]),
                    str(told["time"]),
                    str(told["model"]),
                    int(told["version"]),
                    _output(told["output"]),
                    float(told["latency_ms"]) if told.get("latency_ms") is not None else None,
                    dict(told.get("features") or {}),
                )
            )
        except (ValueError, KeyError, TypeError):
            continue
    return out


def _output(output: object) -> str:
    """A prediction in a few words: the answer and, where there is one, its probability."""
    if not isinstance(output, dict):
        return str(output)
    answer = output.get("prediction", output.get("predictions"))
    chances = output.get("probabilities", output.get("probability"))
    if isinstance(chances, dict) and chances:
        best = max(chances, key=lambda key: chances[key])
        return f"{answer}  ({best}: {chances[best]:.3f})"
    if isinstance(chances, list) and chances:
        return f"{answer}  ({', '.join(f'{value:.3f}' for value in chances[:4])})"
    if isinstance(chances, float):
        return f"{answer}  ({chances:.3f})"
    return str(answer if answer is not None else output)


@dataclass(frozen=True, slots=True)
class Trial:
    """The fields of the model that answers, with the values of a real row."""

    fields: tuple[tuple[str, str, bool], ...]
    """name, type, required"""
    values: dict[str, Any]


def trial_row(workspace: Workspace, model: str) -> Trial:
    """Take one row at random from the holdout of the version that is live; empty values where there is none.

    Raises:
        PilothouseError: nothing is live.
    """
    from pilothouse.registry.versions import champion
    from pilothouse.serving.control import input_signature
    from pilothouse.store import open_store

    signature = input_signature(workspace, model=model)
    fields = tuple((one.name, str(one.type), bool(one.required)) for one in signature.inputs)
    live = champion(open_store(workspace), model)
    values: dict[str, Any] = {}
    if live is not None and live.run_id:
        values = _random_row(workspace.run_dir(live.run_id) / "artifacts" / "holdout.parquet")
    return Trial(fields, {name: values.get(name) for name, _, _ in fields})


def _random_row(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    from pilothouse.data.engine import connect

    with connect() as con:
        con.execute("SELECT * FROM read_parquet(?) USING SAMPLE 1 ROWS", [str(path)])
        names = [column[0] for column in con.description or ()]
        rows = con.fetchall()
    return dict(zip(names, rows[0], strict=True)) if rows else {}
