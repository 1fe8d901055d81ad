"""A workspace out of the one file that a backup is.

Nothing of the file is believed: each member's place is looked at before it is written, and a backup that was
cut short is refused. A folder appears whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from pilothouse.data.keeping import condition, object_path
from pilothouse.data.versions import list_dataset_versions
from pilothouse.errors import PilothouseError
from pilothouse.jsontext import loads
from pilothouse.store import open_store, record
from pilothouse.upkeep.backup import FORMAT, HEAD_NAME, TAIL_NAME, Backup
from pilothouse.workspace import CONFIG_NAME, STATE_NAME, Workspace

_KEPT = {(STATE_NAME, "models"), (STATE_NAME, "objects")}
"""Folders whose files are never changed once they are written."""


def restore(source: Path, folder: Path) -> Backup:
    """Make a workspace of a backup, whole or not at all.

    Args:
        source: the file that `back_up` wrote.
        folder: does not exist, or is empty.

    Raises:
        PilothouseError: the folder is not empty, or the file is no backup, cut short, or holds a member that
            would lead out of the folder.
    """
    folder = folder.resolve()
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
        raise _no_backup(source, str(error).partition(":\n")[0][:100]) from None
    except OSError as error:
        raise PilothouseError(
            f"{folder} cannot be made from {source}: {error.strerror or error}.",
            untouched="Nothing was left there.",
            next="Make room or name another place.",
        ) from None
    with open_store(Workspace(folder)).transaction() as tx:
        record(tx, "restore", "workspace", f"Restored from {source.name}, made {made.created_at}.")
    return Backup(str(folder), made.files, made.bytes, 0, made.created_at)


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
                # Nobody but the owner may write, whatever the file says; and they may, even what comes from a
                # read-only workspace, except what is never changed.
                kept = target.relative_to(folder).parts[:2] in _KEPT
                target.chmod(member.mode & 0o755 | (0o400 if kept else 0o600))
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
