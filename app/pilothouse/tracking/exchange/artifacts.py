"""Finding and copying the artifacts of a run from elsewhere, without being led out of its store.

What a store says of where artifacts lie is a claim from outside: a made-up one could name any folder of this
machine. So only a folder that ends in the run's own id, below the store's folder or one that the user named,
is copied; links are not followed. A run whose place holds nothing has lost nothing: a run that logged none
has no folder either.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from pilothouse.tracking.exchange.source import Listed, SourceRun

_SAFE_ID = re.compile(r"[A-Za-z0-9][\w-]{0,255}", re.ASCII)
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a run's artifacts are (None: nowhere), and if it has or may have some, why not here."""

    folder: Path | None
    why_not: str = ""


def find_artifacts(run: Listed | SourceRun, likely: Iterable[Path], roots: Sequence[Path]) -> Found:
    """Look for the artifacts of a run.

    Args:
        run: whose `artifact_uri` is only a claim.
        likely: folders that the layout of the store itself says, which need no claim.
        roots: folders below which artifacts may lie, resolved; the store's folder first.
    """
    if not _SAFE_ID.fullmatch(run.source_id):
        return Found(None, "its id cannot be part of a path")
    for folder in likely:
        if not folder.is_symlink() and holds_any(folder):
            return Found(folder)
    if not run.artifact_uri:
        return Found(None)
    claimed, why_not = _claimed(run.artifact_uri, roots[0])
    if claimed is None:
        return Found(None, why_not)
    if claimed.parts[-2:] != (run.source_id, "artifacts"):
        refused = f"the store claims that they lie at {run.artifact_uri[:200]}, which is refused"
        return Found(None, refused if holds_any(claimed) else "")
    # A store that was moved still names its old place; what is below it is as it was.
    moved = [
        root.joinpath(*middle, *claimed.parts[-count:])
        for root in roots
        for middle in ((), ("mlartifacts",), ("mlruns",), ("artifacts",))
        for count in (3, 2)
        if len(claimed.parts) > count
    ]
    outside = False
    for folder in (claimed, *moved):
        if holds_any(folder):
            # Here `..` and links are followed: what counts is where they lead.
            real = folder.resolve()
            if any(real.is_relative_to(root) for root in roots):
                return Found(real)
            outside = True
    if outside:
        return Found(
            None, f"they lie outside of the store's folder, at {claimed}; name theirs with --artifacts"
        )
    return Found(None)


def holds_any(folder: Path) -> bool:
    """Say whether a folder is there and not empty, or cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        # A name that is too long or a chain of links that has no end leads nowhere.
        return error.errno == errno.EACCES


def _claimed(uri: str, base: Path) -> tuple[Path | None, str]:
    if "\0" in uri:
        return None, "the store claims a place with a zero byte, which is refused"
    if _WINDOWS_DRIVE.match(uri):
        return Path(PureWindowsPath(uri).as_posix()), ""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None, f"the store claims that they lie at {uri[:200]}, which is no place"
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            return None, f"any it has lie on another machine, {parts.netloc[:80]}"
        return Path(url2pathname(parts.path)), ""
    if parts.scheme == "mlflow-artifacts":
        return base / "mlartifacts" / PurePosixPath(unquote(parts.path).lstrip("/")), ""
    if parts.scheme and "://" in uri:
        return None, f"any it has lie at {parts.scheme}://, which is not this machine"
    return base / uri, ""


def copy_artifacts(source: Path, target: Path) -> tuple[int, int]:
    """Copy every plain file below `source`; return how many they are and their bytes.

    Raises:
        OSError: a file cannot be read or written.
    """
    count = size = 0
    for path in plain_files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        count += 1
        size += copy.stat().st_size
    return count, size


def plain_files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that is neither a link nor reached through one.

    Raises:
        OSError: a folder cannot be looked into; what is in it would be left out silently.
    """

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path
