"""Rules as TOML that a person edits, and what is wrong with it told by column and line."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.monitoring.quality.rules import HOLD, WARN, ColumnRule, DatasetRules, FileRules, plain

TYPES = ("integer", "number", "boolean", "text", "timestamp", "date", "time", "other", "empty")
_NUMBERS, _TIMES = ("integer", "number"), ("timestamp", "date", "time")
_WITH_CATEGORIES = ("text", "boolean", "integer")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AGE = re.compile(r"(\d{1,6})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_COLUMN_KEYS = tuple(one.name for one in fields(ColumnRule) if one.name != "name")
_DATASET_KEYS = tuple(one.name for one in fields(DatasetRules))

HEAD = """\
# What the files of {model} must be like. A file that breaks one of these rules is held back, or only
# reported where on_fail = "warn". Leave a line out and nothing is asked.
#   type         integer, number, boolean, text, timestamp, date, time, other or empty
#   max_missing  the largest share of missing values, from 0 to 1
#   min, max     the range, both ends included; times as texts in ISO form
#   categories   the values that are known, and max_new the largest share of others
#   unique       true: no value may come twice       varies  true: not always the same value
#   leak_check   false: do not look whether the column gives the target away
#   optional     true: a file may lack the column altogether
# [dataset]: min_rows, max_rows, max_duplicates (a share), max_age ("7d", "36h": of the newest time value)
"""


class RulesError(PilothouseError):
    """Rules that cannot be; the message names the column and, where there is a text, the line."""

    exit_code = 2


def write_rules(rules: FileRules, model: str = "this model") -> str:
    """Return rules as TOML that `read_rules` reads back as they were."""
    tree = plain(rules)
    lines = [HEAD.format(model=_comment(model)), "[dataset]"]
    lines += [f"{key} = {_value(value)}" for key, value in tree["dataset"].items()]
    for name, values in tree["columns"].items():
        lines += ["", f"[columns.{_key(name)}]"]
        lines += [f"{key} = {_value(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    # JSON's escapes are TOML's too, but for DEL.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def read_rules(text: str) -> FileRules:
    """Read rules that a person wrote.

    Raises:
        RulesError: the text is not TOML, or says something that cannot be.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"The rules are not valid TOML: {error}.") from None
    return _Reader(text).read(tree)


def set_rule(rules: FileRules, assignment: str) -> FileRules:
    """Return rules with one value set, such as `temp.min=-30`; `temp.min=` takes the rule away.

    The value is TOML, or a text without quotes. The key follows the last dot before the `=`; a column whose
    name has an `=` in it is edited as TOML.

    Raises:
        RulesError: it cannot be read, names no column, or leads to rules that cannot be.
    """
    where, equals, given = assignment.partition("=")
    name, dot, key = where.strip().rpartition(".")
    if not (equals and dot and name):
        raise RulesError(
            f"{assignment[:80]!r} sets nothing.", next="Write COLUMN.RULE=VALUE, such as temp.min=-30."
        )
    tree = plain(rules)
    if name == "dataset" and "dataset" not in tree["columns"]:
        table = tree["dataset"]
    elif name in tree["columns"]:
        table = tree["columns"][name]
    else:
        raise RulesError(f"There are no rules for a column {name[:80]!r}.", next=_near(name, tree["columns"]))
    value = given.strip()
    if value:
        try:
            table[key] = tomllib.loads(f"it = {value}")["it"]
        except tomllib.TOMLDecodeError:
            table[key] = value
        if key == "type" and table is not tree["dataset"]:
            _without_what_it_has_not(table, str(table[key]))
    else:
        _known_key(key, _DATASET_KEYS if table is tree["dataset"] else _COLUMN_KEYS, f"{name}.{key}")
        table.pop(key, None)
    return _Reader("").read(tree)


def _without_what_it_has_not(table: dict[str, Any], kind: str) -> None:
    """Take away what goes with a column's old type, and not with its new one."""
    if kind not in _WITH_CATEGORIES:
        table.pop("categories", None)
        table.pop("max_new", None)
    ends = [table[end] for end in ("min", "max") if end in table]
    fit = all(isinstance(end, str) == (kind in _TIMES) for end in ends) and kind in _NUMBERS + _TIMES
    if not fit:
        table.pop("min", None)
        table.pop("max", None)


def rule_line(rules: FileRules, name: str) -> str:
    """Return the rules of a column, or of a file as a whole where the name is empty, as one line of TOML."""
    tree = plain(rules)
    values = tree["columns"].get(name, {}) if name else tree["dataset"]
    return ", ".join(f"{key} = {_value(value)}" for key, value in values.items())


def with_rule_line(rules: FileRules, name: str, text: str) -> FileRules:
    """Return rules with those of a column (or, without a name, of a file) as a line like `rule_line`'s.

    Raises:
        RulesError: the line cannot be read, or leads to rules that cannot be.
    """
    try:
        values = tomllib.loads(f"it = {{{text}}}")
    except tomllib.TOMLDecodeError as error:
        said = str(error).partition(" (at ")[0]
        raise RulesError(
            f"The line cannot be read: {said}.", next='Write `min = -30, on_fail = "warn"`: texts in quotes.'
        ) from None
    if list(values) != ["it"]:
        raise RulesError("The line cannot be read: it holds more than rules.")
    tree = plain(rules)
    if name:
        tree["columns"][name] = values["it"]
    else:
        tree["dataset"] = values["it"]
    return _Reader("").read(tree)


def seconds_of(age: str) -> int:
    """Turn an age such as `7d`, `36h`, `90m` or `2w` into seconds.

    Raises:
        ValueError: it is none.
    """
    found = _AGE.fullmatch(age)
    if not found or not int(found[1]):
        raise ValueError(age)
    return int(found[1]) * _SECONDS[found[2]]


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)[:300]}."


def _known_key(key: str, known: tuple[str, ...], where: str) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
        raise RulesError(f"{where!r} is not a rule.", next=hint)


class _Reader:
    """Turns tables into rules; knows the text, so that it can name lines."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def read(self, tree: Mapping[str, Any]) -> FileRules:
        for key in tree:
            if key not in ("dataset", "columns"):
                raise self.wrong((key,), f"{key!r} is neither [dataset] nor [columns.NAME]")
        columns = self.table(tree.get("columns", {}), ("columns",))
        if not columns:
            raise self.wrong(("columns",), "there is no column: each has a table [columns.NAME]")
        dataset = self.table(tree.get("dataset", {}), ("dataset",))
        return FileRules(
            tuple(self.column(name, values) for name, values in columns.items()), self.dataset(dataset)
        )

    def wrong(self, path: tuple[str, ...], what: str, next: str = "") -> RulesError:
        line = _line_of(self._lines, path)
        where = f"Line {line}: " if line else ""
        if len(path) > 1 and path[0] == "columns":
            where += f"column {path[1]!r}: "
        elif path[0] == "dataset":
            where += "dataset: "
        return RulesError(where + what + ".", untouched="The rules are as they were.", next=next)

    def table(self, value: object, path: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(path, f"{path[-1]} must be a table")
        return value

    def keys(self, table: Mapping[str, Any], known: tuple[str, ...], path: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
                raise self.wrong((*path, key), f"{key[:60]!r} is not a rule", hint)

    def column(self, name: str, given: object) -> ColumnRule:
        path = ("columns", name)
        values = self.table(given, path)
        self.keys(values, _COLUMN_KEYS, path)
        kind = values.get("type")
        if kind not in TYPES:
            near = difflib.get_close_matches(str(kind), TYPES, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(TYPES)}."
            what = "the type is missing" if kind is None else f"{str(kind)[:40]!r} is no type"
            raise self.wrong((*path, "type"), what, hint)
        low, high = (self.bound(path, end, str(kind), values.get(end)) for end in ("min", "max"))
        if low is not None and high is not None and _order(low) > _order(high):
            raise self.wrong((*path, "max"), f"max {high} lies below min {low}")
        listed = values.get("categories")
        if listed is not None and (
            not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed)
        ):
            raise self.wrong((*path, "categories"), "categories must be a list of texts, with at least one")
        if listed is not None and kind not in _WITH_CATEGORIES:
            raise self.wrong((*path, "categories"), f"a {kind} has no categories")
        if "max_new" in values and listed is None:
            raise self.wrong((*path, "max_new"), "max_new goes with categories")
        return ColumnRule(
            name,
            str(kind),
            self.share(path, "max_missing", values),
            low,
            high,
            None if listed is None else tuple(listed),
            self.share(path, "max_new", values) or 0.0,
            self.truth(path, "unique", values, False),
            self.truth(path, "varies", values, False),
            self.truth(path, "leak_check", values, True),
            self.on_fail(path, values),
            self.truth(path, "optional", values, False),
        )

    def dataset(self, values: Mapping[str, Any]) -> DatasetRules:
        path = ("dataset",)
        self.keys(values, _DATASET_KEYS, path)
        counts: list[int | None] = []
        for key in ("min_rows", "max_rows"):
            count = values.get(key)
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
                raise self.wrong((*path, key), f"{key} must be a whole number from 0")
            counts.append(count)
        least, most = counts
        if least is not None and most is not None and least > most:
            raise self.wrong((*path, "max_rows"), f"max_rows {most} lies below min_rows {least}")
        age = values.get("max_age")
        if age is not None:
            try:
                seconds_of(str(age))
            except ValueError:
                raise self.wrong(
                    (*path, "max_age"), f"{str(age)[:40]!r} is no age", 'Write "7d", "36h", "90m" or "2w".'
                ) from None
        return DatasetRules(
            least, most, self.share(path, "max_duplicates", values), age, self.on_fail(path, values)
        )

    def bound(self, path: tuple[str, ...], key: str, kind: str, value: object) -> float | str | None:
        if value is None:
            return None
        if kind in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise self.wrong((*path, key), f"{key} must be a number, not {str(value)[:40]!r}")
            return float(value)
        if kind in _TIMES:
            if isinstance(value, dt.datetime | dt.date | dt.time):
                value = value.isoformat()
            reader = {"timestamp": dt.datetime, "date": dt.date, "time": dt.time}[kind]
            try:
                return reader.fromisoformat(str(value)).isoformat()  # type: ignore[attr-defined, no-any-return]
            except ValueError:
                raise self.wrong((*path, key), f"{str(value)[:40]!r} is no {kind} in ISO form") from None
        raise self.wrong((*path, key), f"a {kind} has no {key}")

    def share(self, path: tuple[str, ...], key: str, values: Mapping[str, Any]) -> float | None:
        value = values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.wrong((*path, key), f"{key} must be a share from 0 to 1, not {str(value)[:40]!r}")
        return float(value)

    def truth(self, path: tuple[str, ...], key: str, values: Mapping[str, Any], default: bool) -> bool:
        value = values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong((*path, key), f"{key} must be true or false, not {str(value)[:40]!r}")
        return value

    def on_fail(self, path: tuple[str, ...], values: Mapping[str, Any]) -> str:
        value = values.get("on_fail", HOLD)
        if value not in (HOLD, WARN):
            raise self.wrong((*path, "on_fail"), f'on_fail must be "hold" or "warn", not {str(value)[:40]!r}')
        return str(value)


def _order(value: float | str) -> Any:
    return value


def _line_of(lines: list[str], path: tuple[str, ...]) -> int | None:
    """Find the line (from 1) where a key, or the nearest table around it, is written."""
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("["):
            found = _names_in(line)
            if found is None:
                continue
            here = table = found
        elif key := re.match(r"\s*([A-Za-z0-9_-]+)\s*=", line):
            here = (*table, key[1])
        else:
            continue
        if here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def _names_in(header: str) -> tuple[str, ...] | None:
    """Read a line such as `[columns."a b"]` with TOML's own parser."""
    try:
        tree: Any = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return None
    names = []
    while isinstance(tree, dict) and tree:
        name, tree = next(iter(tree.items()))
        names.append(name)
    return tuple(names)
