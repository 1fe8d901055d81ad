"""Rows on which models may be judged side by side: held out from each of them.

A holdout of one model may hold rows that another, trained on other data, learned from: on those the other
would look better than it is. So the rows are told by what stands in them, and every row that one of the
models learned from is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pilothouse.comparing.subjects import Subject
from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, Source, identifier, literal, reading
from pilothouse.data.schema import Column, Schema
from pilothouse.data.typed_reading import relation_sql
from pilothouse.data.versions import dataset_paths, get_dataset_version
from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.store import Store
from pilothouse.workspace import Workspace

Keys = NDArray[np.uint64]
_LEAST = 20
"""Rows below which no comparison of models means anything."""


@dataclass(frozen=True, slots=True)
class Holdout:
    """One subject's holdout: its file, and the schema and files of the dataset version it is a part of."""

    label: str
    path: Path
    dataset: str
    schema: Schema
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SharedRows:
    """The rows that all are judged on.

    Attributes:
        path: the holdout that they are a part of; `whose` has it: the subject's label.
        kept: their positions in it, rising.
        where: which rows they are, in words.
        own: labels of the subjects whose own holdout has these rows in this very order.
    """

    path: Path
    whose: str
    kept: NDArray[np.intp]
    where: str
    own: frozenset[str]


def holdout_of(workspace: Workspace, store: Store, subject: Subject) -> Holdout:
    """Find what a subject was judged on.

    Raises:
        PilothouseError: it kept no holdout, or its dataset version is not known any more.
    """
    run = subject.run
    path = workspace.run_dir(run.run_id) / "artifacts" / "holdout.parquet" if run.run_id else None
    if path is None or not path.is_file():
        raise PilothouseError("It kept no holdout with its predictions.")
    try:
        dataset = get_dataset_version(store, run.dataset_version)
        sources = tuple(dataset_paths(workspace, dataset))
    except (NotFoundError, DataError) as error:
        raise PilothouseError(f"Its data cannot be read any more: {error.what}") from error
    return Holdout(subject.label, path, dataset.version, dataset.schema, sources)


def share_rows(holdouts: Sequence[Holdout]) -> SharedRows:
    """Choose the holdout of which the most rows are new to every one of `holdouts`, and those rows.

    Their order does not matter: of equals, the holdout of the dataset version whose name comes first
    is taken.

    Raises:
        PilothouseError: no holdout has 20 rows that none learned from.
    """
    mine = {one.label: _keys([one.path], one.schema, _features(one.schema, one.path)) for one in holdouts}
    groups: dict[bytes, list[Holdout]] = {}
    for one in holdouts:
        groups.setdefault(one.dataset.encode() + mine[one.label].tobytes(), []).append(one)
    if len(groups) == 1:
        rows = np.arange(len(mine[holdouts[0].label]))
        return SharedRows(holdouts[0].path, holdouts[0].label, rows, "the holdout that they share",
                          frozenset(one.label for one in holdouts))  # fmt: skip
    best: SharedRows | None = None
    for _, group in sorted(groups.items()):
        found = _unseen(group, holdouts)
        if best is None or len(found.kept) > len(best.kept):
            best = found
    assert best is not None
    if len(best.kept) < _LEAST:
        raise PilothouseError(
            "No holdout has rows that none of them learned from.",
            next="Compare models whose holdouts overlap, or train them on the same dataset version.",
        )
    return best


def _unseen(group: Sequence[Holdout], holdouts: Sequence[Holdout]) -> SharedRows:
    """Take the holdout of a group that has the same one, without what any other learned from."""
    first = min(group, key=lambda one: one.label)
    rows = len(_keys([first.path], first.schema, _features(first.schema, first.path)))
    unseen = np.ones(rows, dtype=np.bool_)
    taught: list[str] = []
    own = frozenset(one.label for one in group)
    done: set[tuple[str, bytes]] = set()
    for other in holdouts:
        if other.label in own:
            continue
        there = set(_features(first.schema, first.path))
        names = [name for name in _features(other.schema, other.path) if name in there]
        kept = _keys([other.path], other.schema, names)
        if (other.dataset, kept.tobytes()) in done:
            continue
        done.add((other.dataset, kept.tobytes()))
        learned = np.setdiff1d(_keys(other.sources, other.schema, names), kept)
        seen = np.isin(_keys([first.path], other.schema, names), learned)
        if seen.any():
            taught.append(f"{int(seen.sum()):,} that {other.label} learned from")
        unseen &= ~seen
    where = f"the holdout of {first.label}"
    where += (
        f" ({rows:,} rows) without " + " and ".join(taught) if taught else "; none of them was learned from"
    )
    return SharedRows(first.path, first.label, np.flatnonzero(unseen), where, own)


_PLAIN = {"integer", "number", "boolean", "text", "timestamp", "date"}


def _features(schema: Schema, path: Path) -> list[str]:
    """Return the columns of the schema that the file has and that read the same from any format."""
    with connect() as con, reading(path):
        there = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {_parquet(path)}").fetchall()}
    return [column.name for column in schema.columns if column.type in _PLAIN and column.name in there]


def _keys(sources: Sequence[Source], schema: Schema, names: Sequence[str]) -> Keys:
    """Return a hash of what stands in the named columns of each row, in the order of the rows."""
    columns = [column for name in names if (column := schema.column(name)) is not None]
    if not columns:
        raise PilothouseError("Their data has no column in common.")
    asked = ", ".join(_value(column) for column in columns)
    with connect() as con, reading(*sources):
        if isinstance(sources[0], Path):
            table = _parquet(sources[0])
        else:
            table = relation_sql(con, sources, schema, columns=list(names))
        found: dict[str, Keys] = con.execute(f"SELECT hash({asked}) AS key FROM {table}").fetchnumpy()
    return np.asarray(found["key"], dtype=np.uint64)


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning=false)"


def _value(column: Column) -> str:
    """Return SQL for one value, alike however it was written: what pandas made of a gap is a gap."""
    name = identifier(column.name)
    if column.type in ("integer", "number"):
        number = f"TRY_CAST({name} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} + 0.0 END"
    if column.type == "boolean":
        return f"TRY_CAST({name} AS BOOLEAN)"
    return f"CAST({name} AS VARCHAR)" if column.type == "text" else f"TRY_CAST({name} AS TIMESTAMP)"
