"""What a model version was found to lean on when it was trained: features that give the target away."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pilothouse.jsontext import loads
from pilothouse.registry.versions import ModelVersion


@dataclass(frozen=True, slots=True)
class LeakSuspect:
    """A feature that alone tells the target almost without fault: by which measure, how well from 0 to 1."""

    column: str
    measure: str
    score: float

    @property
    def words(self) -> str:
        """It in a few words."""
        return f"{self.column!r} alone gives the target away ({self.measure} {self.score:.3f})"


def leak_suspects(version: ModelVersion) -> tuple[LeakSuspect, ...]:
    """Return those that a version's lineage names; none where it has no lineage that can be read."""
    try:
        found = loads((version.path / "lineage.json").read_bytes())
        return tuple(
            LeakSuspect(str(one["column"]), str(one["measure"]), float(one["score"]))
            for one in found.get("leak_suspects", ())
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ()


def warning(suspects: tuple[LeakSuspect, ...]) -> str:
    """Say it in one line with what to do; nothing where there are none."""
    if not suspects:
        return ""
    worst, more = suspects[0], len(suspects) - 1
    others = f", and {more} more {'does' if more == 1 else 'do'}" if more else ""
    known = shlex.quote(f"{worst.column}.leak_check=false")
    return (
        f"{worst.words}{others}: is it known when a prediction is asked for? If not, name it in exclude "
        f"under [data] and train again; if it is, `pilothouse schema set {known}`."
    )
