"""Reading MLflow's SQLite store, whatever version wrote it, with the standard library."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.tracking.exchange.source import (
    EXPORTED_TAG,
    Dataset,
    Listed,
    Point,
    SourceRun,
    Unreadable,
)

MOST_POINTS = 200_000
"""So many points of metrics are held in memory at once."""

_LARGEST = 1.7976931348623157e308
_POINT = ("key", "run_uuid", "step", "value", "timestamp", "is_nan")
_TABLES = ("experiments", "runs", "params", "tags", "metrics")
_DATASETS = (
    "SELECT destination_id, datasets.name, digest, input_tags.value FROM inputs"
    " JOIN datasets ON dataset_uuid = source_id LEFT JOIN input_tags"
    " ON input_tags.input_uuid = inputs.input_uuid AND input_tags.name = 'mlflow.data.context'"
    " WHERE source_type = 'DATASET' AND destination_type = 'RUN' AND destination_id IN"
)


class SqliteSource:
    """An MLflow store in a SQLite file. It is opened read-only, and never for longer than one batch."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self.label = f"MLflow's {path.name}"
        self.folder = self._path.parent
        self.deleted = 0
        with self._opened() as con:
            names = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            missing = [name for name in _TABLES if name not in names]
            if missing:
                raise PilothouseError(
                    f"{path} is a SQLite file, but not an MLflow store: it has no table {missing[0]!r}.",
                    untouched="Nothing was imported.",
                )
            # Older stores have fewer tables and columns.
            self._has_datasets = {"datasets", "inputs", "input_tags"} <= names
            self._columns = {
                table: {row[1] for row in con.execute(f"PRAGMA table_info({table})")}
                for table in (*_TABLES, "latest_metrics")
            }

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        con = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=30.0)
        # Text that is no UTF-8 is shown as such instead of ending the import.
        con.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            yield con
        except sqlite3.Error as error:
            raise PilothouseError(
                f"{self._path} cannot be read: {error}.",
                untouched="It was not changed; runs that were imported before stay.",
                next="If a server writes to it, stop the server or import a copy.",
            ) from None
        finally:
            con.close()

    def listed(self) -> Sequence[Listed | Unreadable]:
        """Return every run that is not deleted there."""
        with self._opened() as con:
            self.deleted = con.execute(
                "SELECT count(*) FROM runs WHERE lifecycle_stage = 'deleted'"
            ).fetchone()[0]
            exported = dict(con.execute("SELECT run_uuid, value FROM tags WHERE key = ?", [EXPORTED_TAG]))
            rows = con.execute(
                "SELECT run_uuid, runs.status, experiments.name, artifact_uri, start_time FROM runs"
                " LEFT JOIN experiments USING (experiment_id)"
                " WHERE coalesce(runs.lifecycle_stage, 'active') <> 'deleted' ORDER BY start_time, run_uuid"
            )
            return [
                Listed(
                    source_id=str(run_id),
                    status=_text(status),
                    experiment=_text(experiment),
                    artifact_uri=_text(uri),
                    exported_id=_text(exported.get(run_id)),
                    started=_time(began),
                )
                for run_id, status, experiment, uri, began in rows
            ]

    def read(self, runs: Sequence[Listed]) -> Iterator[SourceRun | Unreadable]:
        """Read the contents of some runs: a handful of statements, and their points piece by piece."""
        ids = [run.source_id for run in runs]
        marks = ", ".join("?" * len(ids))
        name = "name" if "name" in self._columns["runs"] else "NULL"
        where = f"WHERE run_uuid IN ({marks})"
        with self._opened() as con:
            heads = {
                str(row[0]): row
                for row in con.execute(
                    f"SELECT run_uuid, {name}, status, start_time, end_time, artifact_uri FROM runs {where}",
                    ids,
                )
            }
            params = _grouped(con.execute(f"SELECT run_uuid, key, value FROM params {where}", ids))
            tags = _grouped(con.execute(f"SELECT run_uuid, key, value FROM tags {where}", ids))
            users = {}
            if "user_id" in self._columns["runs"]:
                users = dict(con.execute(f"SELECT run_uuid, user_id FROM runs {where}", ids))
            datasets = _grouped(con.execute(f"{_DATASETS} ({marks})", ids)) if self._has_datasets else {}
            counts = dict(
                con.execute(f"SELECT run_uuid, count(*) FROM metrics {where} GROUP BY run_uuid", ids)
            )
            for some in _pieces(runs, counts):
                points = self._points(con, [run.source_id for run in some])
                for run in some:
                    if (head := heads.get(run.source_id)) is None:
                        yield Unreadable(run.source_id, "it was removed meanwhile")
                        continue
                    try:
                        yield SourceRun(
                            source_id=run.source_id,
                            name=_text(head[1]),
                            status=_text(head[2]),
                            started=_whole(head[3]),
                            ended=_whole(head[4]),
                            experiment=run.experiment,
                            artifact_uri=_text(head[5]),
                            params={_text(key): _text(value) for key, value in params.get(run.source_id, ())},
                            tags={_text(key): _text(value) for key, value in tags.get(run.source_id, ())},
                            points=[_point(*row) for row in points.get(run.source_id, ())],
                            user=_text(users.get(run.source_id)),
                            datasets=[Dataset(*map(_text, row)) for row in datasets.get(run.source_id, ())],
                        )
                    except (TypeError, ValueError, OverflowError) as error:
                        yield Unreadable(run.source_id, f"it holds a value of the wrong kind: {error}")

    def _points(self, con: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
        columns = self._columns["metrics"]
        is_nan = "metrics.is_nan" if "is_nan" in columns else "0"
        step = "metrics.step" if "step" in columns else "0"
        # Of equal steps MLflow takes the latest, and of those the greatest; what it took has a table of its
        # own, which goes before, since another program may have written the store.
        join, chosen = "", "NULL"
        if columns & self._columns["latest_metrics"] >= set(_POINT):
            equal = " AND ".join(f"latest.{name} = metrics.{name}" for name in _POINT)
            join, chosen = f"LEFT JOIN latest_metrics AS latest ON {equal}", "latest.key IS NOT NULL"
        return _grouped(
            con.execute(
                f"SELECT metrics.run_uuid, metrics.key, {step}, metrics.value, {is_nan}, metrics.timestamp"
                f" FROM metrics {join} WHERE metrics.run_uuid IN ({', '.join('?' * len(ids))})"
                f" ORDER BY {chosen}, metrics.timestamp, metrics.value",
                ids,
            )
        )

    def artifact_folders(self, source_id: str) -> Iterable[Path]:
        """Return where MLflow puts artifacts beside its file when nothing else was asked for."""
        return ()


def _pieces(runs: Sequence[Listed], counts: Mapping[str, int]) -> Iterator[list[Listed]]:
    """Cut runs into pieces of so few points that a piece fits into memory; one run is never cut."""
    piece: list[Listed] = []
    points = 0
    for run in runs:
        more = counts.get(run.source_id, 0)
        if piece and points + more > MOST_POINTS:
            yield piece
            piece, points = [], 0
        piece.append(run)
        points += more
    if piece:
        yield piece


def _grouped(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault(str(row[0]), []).append(row[1:])
    return groups


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _time(value: Any) -> int | None:
    """What is no time is told when the run is read."""
    return value if isinstance(value, int) else None


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _point(key: Any, step: Any, value: Any, is_nan: Any, timestamp: Any) -> Point:
    number = float("nan") if is_nan else float(value)
    # SQLite has no infinity: MLflow writes the largest number instead.
    if abs(number) >= _LARGEST:
        number = float("inf") if number > 0 else float("-inf")
    return _text(key), int(step or 0), number, int(timestamp or 0)
