"""A workspace in one file; `restoring.py` makes one of it again.

The store is copied first, whole and under its lock, then the files: everything that the copy refers to is
there, and what came later is more, never less. A run that goes on meanwhile is LOST in what is restored.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps
from pilothouse.processes import refuse_to_replace
from pilothouse.store import Store, open_store, record_outside
from pilothouse.upkeep.leftovers import TRASH_NAME
from pilothouse.workspace import STATE_NAME, Workspace

HEAD_NAME = "pilothouse-backup.json"
"""The first member: says what this is."""
TAIL_NAME = "pilothouse-backup-end.json"
"""The last member: a backup without it was cut short."""
FORMAT = 1

# What belongs to processes that run, and not to the workspace, where these keep it. A restored server makes a
# new token.
_OF_PROCESSES = {
    "alive",
    "pid",
    "token",
    "status.json",
    "lost",
    "stop",
    "supervisor.log",
    "store.lock",
    "store.lock.turnstile",
}


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        path: the file, or the folder that was restored.
        files: how many.
        bytes: of the files, before any compression.
        left_out: links, which are left out.
        created_at: ISO time.
        changed: files of which something was rewritten while they were read; they may not be whole in it.
    """

    path: str
    files: int
    bytes: int
    left_out: int
    created_at: str
    changed: tuple[str, ...] = ()


def back_up(
    workspace: Workspace, dest: Path, *, data: bool = False, force: bool = False, actor: str | None = None
) -> Backup:
    """Write a workspace into one file: plain tar, or gzip if its name ends in `.gz` or `.tgz`.

    Args:
        workspace: what to back up. Runs, server and watcher may go on.
        dest: the file.
        data: take the data folders too, where they lie in the workspace. Without, restoring makes them anew
            from the newest dataset versions.
        force: replace a file that exists.
        actor: who makes it.

    Raises:
        PilothouseError: the file exists, cannot be written, or the store or a file of the workspace cannot be
            read.
    """
    dest = dest.resolve()
    refuse_to_replace(dest, force=force)
    store = open_store(workspace)
    now = datetime.now(UTC).isoformat()
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=dest.parent, prefix=".backup-") as beside:
            copy = Path(beside) / "store.duckdb"
            markers = _copy_store(store, copy)
            part = Path(beside) / dest.name
            with _open_tar(part) as tar:
                written = _Written(tar)
                written.text(
                    HEAD_NAME, dumps({"format": FORMAT, "created_at": now, "workspace": workspace.root.name})
                )
                written.file(copy, f"{STATE_NAME}/store.duckdb")
                for marker in markers:
                    written.text(f"{STATE_NAME}/active/{marker}", "")
                for path in _members(workspace, data, Path(beside)):
                    written.file(path, path.relative_to(workspace.root).as_posix())
                written.text(TAIL_NAME, dumps({"files": written.files, "bytes": written.bytes}))
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(dest)
    except OSError as error:
        raise PilothouseError(
            f"The backup {dest} cannot be written: {error.strerror or error}.",
            untouched="The workspace was not changed; no half backup was left.",
            next="Make room or name another place.",
        ) from None
    words = f"Backed up to {dest.name}: {written.files:,} files, {written.bytes / 1e6:,.1f} MB."
    told = {"files": written.files, "bytes": written.bytes, "changed": written.changed}
    record_outside(store, "backup", "workspace", words, told, actor)
    return Backup(
        str(dest), written.files, written.bytes, written.left_out, now, tuple(sorted(written.changed))
    )


class _Written:
    """The tar that is being written, and what is in it so far."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files = self.bytes = self.left_out = 0
        self.changed: list[str] = []

    def text(self, name: str, content: str) -> None:
        about = tarfile.TarInfo(name)
        data = content.encode()
        about.size, about.mode = len(data), 0o644
        self._tar.addfile(about, io.BytesIO(data))

    def file(self, path: Path, name: str) -> None:
        if path.is_symlink():
            self.left_out += 1
            return
        # Another process may have removed what the walk saw; a pipe or socket is no file.
        with suppress(FileNotFoundError), _Source(path) as source:
            about = self._tar.gettarinfo(arcname=name, fileobj=source.file)
            about.type, about.linkname = tarfile.REGTYPE, ""
            about.size = source.before.st_size
            about.uid = about.gid = 0
            about.uname = about.gname = ""
            self._tar.addfile(about, source)
            self.files += 1
            self.bytes += about.size
            if source.has_changed():
                self.changed.append(name)


class _Source:
    """A file of the workspace, as long as it was when it was opened; what is gone of it since is zeros.

    Raises:
        FileNotFoundError: it is not there (any more), or is no plain file.
        PilothouseError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._short = False
        with self._told():
            if not path.is_file():
                raise FileNotFoundError(path)
            self.file = path.open("rb")
        self.before = os.fstat(self.file.fileno())

    def read(self, size: int = -1) -> bytes:
        """Return exactly so many bytes."""
        with self._told():
            data = self.file.read(size)
        self._short |= len(data) < size
        return data.ljust(size, b"\0")

    def has_changed(self) -> bool:
        """Say whether something of what was read may be of another moment; what was only added is not."""
        now = os.fstat(self.file.fileno())
        written = now.st_mtime_ns != self.before.st_mtime_ns
        return self._short or (written and now.st_size <= self.before.st_size)

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _unreadable(self._path, error) from None


def _unreadable(path: object, error: OSError) -> PilothouseError:
    return PilothouseError(
        f"{path} cannot be read: {error.strerror or error}.",
        untouched="The workspace was not changed; no half backup was left.",
        next="Correct its permissions, or remove it if nobody needs it, and try again.",
    )


def _open_tar(path: Path) -> tarfile.TarFile:
    if path.suffix in (".gz", ".tgz"):
        return tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=6)
    return tarfile.open(path, "w:", format=tarfile.PAX_FORMAT)


def _copy_store(store: Store, copy: Path) -> list[str]:
    """Copy the store and return the markers of active runs as they were at that moment."""
    with store.at_rest() as path:
        shutil.copyfile(path, copy)
        with suppress(FileNotFoundError):
            return sorted(marker.name for marker in store.workspace.active_dir.iterdir())
    return []


def _members(workspace: Workspace, data: bool, without: Path) -> Iterator[Path]:
    """Yield what goes into a backup, each once, but for the store and the markers of active runs."""
    seen: set[Path] = set()
    places = [workspace.config_path, *_state(workspace)]
    root = workspace.root.resolve()
    for model in workspace.config().models if data else ():
        folder = Path(os.path.normpath(workspace.data_folder(model)))
        if folder.resolve().is_relative_to(root) and folder.is_relative_to(workspace.root):
            places += _below(folder, {workspace.state_dir, without})
    for path in places:
        if path not in seen:
            seen.add(path)
            yield path


def _state(workspace: Workspace) -> Iterator[Path]:
    state = workspace.state_dir
    left_out = {workspace.active_dir, state / TRASH_NAME}
    for path in _below(state, left_out):
        here = path.parent
        of_processes = path.name in _OF_PROCESSES and (
            here in (state, workspace.serving_dir, workspace.watch_dir) or here.parent == workspace.runs_dir
        )
        ours = here == state and path.name.startswith("store.")
        # Folders that begin with a dot are half done; a run's own artifacts are called as they like.
        parts = path.relative_to(state).parts[:-1]
        half = any(part.startswith(".") for part in parts[: 3 if parts[:1] == ("models",) else 2])
        if not (of_processes or ours or half or (path.name.startswith(".") and path.name.endswith(".tmp"))):
            yield path


def _below(folder: Path, without: Collection[Path]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_tell):
        folders[:] = sorted(name for name in folders if Path(place) / name not in without)
        yield from (Path(place) / name for name in sorted(names))


def _tell(error: OSError) -> None:
    # What was removed meanwhile is left out; what may not be read must not be missed without a word.
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise _unreadable(error.filename, error)
