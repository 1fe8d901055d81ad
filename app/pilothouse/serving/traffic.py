"""Counts and times of the requests, for the status."""

from __future__ import annotations

import time
from collections import deque

SECONDS = 60
_LATENCIES = 4096


class Traffic:
    """What has been answered since the start. Use it from the event loop's thread."""

    def __init__(self) -> None:
        self.requests = 0
        self.refused = 0
        self.errors = 0
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._rate = [0] * SECONDS
        self._second = int(time.monotonic())

    def count(self, status: int, seconds: float) -> None:
        """Count one answered request, and the time from its arrival to its answer."""
        self._advance()
        self.requests += 1
        self._rate[self._second % SECONDS] += 1
        self._latencies.append(seconds)
        if status >= 500:
            self.errors += 1
        elif status >= 400:
            self.refused += 1

    def rate(self) -> list[int]:
        """Return requests in each of the last 59 whole seconds, the oldest first, without the running one."""
        self._advance()
        return [self._rate[(self._second + step) % SECONDS] for step in range(1, SECONDS)]

    def quantile_ms(self, share: float) -> float | None:
        """Return a quantile of the latest latencies in milliseconds; None before the first request."""
        if not self._latencies:
            return None
        ordered = sorted(self._latencies)
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)

    def _advance(self) -> None:
        now = int(time.monotonic())
        for second in range(max(self._second + 1, now - SECONDS + 1), now + 1):
            self._rate[second % SECONDS] = 0
        self._second = now
