"""What to try next, given what has been found: grid, random, successive halving.

Pure state machines: no clock, no files. The same plan and the same outcomes give the same trials, so that a
sweep that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from pilothouse.errors import UsageError
from pilothouse.training.recipes import Value
from pilothouse.training.sweeps.space import MOST_TRIALS, Space, grid_points, random_points

STRATEGIES = ("grid", "random", "halving")
TRIALS = 20
_KEY = re.compile("[0-9]{1,9}(@[0-9]{1,3})?")
Outcome = float | None
"""A trial's score; None where it failed or its score is no number."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One trial to run.

    Attributes:
        key: names the trial within its sweep: the point's number, and the rung after an @.
        point: number of the point, from 0.
        params: its parameters.
        rung: of successive halving, from 0; 0 elsewhere.
        share: of the full resource that it may use, above 0 and at most 1.
    """

    key: str
    point: int
    params: dict[str, Value]
    rung: int = 0
    share: float = 1.0


class Strategy(Protocol):
    """Says what to run next."""

    @property
    def total(self) -> int:
        """How many trials there will be, unless something stops them."""
        ...

    @property
    def work(self) -> float:
        """The sum of the shares of all trials."""
        ...

    def share(self, rung: int) -> float:
        """The share of the resource that a trial of a rung has."""
        ...

    def due(self, outcomes: Mapping[str, Outcome]) -> list[Planned]:
        """The trials that may run now and have no outcome; empty when all is done."""
        ...

    def whole(self, key: str) -> Planned:
        """The trial of that key with all of the resource."""
        ...


@dataclass(frozen=True, slots=True)
class AllAtOnce:
    """Grid and random search: no trial waits for another."""

    points: Sequence[dict[str, Value]]

    @property
    def total(self) -> int:
        """One trial a point."""
        return len(self.points)

    @property
    def work(self) -> float:
        """Every trial has all of the resource."""
        return float(len(self.points))

    def share(self, rung: int) -> float:
        """All of it."""
        return 1.0

    def due(self, outcomes: Mapping[str, Outcome]) -> list[Planned]:
        """Every point without an outcome."""
        every = (Planned(str(number), number, dict(point)) for number, point in enumerate(self.points))
        return [planned for planned in every if planned.key not in outcomes]

    def whole(self, key: str) -> Planned:
        """The trial as it is."""
        return Planned(key, _number(key), dict(self.points[_number(key)]))


@dataclass(frozen=True, slots=True)
class Halving:
    """Synchronous successive halving (Jamieson and Talwalkar 2016, arXiv 1502.07943).

    All points begin with a small share of the resource. When a rung is complete, the best 1/eta of it go on
    with eta times as much, until the last rung has everything. Ties go to the earlier point.
    """

    points: Sequence[dict[str, Value]]
    eta: int
    lower: bool
    rungs: int

    @property
    def total(self) -> int:
        """The trials of all rungs."""
        return sum(self.count(rung) for rung in range(self.rungs))

    @property
    def work(self) -> float:
        """The sum of the shares of all rungs' trials."""
        return sum(self.count(rung) * self.share(rung) for rung in range(self.rungs))

    def count(self, rung: int) -> int:
        """How many points a rung has."""
        return max(1, len(self.points) // int(self.eta**rung))

    def share(self, rung: int) -> float:
        """The share of the resource on a rung."""
        return float(self.eta) ** (rung - self.rungs + 1)

    def due(self, outcomes: Mapping[str, Outcome]) -> list[Planned]:
        """What is missing of the first rung that is not complete."""
        chosen = list(range(len(self.points)))
        for rung in range(self.rungs):
            planned = [self._planned(number, rung) for number in chosen]
            missing = [trial for trial in planned if trial.key not in outcomes]
            if missing:
                return missing
            ranked = [number for number in chosen if is_score(outcomes[f"{number}@{rung}"])]
            ranked.sort(key=partial(self._order, outcomes, rung))
            chosen = sorted(ranked[: self.count(rung + 1)])
        return []

    def whole(self, key: str) -> Planned:
        """The trial with what the last rung has."""
        return replace(self._planned(_number(key), rung_of(key)), share=1.0)

    def _planned(self, number: int, rung: int) -> Planned:
        return Planned(f"{number}@{rung}", number, dict(self.points[number]), rung, self.share(rung))

    def _order(self, outcomes: Mapping[str, Outcome], rung: int, number: int) -> tuple[float, int]:
        score = outcomes[f"{number}@{rung}"]
        assert score is not None
        return (score if self.lower else -score), number


def rungs_of(points: int, eta: int) -> int:
    """How many rungs there are so that at least one point reaches the last."""
    rungs = 1
    while points >= eta**rungs:
        rungs += 1
    return rungs


def make_strategy(
    name: str, space: Space, *, trials: int | None, seed: int, eta: int = 3, lower: bool = False
) -> Strategy:
    """The strategy of that name over a space.

    Args:
        name: `grid`, `random` or `halving`.
        space: what is searched.
        trials: points to draw; a grid takes all of its own. For halving, the points of the first rung.
        seed: of the draw.
        eta: halving keeps one point of so many.
        lower: whether a lower score is better.

    Raises:
        UsageError: there is no such strategy, the grid is too large, or a number is out of range.
    """
    if name == "grid":
        if trials is not None:
            raise UsageError(
                "A grid has as many trials as it has points.",
                next="Leave --trials out, stop it early with --max-trials, or use --strategy random.",
            )
        return AllAtOnce(grid_points(space))
    if name not in STRATEGIES:
        raise UsageError(f"There is no strategy {name!r}.", next=f"Choose one of {', '.join(STRATEGIES)}.")
    count = TRIALS if trials is None else trials
    if not 1 <= count <= MOST_TRIALS:
        raise UsageError(f"{count} is no number of trials from 1 to {MOST_TRIALS:,}.")
    points = random_points(space, count, seed)
    if name == "random":
        return AllAtOnce(points)
    if not 2 <= eta <= 10:
        raise UsageError(f"eta is {eta}.", next="Give a whole number from 2 to 10: one of so many goes on.")
    return Halving(points, eta, lower, rungs_of(len(points), eta))


def is_key(text: str) -> bool:
    """Whether a text can be the key of a trial."""
    return bool(_KEY.fullmatch(text))


def is_score(value: Any) -> bool:
    """Whether an outcome is a number that can be ranked."""
    return isinstance(value, int | float) and math.isfinite(value)


def better(score: float, than: Outcome, lower: bool) -> bool:
    """Whether a score is better than the best so far (None: there is none)."""
    return than is None or (score < than if lower else score > than)


def best_of(outcomes: Mapping[str, Outcome], lower: bool) -> str | None:
    """The key of the best trial: of the highest rung that has a score, and there the best score.

    Scores of different rungs are of different amounts of training, so they are not compared.
    """
    ranked = [
        (-rung_of(key), score if lower else -score, _number(key), key)
        for key, score in outcomes.items()
        if score is not None and is_score(score)
    ]
    return min(ranked)[3] if ranked else None


def rung_of(key: str) -> int:
    """The rung that a trial's key names."""
    return int(key.partition("@")[2] or 0)


def _number(key: str) -> int:
    return int(key.partition("@")[0])
