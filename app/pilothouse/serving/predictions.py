"""The prediction log: every answer, as JSON lines in segments, readable while the server writes.

One line a row: `{id, time, model, version, features, output, latency_ms, computed}`; `computed` is what
feature views made of the features, where there are any. `id` is the request's id, with
`/n` behind it for the n-th row of several. A batch is one write before its answers are sent, so an answer
that somebody has is in the log, whatever kills the server.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import loads
from pilothouse.workspace import Workspace

SEGMENT_BYTES = 32 * 1024 * 1024


class LogFullError(PilothouseError):
    """The log cannot be written; the answers it was for must not be given."""


class PredictionLog:
    """Appends to the newest segment. Use it from one thread."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._limit = segment_bytes
        self._handle: int | None = None
        self._size = 0

    def append(self, lines: bytes) -> None:
        """Add whole lines in one write, or none of them.

        Raises:
            LogFullError: the disk is full or the folder cannot be written.
        """
        try:
            if self._handle is None or self._size >= self._limit:
                self._open()
            assert self._handle is not None
            written = os.write(self._handle, lines)
            if written != len(lines):
                raise OSError(28, os.strerror(28))
        except OSError as error:
            self._forget_part()
            raise LogFullError(
                f"The prediction log cannot be written ({error.strerror}).",
                untouched="No answer is given that is not in the log.",
                next="Free some disk space; the server goes on by itself then.",
            ) from error
        self._size += written

    def close(self) -> None:
        """Close the segment; the next `append` starts another."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        # A segment of its own for every server, so a line torn by a crash is always the last of its file.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._handle = os.open(self._folder / f"{now}-{os.getpid()}.jsonl", flags, 0o600)
        self._size = 0

    def _forget_part(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)


def predictions_folder(workspace: Workspace) -> Path:
    """Where the segments lie; their names sort by time."""
    return workspace.serving_dir / "predictions"


def read_predictions(
    workspace: Workspace,
    limit: int = 100,
    *,
    model: str | None = None,
    version: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return logged predictions, newest first, as dicts of the fields of a line; `time` is aware, in UTC."""
    sql = (
        "SELECT id, time, model, version, features, output, latency_ms, computed FROM log"
        " WHERE (? IS NULL OR model = ?) AND (? IS NULL OR version = ?)"
        " AND (? IS NULL OR time >= ?) AND (? IS NULL OR time < ?) ORDER BY time DESC, id LIMIT ?"
    )
    start, stop = _plain(since), _plain(until)
    params = [model, model, version, version, start, start, stop, stop, limit]
    return [
        {
            **row,
            "time": row["time"].replace(tzinfo=UTC),
            "features": loads(row["features"]),
            "output": loads(row["output"]),
            "computed": loads(row["computed"]) or {},
        }
        for row in query_log(workspace, sql, params, since)
    ]


def query_log(
    workspace: Workspace, sql: str, params: list[Any], since: datetime | None = None
) -> list[dict[str, Any]]:
    """Run SQL over the view `log`, which has the fields of a line; times come without a zone, in UTC.

    Raises:
        PilothouseError: the log cannot be read.
    """
    paths = [str(path) for path in _segments(predictions_folder(workspace), since)]
    if not paths:
        return []
    # Only those who read the log need DuckDB; the server, which writes it, does not.
    import duckdb

    from pilothouse.data.engine import connect

    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    con = connect()
    try:
        # The server may be in the middle of its last line: a line that is not JSON is not there yet.
        con.execute(
            "CREATE TEMP VIEW log AS SELECT * FROM read_json(["
            + quoted
            + "], format = 'newline_delimited', ignore_errors = true, maximum_object_size = 67108864,"
            " columns = {id: 'VARCHAR', time: 'TIMESTAMP', model: 'VARCHAR', version: 'INTEGER',"
            " features: 'JSON', output: 'JSON', latency_ms: 'DOUBLE',"
            " computed: 'JSON'})"
            " WHERE id IS NOT NULL AND time IS NOT NULL"
        )
        con.execute(sql, params)
        names = [column[0] for column in con.description or ()]
        return [dict(zip(names, row, strict=True)) for row in con.fetchall()]
    except duckdb.Error as error:
        raise PilothouseError(f"The prediction log cannot be read: {str(error)[:200]}.") from error
    finally:
        con.close()


def _segments(folder: Path, since: datetime | None) -> Iterator[Path]:
    for path in sorted(folder.glob("*.jsonl")):
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            if about.st_size and (since is None or about.st_mtime >= since.timestamp() - 1):
                yield path


def _plain(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at is not None and at.tzinfo is not None else at
