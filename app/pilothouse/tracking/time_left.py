"""How long something still takes, as the end of the words on its progress: put there, and taken off again."""

from __future__ import annotations

import re

_LEFT = re.compile(r"(?:^|, )(about \d+(?:\.\d+)? (?:s|min|h) left)$")


def with_time_left(words: str, seconds: float) -> str:
    """Add an estimate to words on the progress of something that is under way."""
    if seconds < 90:
        left = f"{max(1, round(seconds))} s"
    else:
        left = f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
    return f"{words}, about {left} left"


def time_left(words: str) -> str:
    """Return the estimate, such as `about 3 min left`, or an empty text."""
    found = _LEFT.search(words)
    return found[1] if found else ""


def without_time_left(words: str) -> str:
    """Return words without the estimate: of what has ended nothing is left, however far it came."""
    return _LEFT.sub("", words)
