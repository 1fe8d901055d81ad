"""What a file's columns, and the file as a whole, must satisfy.

A schema says how columns are stored; rules add what their values may be. They are suggested from data with
wide margins (`suggesting.py`), or accepted by a person, and only then they hold a file back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pilothouse.data.schema import Column, Schema
from pilothouse.store import dumps

HOLD, WARN = "hold", "warn"
_MOST_NAMED = 8
"""Categories that a sentence about a change names."""

Bound = float | str
"""A number, or a time in ISO form."""


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What one column must satisfy; None means that nothing is asked.

    Attributes:
        name: the column.
        type: how it is stored, one of the schema's types.
        max_missing: the largest share of missing values; 0 means that none may be missing.
        min, max: the range of its values, both ends included; ISO texts for times.
        categories: the values that are known.
        max_new: the largest share of present values that are not among `categories`.
        unique: whether no value may come twice.
        varies: whether a file of some size must have more than one value.
        leak_check: whether to look if the column gives the target away.
        optional: whether a file may lack the column altogether, as those do that landed before it came up.
        on_fail: "hold" a file that breaks one of these rules, or only "warn".
    """

    name: str
    type: str
    max_missing: float | None = None
    min: Bound | None = None
    max: Bound | None = None
    categories: tuple[str, ...] | None = None
    max_new: float = 0.0
    unique: bool = False
    varies: bool = False
    leak_check: bool = True
    on_fail: str = HOLD
    optional: bool = False


@dataclass(frozen=True, slots=True)
class DatasetRules:
    """What a file as a whole must satisfy.

    Attributes:
        min_rows, max_rows: how many rows it has.
        max_duplicates: the largest share of rows that repeat another row in every column.
        max_age: how old the newest value of the time column may be, such as `7d` or `36h`.
        on_fail: as for a column.
    """

    min_rows: int | None = None
    max_rows: int | None = None
    max_duplicates: float | None = None
    max_age: str | None = None
    on_fail: str = HOLD


@dataclass(frozen=True, slots=True)
class FileRules:
    """All of it. `accepted` is the number under which a person accepted it; None if it is only suggested."""

    columns: tuple[ColumnRule, ...]
    dataset: DatasetRules = field(default_factory=DatasetRules)
    accepted: int | None = None

    def column(self, name: str) -> ColumnRule | None:
        """Return the rules of the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def schema(self) -> Schema:
        """Return the columns with their types, none of them required; their kinds are not said."""
        return Schema(tuple(Column(rule.name, rule.type, "text", False) for rule in self.columns))

    def to_json(self) -> str:
        """Return the rules as JSON text, without what is not asked."""
        return dumps(plain(self))

    @staticmethod
    def from_json(text: str, accepted: int | None = None) -> FileRules:
        """Read what `to_json` wrote."""
        tree = json.loads(text)
        return FileRules(
            tuple(_column(name, values) for name, values in tree["columns"].items()),
            DatasetRules(**tree["dataset"]),
            accepted,
        )


def plain(rules: FileRules) -> dict[str, Any]:
    """Return rules as tables by column, as they stand in TOML and JSON: what is not asked is left out."""
    columns = {}
    for rule in rules.columns:
        values = _asked(rule)
        del values["name"]
        columns[rule.name] = values
    return {"dataset": _asked(rules.dataset), "columns": columns}


def _asked(rule: ColumnRule | DatasetRules) -> dict[str, Any]:
    defaults = {one.name: one.default for one in fields(rule)}
    values = {name: value for name, value in asdict(rule).items() if value != defaults[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _column(name: str, values: Mapping[str, Any]) -> ColumnRule:
    listed = values.get("categories")
    return ColumnRule(**{**values, "name": name, "categories": None if listed is None else tuple(listed)})


def changes(old: FileRules | None, new: FileRules) -> list[str]:
    """Say in words what changed from one set of rules to another; nothing if they ask for the same."""
    if old is None:
        return [f"{len(new.columns)} columns, the first rules."]
    before, now = plain(old), plain(new)
    said = []
    for name in now["columns"]:
        if name not in before["columns"]:
            spared = "; a file may lack it" if now["columns"][name].get("optional") else ""
            said.append(f"column {name!r} is new{spared}")
        else:
            said += _changed(name, before["columns"][name], now["columns"][name])
    said += [f"column {name!r} is gone" for name in before["columns"] if name not in now["columns"]]
    return said + _changed("dataset", before["dataset"], now["dataset"])


def _changed(where: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    keys = list(dict.fromkeys((*before, *now)))
    said = []
    for key in keys:
        old, new = before.get(key), now.get(key)
        if isinstance(old, list) and isinstance(new, list) and old != new:
            ends = [f"{sign} {_shown(value)}" for sign, value in _members(old, new)]
            said.append(f"{where}.{key}: {', '.join(ends)}")
        elif old != new:
            said.append(f"{where}.{key}: {_shown(old)} → {_shown(new)}")
    return said


def _members(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    gone, come = set(old) - set(new), set(new) - set(old)
    named = [("+", one) for one in new if one in come] + [("−", one) for one in old if one in gone]
    rest = len(named) - _MOST_NAMED
    return named if rest <= 0 else [*named[:_MOST_NAMED], ("and", f"{rest} more")]


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, float):
        text = f"{value:.10g}"
    elif isinstance(value, list | bool):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
