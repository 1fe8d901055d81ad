"""Runs as a table: one row a run, or one row a point of a metric, as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pilothouse.jsontext import dumps
from pilothouse.store import Store
from pilothouse.tracking.exchange.selecting import Keys, read_in_pages, read_keys, read_with_points
from pilothouse.tracking.points import MOST_POINTS, Histories
from pilothouse.tracking.runs import Run
from pilothouse.tracking.spreadsheets import no_formula

ATTRIBUTES = {
    "run_id": "VARCHAR",
    "name": "VARCHAR",
    "status": "VARCHAR",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "model": "VARCHAR",
    "kind": "VARCHAR",
    "recipe": "VARCHAR",
    "command": "VARCHAR",
    "dataset_version": "VARCHAR",
    "exit_code": "INTEGER",
    "reason": "VARCHAR",
    "parent_run_id": "VARCHAR",
}
"""Columns that every run has, with DuckDB's type. Times are UTC."""
POINTS = {
    "run_id": "VARCHAR",
    "key": "VARCHAR",
    "step": "BIGINT",
    "value": "DOUBLE",
    "recorded_at": "TIMESTAMP",
}


class Table:
    """Columns with their types, and rows that are read while they are written."""

    def __init__(self, store: Store, run_ids: Sequence[str], *, history: bool) -> None:
        self._store = store
        self._run_ids = run_ids
        self._keys = Keys((), (), ()) if history else read_keys(store, run_ids)
        self._history = history
        self.columns = dict(POINTS) if history else _columns(self._keys)

    def pages(self) -> Iterator[list[list[Any]]]:
        """Yield rows, of a few hundred runs or a few ten thousand points at a time."""
        for runs in read_in_pages(self._store, self._run_ids):
            if not self._history:
                yield [_row(run, self._keys) for run in runs]
                continue
            rows: list[list[Any]] = []
            for run, metrics in read_with_points(self._store, runs):
                for key, points in metrics:
                    rows += ([run.run_id, key, point.step, point.value, point.at] for point in points)
                    if len(rows) >= MOST_POINTS:
                        yield rows
                        rows = []
            yield rows


def _columns(keys: Keys) -> dict[str, str]:
    """Name the columns; DuckDB takes names that differ in case only for the same, so these get a number."""
    columns = dict(ATTRIBUTES)
    taken = {name.casefold() for name in columns}
    for section, names, kind in (
        ("params", keys.params, "VARCHAR"),
        ("metrics", keys.metrics, "DOUBLE"),
        ("tags", keys.tags, "VARCHAR"),
    ):
        for key in names:
            name, count = f"{section}.{key}", 1
            while name.casefold() in taken:
                count += 1
                name = f"{section}.{key} ({count})"
            taken.add(name.casefold())
            columns[name] = kind
    return columns


def _row(run: Run, keys: Keys) -> list[Any]:
    return [
        *(getattr(run, name) for name in ATTRIBUTES),
        *(run.params.get(key) for key in keys.params),
        *(run.metrics.get(key) for key in keys.metrics),
        *(run.tags.get(key) for key in keys.tags),
    ]


def write_csv(table: Table, file: IO[str]) -> None:
    """Write a table as CSV with a header; what is absent is empty, times are ISO in UTC.

    Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.columns)
    for rows in table.pages():
        writer.writerows([_said(value) for value in row] for row in rows)


def _said(value: Any) -> Any:
    if isinstance(value, str):
        return no_formula(value)
    return value.isoformat() if isinstance(value, datetime) else value


def write_json(store: Store, run_ids: Sequence[str], file: IO[str], *, history: bool) -> None:
    """Write a list of runs as `runs --json` prints them, with metrics' ranges and, if asked, their points."""
    mark = "["
    for runs in read_in_pages(store, run_ids):
        found: Iterable[tuple[Run, Histories]] = ((run, ()) for run in runs)
        for run, metrics in read_with_points(store, runs) if history else found:
            about = {**run.to_json(), "summaries": {key: _summary(run, key) for key in run.summaries}}
            text = dumps(about)
            if not history:
                file.write(f"{mark}\n{text}")
            else:
                file.write(f'{mark}\n{text[:-1]},"history":')
                _write_history(metrics, file)
                file.write("}")
            mark = ","
    file.write("[]\n" if mark == "[" else "\n]\n")


def _write_history(metrics: Histories, file: IO[str]) -> None:
    """Write an object of the metrics' points, one metric after the other: there may be millions of points."""
    mark = "{"
    for key, points in metrics:
        told = [[point.step, point.value, point.at.isoformat()] for point in points]
        file.write(f"{mark}{dumps(key)}:{dumps(told)}")
        mark = ","
    file.write("{}" if mark == "{" else "}")


def _summary(run: Run, key: str) -> dict[str, Any]:
    summary = run.summaries[key]
    return {
        "last": summary.last,
        "min": summary.min,
        "max": summary.max,
        "last_step": summary.last_step,
        "count": summary.count,
    }


def write_parquet(table: Table, path: Path) -> None:
    """Write a table as Parquet; metrics are DOUBLE, times TIMESTAMP in UTC, all else text."""
    from pilothouse.data.engine import connect_alone
    from pilothouse.data.reading import identifier, literal

    con = connect_alone()
    try:
        fields = ", ".join(f"{identifier(name)} {kind}" for name, kind in table.columns.items())
        con.execute(f"CREATE TABLE exported ({fields})")
        marks = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in table.columns.values())
        for rows in table.pages():
            if rows:
                lists = [[_plain(value) for value in column] for column in zip(*rows, strict=True)]
                con.execute(f"INSERT INTO exported SELECT {marks}", lists)
        con.execute(f"COPY exported TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    finally:
        con.close()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
