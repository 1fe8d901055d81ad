"""The shape of a profile: counts and figures of each column, which add up over files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pilothouse.jsontext import numbers_again
from pilothouse.store import dumps


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a column is that cannot be read as what the reference has.

    Attributes:
        found, expected: types in words, such as "text" and "a number".
        example: a value that cannot be read.
        count: how many cannot be; 0 where all could, in another type.
        rows: of the files that have the column.
        missing: the share of their rows that have no value.
    """

    found: str
    expected: str
    example: str
    count: int
    rows: int
    missing: float

    @property
    def how_many(self) -> str:
        """In how many rows it cannot be read, if not in all; empty otherwise."""
        return f" in {self.count:,} of {self.rows:,} rows" if 0 < self.count < self.rows else ""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column.

    Attributes:
        rows, missing: counts; NaN is missing. `infinite` values are counted apart, and in the outer bins too.
        min, max, mean, std: of the finite values; min and max of a time column are ISO texts.
        quantiles: at 5, 25, 50, 75 and 95%, for a reference only.
        edges, counts: bin i holds the values above edges[i-1] and up to edges[i]; one count more than edges.
        levels, level_counts: a category's values, the reference's most frequent first, and their counts.
        other: rows whose value the reference has, but not by name.
        unseen, unseen_levels: rows whose value the reference never had, and up to five such values.
        distinct: number of different values; of unseen ones where the bins are another profile's.
        singletons: values that came up exactly once, which tells how many unseen ones to expect.
        fine_edges, fine_counts: finer bins of the finite values, for the tests that need them; often none.
        unreadable: what it is instead of what the reference has, whose bins then count nothing.
    """

    name: str
    type: str
    kind: str
    rows: int
    missing: int = 0
    infinite: int = 0
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    levels: tuple[str, ...] = ()
    level_counts: tuple[int, ...] = ()
    other: int = 0
    unseen: int = 0
    unseen_levels: tuple[str, ...] = ()
    distinct: int = 0
    singletons: int = 0
    fine_edges: tuple[float, ...] = ()
    fine_counts: tuple[int, ...] = ()
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the columns of a dataset look like; `made` is what a version's feature views make of its rows."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    made: tuple[ColumnProfile, ...] = ()

    def column(self, name: str) -> ColumnProfile | None:
        """Return the profile of the column of that name, made by a view or not, or None."""
        return next((column for column in (*self.columns, *self.made) if column.name == name), None)

    def to_json(self) -> str:
        """Return the profile as JSON text."""
        made = {"made": [asdict(column) for column in self.made]} if self.made else {}
        return dumps({"rows": self.rows, "columns": [asdict(column) for column in self.columns], **made})

    @staticmethod
    def from_json(text: str) -> Profile:
        """Read what `to_json` wrote."""
        tree = json.loads(text)
        columns, made = (
            tuple(_column_from(column) for column in part) for part in (tree["columns"], tree.get("made", ()))
        )
        return Profile(tree["rows"], columns, made)


def _column_from(tree: Mapping[str, Any]) -> ColumnProfile:
    values: dict[str, Any] = dict(tree)
    values.update({key: tuple(item) for key, item in tree.items() if isinstance(item, list)})
    values.update(numbers_again(tree, "mean", "std", "quantiles", "edges", "fine_edges"))
    if tree["kind"] == "numeric":  # Of times the ends are texts.
        values.update(numbers_again(tree, "min", "max"))
    if values.get("unreadable"):
        values["unreadable"] = Unreadable(**values["unreadable"])
    return ColumnProfile(**values)
