"""From what the user names, a path or URI, to the store that lies there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from pilothouse.errors import NotFoundError, UsageError
from pilothouse.tracking.exchange.mlflow_folder import FolderSource, is_runs_folder
from pilothouse.tracking.exchange.mlflow_sqlite import SqliteSource
from pilothouse.tracking.exchange.source import Source

_MAGIC = b"SQLite format 3\0"


def open_source(named: str) -> Source:
    """Open an MLflow store for reading.

    Args:
        named: a SQLite file, a folder `mlruns/`, a folder that holds either, or the URI of one.

    Raises:
        NotFoundError: there is nothing there.
        UsageError: it is no store that can be read offline.
    """
    path = _path(named)
    if not path.exists():
        raise NotFoundError(
            f"There is nothing at {path}.", next="Name MLflow's mlflow.db or its folder mlruns."
        )
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
        if start != _MAGIC:
            raise UsageError(
                f"{path} is no SQLite file.", next="Name MLflow's mlflow.db or its folder mlruns."
            )
        return SqliteSource(path)
    if is_runs_folder(path):
        return FolderSource(path)
    for inner in (path / "mlflow.db", path / "mlruns"):
        if inner.is_file() or (inner.is_dir() and is_runs_folder(inner)):
            return open_source(str(inner))
    raise UsageError(
        f"{path} holds no MLflow runs: no mlflow.db, and no folder with a meta.yaml.",
        next="Name MLflow's mlflow.db or its folder mlruns.",
    )


def _path(named: str) -> Path:
    scheme, mark, rest = named.partition(":")
    if not mark or len(scheme) < 2 or "/" in scheme or Path(named).exists():
        return Path(named)
    if scheme == "sqlite":
        # Three slashes are a relative path, four an absolute one.
        return Path(unquote(rest.removeprefix("///").partition("?")[0]))
    if scheme == "file":
        return Path(url2pathname(urlsplit(named).path))
    raise UsageError(
        f"{named[:120]!r} is not on this machine, and nothing here talks to the network.",
        next="Copy the store here (MLflow's SQLite file or its folder mlruns) and import the copy.",
    )
