"""What a search means: a tree of frozen nodes, each knowing the part of the text that it came from.

Two nodes are equal if they mean the same; where they stood in a text does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Literal, TypeAlias

Span: TypeAlias = tuple[int, int]
"""Offsets into the text: the first character, and the one after the last."""

Section: TypeAlias = Literal["metrics", "params", "tags", "attributes"]
Which: TypeAlias = Literal["last", "min", "max", "best"]
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"]


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared: a metric, a parameter, a tag or an attribute of a run.

    Attributes:
        section: where it is kept.
        key: its name there.
        which: of a metric, the value that counts: the last, the smallest, the largest, or the best by its
            direction.
    """

    section: Section
    key: str
    which: Which = "last"
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number. Durations are numbers of seconds. Not-a-number is always the object `math.nan`."""

    value: float
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text, quoted or not."""

    value: str
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time or a day, as it was written: `2 days ago` means another moment tomorrow."""

    value: str
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


Value: TypeAlias = Number | Text | Moment


@dataclass(frozen=True, slots=True)
class Compare:
    """A field, an operator and a value. False for a run that lacks the field, whatever the operator."""

    field: Field
    operator: Operator
    value: Value
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Among:
    """`IN` or `NOT IN` a list. False for a run that lacks the field, either way."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Missing:
    """`IS NULL`: the run lacks the field. `negated` is `IS NOT NULL`."""

    field: Field
    negated: bool = False
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A text that must occur somewhere in the run, whatever the case of its letters."""

    value: str
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """True exactly where the item is false."""

    item: Node
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """True where every item is; at least two."""

    items: tuple[Node, ...]
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """True where any item is; at least two."""

    items: tuple[Node, ...]
    span: Span = attribute(default=(0, 0), compare=False, repr=False)


Node: TypeAlias = Compare | Among | Missing | Word | Not | And | Or


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it."""
    yield node
    if isinstance(node, Not):
        yield from walk(node.item)
    elif isinstance(node, And | Or):
        for item in node.items:
            yield from walk(item)
