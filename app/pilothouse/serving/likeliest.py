"""The classes that an answer finds likeliest, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST = 4


def likeliest(
    chances: Sequence[float], classes: Sequence[Any] | None, most: int = MOST
) -> list[tuple[str, float]]:
    """Return names and probabilities of one row's classes, the likeliest first, so many at most.

    Args:
        chances: in the order of the classes.
        classes: as the answer names them; without them they are numbered from 0.
        most: how many.
    """
    names = [str(one) for one in classes] if classes is not None else [str(at) for at in range(len(chances))]
    return sorted(zip(names, chances, strict=True), key=lambda pair: -pair[1])[:most]
