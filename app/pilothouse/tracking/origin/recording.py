"""Recording what made a run, from outside of it: the run itself is not to wait for that."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pilothouse.tracking.origin import machine
from pilothouse.tracking.origin.code import keep_code
from pilothouse.tracking.origin.git import MOST_PATCH, read_git
from pilothouse.tracking.origin.origin import PATCH_NAME, Origin, write_origin
from pilothouse.workspace import Workspace


def record_origin(
    workspace: Workspace,
    folder: Path,
    *,
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    seed: int | None = None,
    own: bool = False,
) -> Origin:
    """Find out what makes a run and write it into the run's folder.

    Args:
        workspace: where the run is.
        folder: the run's.
        argv: its command.
        cwd: where that runs.
        environment: what it runs with.
        seed: where Pilothouse sets one.
        own: whether the command is Pilothouse's own, so that the code is the workspace's alone.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    script = None if own else _script(argv, cwd)
    place = workspace.root if own else script.parent if script is not None else cwd
    git, patch = read_git(place)
    code, left_out = keep_code(workspace, place, [workspace.config_path, *([script] if script else [])])
    version, packages = machine.packages("" if own else _python(argv, environment))
    origin = Origin(
        git=git,
        patch=PATCH_NAME if patch else None,
        patch_whole=len(patch) <= MOST_PATCH,
        code=tuple(code),
        code_left_out=left_out,
        argv=tuple(_portable(word, workspace.root) for word in argv),
        packages=packages,
        python=version,
        host=machine.host(),
        threads=machine.threads(environment),
        seed=seed,
    )
    write_origin(folder, origin, patch[:MOST_PATCH])
    return origin


def _portable(word: str, root: Path) -> str:
    """Return a word without the place that the workspace or Python lies in: both may be moved."""
    if word == sys.executable:
        return "python"
    path = Path(word)
    return path.relative_to(root).as_posix() if path.is_absolute() and path.is_relative_to(root) else word


def _script(argv: Sequence[str], cwd: Path) -> Path | None:
    """Return the first word that is a file of the user's: not the interpreter, and no data."""
    for word in argv:
        path = cwd / word
        if path.suffix.lower() in (".py", ".r", ".jl", ".sh", ".ipynb") and path.is_file():
            return path
    return None


def _python(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the interpreter that a command names, or nothing if it names none."""
    if not argv or not Path(argv[0]).name.lower().startswith("python"):
        return ""
    return shutil.which(argv[0], path=environment.get("PATH", os.defpath)) or ""
