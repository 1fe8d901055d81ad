"""What made a run: its code, its patch, its environment, in the shape that the screens draw."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilothouse.tracking.durations import NONE
from pilothouse.tui.text import counted, size

if TYPE_CHECKING:
    from pilothouse.tracking.origin import CodeFile, Origin
    from pilothouse.tracking.origin.made_by import MadeBy
    from pilothouse.tui.snapshots.files import FileLook
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OriginLook:
    """What made a run, as texts. ``run_id`` is the run whose record it is: its own, or one that it is a part
    of, which is called ``part_of``. ``commit`` is empty where there was no git repository; ``patch`` names a
    file in the folder of ``run_id``, or is empty. ``said`` is what was not kept. ``script`` is the file of
    the code that the command line names, or empty."""

    run_id: str
    part_of: str
    commit: str
    branch: str
    dirty: bool
    patch: str
    code: tuple[CodeFile, ...]
    machine: tuple[tuple[str, str], ...]
    threads: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    said: str
    script: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to what made a run; None where it was not recorded."""

    origin: OriginLook | None


def run_origin(workspace: Workspace, run_id: str) -> Asked:
    """Return what made a run."""
    from pilothouse.store import open_store
    from pilothouse.tracking.runs import read_runs
    from pilothouse.training.sweeps.trial_words import find_maker

    store = open_store(workspace)
    with store.reading() as tx:
        found = read_runs(tx, "runs.run_id = ?", [run_id])
    made = find_maker(store, found[0]) if found else None
    return Asked(None if made is None else _look(made))


def _look(made: MadeBy) -> OriginLook:
    origin = made.origin
    git, host = origin.git, origin.host
    machine = (
        ("python", origin.python or "not known: the command starts no Python that tells its packages"),
        ("system", f"{host.system} {host.machine}".strip() or NONE),
        ("host", host.name or NONE),
        ("cpus", str(host.cpus or NONE)),
        ("memory", size(host.memory_bytes) if host.memory_bytes else NONE),
        ("seed", NONE if origin.seed is None else str(origin.seed)),
        ("command line", shlex.join(origin.argv) or NONE),
        *((("folder", origin.where),) if origin.folder else ()),
    )
    said = [origin.patch_lacks] if origin.patch_lacks else []
    said += [f"not kept of its code: {counted(origin.code_left_out, 'file')}"] if origin.code_left_out else []
    if origin.code_changed:
        said.append(f"written after the run had begun: {counted(len(origin.code_changed), 'file')}")
    return OriginLook(
        made.run.run_id,
        made.run.name if made.part else "",
        git.commit if git is not None else "",
        git.branch if git is not None else "",
        bool(git is not None and git.dirty),
        origin.patch or "",
        origin.code,
        machine,
        tuple(sorted(origin.threads.items())),
        tuple((key, origin.packages[key]) for key in sorted(origin.packages, key=str.lower)),
        ", ".join(said),
        next((one.path for one in origin.code for word in origin.argv if _same(one.path, word, origin)), ""),
    )


def _same(path: str, word: str, origin: Origin) -> bool:
    seen = posixpath.normpath(posixpath.join(origin.folder, word))
    return seen == path or word.endswith("/" + path)


def look_at_code(workspace: Workspace, run_id: str, name: str, sha256: str) -> FileLook:
    """Look at a file of the snapshot of the code, or at the patch if there is no hash.

    Raises:
        PilothouseError: it is not there any more.
    """
    import re

    from pilothouse.errors import NotFoundError
    from pilothouse.tracking.artifacts import find_artifact
    from pilothouse.tui.snapshots.files import look_at

    if not sha256:
        return look_at(find_artifact(workspace.run_dir(run_id), name), name)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFoundError(f"{name[:120]!r} has no hash in the record of this run.")
    try:
        return look_at(find_artifact(workspace.objects_dir, sha256), name)
    except NotFoundError:
        raise NotFoundError(
            f"The bytes of {name[:120]!r} are not in the workspace any more.", next="A backup may have them."
        ) from None
