"""The harm of arrivals at a glance, for a list of files: verdict and words, without what was measured.

Light: the terminal UI reads it without pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pilothouse.store import Store
from pilothouse.tracking.directions import lower_is_better

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


def worse_groups(harm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the groups of a kept judgement that are worse than the holdout as a whole, as they stand there.

    Where the holdout's value is not known, all that have a value.
    """
    expected = (harm.get("expected") or {}).get("value")
    lower = lower_is_better(str(harm.get("metric", "")))
    return [
        one
        for one in harm.get("groups") or []
        if one["metric"] is not None
        and (expected is None or (one["metric"] > expected if lower else one["metric"] < expected))
    ]
