"""A workspace in one file, and a workspace out of it.

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
from pathlib import Path, PurePosixPath

from pilothouse.data.keeping import condition, object_path
from pilothouse.data.versions import list_dataset_versions
from pilothouse.errors import PilothouseError
from pilothouse.jsontext import dumps, loads
from pilothouse.store import Store, open_store, record
from pilothouse.upkeep.leftovers import TRASH_NAME
from pilothouse.workspace import CONFIG_NAME, STATE_NAME, Workspace

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
    """

    path: str
    files: int
    bytes: int
    left_out: int
    created_at: str


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
        PilothouseError: the file exists, cannot be written, or the store cannot be read.
    """
    dest = dest.absolute()
    if dest.is_dir() or (dest.exists() and not force):
        raise PilothouseError(
            f"{dest} exists already.",
            untouched="It was not changed.",
            next="Name another file, or add --force.",
        )
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
    with store.transaction() as tx:
        words = f"Backed up to {dest.name}: {written.files:,} files, {written.bytes / 1e6:,.1f} MB."
        record(tx, "backup", "workspace", words, {"files": written.files, "bytes": written.bytes}, actor)
    return Backup(str(dest), written.files, written.bytes, written.left_out, now)


def restore(source: Path, folder: Path) -> Backup:
    """Make a workspace of a backup, whole or not at all.

    Args:
        source: the file that `back_up` wrote.
        folder: does not exist, or is empty.

    Raises:
        PilothouseError: the folder is not empty, or the file is no backup, cut short, or holds a member that
            would lead out of the folder.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PilothouseError(
            f"{folder} exists already and is not empty.",
            untouched="It was not changed.",
            next="Name a new folder; a workspace is never overwritten.",
        )
    if not source.is_file():
        raise PilothouseError(f"There is no file {source}.", untouched="Nothing was restored.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".restore-"))
        try:
            made = _unpack(source, beside)
            # A store that does not open is found now, not on the day it is needed.
            open_store(Workspace(beside)).query("SELECT count(*) FROM events")
            _fill_data(Workspace(beside))
            beside.chmod(0o755)
            beside.replace(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except (tarfile.TarError, EOFError) as error:
        raise _no_backup(source, str(error)) from None
    except OSError as error:
        raise PilothouseError(
            f"{folder} cannot be made from {source}: {error.strerror or error}.",
            untouched="Nothing was left there.",
            next="Make room or name another place.",
        ) from None
    with open_store(Workspace(folder)).transaction() as tx:
        record(tx, "restore", "workspace", f"Restored from {source.name}, made {made.created_at}.")
    return Backup(str(folder), made.files, made.bytes, 0, made.created_at)


class _Written:
    """The tar that is being written, and what is in it so far."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files = self.bytes = self.left_out = 0

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
        with suppress(FileNotFoundError), _opened(path) as file:
            about = self._tar.gettarinfo(arcname=name, fileobj=file)
            about.type, about.linkname = tarfile.REGTYPE, ""
            about.size = os.fstat(file.fileno()).st_size
            about.uid = about.gid = 0
            about.uname = about.gname = ""
            self._tar.addfile(about, file)
            self.files += 1
            self.bytes += about.size


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        yield file


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
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(place) / name not in without)
        yield from (Path(place) / name for name in sorted(names))


def _unpack(source: Path, folder: Path) -> Backup:
    files = size = markers = 0
    created, ended = "", False
    with tarfile.open(source, "r:*") as tar:
        for number, member in enumerate(tar):
            if number == 0:
                created = _head(tar, member, source)
            elif member.name == TAIL_NAME:
                content = tar.extractfile(member)
                ended = content is not None and f'"files":{files - markers},' in content.read(1000).decode()
            else:
                target = folder / _safe(member, source)
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                if content is None:
                    raise _no_backup(source, f"its member {member.name[:200]!r} has no content")
                with content, target.open("xb") as file:
                    shutil.copyfileobj(content, file)
                # Nobody but the owner may write, whatever the file says.
                target.chmod(member.mode & 0o755 | 0o400)
                files, size = files + 1, size + member.size
                markers += target.parent == folder / STATE_NAME / "active"
    if not ended:
        raise _no_backup(source, "it was cut short")
    if not (folder / CONFIG_NAME).is_file() or not (folder / STATE_NAME / "store.duckdb").is_file():
        raise _no_backup(source, "it lacks the configuration or the store")
    return Backup("", files, size, 0, created)


def _fill_data(workspace: Workspace) -> None:
    """Make data folders that the backup lacks from the newest dataset versions, whose bytes it has."""
    try:
        models = workspace.config().models
    except PilothouseError:
        # An unsound configuration was unsound before too; everything else is as good as it was.
        return
    for model in models:
        folder = Path(os.path.normpath(workspace.data_folder(model)))
        if folder.exists() or not folder.is_relative_to(workspace.root):
            continue
        folder.mkdir(parents=True)
        versions = list_dataset_versions(open_store(workspace), model.name)
        for file in versions[0].files if versions else ():
            # A file that was spoilt before the backup was made is told by `doctor`; the rest is of use.
            if condition(workspace, file.sha256).sound:
                kept = object_path(workspace, file.sha256)
                shutil.copyfile(kept, folder / PurePosixPath(file.name).name)


def _head(tar: tarfile.TarFile, member: tarfile.TarInfo, source: Path) -> str:
    content = tar.extractfile(member) if member.name == HEAD_NAME and member.isreg() else None
    try:
        told = loads(content.read(100_000) if content is not None else "{}")
        number = int(told["format"])
        created = str(told["created_at"])
    except (ValueError, TypeError, KeyError):
        raise _no_backup(source, "it does not begin as one does") from None
    if number > FORMAT:
        raise PilothouseError(
            f"{source} was made by a newer Pilothouse.", next="Update Pilothouse, then restore."
        )
    return created


def _safe(member: tarfile.TarInfo, source: Path) -> PurePosixPath:
    """Return where a member goes, below the folder.

    Raises:
        PilothouseError: it is a link or device, or its name leads elsewhere.
    """
    name = PurePosixPath(member.name)
    plain = member.isreg() and not member.issym() and not member.islnk()
    inside = (
        not name.is_absolute()
        and ".." not in name.parts
        and "\\" not in member.name
        and "\0" not in member.name
    )
    if not plain or not inside or not name.parts or ":" in name.parts[0]:
        raise _no_backup(source, f"its member {member.name[:200]!r} could lead out of the folder")
    return name


def _no_backup(source: Path, why: str) -> PilothouseError:
    return PilothouseError(
        f"{source} is not a whole backup: {why.rstrip('.')}.", untouched="Nothing was restored."
    )
