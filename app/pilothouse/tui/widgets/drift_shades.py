"""How far a column moved, as one sign and its tone: the same cell on the Bridge and on the drift map."""

from __future__ import annotations

LEVELS = ((0.25, "░", "weak"), (0.5, "▒", "watch"), (1.0, "▓", "bad"))
"""Below each score the sign of a cell that drifted, and its tone; from the last one on ``█``."""
STEADY = ("·", "dim")


def sign_of(score: float, moved: bool) -> tuple[str, str]:
    """Sign and tone of a cell."""
    if not moved:
        return STEADY
    return next(((sign, tone) for limit, sign, tone in LEVELS if score < limit), ("█", "bad"))
