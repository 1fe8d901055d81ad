"""The code that ran, kept by content: each file once in `objects/`, whichever runs it was a part of."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.processes import write_atomic
from pilothouse.tracking.origin.at_start import AsStarted
from pilothouse.tracking.origin.git import tracked_files
from pilothouse.tracking.origin.origin import CodeFile
from pilothouse.workspace import Workspace

SUFFIXES = (
    ".py .pyi .pyx .ipynb .sql .toml .yaml .yml .cfg .ini .sh .r .jl .txt .json".split()
)  # fmt: skip
_LISTS = {".txt": "requirements", ".json": "params"}
"""Of these suffixes only files whose names begin so: others are data."""
MOST_FILES = 500
MOST_BYTES_EACH = 1_000_000
MOST_BYTES = 20_000_000
_DEEPEST = 6
_PASSED_OVER = {"__pycache__", "node_modules", "site-packages", "build", "dist"}


@dataclass(frozen=True, slots=True)
class KeptCode:
    """What was kept, how many files were too many or too large, and which were written too late."""

    files: tuple[CodeFile, ...]
    left_out: int
    changed: tuple[str, ...]


def keep_code(
    workspace: Workspace, folder: Path, files: Iterable[Path] = (), started: AsStarted | None = None
) -> KeptCode:
    """Keep the code of a folder and some files.

    Args:
        workspace: keeps the bytes; its state and its data folders are no code.
        folder: looked through, as git does in a repository, unless it `is_everythings`.
        files: kept in any case, first.
        started: what was noted when the run began; a file that was written later is not kept.
    """
    kept: dict[str, CodeFile] = {}
    changed: list[str] = []
    noted = started.files if started is not None else {}
    size = left_out = 0
    apart = _data_folders(workspace)
    for path in (*noted, *files, *_code_files(folder, apart)):
        name = _name_of(path, workspace)
        if name in kept:
            continue
        if len(kept) >= MOST_FILES:
            left_out += 1
            continue
        try:
            content = noted.get(path.absolute())
            if content is None:
                stat = path.stat()
                if started is not None and stat.st_mtime_ns > started.at:
                    changed.append(name)
                    continue
                length = stat.st_size
            else:
                length = len(content)
            if length > MOST_BYTES_EACH or size + length > MOST_BYTES:
                left_out += 1
                continue
            content = path.read_bytes() if content is None else content
        except OSError:
            # It went away, or is nobody's to read: then it is not what ran.
            left_out += 1
            continue
        digest = hashlib.sha256(content).hexdigest()
        _keep(workspace.objects_dir / digest, content)
        kept[name] = CodeFile(name, digest, len(content))
        size += len(content)
    found = tuple(sorted(kept.values(), key=lambda one: one.path))
    return KeptCode(found, left_out, tuple(sorted(set(changed))))


def _keep(place: Path, content: bytes) -> None:
    """Keep bytes, or make them young again: nothing names them yet, and what is old is tidied up."""
    with suppress(OSError):
        # The times of one that is a link to a data file are that file's, too.
        if place.stat().st_nlink == 1:
            os.utime(place)
            return
    write_atomic(place, content)


def read_code(workspace: Workspace, file: CodeFile) -> bytes | None:
    """Return a file as it was, or None if its bytes are gone or are not what they were."""
    try:
        content = (workspace.objects_dir / file.sha256).read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == file.sha256 else None


def is_everythings(folder: Path) -> bool:
    """Whether a folder's files belong to no one thing: a file system's root, a home, temporary files."""
    return folder.resolve() in (Path(folder.anchor), Path.home(), Path(tempfile.gettempdir()).resolve())


def _code_files(folder: Path, apart: set[Path]) -> Iterator[Path]:
    if is_everythings(folder) or not folder.is_dir():
        return
    known = tracked_files(folder)
    if known is None:
        yield from map(Path, _walk(str(folder), {str(place) for place in apart}, 0))
        return
    for path in sorted(known):
        if not _is_code(path.name) or any(place in path.parents for place in apart):
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def _is_code(name: str) -> bool:
    name = name.lower()
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - for names, not paths
    return suffix in SUFFIXES and name.startswith(_LISTS.get(suffix, ""))


def _walk(folder: str, apart: set[str], depth: int) -> Iterator[str]:
    """Yield the code below a folder; texts, not paths, because there may be very many that are none."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_file():
            if _is_code(entry.name):
                yield entry.path
        elif depth < _DEEPEST and entry.path not in apart and not _is_foreign(entry):
            yield from _walk(entry.path, apart, depth + 1)


def _is_foreign(folder: os.DirEntry[str]) -> bool:
    # A virtual environment is other people's code, which `packages` tells.
    return folder.name in _PASSED_OVER or Path(folder.path, "pyvenv.cfg").exists()


def _data_folders(workspace: Workspace) -> set[Path]:
    apart = {workspace.state_dir}
    try:
        apart |= {workspace.data_folder(model) for model in workspace.config().models}
    except PilothouseError:
        # A configuration that cannot be read has been told of where it matters.
        return apart
    return apart - {workspace.root}


def _name_of(path: Path, workspace: Workspace) -> str:
    """Where a file lies, seen from the workspace: two of one name in different folders are two files."""
    absolute, root = path.absolute(), workspace.root.absolute()
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    try:
        return f"{workspace.place_of(path.parent)}/{path.name}".removeprefix("./")
    except PilothouseError:
        return path.name  # On another drive it has no name that could be kept.
