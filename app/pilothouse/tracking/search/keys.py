"""What a store knows that completion may offer: the keys there are, and their commonest values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pilothouse.store import Store
from pilothouse.tracking.search.nodes import Field, Section
from pilothouse.tracking.search.rendering import render_field

MOST_KEYS = 5_000
"""Of each section; a script that logs more names than these does not make typing slow."""
MOST_VALUES = 200
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Keys:
    """The names that exist: keys of each section, and values by the field as a search names it."""

    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def having(self, named: Field, values: tuple[str, ...]) -> Keys:
        """Return these keys with the values of one more field."""
        return replace(self, values={**self.values, render_field(named): values})


def read_keys(store: Store) -> Keys:
    """Return the keys in the store, and the commonest values of attributes."""
    with store.reading() as tx:
        keys = {
            table: tuple(
                row["key"]
                for row in tx.rows(f"SELECT DISTINCT key FROM {table} ORDER BY key LIMIT ?", [MOST_KEYS])
            )
            for table in ("metrics", "params", "tags")
        }
        values = {
            name: tuple(
                row["value"]
                for row in tx.rows(
                    f"SELECT {column} AS value FROM runs WHERE nullif({column}, '') IS NOT NULL"
                    " GROUP BY ALL ORDER BY count(*) DESC, value LIMIT ?",
                    [MOST_VALUES],
                )
            )
            for name, column in (("recipe", "recipe"), ("model", "model"), ("dataset", "dataset_version"))
        }
    return Keys(keys["metrics"], keys["params"], keys["tags"], values)


def read_values(store: Store, named: Field, typed: str = "") -> tuple[str, ...]:
    """Return the commonest values of a parameter or tag, at most `MOST_VALUES`.

    Args:
        store: the workspace's store.
        named: a field of the sections params or tags.
        typed: only values that it occurs in, whatever the case of its letters.
    """
    table = {"params": "params", "tags": "tags"}[named.section]
    rows = store.query(
        f"SELECT value FROM {table} WHERE key = ? AND length(value) BETWEEN 1 AND ?"
        " AND contains(lower(value), lower(?)) GROUP BY value ORDER BY count(*) DESC, value LIMIT ?",
        [named.key, _LONGEST, typed, MOST_VALUES],
    )
    return tuple(row["value"] for row in rows)


def named_like(
    store: Store,
    name: str,
    sections: Sequence[Section] = ("metrics", "params", "tags"),
    among: tuple[str, Sequence[Any]] | None = None,
) -> Field | None:
    """Return the metric, parameter or tag of this name, in this order; None if no run has one.

    Args:
        store: the workspace's store.
        name: the key.
        sections: where it is looked for.
        among: a condition on `runs` (SQL, and what is bound to it) for runs whose names go before all others.
    """
    with store.reading() as tx:
        for condition, bound in ([among] if among is not None else []) + [("TRUE", ())]:
            for section in sections:
                mine = f"run_id IN (SELECT run_id FROM runs WHERE {condition})"
                if tx.rows(f"SELECT 1 FROM {section} WHERE key = ? AND {mine} LIMIT 1", [name, *bound]):
                    return Field(section, name)
    return None
