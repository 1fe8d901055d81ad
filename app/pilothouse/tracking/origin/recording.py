"""Recording what made a run, from outside of it: the run itself is not to wait for that."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.tracking.origin import machine
from pilothouse.tracking.origin.at_start import START_NAME, AsStarted, read_start
from pilothouse.tracking.origin.code import KeptCode, keep_code
from pilothouse.tracking.origin.git import Patch, changes_since, read_git, seen_from
from pilothouse.tracking.origin.origin import PATCH_NAME, Git, Origin, write_origin
from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CodeState:
    """The code of a run, and where it stood in git."""

    git: Git | None
    patch: Patch
    kept: KeptCode


def look_at_code(
    workspace: Workspace,
    argv: Sequence[str],
    cwd: Path,
    *,
    own: bool = False,
    started: AsStarted | None = None,
) -> CodeState:
    """Keep the code that a command runs, as it is now or as it was noted when the run began.

    Args:
        workspace: where the run is.
        argv: its command.
        cwd: where that runs.
        own: whether the command is Pilothouse's own, so that the code is the workspace's alone.
        started: what the run itself noted, if it has begun already.
    """
    script = None if own else _script(argv, cwd)
    place = workspace.root if own else script.parent if script is not None else cwd
    kept = keep_code(workspace, place, [workspace.config_path, *([script] if script else [])], started)
    base = seen_from(place, workspace.root)
    git, patch = read_git(place, base)
    if started is not None and git is not None and _edited(git, kept, started):
        moved = bool(started.commit) and started.commit != git.commit
        commit = started.commit or git.commit
        patch = changes_since(base, commit, started.files)
        git = Git(commit, "" if moved else git.branch, patch != Patch())
    return CodeState(git, patch, kept)


def _edited(git: Git, kept: KeptCode, started: AsStarted) -> bool:
    """Whether git now tells of files that were edited, or of a commit that was made, after the beginning."""
    if kept.changed or (started.commit and started.commit != git.commit):
        return True
    return any(_content(path) != content for path, content in started.files.items())


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def record_origin(
    workspace: Workspace,
    folder: Path,
    *,
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    seed: int | None = None,
    own: bool = False,
    code: CodeState | None = None,
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
        code: its code, if that was looked at before the command was started.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    started = read_start(folder) if code is None else None
    if code is None:
        code = look_at_code(workspace, argv, cwd, own=own, started=started)
    version, packages = machine.packages(sys.executable if own else _python(argv, cwd, environment))
    origin = Origin(
        git=code.git,
        patch=PATCH_NAME if code.patch.content else None,
        patch_whole=code.patch.whole,
        code=code.kept.files,
        code_left_out=code.kept.left_out,
        code_changed=code.kept.changed,
        argv=portable(argv, workspace, cwd),
        folder=_place(workspace, cwd),
        packages=packages,
        python=version,
        host=machine.host(),
        threads=machine.threads(environment),
        seed=seed,
        at=time.time() if started is None else started.at / 1e9,
    )
    write_origin(folder, origin, code.patch.content)
    # What it noted is a part of the record now.
    (folder / START_NAME).unlink(missing_ok=True)
    return origin


def portable(argv: Sequence[str], workspace: Workspace, cwd: Path) -> tuple[str, ...]:
    """Return words without the place that the workspace or Python lies in, since both may be moved.

    A path in the workspace is told as it is seen from `cwd`, as a relative one among the words is.
    """
    root, place = workspace.root.resolve(), _place(workspace, cwd)

    def told(word: str) -> str:
        if word == sys.executable:
            return "python"
        path = Path(word)
        if not place or not path.is_absolute() or not path.is_relative_to(workspace.root):
            return word
        inside = root / path.relative_to(workspace.root)
        return Path(os.path.relpath(inside, root / place)).as_posix()

    return tuple(map(told, argv))


def _place(workspace: Workspace, cwd: Path) -> str:
    try:
        return workspace.place_of(cwd)
    except PilothouseError:
        return ""  # A script's own process may be on another drive; what is kept is not where that is.


def _script(argv: Sequence[str], cwd: Path) -> Path | None:
    """Return the first word that is a file of the user's: not the interpreter, and no data."""
    for word in argv:
        path = cwd / word
        if path.suffix.lower() in (".py", ".r", ".jl", ".sh", ".ipynb") and path.is_file():
            straight = Path(os.path.normpath(path))
            # Behind a folder that is a link, ".." leads elsewhere than it reads.
            return straight if straight.exists() and straight.samefile(path) else path.resolve()
    return None


def _python(argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> str:
    """Return the interpreter that a command names, or that its program's first line does; else nothing."""
    path = environment.get("PATH", os.defpath)
    first = argv[0] if argv else ""
    # As the system does it: a name is looked for, a path is seen from where the command runs.
    program = shutil.which(first if Path(first).name == first else cwd / first, path=path)
    if program is None or _is_python(program):
        return str(program or "")
    words = _first_line(Path(program))
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    return shutil.which(words[0], path=path) or "" if words and _is_python(words[0]) else ""


def _is_python(program: str) -> bool:
    return Path(program).name.lower().startswith("python")


def _first_line(program: Path) -> list[str]:
    """Return the words after `#!` in a program that is a text, such as a script that pip installed."""
    try:
        with program.open("rb") as file:
            line = file.readline(512)
    except OSError:
        return []
    return os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
