"""The artifacts of a run: listed, found by a name that may come from anywhere, copied out.

A name that leads out of the run's folder is refused, and links are never followed: a script may have put
one there that points at any file of this machine.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilothouse.errors import NotFoundError, PilothouseError
from pilothouse.workspace import Workspace

FOLDER_NAME = "artifacts"
MOST_FILES = 20_000
"""Files of one run that are listed."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One plain file; ``path`` is relative to the run's artifacts, with slashes."""

    path: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a run by path; how many links were passed over, and whether there are more files."""

    files: tuple[Artifact, ...]
    links: int = 0
    more: bool = False


def artifacts_dir(workspace: Workspace, run_id: str) -> Path:
    """The folder of a run's artifacts; it need not exist."""
    return workspace.run_dir(run_id) / FOLDER_NAME


def list_artifacts(folder: Path) -> Listing:
    """List the plain files below a run's artifacts folder."""
    files: list[Artifact] = []
    links = 0
    if folder.is_symlink():
        return Listing((), 1)
    for place, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        links += sum((Path(place) / name).is_symlink() for name in folders)
        for name in sorted(names):
            path = Path(place) / name
            try:
                about = path.lstat()
            except OSError:
                continue  # it went away meanwhile
            if stat.S_ISLNK(about.st_mode):
                links += 1
            elif stat.S_ISREG(about.st_mode):
                if len(files) == MOST_FILES:
                    return Listing(tuple(files), links, True)
                at = datetime.fromtimestamp(about.st_mtime, UTC)
                files.append(Artifact(path.relative_to(folder).as_posix(), about.st_size, at))
    files.sort(key=lambda file: file.path)
    return Listing(tuple(files), links)


def find_artifact(folder: Path, name: str) -> Path:
    """Return the plain file or folder below `folder` that `name` names.

    Raises:
        PilothouseError: the name leads out of the folder, or through a link.
        NotFoundError: there is nothing of that name.
    """
    parts = name.replace("\\", "/").split("/") if os.name == "nt" else name.split("/")
    parts = [part for part in parts if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or not parts or Path(name).drive:
        raise PilothouseError(
            f"The artifact name {name[:200]!r} leads out of the run's folder.", untouched="Nothing was read."
        )
    place = folder
    for part in ("", *parts):
        place = place / part if part else place
        try:
            mode = place.lstat().st_mode
        except (OSError, ValueError):
            raise NotFoundError(
                f"The run has no artifact {name[:200]!r}.", next="List them with `pilothouse artifacts RUN`."
            ) from None
        if stat.S_ISLNK(mode):
            raise PilothouseError(
                f"The artifact {name[:200]!r} is a link, or lies behind one; links are not followed.",
                untouched="Nothing was read.",
            )
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise PilothouseError(f"The artifact {name[:200]!r} is neither a file nor a folder.")
    return place


def read_bytes(path: Path, most: int, start: int = 0) -> bytes:
    """Return up to `most` bytes of a file that `find_artifact` found.

    Raises:
        OSError: it cannot be read, or has become a link.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        file.seek(start)
        return file.read(most)


def save_artifact(source: Path, target: Path) -> tuple[Path, int, int]:
    """Copy a file, or the plain files of a folder, out; return where to, how many files and bytes.

    An existing folder as target gets the copy inside. Nothing is replaced.

    Raises:
        PilothouseError: there is something at the target already.
        OSError: it cannot be written.
    """
    place = target / source.name if target.is_dir() else target
    if place.exists() or place.is_symlink():
        raise PilothouseError(
            f"{place} exists already.", untouched="It was not changed.", next="Give another place."
        )
    if source.is_dir():
        names = [(source / file.path, place / file.path) for file in list_artifacts(source).files]
        place.mkdir(parents=True)
    else:
        names = [(source, place)]
    total = 0
    for file, copy in names:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy, follow_symlinks=False)
        total += copy.lstat().st_size
    return place, len(names), total
