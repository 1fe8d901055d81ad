"""Where a folder stands in git: asked of the `git` command, which may not be there."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pilothouse.tracking.origin.origin import Git

MOST_PATCH = 5_000_000
"""Bytes of a patch that are kept."""
_PATIENCE = 10.0
# Asking must change nothing and run nothing that a repository's own settings name.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")
_DIFF = ("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--relative")


def seen_from(folder: Path, root: Path) -> Path:
    """Return the folder that the paths in a patch of `folder` are seen from: there it can be applied.

    It is the workspace's `root`, as for the code that is kept, where both are of one repository.
    """
    if folder == root or not folder.resolve().is_relative_to(root.resolve()):
        return folder
    top = _ask(root, "rev-parse", "--show-toplevel")
    return root if top is not None and top == _ask(folder, "rev-parse", "--show-toplevel") else folder


@dataclass(frozen=True, slots=True)
class Patch:
    """Uncommitted changes as a diff of at most `MOST_PATCH` bytes; `whole` says whether that is all of them.

    Empty and not whole: git took too long to tell them.
    """

    content: bytes = b""
    whole: bool = True


def read_git(folder: Path, base: Path | None = None) -> tuple[Git | None, Patch]:
    """Return the commit that a folder's repository is at, and its uncommitted changes.

    None and nothing where there is no git, no repository or no commit. Files that git does not track are not
    in the patch. Its paths are seen from `base`, by default the folder.
    """
    commit = _ask(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, Patch()
    branch = _ask(folder, "symbolic-ref", "--short", "-q", "HEAD") or b""
    base = base or folder
    patch = _read_patch(base, os.path.relpath(folder.resolve(), base.resolve()))
    try:
        changed = _hear(folder, "status", "--porcelain", "--untracked-files=normal", "--", ".") or b""
        dirty = bool(changed.strip())
    except TimeoutError:
        # Nobody knows; what is not known to be as it was committed is not said to be.
        dirty = True
    return Git(commit.decode().strip(), branch.decode("utf-8", "replace").strip(), dirty), patch


def _read_patch(base: Path, place: str) -> Patch:
    try:
        # A byte more tells whether there is more.
        said = _hear(base, *_DIFF, "--", place, most=MOST_PATCH + 1) or b""
    except TimeoutError:
        return Patch(whole=False)
    return _as_patch(said)


def _as_patch(content: bytes) -> Patch:
    """Return a diff as it is kept: no more than `MOST_PATCH` bytes of it."""
    return Patch(content[:MOST_PATCH], len(content) <= MOST_PATCH)


def changes_since(folder: Path, commit: str, files: Mapping[Path, bytes]) -> Patch:
    """Return how these contents differ from a commit, as a diff; files that it does not have are left out.

    Its paths are seen from `folder`.
    For when the files have been edited since they were read: what `git diff` says is then of the edits.
    """
    try:
        return _as_patch("".join(_changed_lines(folder, commit, files)).encode())
    except TimeoutError:
        return Patch(whole=False)


def _changed_lines(folder: Path, commit: str, files: Mapping[Path, bytes]) -> list[str]:
    import difflib

    root = _hear(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return []
    top = Path(os.fsdecode(root.strip()))
    lines: list[str] = []
    base = folder.resolve()
    for path, content in sorted(files.items()):
        real = path.resolve()
        if not real.is_relative_to(top):
            continue
        name = real.relative_to(top).as_posix()
        before = _hear(folder, "cat-file", "blob", f"{commit}:{name}")
        if before is not None and before != content:
            old, new = (
                text.decode("utf-8", "replace").splitlines(keepends=True) for text in (before, content)
            )
            told = Path(os.path.relpath(real, base)).as_posix()
            lines += difflib.unified_diff(old, new, f"a/{told}", f"b/{told}")
    return [line if line.endswith("\n") else line + "\n" for line in lines]


def tracked_files(folder: Path) -> list[Path] | None:
    """Return the files below a folder that git tracks or would track; None outside a repository."""
    said = _ask(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    if said is None:
        return None
    return [folder / os.fsdecode(name) for name in said.split(b"\0") if name]


def _ask(folder: Path, *words: str) -> bytes | None:
    """Return what git says; None where it fails, takes too long or is not there."""
    try:
        return _hear(folder, *words)
    except TimeoutError:
        return None


def _hear(folder: Path, *words: str, most: int = -1) -> bytes | None:
    """Return what git says, or its first `most` bytes (-1: all); None where it fails or is not there.

    Raises:
        TimeoutError: it takes longer than anybody waits.
    """
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    env["GIT_LITERAL_PATHSPECS"] = "1"  # A folder may be called like a pattern.
    late = threading.Event()
    try:
        with subprocess.Popen(
            ["git", *_QUIET, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        ) as process:

            def give_up() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(_PATIENCE, give_up)
            timer.daemon = True
            timer.start()
            try:
                assert process.stdout is not None
                said = process.stdout.read(most)
                enough = len(said) == most
                if enough:
                    process.kill()
                process.wait()
            finally:
                timer.cancel()
    except OSError:
        # No git on this machine.
        return None
    if late.is_set():
        raise TimeoutError
    return said if enough or process.returncode == 0 else None
