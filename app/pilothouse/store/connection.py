"""Transactions on the store, each under the workspace's lock.

DuckDB lets one process hold a file, and shuts even readers out meanwhile. So no process of ours keeps it:
each has an in-memory DuckDB, and for one transaction takes the lock, attaches the file, works and detaches.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pilothouse.errors import PilothouseError
from pilothouse.processes import fair_lock, reading_lock
from pilothouse.store.migrations import MIGRATIONS
from pilothouse.workspace import Workspace

SHAPE = len(MIGRATIONS)
PATIENCE = 5.0
"""Seconds to wait for a foreign program that has the file open."""

_ROW_GROUP = 32_768
"""Rows that one thread scans at a time; by DuckDB's default a hundred thousand runs were a single one."""

Row = dict[str, Any]


class RefusedError(PilothouseError):
    """The store works, and refused this statement or what was bound in it."""


class Fetched(NamedTuple):
    """Rows as DuckDB gives them, the names of their columns, and of those that are times."""

    names: tuple[str, ...]
    times: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Transaction:
    """One transaction: everything in it happens, or nothing does."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement whose rows nobody wants."""
        self._run(sql, params)
        # A result that is not drained blocks the connection.
        if self._cursor.description:
            self._cursor.fetchall()

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Return every row as a dict of column to value; times are aware, in UTC."""
        return _as_dicts(self.fetched(sql, params))

    def fetched(self, sql: str, params: Sequence[Any] = ()) -> Fetched:
        """Return every row as DuckDB gives it: times are in UTC without a zone."""
        self._run(sql, params)
        columns = self._cursor.description or ()
        times = tuple(name for name, kind, *_ in columns if str(kind) == "TIMESTAMP")
        return Fetched(tuple(column[0] for column in columns), times, self._cursor.fetchall())

    def _run(self, sql: str, params: Sequence[Any]) -> None:
        self._cursor.execute(sql, [_to_store(value) for value in params])

    def row(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.row(sql, params)
        return next(iter(found.values())) if found else None

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows that all have the keys of the first, in one statement however many they are."""
        if not rows:
            return
        names = list(rows[0])
        columns = ", ".join(f'"{name}"' for name in names)
        # One list a column is a hundred times faster than one statement a row.
        lists = [[_to_store(row[name]) for row in rows] for name in names]
        self._cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {', '.join(['unnest(?)'] * len(names))}", lists
        )
        self._cursor.fetchall()


def _as_dicts(found: Fetched) -> list[Row]:
    rows = [dict(zip(found.names, row, strict=True)) for row in found.rows]
    # Few columns are times, and most of a long list's work would be to look whether a value is one.
    for name in found.times:
        for row in rows:
            row[name] = row[name] and row[name].replace(tzinfo=UTC)
    return rows


def _to_store(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


class Store:
    """The store of one workspace, as this process sees it. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._path = workspace.store_path
        self._lock_path = workspace.state_dir / "store.lock"
        # Of its own in this process, whose database several stores may share.
        self._name = f"store_{next(_numbers)}"
        self._ready = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Read and write. Commits at the end of the block, rolls back if it raises.

        Keep it to milliseconds: everyone else waits.

        Raises:
            PilothouseError: the file is held by another program, damaged, or of a newer version.
        """
        with self._attached() as cursor:
            cursor.execute("BEGIN")
            try:
                yield Transaction(cursor)
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                _rollback(cursor)
                if "read-only mode" in str(error):
                    raise self.workspace.refusal() from None
                raise _in_words(error, self._path) from error
            except BaseException:
                _rollback(cursor)
                raise

    reading = transaction
    """The same transaction; the name says that nothing is written."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Read rows in a transaction of their own."""
        with self.reading() as tx:
            found = tx.fetched(sql, params)
        # What is made of many rows takes longer than to read them, and nobody need wait for that.
        return _as_dicts(found)

    def query_tuples(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows as DuckDB gives them, times in UTC without a zone, in a transaction of their own."""
        with self.reading() as tx:
            return tx.fetched(sql, params).rows

    @property
    def read_only(self) -> bool:
        """Whether this process may only read it; whatever writes then raises."""
        return self.workspace.read_only

    @contextlib.contextmanager
    def at_rest(self) -> Iterator[Path]:
        """Hold everyone off while the store's file lies there whole and closed; yield its path.

        Raises:
            PilothouseError: as for `transaction`.
        """
        # Makes and migrates it, if need be.
        self.query("SELECT 1")
        if self.read_only:
            # Nobody may bring the log beside into the file.
            if self._path.with_name(f"{self._path.name}.wal").exists():
                raise self.workspace.refusal()
            with reading_lock(self._lock_path):
                yield self._path
            return
        with fair_lock(self._lock_path):
            cursor = _database().cursor()
            try:
                self._attach(cursor, self._path)
                try:
                    # What a process that was killed left in the log beside goes into the file.
                    cursor.execute(f"CHECKPOINT {self._name}")
                except duckdb.Error as error:
                    raise _in_words(error, self._path) from error
                finally:
                    self._detach(cursor)
            finally:
                cursor.close()
            yield self._path

    @contextlib.contextmanager
    def _attached(self) -> Iterator[duckdb.DuckDBPyConnection]:
        reading = self.read_only
        if not reading:
            self.workspace.state_dir.mkdir(parents=True, exist_ok=True)
        with reading_lock(self._lock_path) if reading else fair_lock(self._lock_path):
            # A cursor of its own: one connection shared by threads gives wrong rows.
            cursor = _database().cursor()
            try:
                if not self._path.exists():
                    # Somebody may have removed the file that this process knew.
                    self._ready = False
                    self._create(cursor)
                self._attach(cursor, self._path, reading)
                try:
                    cursor.execute(f"USE {self._name}")
                    if not self._ready:
                        self._migrate(cursor, reading)
                        self._ready = True
                    yield cursor
                finally:
                    cursor.execute("USE memory")
                    self._detach(cursor)
            finally:
                cursor.close()

    def _create(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make an empty store beside and rename it: a kill in the middle would leave a file that is none."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
            leftover.unlink(missing_ok=True)
        self._attach(cursor, fresh)
        self._detach(cursor)
        fresh.replace(self._path)

    def _attach(self, cursor: duckdb.DuckDBPyConnection, file: Path, reading: bool = False) -> None:
        how = "READ_ONLY" if reading else f"ROW_GROUP_SIZE {_ROW_GROUP}"
        path = str(file).replace("'", "''")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                cursor.execute(f"ATTACH '{path}' AS {self._name} ({how})")
                return
            except duckdb.Error as error:
                # Only a lock is waited for: the damage of a block, say, does not go away.
                if not _is_held(str(error).lower()) or time.monotonic() > deadline:
                    raise _in_words(error, file) from error
                time.sleep(0.05)

    def _detach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        try:
            cursor.execute(f"DETACH {self._name}")
        except duckdb.Error:
            # A fatal error (a full disk) invalidates the attached file; the next attach starts afresh.
            with contextlib.suppress(duckdb.Error):
                cursor.execute(f"DETACH DATABASE IF EXISTS {self._name}")

    def _migrate(self, cursor: duckdb.DuckDBPyConnection, reading: bool) -> None:
        tables = cursor.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'meta'",
            [self._name],
        ).fetchall()
        shape = 0
        if tables[0][0]:
            found = cursor.execute("SELECT value FROM meta WHERE key = 'shape'").fetchall()
            shape = int(found[0][0])
        if shape > SHAPE:
            raise PilothouseError(
                f"{self._path} was written by a newer Pilothouse (shape {shape}; this one knows {SHAPE}).",
                untouched="Nothing in it was changed.",
                next="Update Pilothouse, or restore a backup made before the update.",
            )
        if shape == SHAPE:
            return
        if reading:
            raise PilothouseError(
                f"{self._path} was written by an older Pilothouse (shape {shape}; this one knows {SHAPE}),"
                " and is read-only for you, so that it cannot be brought up to date.",
                untouched="Nothing in it was changed.",
                next="Look at a copy that you may write: `cp -r FOLDER COPY && chmod -R u+w COPY`.",
            )
        if shape:
            cursor.execute(f"CHECKPOINT {self._name}")
            shutil.copy2(self._path, self._path.with_name(f"store.shape{shape}.backup.duckdb"))
        for number, (_, sql) in enumerate(MIGRATIONS[shape:], shape + 1):
            cursor.execute("BEGIN")
            try:
                cursor.execute(sql)
                cursor.execute("INSERT OR REPLACE INTO meta VALUES ('shape', ?)", [str(number)])
                cursor.execute("COMMIT")
            except BaseException:
                _rollback(cursor)
                raise


def _rollback(cursor: duckdb.DuckDBPyConnection) -> None:
    # After some errors DuckDB has ended the transaction itself; then there is nothing to roll back.
    with contextlib.suppress(duckdb.Error):
        cursor.execute("ROLLBACK")


def _is_held(low: str) -> bool:
    """Whether an error, in small letters, says that another program holds the file."""
    return bool(re.search(r"\block\b", low)) and ("pid" in low or "conflicting" in low)


def _in_words(error: duckdb.Error, path: Path) -> PilothouseError:
    text = str(error)
    low = text.lower()
    if _is_held(low):
        holder = text[text.find("PID") :].split(")")[0] if "PID" in text else "another program"
        return PilothouseError(
            f"The store is held by another program ({holder}).",
            untouched="Nothing was changed.",
            next="Close it there and try again.",
        )
    if "no space left" in low or ("disk" in low and "full" in low):
        return PilothouseError(
            f"The disk is full: {path} could not be written.",
            untouched="The change was rolled back; what was stored before is intact.",
            next="Free some space and try again.",
        )
    broken = duckdb.IOException | duckdb.SerializationException | duckdb.FatalException
    if isinstance(error, broken) or "corrupt database" in low:
        return PilothouseError(
            f"{path} cannot be opened: {text.splitlines()[0][:300]}",
            untouched="It was not changed.",
            next="If it is damaged, restore a backup; runs and bundles in the workspace are separate files.",
        )
    return RefusedError(
        f"The store refused a statement: {text[:500]}", untouched="The change was rolled back."
    )


_numbers = itertools.count(1)
_databases: dict[int, duckdb.DuckDBPyConnection] = {}
_stores: dict[Path, Store] = {}
_stores_guard = threading.Lock()


def _database() -> duckdb.DuckDBPyConnection:
    """This process's in-memory database, to which every store attaches its file; to open one takes 15 ms.

    A process that was forked has not the threads of its parent's, and needs its own.
    """
    with _stores_guard:
        if os.getpid() not in _databases:
            database = duckdb.connect(
                ":memory:",
                config={
                    # Every other extension would be fetched from the network.
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    # With as many as a small machine has cores, one of them was often left idle.
                    "threads": "3",
                    # Every transaction reads its blocks anew: into memory that it had before.
                    "block_allocator_memory": "128MB",
                    # Of so many rows the first are found by what they are ordered by alone.
                    "late_materialization_max_rows": "1000",
                },
            )
            database.execute("SET GLOBAL TimeZone = 'UTC'")
            _databases[os.getpid()] = database
        return _databases[os.getpid()]


def open_store(workspace: Workspace) -> Store:
    """Return this process's store of the workspace. Nothing is opened until its first transaction."""
    with _stores_guard:
        key = workspace.store_path.absolute()
        if key not in _stores:
            _stores[key] = Store(workspace)
        return _stores[key]


def known_stores() -> list[Store]:
    """Return the stores that this process has opened."""
    with _stores_guard:
        return list(_stores.values())


def forget_stores() -> None:
    """Let go of every store of this process."""
    with _stores_guard:
        _stores.clear()
