"""Files with the very bytes of another in the same folder: which is the original, and which are copies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.data.keeping import fingerprint
from pilothouse.data.reading import DataError, data_files
from pilothouse.store import Store

TOGETHER = 60 * 10**9
"""Nanoseconds: files written within a minute were copied as a folder, and their times say little."""

_Age = tuple[datetime, bool, int, int, str]


def original_of(store: Store, model: str, path: Path, sha256: str) -> str:
    """Return the name of the file in the same folder that this one is a copy of; empty if of none.

    One that is gone is no original: then this one was renamed.

    Args:
        store: knows what landed when.
        model: whose folder it is.
        path: a file.
        sha256: of its bytes.
    """
    alike = [path, *_twins(path, sha256)]
    if len(alike) == 1:
        return ""
    first = min(alike, key=ages(store, model, sha256, alike).__getitem__)
    return "" if first == path else first.name


def ages(store: Store, model: str, sha256: str, paths: Iterable[Path]) -> dict[Path, _Age]:
    """Return what orders files of the same bytes, the original first: when they landed, else when they were
    written, else how long their names are. Of files written together, `x-copy.csv` is a copy of `x.csv`.
    """
    paths = list(paths)
    rows = store.query(
        "SELECT name, min(recorded_at) AS landed_at FROM ("
        "SELECT name, recorded_at FROM arrivals WHERE model = ? AND sha256 = ? AND status <> 'copy' "
        "UNION ALL "
        "SELECT name, created_at FROM dataset_files JOIN dataset_versions USING (version) "
        "WHERE model = ? AND sha256 = ?) GROUP BY name",
        [model, sha256, model, sha256],
    )
    landed = {row["name"]: row["landed_at"].replace(tzinfo=UTC) for row in rows}
    never = datetime.max.replace(tzinfo=UTC)
    times = {path: _written(path) for path in paths}
    together = max(times.values()) - min(times.values()) <= TOGETHER
    stems = [path.name.split(".")[0] for path in paths]
    return {
        path: (
            landed.get(path.name, never),
            together and any(one in stem and one != stem for one in stems),
            times[path],
            len(path.name),
            path.name,
        )
        for path, stem in zip(paths, stems, strict=True)
    }


def _twins(path: Path, sha256: str) -> list[Path]:
    try:
        size = path.stat().st_size
        if not size:
            return []
        return [
            other
            for other in data_files(path.parent)
            if other.name != path.name and other.stat().st_size == size and fingerprint(other) == sha256
        ]
    except (OSError, DataError):
        return []  # One is being written or went away: it is looked at in its turn.


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
