"""The harm of arrivals at a glance, for a list of files: verdict and words, without what was measured.

Light: the terminal UI reads it without pandas.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.store import Store

SIGNS = {"harmful": "■", "benign": "●", "no harm shown": "●", "unknown": "○"}
"""The sign of each verdict, the same on every screen, in commands and lines of the watcher; ``–`` where
nothing was judged."""


@dataclass(frozen=True, slots=True)
class HarmGlance:
    """What a version was worth on a file: the verdict in a word and in a sentence, and whether it rests on an
    estimate without labels."""

    verdict: str
    words: str
    version: int
    estimated: bool

    @property
    def sign(self) -> str:
        """The verdict as one sign."""
        return SIGNS.get(self.verdict, "–")


def glance_at_harm(store: Store, model: str) -> dict[tuple[str, str], HarmGlance]:
    """Return what is kept of a model's arrivals, by name and sha256."""
    rows = store.query(
        "SELECT name, sha256, verdict, words, version, estimated FROM harms WHERE model = ?", [model]
    )
    return {
        (row["name"], row["sha256"]): HarmGlance(
            row["verdict"], row["words"], int(row["version"]), bool(row["estimated"])
        )
        for row in rows
    }
