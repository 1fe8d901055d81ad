"""The bytes of data files, kept under their own sha256 in `objects/`: as a copy, or as a hard link.

A copy is nobody else's: it is read-only, and the data folder may change as it likes. A hard link costs
neither time nor disk, and shares its bytes with the file in the data folder: whoever edits that file in place
edits what was kept. So nothing is read from here that was not compared with its sha256 since it last changed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time_ns
from typing import Literal

from pilothouse.data.reading import DataError, DataFile
from pilothouse.jsontext import dumps, loads
from pilothouse.workspace import Workspace

How = Literal["copy", "link"]

_BLOCK = 1 << 20
_PIECE = 16 << 20
# The folder begins with a dot, so that backups pass it over: elsewhere the files are others.
_SEALS = ".seals"
# A change within a tick of a file system's clock leaves the times as they were; the coarsest tick is FAT's.
_TICK_NS = 2_000_000_000
_FIGURES = ("size", "mtime_ns", "ctime_ns", "inode", "at_ns")
_WHY = {
    errno.EXDEV: "it lies on another file system",
    errno.EPERM: "this file system or the file's owner does not allow links",
    errno.EACCES: "the file's permissions do not allow links",
    errno.EMLINK: "the file has too many links already",
    errno.ENOTSUP: "this file system has no links",
    errno.ENOSYS: "this system has no links",
}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was kept: under the name it had, where its bytes are, and how.

    `why` says why it was copied where a link was asked for; it is empty otherwise.
    """

    file: DataFile
    how: How
    why: str = ""

    @property
    def sha256(self) -> str:
        """The hash of its bytes, which is the object's name."""
        return self.file.path.name


@dataclass(frozen=True, slots=True)
class Condition:
    """How an object is kept now, and whether its bytes are those that it is named by.

    `shared` says that the file has another name too, through which its bytes can be changed.
    """

    sound: bool
    gone: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class _Seal:
    """What a file looked like when its bytes were hashed, and what the hash was."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    at_ns: int
    sha256: str

    def holds(self, now: os.stat_result) -> bool:
        """Say whether the bytes cannot have changed since."""
        if (self.size, self.mtime_ns, self.ctime_ns, self.inode) != _look(now):
            return False
        return now.st_nlink == 1 or self.at_ns - max(self.mtime_ns, self.ctime_ns) > _TICK_NS


def fingerprint(path: Path, told: Callable[[float], None] | None = None) -> str:
    """Return the sha256 of every byte of a file.

    Args:
        path: the file.
        told: called now and then with the share that is read; cancels by raising.

    Raises:
        DataError: the file cannot be read, or its name is not UTF-8 text, which no store could keep.
    """
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = path.name.encode("utf-8", "backslashreplace").decode()
        raise DataError(
            f"The name of the data file {shown} is not UTF-8 text.",
            untouched="Nothing was taken from it.",
            next="Rename it.",
        ) from None
    try:
        with path.open("rb") as file:
            if told is None:
                return hashlib.file_digest(file, "sha256").hexdigest()
            digest, size = hashlib.sha256(), max(1, os.fstat(file.fileno()).st_size)
            while piece := file.read(_PIECE):
                digest.update(piece)
                told(min(1.0, file.tell() / size))
            return digest.hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def object_path(workspace: Workspace, sha256: str) -> Path:
    """Return where the bytes with this hash are kept."""
    return workspace.objects_dir / sha256


def keep(workspace: Workspace, path: Path, how: How = "copy") -> KeptFile:
    """Keep the bytes of a file, unless they are kept already; what was kept and is spoilt is kept anew.

    Args:
        workspace: where to.
        path: the file; of a link that points to one, the file is kept.
        how: "link" is a copy where no link can be made. "copy" makes a link that was kept before a copy.

    Raises:
        DataError: it cannot be read, the copy cannot be written, or it changed meanwhile.
    """
    before = _stat(path)
    digest = fingerprint(path)
    kept = object_path(workspace, digest)
    now = condition(workspace, digest)
    why = ""
    if not now.sound or (now.shared and how == "copy"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        if how == "link":
            kept.unlink(missing_ok=True)
            why = _link(path, kept, before)
        if how == "copy" or why:
            _copy(path, kept, digest)
        _seal(workspace, digest, _stat(kept))
    # Whoever tidies up leaves alone what is young, even if no version refers to it yet.
    with contextlib.suppress(OSError):
        os.utime(_seal_path(workspace, digest))
    shared = _stat(kept).st_nlink > 1
    return KeptFile(DataFile(path.name, kept), "link" if shared else "copy", why)


def condition(workspace: Workspace, sha256: str) -> Condition:
    """Say how the object is kept and whether it is sound; its bytes are read only if it changed since.

    Raises:
        DataError: it is there and cannot be read.
    """
    path = object_path(workspace, sha256)
    if not path.is_file():
        return Condition(False, gone=True)
    now = _stat(path)
    seal = _read_seal(workspace, sha256)
    if seal is None or not seal.holds(now):
        actual = fingerprint(path)
        after = _stat(path)
        if _look(after) != _look(now):
            return Condition(False, shared=after.st_nlink > 1)
        seal = _seal(workspace, sha256, now, actual)
    return Condition(seal.sha256 == sha256, shared=now.st_nlink > 1)


def require_sound(workspace: Workspace, files: Sequence[DataFile], of: str) -> None:
    """Make sure that every kept file holds the bytes that it is named by.

    Args:
        workspace: where they are kept.
        files: names and objects.
        of: what they are the files of, such as `dataset version 7f3a99aa0011`.

    Raises:
        DataError: one is gone, or holds other bytes now.
    """
    found = {file.name: condition(workspace, file.path.name) for file in files}
    if gone := [name for name, one in found.items() if one.gone]:
        raise DataError(
            f"{len(gone)} files of {of} are gone from the workspace: {gone[0]}.",
            next="Restore .pilothouse/objects from a backup.",
        )
    if spoilt := [name for name, one in found.items() if not one.sound]:
        more = f" and {len(spoilt) - 1} more" if len(spoilt) > 1 else ""
        linked = any(found[name].shared for name in spoilt)
        cause = (
            " It is a hard link to the file in the data folder, and that was edited in place."
            if linked
            else ""
        )
        raise DataError(
            f"{spoilt[0]}{more} of {of} no longer holds the bytes it was kept with.{cause}",
            untouched="Nothing was read from it; models that were made of it are as they were.",
            next="Put the file as it was back into the data folder and run `pilothouse train`, which keeps it"
            " anew, or train on the data as they are now."
            + (' To be safe from edits, set keep = "copy" under [data].' if linked else ""),
        )


def last_kept(workspace: Workspace, sha256: str) -> float:
    """Return when the object was last asked to be kept, in seconds since 1970; 0 if nothing tells."""
    try:
        return _seal_path(workspace, sha256).stat().st_mtime
    except OSError:
        return 0.0


def forget(workspace: Workspace, sha256: str) -> None:
    """Remove what is remembered of an object that was removed."""
    with contextlib.suppress(OSError):
        _seal_path(workspace, sha256).unlink()


def _link(path: Path, kept: Path, before: os.stat_result) -> str:
    """Make a hard link, and return why it could not be made: empty if it was."""
    try:
        # Resolved, since the link is to be to the file and not to a link that points to it.
        os.link(path.resolve(), kept)
    except FileExistsError:
        return ""  # Another process kept it meanwhile.
    except OSError as error:
        return _WHY.get(error.errno or 0, (error.strerror or str(error)).lower())
    now = _stat(kept)
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
        kept.unlink(missing_ok=True)
        raise _changed(path)
    return ""


def _copy(path: Path, kept: Path, digest: str) -> None:
    handle, name = tempfile.mkstemp(dir=kept.parent, prefix=".", suffix=".tmp")
    copied = hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as target, path.open("rb") as source:
            while block := source.read(_BLOCK):
                copied.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        if copied.hexdigest() != digest:
            raise _changed(path)
        Path(name).chmod(0o444)
        Path(name).replace(kept)
    except OSError as error:
        raise DataError(
            f"{path.name} could not be copied into the workspace: {error.strerror}.",
            untouched="No dataset version was made; the file itself is as it was.",
            next="Make room or correct the permissions, then try once more.",
        ) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _changed(path: Path) -> DataError:
    return DataError(
        f"{path.name} changed while it was being read.",
        untouched="No dataset version was made.",
        next="Wait until it is written, then try once more.",
    )


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def _look(stat: os.stat_result) -> tuple[int, int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _seal_path(workspace: Workspace, sha256: str) -> Path:
    return workspace.state_dir / _SEALS / sha256


def _seal(workspace: Workspace, sha256: str, stat: os.stat_result, actual: str | None = None) -> _Seal:
    made = _Seal(*_look(stat), time_ns(), actual or sha256)
    path = _seal_path(workspace, sha256)
    # Where it cannot be written, the bytes are hashed once more the next time.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dumps(asdict(made)), "utf-8")
    return made


def _read_seal(workspace: Workspace, sha256: str) -> _Seal | None:
    try:
        found = loads(_seal_path(workspace, sha256).read_bytes())
        figures = {name: int(found[name]) for name in _FIGURES}
        return _Seal(**figures, sha256=str(found["sha256"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None  # Torn, or of another making: the bytes are hashed once more.
