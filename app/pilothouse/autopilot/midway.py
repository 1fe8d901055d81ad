"""How far the watcher is with a file; one that is to stop leaves it in its midst and keeps nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pilothouse.monitoring.patience import Progress

_AGAIN = 1.0
"""Seconds between two words of it."""


class LeftError(Exception):
    """The watcher is to stop; the file that it was at is judged at its next start."""


def midway(
    path: Path,
    place: tuple[int, int],
    stopped: Callable[[], bool],
    say: Callable[[str], None],
    progress: Progress | None,
) -> Progress:
    """Return the callback for judging a file.

    Args:
        path: the file.
        place: which it is, from 1, of how many that are looked at.
        stopped: whether the watcher is to stop; then the callback raises LeftError.
        say: gets each second what the watcher is doing.
        progress: called with the share of all files that is done.
    """
    at, of = place
    last = time.monotonic()

    def tell(share: float, what: str) -> None:
        nonlocal last
        if stopped():
            raise LeftError
        if progress is not None:
            count = f" ({at} of {of})" if of > 1 else ""
            progress((at - 1 + share) / of, f"{path.name}{count}: {what}")
        if time.monotonic() - last >= _AGAIN:
            last = time.monotonic()
            say(f"judging {path.name}, {share:.0%}")

    return tell
