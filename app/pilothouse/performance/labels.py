"""Labels that come after the predictions: kept by the id of the row, one a row, the latest.

An id is a text. A whole number is written without a point whatever type it came as (7 and 7.0 are one id); a
text stands as it is, so "007" is not "7".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pilothouse.config import ModelConfig
from pilothouse.data.reading import (
    Source,
    as_file,
    connect,
    describe,
    identifier,
    reading,
    scan_sql,
    suffix_of,
)
from pilothouse.data.spelling import respelled
from pilothouse.errors import PilothouseError
from pilothouse.store import Store, dumps, loads, record

MOST_CHARACTERS = 1000
"""Of an id or of a label that is a text."""
_AT_ONCE = 5_000
"""Labels a transaction: some 40 ms, for which nobody else can use the store."""
_EXAMPLES = 5
_WHOLE = 1e15


class LabelError(PilothouseError):
    """Labels that cannot be taken; `problems` has a sentence for each of the first that are wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems), untouched="No label was taken.")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Refused:
    """A label that the target cannot be, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of labels: `changed` had another value before, `same` had this one already.

    `without` had no value and were passed over. `unknown` are the ids of no prediction that is logged so far;
    they are kept all the same, since a prediction may be logged late. The `_ids` are a few of each.
    `refused_count` labels were not taken, so what was known of their ids stays; `refused` has the first 100.
    """

    given: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    without: int = 0
    unknown: int = 0
    changed_ids: tuple[str, ...] = field(default=())
    unknown_ids: tuple[str, ...] = field(default=())
    refused_count: int = 0
    refused: tuple[Refused, ...] = field(default=())
    files: tuple[tuple[str, int], ...] = field(default=())
    """Judged files that lacked labels, and how many of their rows these are of."""


def label_id(value: Any) -> str:
    """Return an id as the text it is joined by.

    Raises:
        ValueError: it is nothing, no scalar, empty or too long; the message says which.
    """
    if isinstance(value, Decimal):
        value = float(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("the id is missing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return str(int(value))
    if not isinstance(value, int | float | str):
        raise ValueError("the id must be a text or a number")
    text = str(value)
    if not text:
        raise ValueError("the id is empty")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the id has more than {MOST_CHARACTERS:,} characters")
    return text


def usable_id(value: Any) -> str | None:
    """Return an id as the text it is joined by; None where it cannot be one, so that its row has no other."""
    try:
        return label_id(value)
    except ValueError:
        return None


def id_sql(expression: str, kind: str) -> str:
    """Return SQL for the same text of a column of DuckDB type `kind`."""
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        number = f"({expression})::DOUBLE"
        whole = f"isfinite({number}) AND {number} = round({number}) AND abs({number}) < {_WHOLE:.0f}"
        return f"CASE WHEN {whole} THEN ({expression})::BIGINT::VARCHAR ELSE ({expression})::VARCHAR END"
    return f"({expression})::VARCHAR"


def checked_labels(
    pairs: Iterable[tuple[Any, Any]], config: ModelConfig, classes: Sequence[Any] | None = None
) -> tuple[dict[str, Any], list[Refused], int]:
    """Look through ids with their labels; of an id that comes twice the later label counts.

    Args:
        pairs: id and label.
        config: of the model; tells the task.
        classes: those that the model knows; any will do without them.

    Returns:
        Labels by id; those that the target cannot be, with why; and how many of these had no value.

    Raises:
        LabelError: an id cannot be used, or every label is refused.
    """
    found: dict[str, Any] = {}
    refused: list[Refused] = []
    known: dict[str, str] = {}
    problems: list[str] = []
    answers: list[str] = []
    without = 0
    for number, (name, value) in enumerate(pairs, 1):
        try:
            key = label_id(name)
        except ValueError as error:
            problems.append(f"Label {number}: {error}.")
            if len(problems) == _EXAMPLES:
                break
            continue
        try:
            if value is None or (isinstance(value, float) and math.isnan(value)):
                without += 1
                raise ValueError("the label has no value")
            label = _label(value, config.task)
            if classes is not None:
                _refuse_strange(label, classes, known)
                # In the model's own words: what is said in two spellings is one label.
                label = respelled(label, classes)
            found[key] = label
        except ValueError as error:
            refused.append(Refused(key, str(error)))
            if len(answers) < _EXAMPLES:
                answers.append(f"Label {number}, of {key[:60]}: {error}.")
    if problems:
        raise LabelError(problems)
    if refused and not found:
        count = f"None of the {len(refused):,} labels can be taken."
        raise LabelError([count, *answers] if len(refused) > 1 else answers)
    return found, refused, without


def _refuse_strange(label: Any, classes: Sequence[Any], known: dict[str, str]) -> None:
    """Raise ValueError unless a label is one of the classes; `known` remembers what was asked before."""
    # Needs numpy and pandas, which whoever knows the classes has.
    from pilothouse.registry.evaluation import class_codes

    text = repr(label)
    if text not in known:
        known[text] = ""
        try:
            class_codes([label], classes)
        except PilothouseError:
            names = ", ".join(str(one)[:40] for one in classes[:10]) + (", …" if len(classes) > 10 else "")
            known[text] = f"{text[:40]} is none of the classes that the model knows: {names}"
    if known[text]:
        raise ValueError(known[text])


def labels_of_file(path: Path, config: ModelConfig, ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Read the labels of a data file that has the id and the target; what cannot be one is left out.

    Raises:
        PilothouseError: as `pairs_of_file`, or none of the labels is one.
    """
    return checked_labels(pairs_of_file(path, config, ids), config)[0]


def pairs_of_file(path: Path, config: ModelConfig, ids: Sequence[str] | None = None) -> list[tuple[Any, Any]]:
    """Read ids and labels of a data file, in its order; rows without a label are left out.

    Args:
        path: CSV, Parquet or JSON lines.
        config: names both columns, and tells the task.
        ids: only the labels of these.

    Raises:
        PilothouseError: the file cannot be read or lacks a column, or the model has no id.
    """
    name = config.data.id
    if name is None:
        raise PilothouseError(
            f"The rows of {path.name} cannot be told apart: the model has no id.",
            next='Set data.id = "…" in pilothouse.toml to the column that names a row.',
        )
    if suffix_of(path.name) is None:
        raise PilothouseError(f"{path} is no data file.", next="Give CSV, Parquet or JSON lines.")
    # As a text, a CSV's id keeps its zeros in front.
    types = {name: "VARCHAR"} if ".csv" in path.name.lower() else None
    with connect() as con, reading(path):
        kinds = describe(con, path)
        for column in (name, config.target):
            if column not in kinds:
                raise PilothouseError(
                    f"{path.name} has no column {column!r}; labels need the id and the target.",
                    next=f"It has: {', '.join(list(kinds)[:12])}.",
                )
        key = id_sql(identifier(name), "VARCHAR" if types else kinds[name])
        target = identifier(config.target)
        if kinds[config.target] == "JSON":
            target = f"({target} ->> '$')"  # true beside "yes"
        sql = f"SELECT {key}, {target} FROM {scan_sql(path, types)} WHERE {target} IS NOT NULL"
        if ids is not None:
            sql += f" AND {key} IN (SELECT unnest(?))"
        pairs: list[tuple[Any, Any]] = con.execute(sql, [list(ids)] if ids is not None else []).fetchall()
    return pairs


def ids_of_file(source: Source, config: ModelConfig, ids: Sequence[str] | None = None) -> set[str]:
    """Return the ids of a file's rows, or those of `ids` that it has; none where it has no such column.

    Raises:
        PilothouseError: the file cannot be read.
    """
    name = config.data.id
    if name is None:
        return set()
    # As a text, a CSV's id keeps its zeros in front.
    types = {name: "VARCHAR"} if (suffix_of(as_file(source).name) or "").startswith(".csv") else None
    with connect() as con, reading(source):
        kinds = describe(con, source)
        if name not in kinds:
            return set()
        key = id_sql(identifier(name), "VARCHAR" if types else kinds[name])
        sql = f"SELECT DISTINCT {key} AS key FROM {scan_sql(source, types)} WHERE key IS NOT NULL"
        if ids is not None:
            sql += " AND key IN (SELECT unnest(?))"
        return {str(row[0]) for row in con.execute(sql, [list(ids)] if ids is not None else []).fetchall()}


def keep_labels(
    store: Store, model: str, labels: Mapping[str, Any], source: str, *, tell: bool = True, actor: str = ""
) -> Kept:
    """Store labels; each part of 5,000 is one transaction, and giving them again changes nothing.

    Args:
        store: of the workspace.
        model: whose predictions they belong to.
        labels: by id.
        source: where they came from, for the event.
        tell: leave an event of new ones too; labels that change are always told.
        actor: who gave them; the current user unless given.
    """
    new = changed = same = 0
    examples: list[dict[str, Any]] = []
    items = list(labels.items())
    for start in range(0, len(items), _AT_ONCE):
        part = dict(items[start : start + _AT_ONCE])
        with store.transaction() as tx:
            before = {
                row["id"]: loads(row["value"])
                for row in tx.rows(
                    "SELECT id, value FROM labels WHERE model = ? AND id IN (SELECT unnest(?))",
                    [model, list(part)],
                )
            }
            fresh = {key: value for key, value in part.items() if before.get(key, _NOTHING) != value}
            turned = [key for key in fresh if key in before]
            same += len(part) - len(fresh)
            new += len(fresh) - len(turned)
            changed += len(turned)
            here = [
                {"id": key, "before": before[key], "now": fresh[key]}
                for key in turned[: _EXAMPLES - len(examples)]
            ]
            examples += here
            if fresh:
                tx.execute(
                    "INSERT OR REPLACE INTO labels (model, id, value, source, recorded_at)"
                    " SELECT ?, unnest(?), unnest(?), ?, ?",
                    [
                        model,
                        list(fresh),
                        [dumps(value) for value in fresh.values()],
                        source,
                        datetime.now(UTC),
                    ],
                )
            if turned or (fresh and tell):
                count = len(fresh) - len(turned)
                words = f"{count:,} label{'' if count == 1 else 's'} came from {source}"
                words += f"; {len(turned):,} replaced another value." if turned else "."
                data = {"new": count, "changed": len(turned), "examples": here}
                record(tx, "labels", model, words, data, actor or None)
    return Kept(len(items), new, changed, same, changed_ids=tuple(str(one["id"]) for one in examples))


def labels_by_id(store: Store, model: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return the labels of these ids, where there are any."""
    found: dict[str, Any] = {}
    for start in range(0, len(ids), 20 * _AT_ONCE):
        rows = store.query(
            "SELECT id, value FROM labels WHERE model = ? AND id IN (SELECT unnest(?))",
            [model, list(ids[start : start + 20 * _AT_ONCE])],
        )
        found |= {row["id"]: loads(row["value"]) for row in rows}
    return found


_NOTHING = object()


def _label(value: Any, task: str) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if task == "regression":
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"{str(value)[:40]!r} is no number")
        try:
            # One word among them makes texts of all numbers of a CSV column.
            number = float(value)
        except ValueError:
            raise ValueError(f"{str(value)[:40]!r} is no number") from None
        if not math.isfinite(number):
            raise ValueError("the label is not finite")
        return number
    if isinstance(value, str | bool | int):
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise ValueError(f"the label has more than {MOST_CHARACTERS:,} characters")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("the label is not finite")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict | list | tuple | set):
        raise ValueError("the label must be a text, a number or a truth value")
    return str(value)
