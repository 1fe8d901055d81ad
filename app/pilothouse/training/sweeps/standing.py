"""How a sweep stands: what its trials have found, how far it is, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.tracking.decimals import decimal
from pilothouse.tracking.time_left import with_time_left
from pilothouse.training.sweeps.stopping import Limits, enough
from pilothouse.training.sweeps.strategies import Outcome, Planned, Strategy, best_of, rung_of


class Standing:
    """Scores of one sweep's trials in the order in which they ended.

    Attributes:
        outcomes: score of each trial that has ended, by its key; None if it failed.
        ended: how many ended, those of an earlier sweep that this one goes on with among them.
    """

    def __init__(self, strategy: Strategy, metric: str, lower: bool, earlier: Mapping[str, Outcome]) -> None:
        """Begin where an earlier sweep ended; `lower` says whether a lower value of the metric is better."""
        self._strategy = strategy
        self._metric = metric
        self._lower = lower
        self.outcomes: dict[str, Outcome] = dict(earlier)
        self._scores = [(rung_of(key), score) for key, score in earlier.items()]
        self._work_done = 0.0

    def take(self, planned: Planned, score: Outcome) -> bool:
        """Note that a trial ended; return whether it is the best so far."""
        before = self.best
        self.outcomes[planned.key] = score
        self._scores.append((planned.rung, score))
        self._work_done += planned.share
        return score is not None and planned.key == self.best != before

    @property
    def best(self) -> str | None:
        """Key of the best trial, or None while none has a score."""
        return best_of(self.outcomes, self._lower)

    @property
    def best_score(self) -> float | None:
        """Score of the best trial."""
        return self.outcomes[self.best] if self.best is not None else None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return len(self._scores)

    @property
    def left(self) -> int:
        """How many trials have not."""
        return self._strategy.total - len(self.outcomes)

    def due(self) -> list[Planned]:
        """The trials that can be run next."""
        return self._strategy.due(self.outcomes)

    def enough(self, limits: Limits, seconds: float) -> str:
        """Why the sweep should end now, `seconds` after it began; empty if it should not."""
        return enough(limits, self._scores, seconds, self._lower)

    def progress(self, seconds: float) -> tuple[float, str]:
        """How far the sweep is after so many seconds, as a fraction and in words."""
        done, total = len(self.outcomes), self._strategy.total
        said = f"{done} of {total} trials"
        if self.best_score is not None:
            said += f", best {self._metric} {decimal(self.best_score)} (trial {self.best})"
        remaining = self._seconds_left(seconds)
        if remaining is not None and done < total:
            said = with_time_left(said, remaining)
        return min(1.0, done / total), said

    def _seconds_left(self, seconds: float) -> float | None:
        """Seconds that the rest takes if it goes on as it went; a trial counts by its share."""
        if not self._work_done:
            return None
        done = sum(self._strategy.share(rung_of(key)) for key in self.outcomes)
        return seconds / self._work_done * max(0.0, self._strategy.work - done)

    def summary(self) -> str:
        """One sentence on how many trials ended, and how many of them have a score."""
        scored = sum(score is not None for score in self.outcomes.values())
        return f"{len(self.outcomes)} of {self._strategy.total} trials ended, {scored} with a score."
