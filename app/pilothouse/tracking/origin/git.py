"""Where a folder stands in git: asked of the `git` command, which may not be there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
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


def read_git(folder: Path, base: Path | None = None) -> tuple[Git | None, bytes]:
    """Return the commit that a folder's repository is at, and its uncommitted changes as a diff.

    None and nothing where there is no git, no repository or no commit. The diff is cut at `MOST_PATCH` bytes;
    files that git does not track are not in it. Its paths are seen from `base`, by default the folder.
    """
    commit = _ask(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, b""
    branch = _ask(folder, "symbolic-ref", "--short", "-q", "HEAD") or b""
    changed = _ask(folder, "status", "--porcelain", "--untracked-files=normal", "--", ".") or b""
    base = base or folder
    patch = _ask(base, *_DIFF, "--", os.path.relpath(folder.resolve(), base.resolve())) or b""
    found = Git(commit.decode().strip(), branch.decode("utf-8", "replace").strip(), bool(changed.strip()))
    return found, patch


def changes_since(folder: Path, commit: str, files: Mapping[Path, bytes]) -> bytes:
    """Return how these contents differ from a commit, as a diff; files that it does not have are left out.

    Its paths are seen from `folder`.
    For when the files have been edited since they were read: what `git diff` says is then of the edits.
    """
    import difflib

    root = _ask(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return b""
    top = Path(os.fsdecode(root.strip()))
    lines: list[str] = []
    base = folder.resolve()
    for path, content in sorted(files.items()):
        real = path.resolve()
        if not real.is_relative_to(top):
            continue
        name = real.relative_to(top).as_posix()
        before = _ask(folder, "cat-file", "blob", f"{commit}:{name}")
        if before is not None and before != content:
            old, new = (
                text.decode("utf-8", "replace").splitlines(keepends=True) for text in (before, content)
            )
            told = Path(os.path.relpath(real, base)).as_posix()
            lines += difflib.unified_diff(old, new, f"a/{told}", f"b/{told}")
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines).encode()


def tracked_files(folder: Path) -> list[Path] | None:
    """Return the files below a folder that git tracks or would track; None outside a repository."""
    said = _ask(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".")
    if said is None:
        return None
    return [folder / os.fsdecode(name) for name in said.split(b"\0") if name]


def _ask(folder: Path, *words: str) -> bytes | None:
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    env["GIT_LITERAL_PATHSPECS"] = "1"  # A folder may be called like a pattern.
    try:
        with subprocess.Popen(
            ["git", *_QUIET, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
        ) as process:
            try:
                said, _ = process.communicate(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
    except OSError:
        # No git on this machine.
        return None
    return said if process.returncode == 0 else None
