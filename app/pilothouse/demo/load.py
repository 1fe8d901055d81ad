"""Steady traffic to a model server, and an honest count of what became of it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(slots=True)
class Traffic:
    """What became of the requests so far.

    Attributes:
        answered: answers by the version that gave them, as its header says.
        failed: one line for each request that was not answered with 200.
        seconds: how long each answer took.
        last_of: moment (time.monotonic) of the last answer of each version.
    """

    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    last_of: dict[str, float] = field(default_factory=dict)

    def quantile_ms(self, share: float) -> float:
        """Return the time that this share of the answers stayed under, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Load:
    """A few clients that ask one row after another for as long as the block lasts."""

    def __init__(self, port: int, rows: Sequence[dict[str, Any]], clients: int = 4) -> None:
        self._port = port
        self._rows = rows
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask_on, args=(number,), daemon=True) for number in range(clients)
        ]
        self.traffic = Traffic()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def answered_by(self, version: str) -> int:
        """Return how many answers a version has given so far."""
        with self._lock:
            return self.traffic.answered[version]

    def _ask_on(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.is_set():
            row = self._rows[number % len(self._rows)]
            number += 1
            began = time.monotonic()
            try:
                version = ask(connection, [row])[0]
            except (OSError, http.client.HTTPException, ValueError) as error:
                with self._lock:
                    self.traffic.failed.append(f"{type(error).__name__}: {error}")
                connection.close()
                continue
            ended = time.monotonic()
            with self._lock:
                self.traffic.answered[version] += 1
                self.traffic.seconds.append(ended - began)
                self.traffic.last_of[version] = ended
        connection.close()


def ask(connection: http.client.HTTPConnection, rows: Sequence[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Post rows to `/invocations`; return the version that answered, and the answer.

    Raises:
        OSError, http.client.HTTPException: there was no answer.
        ValueError: the answer was not 200.
    """
    body = json.dumps({"dataframe_records": list(rows)})
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise ValueError(f"{response.status} {content[:200]!r}")
    return str(response.headers["x-pilothouse-version"]), json.loads(content)
