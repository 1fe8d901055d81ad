"""How states are drawn: always a sign and a word, with a tone on top."""

from __future__ import annotations

from pilothouse.tracking.usual import FIRST_METRICS
from pilothouse.tui.text import percent, safe

RUN_STATES = {
    "SCHEDULED": ("◌", "scheduled", "dim"),
    "RUNNING": ("▶", "running", "accent"),
    "FINISHED": ("●", "finished", "good"),
    "FAILED": ("■", "failed", "bad"),
    "KILLED": ("□", "killed", "watch"),
    "LOST": ("▲", "lost", "bad"),
}
TONE_STYLES = {
    "": "",
    "dim": "$dim",
    "accent": "$accent",
    "good": "$success",
    "watch": "$warning",
    "bad": "$error",
    "strong": "bold",
}


def run_state(status: str, progress: float | None = None) -> tuple[str, str]:
    """The words and the tone of a run's status; a running one says how far it is."""
    sign, word, tone = RUN_STATES.get(status, ("?", safe(status.lower(), 12), "watch"))
    if status == "RUNNING" and progress is not None:
        return f"{sign} {percent(min(1.0, max(0.0, progress)))}", tone
    return f"{sign} {word}", tone


def verdict(status: str) -> tuple[str, str]:
    """The words and the tone of a file's verdict."""
    return {
        "ok": ("● ok", "good"),
        "held": ("■ held", "bad"),
        "accepted": ("● accepted", "good"),
        "copy": ("○ copy", "dim"),
    }.get(status, (f"? {safe(status, 12)}", "watch"))


SIGN_TONES = {"■": "bad", "▲": "watch", "●": "good"}
"""The tone of each sign of a verdict (`monitoring/verdict_words.py`)."""


def metric_rank(key: str) -> tuple[int, str]:
    """Order of metrics on a screen: the ones that decide first."""
    return (FIRST_METRICS.index(key) if key in FIRST_METRICS else len(FIRST_METRICS), key)
