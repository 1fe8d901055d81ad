"""Measuring a file beside the rules: it goes on when the screen that asked is left, and is done once."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from textual.worker import get_current_worker

if TYPE_CHECKING:
    from pilothouse.tui.app import PilothouseApp
    from pilothouse.tui.commands import Stop
    from pilothouse.tui.snapshots.schema import SchemaNow

KEPT = 8
"""Measurements that are remembered; the oldest is forgotten."""
Then = Callable[[Hashable, "dict[str, Any] | None", "Exception | None"], None]


@dataclass
class _Running:
    key: Hashable
    stop: Stop
    then: Then
    began: float = field(default_factory=time.monotonic)


class Measuring:
    """One measurement at a time, of the app and not of a screen. A key names the bytes and the rules."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, dict[str, Any]] = {}
        self._running: _Running | None = None
        self.turn = Lock()
        """Held by the thread that reads the rules: whoever comes back meanwhile waits for what it finds."""
        self.rules: SchemaNow | None = None
        self.share = 0.0
        self._closed = False

    def progress(self, share: float, what: str) -> None:
        """How far the reading of rules is; ends it when the app has been left."""
        from pilothouse.tui.snapshots.data import GivenUpError

        self.share = share
        if self._closed:
            raise GivenUpError

    def close(self) -> None:
        """Nobody waits any more."""
        self._closed = True
        self.give_up()

    def found(self, key: Hashable) -> dict[str, Any] | None:
        """What was measured before."""
        return self._kept.get(key)

    def waited(self, key: Hashable) -> float | None:
        """Seconds that this measurement has been under way; None if it is not."""
        running = self._running
        return time.monotonic() - running.began if running is not None and running.key == key else None

    def ask(
        self, app: PilothouseApp, key: Hashable, measure: Callable[[Stop], dict[str, Any]], then: Then
    ) -> None:
        """Measure unless that is under way; another one that is under way is given up. ``then`` is called on
        the app's own thread, and only the latest that was given."""
        from pilothouse.tui.commands import Stop

        if self._running is not None and self._running.key == key:
            self._running.then = then
            return
        self.give_up()
        running = self._running = _Running(key, Stop(with_worker=True), then)

        def work() -> None:
            worker = get_current_worker()
            found: dict[str, Any] | None = None
            trouble: Exception | None = None
            try:
                found = measure(running.stop)
            except Exception as error:  # noqa: BLE001 - told in words
                trouble = error
            if not worker.is_cancelled and not running.stop.asked:
                app.call_from_thread(self._done, running, found, trouble)

        app.run_worker(work, thread=True, group="beside", exit_on_error=False)

    def _done(self, running: _Running, found: dict[str, Any] | None, trouble: Exception | None) -> None:
        if self._running is not running:
            return
        self._running = None
        if found is not None:
            self._kept[running.key] = found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        running.then(running.key, found, trouble)

    def give_up(self) -> None:
        """Stop what is under way."""
        if self._running is not None:
            self._running.stop.asked = True
            self._running = None
