"""Turning TOML's tables into the settings, and the words for what stands wrongly in them."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pilothouse.config.settings import (
    DRIFT_TESTS,
    AlertRule,
    BusinessMetric,
    FeatureTable,
    GateRule,
    ModelConfig,
    SweepConfig,
)
from pilothouse.errors import ConfigError

_T = TypeVar("_T")
_TAKEN = frozenset(
    """
    roc_auc pr_auc log_loss brier accuracy f1 precision recall base_rate threshold rmse mae r2 p99_ms
    prediction probability expected change rows labelled drifted harmful
    """.split()
)
"""Names of metrics and figures that have a meaning of their own."""
TABLES_OF_A_MODEL = {"data", "training", "sweep", "gates", "drift", "features", "business", "alerts"}


class Reader:
    """Turns tables into settings; knows the text, so that it can name lines."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = text.splitlines()
        self._source = source

    def error(self, path: tuple[str, ...], what: str, next: str = "") -> ConfigError:
        """Return an error that names the line of a key."""
        line = line_of(self._lines, path)
        where = f"{self._source}, line {line}" if line else self._source
        return ConfigError(f"{where}: {what}.", next=next)

    def table(self, value: object, path: tuple[str, ...], example: str = "") -> dict[str, Any]:
        """Return a value that must be a table; an error says what one looks like, for example."""
        if not isinstance(value, dict):
            raise self.error(path, f"{'.'.join(path)} must be a table, not {_describe(value)}", example)
        return value

    def only(
        self, table: Mapping[str, Any], allowed: set[str], path: tuple[str, ...], example: str = ""
    ) -> None:
        """Refuse keys that are not known, naming the nearest that is."""
        for key in table:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
                full = ".".join((*path, key))
                advice = (
                    f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(sorted(allowed))}."
                )
                raise self.error(
                    (*path, key), f"{full!r} is not a known key", " ".join([advice, example]).strip()
                )

    def model(
        self, table: dict[str, Any], shared: dict[str, Any], path: tuple[str, ...], name: str | None
    ) -> ModelConfig:
        """Return one model; `shared` are tables at the top of the file, which its own ones stand before."""
        if name is not None:
            table = {"name": name, **table}
        hints = get_type_hints(ModelConfig)
        sections = {key: self.convert(hints[key], shared[key], (key,)) for key in shared if key not in table}
        model = replace(self.build(ModelConfig, table, path), **sections)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", model.name):
            raise self.error(
                (*path, "name"),
                f"the model name {model.name[:100]!r} cannot name a folder",
                "Use letters, digits, '.', '_' or '-', starting with a letter or digit.",
            )
        if not 0.0 < model.training.holdout < 1.0:
            raise self.error(
                ("training", "holdout"), "training.holdout must lie between 0 and 1", "A fifth is 0.2."
            )
        self.check_sweep(model.sweep)
        if not 0.0 < model.drift.share <= 1.0:
            raise self.error(("drift", "share"), "drift.share must be above 0 and at most 1")
        for metric in model.business:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", metric) or metric in _TAKEN:
                raise self.error(
                    ("business", metric),
                    f"business.{metric[:60]} cannot be the name of a metric of your own",
                    "Use letters, digits and '_', and no name that Pilothouse gives itself, such as roc_auc.",
                )
        for test in model.drift.test.split(","):
            if test.strip() not in DRIFT_TESTS:
                near = difflib.get_close_matches(test.strip(), DRIFT_TESTS, n=1, cutoff=0.5)
                raise self.error(
                    ("drift", "test"),
                    f"drift.test names {test.strip()[:40]!r}, which is no test",
                    f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(DRIFT_TESTS)}.",
                )
        return model

    def check_sweep(self, sweep: SweepConfig) -> None:
        """Refuse counts that count nothing."""
        for key in ("trials", "workers", "patience", "max_resource"):
            if (count := getattr(sweep, key)) is not None and not count >= 1:
                raise self.error(("sweep", key), f"sweep.{key} must be at least 1, not {count:g}")

    def build(self, kind: type[_T], value: object, path: tuple[str, ...]) -> _T:
        """Return the dataclass of a table."""
        example = _EXAMPLES[kind].format(path[-1]) if kind in _EXAMPLES else ""
        table = self.table(value, path, example)
        known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
        self.only(table, set(known), path, example)
        hints = get_type_hints(kind)
        values: dict[str, Any] = {}
        for name, item in known.items():
            if name in table:
                values[name] = self.convert(hints[name], table[name], (*path, name))
            elif item.default is MISSING and item.default_factory is MISSING:
                raise self.error(
                    path,
                    f"the key {'.'.join((*path, name))!r} is missing",
                    example or f"Add {name} = … there.",
                )
        return kind(**values)

    def convert(self, hint: Any, value: Any, path: tuple[str, ...]) -> Any:
        """Return a value as its field's type asks for it."""
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return self.convert(next(arg for arg in args if arg is not type(None)), value, path)
        if is_dataclass(hint):
            return self.build(cast(type[Any], hint), value, path)
        if origin is dict:
            table = self.table(value, path)
            if is_dataclass(args[1]):
                return {key: self.convert(args[1], item, (*path, key)) for key, item in table.items()}
            return dict(table)
        if origin is Literal:
            if value not in args or isinstance(value, bool):
                allowed = " or ".join(repr(arg) for arg in args)
                raise self.error(path, f"{'.'.join(path)} must be {allowed}, not {value!r}")
            return value
        if origin is tuple:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise self.error(path, f"{'.'.join(path)} must be a list of texts, not {_describe(value)}")
            return tuple(value)
        accepted = (int, float) if hint is float else (hint,)
        if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
            raise self.error(path, f"{'.'.join(path)} must be {_WORDS[hint]}, not {_describe(value)}")
        return float(value) if hint is float else value


_EXAMPLES: dict[type[Any], str] = {
    FeatureTable: 'For example: {} = {{ file = "tables/tier.csv", time = "valid_from" }}; each row counts'
    " from its time on, and a table without a time as it is now.",
    BusinessMetric: 'For example: {} = {{ sql = "avg((prediction = 1)::INT)", lower_is_better = true }}.',
    AlertRule: 'For example: {} = {{ when = "roc_auc < 0.7", severity = "critical" }}.',
    GateRule: "For example: {} = {{ min = 0.7, max_drop = 0.005 }}.",
}
"""What one entry of these tables looks like, by its name."""
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _describe(value: object) -> str:
    kinds = {str: "the text", bool: "the truth value", int: "the number", float: "the number"}
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "a table"
    return f"{kinds.get(type(value), 'the value')} {str(value)[:60]!r}"


def line_of(lines: list[str], path: tuple[str, ...], *, whole: bool = False) -> int | None:
    """Find the line (from 1) where the key at `path`, or the nearest table around it, is written.

    TOML's parser keeps no positions; a key that is written in an unusual way falls back to its table,
    with `whole` to no farther one than that it stands in.
    """
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[\[?([^\]]+)\]\]?", line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            here = table
        elif pair := re.match(r"\s*([A-Za-z0-9_\-.\"']+)\s*=", line):
            here = (*table, *(part.strip("\"'") for part in pair[1].split(".")))
        else:
            continue
        if here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    if best is None or (whole and best[0] < len(path) - 1):
        return None
    return best[1]
