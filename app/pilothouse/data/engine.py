"""Connections to an in-memory DuckDB for computing: bounded memory, UTC, nothing from the network.

To open a DuckDB takes fifteen milliseconds, as long as to measure a small file, and a connection to one that
is open takes a hundredth of one. So those that only read share one database of the process.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

import duckdb

_engines: dict[int, duckdb.DuckDBPyConnection] = {}
"""By process: one that was forked cannot use its parent's, whose threads it does not have."""
_SPILL = re.compile(r"pilothouse-(\d{1,9})-[0-9a-f]{8}")
_guard = threading.Lock()
_open: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()


def connect() -> duckdb.DuckDBPyConnection:
    """Open a connection to this process's database: for queries, registered frames, TEMP tables and views.

    What changes the settings of a database, or makes what is not TEMP, needs `connect_alone`.
    """
    with _guard:
        engine = _engines.get(os.getpid())
        if engine is not None:
            try:
                return _in_utc(engine.cursor())
            except duckdb.Error:
                # A fatal error has left it of no use; whoever had that error has been told.
                pass
        remove_left_spill()
        _engines[os.getpid()] = engine = connect_alone()
        return _in_utc(engine.cursor())


def connect_alone() -> duckdb.DuckDBPyConnection:
    """Open a database that nobody else is connected to."""
    spill = Path(tempfile.gettempdir()) / f"pilothouse-{os.getpid()}-{secrets.token_hex(4)}"
    return _in_utc(
        duckdb.connect(
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "memory_limit": "700MB",
                "temp_directory": str(spill),
                # A database that lives for long would fill its memory with files that are read once.
                "enable_external_file_cache": False,
            }
        )
    )


def remove_left_spill(folder: Path | None = None) -> None:
    """Remove what queries of this user's processes had put on disk when they were killed: gigabytes, perhaps.

    Args:
        folder: where to look; by default the folder for temporary files.
    """
    with contextlib.suppress(OSError), os.scandir(folder or tempfile.gettempdir()) as found:
        for one in found:
            spill = _SPILL.fullmatch(one.name)
            if spill is None or not one.is_dir(follow_symlinks=False):
                continue
            import psutil

            # Where there are no users (Windows), the folder for temporary files is one's own.
            mine = one.stat(follow_symlinks=False).st_uid == getattr(os, "getuid", lambda: 0)()
            if mine and not psutil.pid_exists(int(spill[1])):
                shutil.rmtree(one.path, ignore_errors=True)


def _in_utc(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    con.execute("SET TimeZone = 'UTC'")
    _open.add(con)
    return con


def interrupt_all() -> None:
    """End every query of this process that runs: for Ctrl-C, which DuckDB alone does not always obey."""
    for con in list(_open):
        with contextlib.suppress(duckdb.Error):  # It may have been closed.
            con.interrupt()
