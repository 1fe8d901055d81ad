"""What made a run: its code, its patch, its environment, in the shape that the screens draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilothouse.tui.text import NONE, size

if TYPE_CHECKING:
    from pilothouse.tui.snapshots.files import FileLook
    from pilothouse.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of the snapshot of the code; its bytes are the object ``sha256``."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class OriginLook:
    """What made a run, as texts. ``commit`` is empty where there was no git repository; ``patch`` names a
    file in the run's folder, or is empty."""

    commit: str
    branch: str
    dirty: bool
    patch: str
    code: tuple[CodeFile, ...]
    machine: tuple[tuple[str, str], ...]
    threads: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to what made a run; None where it was not recorded."""

    origin: OriginLook | None


def run_origin(workspace: Workspace, run_id: str) -> Asked:
    """Return what made a run."""
    import importlib

    try:
        module = importlib.import_module("pilothouse.tracking.origin")
    except ModuleNotFoundError:
        return Asked(None)
    origin = module.read_origin(workspace.run_dir(run_id))
    return Asked(None if origin is None else _look(origin))


def _look(origin: Any) -> OriginLook:
    git, host = origin.git or {}, origin.host or {}
    memory = host.get("memory_bytes")
    machine = (
        ("python", str(origin.python)),
        ("system", " ".join(str(host.get(key) or "") for key in ("system", "machine")).strip() or NONE),
        ("host", str(host.get("name") or NONE)),
        ("cpus", str(host.get("cpus") or NONE)),
        ("memory", size(float(memory)) if memory else NONE),
        ("seed", NONE if origin.seed is None else str(origin.seed)),
        ("command line", " ".join(map(str, origin.argv)) or NONE),
    )
    return OriginLook(
        str(git.get("commit") or ""),
        str(git.get("branch") or ""),
        bool(git.get("dirty")),
        str(origin.patch or ""),
        tuple(CodeFile(str(one["path"]), str(one["sha256"]), int(one["bytes"])) for one in origin.code),
        machine,
        tuple((str(key), str(value)) for key, value in sorted(origin.threads.items())),
        tuple((str(key), str(origin.packages[key])) for key in sorted(origin.packages, key=str.lower)),
    )


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
