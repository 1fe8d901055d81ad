"""What lies in a workspace and nothing needs: found, shown, and removed only when somebody says so.

Nothing young is touched, since whoever is just making it may not have written the row that refers to it. What
is to go is looked at again under the store's lock, renamed into the trash there, and removed after.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pilothouse.data.keeping import forget, last_kept
from pilothouse.processes import is_alive
from pilothouse.registry.generation import alive_path
from pilothouse.serving.predictions import predictions_folder
from pilothouse.store import Store, Transaction, open_store, record
from pilothouse.tracking.exchange.staging import STAGING_PREFIX
from pilothouse.tracking.folding import fold
from pilothouse.tracking.trash import PURGED_PREFIX
from pilothouse.workspace import Workspace

GRACE = 3600.0
"""Seconds that a thing must have been left alone."""
TRASH_NAME = "trash"

_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_OBJECT = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"v([0-9]{1,9})", re.ASCII)
# What tempfile makes beside the thing that is being written.
_STAGED = re.compile(r"\..+\.[a-z0-9_]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file or folder that nothing needs.

    Attributes:
        kind: object, temporary, bundle, run, predictions or old store.
        path: relative to the workspace.
        bytes: what removing it frees.
        why: one sentence.
    """

    kind: str
    path: str
    bytes: int
    why: str


def find_leftovers(
    workspace: Workspace,
    *,
    grace: float = GRACE,
    predictions_days: float | None = None,
    old_stores: bool = False,
) -> list[Leftover]:
    """Look for what nothing needs; nothing is changed.

    Args:
        workspace: where to look.
        grace: seconds that a thing must have been left alone.
        predictions_days: also segments of the prediction log that are older than so many days.
        old_stores: also copies of the store that were made before its shape changed.
    """
    store = open_store(workspace)
    # Runs that have just ended get their rows, and what these refer to is needed.
    fold(store)
    before = time.time() - grace
    found = [
        *_runs(workspace, store, before),
        *_bundles(workspace, store, before),
        *_temporary(workspace, before),
        *_objects(workspace, store, before),
    ]
    if predictions_days is not None:
        found += _predictions(workspace, time.time() - predictions_days * 86400)
    if old_stores:
        found += [
            _leftover(workspace, "old store", path, "the store as it was before its shape changed")
            for path in sorted(workspace.state_dir.glob("store.shape*.backup.duckdb"))
        ]
    return found


def remove_leftovers(
    workspace: Workspace, found: Sequence[Leftover], *, grace: float = GRACE, actor: str | None = None
) -> list[Leftover]:
    """Remove what was found and is still not needed; return what went, with one event for all of it.

    A file that cannot be moved (on Windows: one that is open) stays for the next time.
    """
    store = open_store(workspace)
    before = time.time() - grace
    trash = workspace.state_dir / TRASH_NAME / f"{time.time_ns()}"
    gone: list[Leftover] = []
    with store.transaction() as tx:
        needed = _still_needed(tx, workspace)
        for number, one in enumerate(found):
            path = workspace.root / one.path
            if needed(one, path) or (one.kind in _AGED and _touched(workspace, path) > before):
                continue
            trash.mkdir(parents=True, exist_ok=True)
            moved = trash / str(number)
            with suppress(OSError):
                path.rename(moved)
                if one.kind == "object":
                    # Whoever keeps the same bytes meanwhile touched it before, or finds that it is gone.
                    if max(moved.lstat().st_mtime, last_kept(workspace, path.name)) > before:
                        moved.replace(path)
                        continue
                    forget(workspace, path.name)
                gone.append(one)
        if gone:
            freed = sum(one.bytes for one in gone)
            words = f"Removed {len(gone)} leftovers, {freed / 1e6:,.1f} MB."
            data = {"bytes": freed, "leftovers": [[one.kind, one.path, one.bytes] for one in gone]}
            record(tx, "gc", "workspace", words, data, actor)
    shutil.rmtree(workspace.state_dir / TRASH_NAME, ignore_errors=True)
    return gone


_AGED = ("object", "run", "bundle")


def _still_needed(tx: Transaction, workspace: Workspace) -> Callable[[Leftover, Path], bool]:
    objects = _known_objects(tx)
    markers = _markers(workspace)
    runs = {row["run_id"] for row in tx.rows("SELECT run_id FROM runs")}
    versions = _known_versions(tx)

    def needed(one: Leftover, path: Path) -> bool:
        if one.kind == "object":
            return path.name in objects
        if one.kind == "run":
            return path.name in runs or path.name in markers
        if one.kind == "bundle":
            return (path.parent.name, path.name) in versions
        return False

    return needed


def _markers(workspace: Workspace) -> set[str]:
    with suppress(FileNotFoundError):
        return {path.name for path in workspace.active_dir.iterdir()}
    return set()


def _known_versions(tx: Transaction) -> set[tuple[str, str]]:
    return {
        (row["model"], f"v{row['version']}") for row in tx.rows("SELECT model, version FROM model_versions")
    }


def _known_objects(tx: Transaction) -> set[str]:
    """Return every hash that a row names: files of dataset versions and arrivals, tags and params."""
    rows = tx.rows(
        "SELECT sha256 AS name FROM dataset_files UNION SELECT sha256 FROM arrivals"
        " UNION SELECT value FROM tags WHERE length(value) = 64"
        " UNION SELECT value FROM params WHERE length(value) = 64"
    )
    return {row["name"] for row in rows}


def _runs(workspace: Workspace, store: Store, before: float) -> Iterator[Leftover]:
    folders = _inside(workspace.runs_dir)
    # Markers before rows: a run's marker goes only when its row is there.
    markers = _markers(workspace)
    known = {row["run_id"] for row in store.query("SELECT run_id FROM runs")}
    for path in folders:
        name = path.name
        if name.startswith(PURGED_PREFIX):
            yield _leftover(workspace, "temporary", path, "its run was purged")
        elif name.startswith(STAGING_PREFIX):
            if _newest(path) <= before:
                yield _leftover(workspace, "temporary", path, "left of an import that did not end")
        elif name not in known and name not in markers and _newest(path) <= before:
            yield _leftover(workspace, "run", path, "no run is known by this id")


def _bundles(workspace: Workspace, store: Store, before: float) -> Iterator[Leftover]:
    with store.reading() as tx:
        known = _known_versions(tx)
    for model in _inside(workspace.models_dir):
        for path in _inside(model):
            if _newest(path) > before:
                continue
            if _VERSION.fullmatch(path.name):
                if (model.name, path.name) not in known:
                    yield _leftover(workspace, "bundle", path, "its registration did not end")
            elif _STAGED.fullmatch(path.name):
                yield _leftover(workspace, "temporary", path, "left of a registration that did not end")


def _temporary(workspace: Workspace, before: float) -> Iterator[Leftover]:
    state = workspace.state_dir
    places = [state, workspace.objects_dir, workspace.serving_dir, workspace.watch_dir]
    for path in (path for place in places for path in _inside(place)):
        half = path.name.startswith(".") and path.name.endswith(".tmp")
        if (half or path.name.startswith("store.duckdb.new")) and _newest(path) <= before:
            yield _leftover(workspace, "temporary", path, "left of a write that did not end")
    if (state / TRASH_NAME).is_dir():
        yield _leftover(workspace, "temporary", state / TRASH_NAME, "removed before, but not to the end")
    for run in _inside(workspace.runs_dir):
        if run.name.startswith(".") or is_alive(run / "alive"):
            continue
        for path in [*_inside(run), *_inside(run / "artifacts")]:
            half = path.name.startswith(".") and path.name.endswith(".tmp")
            staged = path.is_dir() and _STAGED.fullmatch(path.name) is not None
            if (half or staged) and _newest(path) <= before:
                yield _leftover(workspace, "temporary", path, "left of a write that did not end")


def _objects(workspace: Workspace, store: Store, before: float) -> Iterator[Leftover]:
    objects = [path for path in _inside(workspace.objects_dir) if _OBJECT.fullmatch(path.name)]
    if not objects:
        return
    with store.reading() as tx:
        known = _known_objects(tx)
    unknown = [path for path in objects if path.name not in known and _touched(workspace, path) <= before]
    if not unknown:
        return
    named = _hashes_in_files(workspace)
    for path in unknown:
        if path.name not in named:
            yield _leftover(workspace, "object", path, "no dataset version and no run refers to it")


def _hashes_in_files(workspace: Workspace) -> set[str]:
    """Return every hash that a run's or a bundle's own papers name."""
    papers: Iterable[Path] = (
        path
        for folder in (
            *_inside(workspace.runs_dir),
            *(v for m in _inside(workspace.models_dir) for v in _inside(m)),
        )
        for path in _inside(folder)
        if path.suffix in (".json", ".jsonl")
    )
    found: set[str] = set()
    for path in papers:
        with suppress(OSError), path.open("rb") as file:
            for line in file:
                found.update(match.decode() for match in _HASH.findall(line))
    return found


def _predictions(workspace: Workspace, before: float) -> Iterator[Leftover]:
    segments = [path for path in _inside(predictions_folder(workspace)) if path.suffix == ".jsonl"]
    if segments and is_alive(alive_path(workspace)):
        # The server may still be writing the last one.
        segments.pop()
    for path in segments:
        if _newest(path) <= before:
            yield _leftover(workspace, "predictions", path, "older than was asked to be kept")


def _inside(folder: Path) -> list[Path]:
    """Return what is directly in a folder, links left out, sorted by name; nothing if there is no folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry) for entry in entries if not entry.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _newest(path: Path) -> float:
    """Return when anything in a file or folder last changed; never if it is gone."""
    times = [0.0]
    for one in _tree(path):
        with suppress(FileNotFoundError):
            times.append(one.lstat().st_mtime)
    return max(times)


def _touched(workspace: Workspace, path: Path) -> float:
    """Return when a thing was last of use; an object may be a link to a file with an old date of its own."""
    kept = last_kept(workspace, path.name) if path.parent == workspace.objects_dir else 0.0
    return max(kept, _newest(path))


def _leftover(workspace: Workspace, kind: str, path: Path, why: str) -> Leftover:
    size = 0
    for one in _tree(path):
        with suppress(FileNotFoundError):
            about = one.lstat()
            # A file that has another name too is not freed.
            if one.is_file() and about.st_nlink == 1:
                size += about.st_size
    return Leftover(kind, path.relative_to(workspace.root).as_posix(), size, why)


def _tree(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        for place, folders, names in os.walk(path):
            for name in (*folders, *names):
                yield Path(place) / name
