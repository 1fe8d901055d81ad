"""The ids of files that landed, as sorted numbers of 64 bits: so that a row that comes again is told.

They are written once for the bytes of a file, and may be lost: then they are made again. Two ids have one
number by chance once in 2^64 pairs. What is looked at is bounded: the newest `MOST_FILES` files, and of those
whose numbers are still to be made `MOST_BYTES` in all.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pilothouse.data.engine import connect
from pilothouse.data.reading import DataError, DataFile, identifier, literal, reading
from pilothouse.data.row_ids import ids_sql
from pilothouse.workspace import Workspace

MOST_FILES = 200
MOST_BYTES = 200_000_000
_KEPT = 1000
"""Files of numbers that are kept; beyond them the oldest go."""
_FOLDER = ".ids"


@dataclass(frozen=True, slots=True)
class Again:
    """Of `ids` ids of a file `known` lie in other files, too: how many in which, the most first."""

    ids: int
    known: int
    files: tuple[tuple[str, int], ...]


def repeated_ids(
    workspace: Workspace, name: str, file: tuple[DataFile, str], others: Sequence[tuple[DataFile, str]]
) -> Again | None:
    """Say which ids of a file lie in others; None where none does, or the file has no such column.

    Args:
        workspace: where numbers are kept.
        name: the column of the id.
        file: the file with the sha256 of its bytes.
        others: the same of those to look in, the newest first.

    Raises:
        DataError: the file itself cannot be read.
    """
    with connect() as con:
        mine = _numbers(con, workspace, name, *file)
        if mine is None:
            return None
        left = MOST_BYTES
        there: dict[str, str] = {}
        for other, sha256 in others[:MOST_FILES]:
            numbers: Path | None = _path(workspace, name, sha256)
            if numbers is not None and not numbers.exists():
                left -= other.path.stat().st_size if other.path.is_file() else 0
                if left < 0:
                    continue
                try:
                    numbers = _numbers(con, workspace, name, other, sha256)
                except DataError:
                    # What is wrong with another file is told of that file.
                    continue
            if numbers is not None:
                there[str(numbers)] = other.name
        if not there:
            return None
        listed = ", ".join(literal(path) for path in there)
        try:
            rows = con.execute(
                "SELECT filename, count(DISTINCT number) FROM"
                f" read_parquet([{listed}], filename = true, hive_partitioning = false)"
                f" SEMI JOIN (SELECT number FROM read_parquet({literal(str(mine))})) AS mine USING (number)"
                " GROUP BY GROUPING SETS ((filename), ())"
            ).fetchall()
            (ids,) = con.execute(f"SELECT count(*) FROM read_parquet({literal(str(mine))})").fetchall()[0]
        except duckdb.Error:
            # Numbers that are damaged are no loss: they are made again the next time.
            for each in (mine, *map(Path, there)):
                each.unlink(missing_ok=True)
            return None
    known = next((int(count) for path, count in rows if path is None), 0)
    files = [(there[path], int(count)) for path, count in rows if path is not None]
    return Again(int(ids), known, tuple(sorted(files, key=lambda one: (-one[1], one[0])))) if known else None


def _numbers(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, name: str, file: DataFile, sha256: str
) -> Path | None:
    """Return where the numbers of a file's ids are, written now unless they were; None without a column."""
    path = _path(workspace, name, sha256)
    if path.exists():
        return path
    with reading(file):
        ids = ids_sql(con, file, name)
        if ids is None:
            return None
        con.execute(
            "CREATE OR REPLACE TEMP TABLE numbers AS SELECT DISTINCT md5_number_lower(id) AS number"
            f" FROM {ids} WHERE id IS NOT NULL"
        )
    part = path.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        con.execute(f"COPY (FROM numbers ORDER BY number) TO {literal(str(part))} (FORMAT parquet)")
        part.replace(path)
        _make_room(path.parent)
    except (OSError, duckdb.IOException):
        # A disk that is full costs this warning, and not the verdict.
        return None
    finally:
        con.execute("DROP TABLE numbers")
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def _path(workspace: Workspace, name: str, sha256: str) -> Path:
    import hashlib

    column = hashlib.sha256(identifier(name).encode()).hexdigest()[:8]
    return workspace.state_dir / _FOLDER / f"{sha256}-{column}.parquet"


def _make_room(folder: Path) -> None:
    kept = list(folder.glob("*.parquet"))
    if len(kept) <= _KEPT:
        return
    with contextlib.suppress(OSError):
        for path in sorted(kept, key=lambda one: one.stat().st_mtime_ns)[: len(kept) - _KEPT]:
            path.unlink(missing_ok=True)
