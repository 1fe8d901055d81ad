"""The space that a sweep searches, and the small grammar it is written in.

    lr=0.01,0.1,1        these values; quote one that holds a comma: name="a,b",c
    lr=log(0.001..1)     between both ends, evenly by the logarithm
    x=uniform(0..1)      between both ends, evenly
    depth=int(2..8)      whole numbers, both ends included

A grid takes five points of a range, or as many as a second argument says: `log(0.001..1, 7)`.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from pilothouse.errors import UsageError
from pilothouse.training.recipes import Recipe, Value, check_params, parse_value

POINTS = 5
MOST_TRIALS = 10_000
_RANGE = re.compile(r"\s*([A-Za-z_]+)\s*\(")
_KINDS = ("log", "uniform", "int")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")


class SpaceError(UsageError):
    """A parameter's values cannot be read; `column` counts from 1 in `text`."""

    def __init__(self, what: str, text: str, at: int, hint: str = "") -> None:
        super().__init__(what, next=hint or "Write lr=0.01,0.1,1 or lr=log(0.001..1) or depth=int(2..8).")
        self.text = text
        self.column = min(at, len(text)) + 1

    def __str__(self) -> str:
        begin = max(0, self.column - 1 - 40)
        shown = self.text[begin : begin + 70]
        shown = "".join(char if char.isprintable() else "�" for char in shown)
        return f"{self.what} (column {self.column})\n{shown}\n{' ' * (self.column - 1 - begin)}^\n{self.next}"


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter's values.

    Attributes:
        name: of the parameter.
        kind: `list`, `log`, `uniform` or `int`.
        values: of a list.
        low, high: of a range, both included.
        points: how many of a range a grid takes.
    """

    name: str
    kind: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    points: int = POINTS

    def grid(self) -> tuple[Value, ...]:
        """The points that a grid takes, in order, none twice."""
        if self.kind == "list":
            return self.values
        if self.kind == "int":
            count = int(self.high) - int(self.low) + 1
            if count <= self.points:
                return tuple(range(int(self.low), int(self.high) + 1))
        steps = [i / (self.points - 1) for i in range(self.points)] if self.points > 1 else [0.5]
        return tuple(dict.fromkeys(self.at(step) for step in steps))

    def at(self, share: float) -> Value:
        """The value at a share, from 0 to 1, of the dimension."""
        if self.kind == "list":
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.kind == "int":
            whole = int(self.low) + int(share * (int(self.high) - int(self.low) + 1))
            return min(whole, int(self.high))
        if share <= 0 or share >= 1:
            return self.high if share >= 1 else self.low
        if self.kind == "log":
            found = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            found = self.low + share * (self.high - self.low)
        # Six digits are plenty for a search, and read well wherever they are shown.
        return min(max(float(f"{found:.6g}"), self.low), self.high)

    @property
    def size(self) -> int | None:
        """How many different values it has; None for a range of real numbers."""
        if self.kind == "list":
            return len(self.values)
        if self.kind == "int":
            return int(self.high) - int(self.low) + 1
        return 1 if self.low == self.high else None


Space = tuple[Dimension, ...]


def parse_space(texts: Sequence[str]) -> Space:
    """Read `NAME=VALUES` of a command line, one text a parameter.

    Raises:
        SpaceError: a text cannot be read; it points at the place.
        UsageError: there is no parameter, or one stands twice.
    """
    space = tuple(parse_dimension(text) for text in texts)
    names = [dimension.name for dimension in space]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f'Parameter "{twice[:80]}" stands twice.', next="Give all its values at once.")
    if not space:
        raise UsageError(
            "There is nothing to search: no parameter was given.",
            next="Add --param, such as --param learning_rate=log(0.01..0.3), or declare [sweep.params].",
        )
    return space


def parse_dimension(text: str) -> Dimension:
    """Read one `NAME=VALUES`.

    Raises:
        SpaceError: it cannot be read.
    """
    name, equals, _ = text.partition("=")
    if not equals:
        raise SpaceError("There is no = after the parameter's name.", text, len(text))
    bare = name.strip()
    if not bare or bare.startswith("-") or any(c.isspace() or not c.isprintable() for c in bare):
        raise SpaceError("This cannot name a parameter.", text, 0, "Use letters, digits, '_' and '-'.")
    start = len(name) + 1
    if not text[start:].strip():
        raise SpaceError("No values follow the =.", text, len(text))
    opening = _RANGE.match(text, start)
    if opening:
        return _range(bare, text, opening)
    return Dimension(bare, "list", _values(text, start))


def _range(name: str, text: str, opening: re.Match[str]) -> Dimension:
    kind, at = opening[1], opening.end()
    if kind not in _KINDS:
        raise SpaceError(f'There is no range "{kind}".', text, opening.start(1), "Use log, uniform or int.")
    low, at = _number(text, at, "Here a number is missing.")
    if not text.startswith("..", at):
        raise SpaceError("Here .. is missing between both ends.", text, at, f"Write {kind}(1..10).")
    from_high = at + 2
    high, at = _number(text, from_high, "Here the other end is missing.")
    points: float = POINTS
    if text.startswith(",", at):
        from_points = at + 1
        points, at = _number(text, from_points, "Here the number of points is missing.")
        if points != int(points) or not 1 <= points <= 1000:
            raise SpaceError("This is no number of points from 1 to 1000.", text, from_points)
    if not text.startswith(")", at):
        raise SpaceError("Here a closing ) is missing.", text, at, f"Write {kind}(1..10).")
    if text[at + 1 :].strip():
        raise SpaceError("Nothing may follow a range.", text, at + 1, "One range, or a list of values.")
    if low > high:
        raise SpaceError("The range ends below where it begins.", text, from_high, "Put the lower end first.")
    if kind == "log" and low <= 0:
        raise SpaceError("A range by the logarithm begins above 0.", text, opening.end())
    if kind == "int" and (low != int(low) or high != int(high)):
        raise SpaceError("A range of whole numbers has whole ends.", text, opening.end())
    return Dimension(name, kind, low=low, high=high, points=int(points))


def _number(text: str, at: int, missing: str) -> tuple[float, int]:
    # "0.1..1": the digits must leave both dots of a ".." alone.
    end = text.find("..", at)
    found = _NUMBER.match(text, at, end if end >= 0 else len(text))
    if found is None:
        raise SpaceError(missing, text, at)
    value = float(found[1])
    if not math.isfinite(value) or abs(value) > 1e300:
        raise SpaceError("This number is too large.", text, at)
    return value, found.end()


def _values(text: str, at: int) -> tuple[Value, ...]:
    values: list[Value] = []
    while True:
        while text[at : at + 1] == " ":
            at += 1
        begin = at
        if text[at : at + 1] == '"':
            end = text.find('"', at + 1)
            if end < 0:
                raise SpaceError("This quotation mark is not closed.", text, begin)
            value: Value = text[at + 1 : end]
            at = end + 1
            while text[at : at + 1] == " ":
                at += 1
            if text[at : at + 1] not in ("", ","):
                raise SpaceError("A comma is missing after the quotation mark.", text, at)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            word = text[at:end].strip()
            if not word:
                raise SpaceError("A value is missing here.", text, begin)
            value, at = parse_value(word), end
            if isinstance(value, float) and not math.isfinite(value):
                raise SpaceError("A value must be a finite number.", text, begin)
        if any(value == old and type(value) is type(old) for old in values):
            raise SpaceError("This value stands twice.", text, begin, "Give each value once.")
        values.append(value)
        if at >= len(text):
            return tuple(values)
        at += 1


def check_space(space: Space, recipe: Recipe, task: str) -> None:
    """Check every value, and both ends of every range, as the recipe's parameter.

    Raises:
        UsageError: the recipe has no such parameter, or does not accept a value.
    """
    for dimension in space:
        rule = recipe.parameters.get(dimension.name)
        if rule is not None and rule.kind == "integer" and dimension.kind in ("log", "uniform"):
            raise UsageError(
                f'Parameter {dimension.name} is a whole number, and "{dimension.kind}" gives real ones.',
                next=f"Write {dimension.name}=int({dimension.low:g}..{dimension.high:g}).",
            )
        for value in dimension.values if dimension.kind == "list" else (dimension.at(0), dimension.at(1)):
            check_params(recipe, {dimension.name: value}, task)


def size_of(space: Space) -> int | None:
    """How many different points the space has; None if it has a range of real numbers."""
    sizes = [dimension.size for dimension in space]
    return None if None in sizes else math.prod(size for size in sizes if size is not None)


def grid_size(space: Space) -> int:
    """How many points a grid over the space has."""
    return math.prod(len(dimension.grid()) for dimension in space)


def grid_points(space: Space) -> list[dict[str, Value]]:
    """Every point of the grid, the last parameter changing fastest.

    Raises:
        UsageError: there are more than ten thousand.
    """
    count = grid_size(space)
    if count > MOST_TRIALS:
        raise UsageError(
            f"This grid has {count:,} points; there may be {MOST_TRIALS:,}.",
            next="Give fewer values, or search at random with --strategy random --trials N.",
        )
    names = [dimension.name for dimension in space]
    return [
        dict(zip(names, point, strict=True)) for point in product(*(dimension.grid() for dimension in space))
    ]


def random_points(space: Space, count: int, seed: int) -> list[dict[str, Value]]:
    """Points drawn at random, none twice; fewer than `count` where the space has no more.

    The same space, count and seed give the same points on every machine.
    """
    draw = random.Random(seed)
    size = size_of(space)
    wanted = count if size is None else min(count, size)
    if size is not None and size <= 4 * count:
        # Drawing until everything was drawn once would take long: shuffle all there is.
        names = [dimension.name for dimension in space]
        every = product(*(_every(dimension) for dimension in space))
        points = [dict(zip(names, point, strict=True)) for point in every]
        draw.shuffle(points)
        return list(islice(points, wanted))
    found: dict[str, dict[str, Value]] = {}
    tries = 0
    while len(found) < wanted and tries < 100 * wanted + 1000:
        tries += 1
        point = {dimension.name: dimension.at(draw.random()) for dimension in space}
        found.setdefault(identity(point), point)
    return list(found.values())


def identity(params: Mapping[str, Any]) -> str:
    """A text that is the same for the same parameters, whatever their order."""
    return repr(sorted((name, type(value).__name__, value) for name, value in params.items()))


def _every(dimension: Dimension) -> Sequence[Value]:
    if dimension.kind == "list":
        return dimension.values
    if dimension.kind == "int":
        return range(int(dimension.low), int(dimension.high) + 1)
    return (dimension.low,)
