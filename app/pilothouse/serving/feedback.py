"""POST /feedback: labels of predictions that were given earlier.

The body is one object or a list of them, or `{"labels": [...]}`. Each has the row's id under the name that
the model's configuration gives it, or as `id`, and what turned out under the target's name, or as `label`.
Giving a label again changes nothing; another value replaces it, and the answer says so.
What the target cannot be is refused row by row: what was known stays, and `refused` has the ids and why.
Where all are refused the answer is 400.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from pilothouse.config import ModelConfig
from pilothouse.errors import PilothouseError
from pilothouse.performance.labels import LabelError
from pilothouse.serving.batching import Answer, failure
from pilothouse.serving.requests import RequestError
from pilothouse.store import Store

MOST_WAITING = 100
"""Requests with labels that wait for the store; more are told to come again."""
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_JSON = ("", "application/json", "application/x-www-form-urlencoded")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

Pair = tuple[Any, Any]


class Feedback:
    """Takes labels one request at a time, off the event loop, and never before they are in the store."""

    def __init__(
        self, store: Store, model: str, classes: Callable[[], Sequence[Any] | None] = lambda: None
    ) -> None:
        self._store = store
        self._model = model
        self._classes = classes
        self._turn = threading.Lock()
        self._waiting = 0

    async def take(self, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        """Answer one request; call it from the event loop."""
        if self._waiting >= MOST_WAITING:
            return failure(503, f"{MOST_WAITING} requests with labels wait already; try again later.")
        self._waiting += 1
        try:
            return await asyncio.to_thread(self._take, headers, body)
        finally:
            self._waiting -= 1

    def _take(self, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        # Needs pandas and DuckDB, which are here already when the first label comes.
        from pilothouse.serving.outcomes import take_labels

        try:
            refuse_strangers(headers)
            config = self._store.workspace.config().model(self._model)
            pairs = read_labels(headers.get(b"content-type", b"").decode("latin-1"), body, config)
            with self._turn:
                kept = take_labels(
                    self._store, config, pairs, "the server",
                    classes=self._classes(), tell=False, actor="server",
                )  # fmt: skip
        except RequestError as error:
            return failure(error.status, *error.problems)
        except LabelError as error:
            return failure(400, *error.problems)
        except PilothouseError as error:
            return failure(503, str(error).replace("\n", " "))
        return Answer(200, _encode(asdict(kept)))


def refuse_strangers(headers: Mapping[bytes, bytes]) -> None:
    """Let nobody write who is sent here by a web page: the host must be this machine's own name.

    Raises:
        RequestError: 403.
    """
    host = headers.get(b"host", b"").decode("latin-1")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    origin = headers.get(b"origin", b"").decode("latin-1")
    there = origin.partition("://")[2]
    from_here = not origin or there == host
    if (name and name.lower() not in _LOCAL) or not from_here:
        raise RequestError(403, "Labels are taken from this machine only, and not from a web page elsewhere.")


def read_labels(content_type: str, body: bytes, config: ModelConfig) -> list[Pair]:
    """Return pairs of id and label, at least one.

    Raises:
        RequestError: 400 if the body is none of the forms, 415 if it is no JSON by its type.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise RequestError(415, f"Content type {kind[:60]!r} is not read here; send application/json.")
    try:
        content = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(
            400, f"The body is not JSON: {str(error).removeprefix('JSON is malformed: ')}."
        ) from None
    except RecursionError:
        raise RequestError(400, "The body is JSON nested too deeply.") from None
    if isinstance(content, dict) and set(content) == {"labels"}:
        content = content["labels"]
    entries = [content] if isinstance(content, dict) else content
    if not isinstance(entries, list) or not entries:
        raise RequestError(400, f"The body must be {_example(config)}, or a list of such objects.")
    pairs, problems = [], []
    for number, entry in enumerate(entries, 1):
        pair = _pair(entry, config)
        if pair is None:
            problems.append(f"Label {number} must be {_example(config)} and nothing else.")
            if len(problems) == 5:
                break
        else:
            pairs.append(pair)
    if problems:
        raise RequestError(400, *problems)
    return pairs


def _pair(entry: Any, config: ModelConfig) -> Pair | None:
    if not isinstance(entry, dict) or len(entry) != 2:
        return None
    name = _first(entry, (config.data.id, "id"))
    label = _first(entry, (config.target, "label"))
    if name is None or label is None or name == label:
        return None
    return entry[name], entry[label]


def _first(entry: dict[str, Any], names: Sequence[str | None]) -> str | None:
    return next((name for name in names if name is not None and name in entry), None)


def _example(config: ModelConfig) -> str:
    return f'{{"{config.data.id or "id"}": …, "{config.target}": …}}'
